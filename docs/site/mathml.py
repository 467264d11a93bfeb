"""Formulas as MathML, made at build time: pages need no script and no network to show them.

Browsers place scripts and brackets by what a mathematical font says; not every machine has one, so
the site brings STIX Two Math (SIL Open Font License), which ziamath's package holds.
"""

from importlib.util import find_spec
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.writers.html5 import HTML5Translator

_ZIAMATH = find_spec("ziamath")
assert _ZIAMATH is not None  # noqa: S101 - docs/requirements.txt has it
assert _ZIAMATH.origin is not None  # noqa: S101 - it is no namespace
FONT = Path(_ZIAMATH.origin).parent / "fonts" / "STIXTwoMath-Regular.ttf"


def inline(writer: HTML5Translator, node: nodes.math) -> None:
    """Write a formula in a line of text."""
    writer.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def display(writer: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula on lines of its own; wide ones scroll inside their box."""
    formula = tex2mathml(node.astext(), as_block=True)
    writer.body.append(f'<div class="formula" tabindex="0">{formula}</div>\n')
    raise nodes.SkipNode
