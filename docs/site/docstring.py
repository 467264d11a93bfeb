"""Parser of a corruption's docstring: description, formulas, parameters and dialects.

Paragraphs that begin with "Level:" and "Dialects:" are read as such; indented ones are formulas;
all others are text.
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
    """Definition, unit and range."""


@dataclass(frozen=True)
class Description:
    """Parts of a corruption's docstring, as Markdown."""

    lead: str
    body: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    dialects: str | None


def describe(corruption: Corruption) -> Description:
    """Split a corruption's docstring into its parts."""
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
    """Return a paragraph of a docstring, a formula or text, as Markdown."""
    if paragraph.startswith("    "):
        formula = inspect.cleandoc(paragraph)
        if formula not in LATEX:
            raise KeyError(f"docs/site/formulas.py: no entry for {formula!r}; add its LaTeX.")
        return f"$$\n{LATEX[formula].strip()}\n$$"
    words = re.split(r"(`[^`]*`)", paragraph)
    return "".join(
        word if word.startswith("`") else _escaped(word.replace("^2", "²")) for word in words
    )


def _escaped(text: str) -> str:
    return re.sub(r"([*_<>\[\]$~^|])", r"\\\1", text)
