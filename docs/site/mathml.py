"""Formulas as MathML, generated at build time, so that pages need neither scripts nor a network.

Browsers need a mathematical font to place scripts and brackets, and not every machine has one. The
site therefore includes STIX Two Math (SIL Open Font License) from the package ziamath.
"""

from importlib.util import find_spec
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.writers.html5 import HTML5Translator

_ZIAMATH = find_spec("ziamath")
assert _ZIAMATH is not None  # noqa: S101 - it is in docs/requirements.txt
assert _ZIAMATH.origin is not None  # noqa: S101 - not a namespace package
FONT = Path(_ZIAMATH.origin).parent / "fonts" / "STIXTwoMath-Regular.ttf"


def inline(writer: HTML5Translator, node: nodes.math) -> None:
    """Write an inline formula."""
    writer.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def display(writer: HTML5Translator, node: nodes.math_block) -> None:
    """Write a displayed formula; a wide one scrolls inside its box."""
    formula = tex2mathml(node.astext(), as_block=True)
    writer.body.append(f'<div class="formula" tabindex="0">{formula}</div>\n')
    raise nodes.SkipNode
