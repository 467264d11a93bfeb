"""Read the docstring of a corruption: what it is, its formula, its parameters, its dialects.

Paragraphs that begin with "Level:" and "Dialects:" are read as such; indented ones are formulas;
the rest is text.
"""

import inspect
import re
from dataclasses import dataclass

from corruptions.registry import Corruption
from docs.site.formulas import LATEX


@dataclass(frozen=True)
class Parameter:
    """One number of a level."""

    symbol: str
    meaning: str
    """What it is, its unit and its range."""


@dataclass(frozen=True)
class Description:
    """A corruption's docstring in parts, as Markdown."""

    lead: str
    body: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    dialects: str | None


def describe(corruption: Corruption) -> Description:
    """Take a corruption's docstring apart."""
    text = inspect.getdoc(corruption.module) or ""
    lead, *paragraphs = text.split("\n\n")
    parameters: tuple[Parameter, ...] = ()
    dialects, body = None, []
    for paragraph in paragraphs:
        if paragraph.startswith("Level: "):
            parts = " ".join(paragraph.split()).removeprefix("Level: ").rstrip(".").split("; ")
            parameters = tuple(Parameter(*part.split(", ", 1)) for part in parts)
        elif paragraph.startswith("Dialects: "):
            dialects = markdown(paragraph.removeprefix("Dialects: "))
        else:
            body.append(markdown(paragraph))
    return Description(markdown(lead), tuple(body), parameters, dialects)


def markdown(paragraph: str) -> str:
    """A paragraph of a docstring as Markdown: a formula, or text."""
    if paragraph.startswith("    "):
        formula = inspect.cleandoc(paragraph)
        if formula not in LATEX:
            raise KeyError(f"docs/site/formulas.py does not say how to typeset {formula!r}")
        return f"$$\n{LATEX[formula].strip()}\n$$"
    words = re.split(r"(`[^`]*`)", paragraph)
    return "".join(
        word if word.startswith("`") else _escaped(word.replace("^2", "²")) for word in words
    )


def _escaped(text: str) -> str:
    return re.sub(r"([*_<>\[\]$~^|])", r"\\\1", text)
