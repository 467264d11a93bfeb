"""Escaping of text from external files for the formats in which it is shown or stored.

The source of an external result, the reason of a failed clip and the words of a decoder are written
by other people. Every output that contains such text passes it through one of these functions, so
that it is shown as it is and never interpreted. (The HTML page is escaped by Jinja.)
"""

import html
import re
import unicodedata

MARKDOWN = re.compile(r"([\\`*_{}\[\]|~$])")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Characters with which spreadsheets begin a formula."""

KEPT = "\n\t"
CONTROLS = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
"""Unicode categories of control and format characters: escape codes, text direction, line ends."""


def for_terminal(text: str) -> str:
    """Return text with visible escapes instead of control codes, except line ends and tabs."""
    if text.isprintable():
        return text
    return "".join(
        character
        if character in KEPT or unicodedata.category(character) not in CONTROLS
        else character.encode("unicode_escape").decode()
        for character in text
    )


def for_csv(text: str) -> str:
    """Return text that a spreadsheet does not take for a formula: a quote precedes it."""
    text = for_terminal(text)
    return f"'{text}" if text.startswith(FORMULA) else text


def for_markdown(text: str) -> str:
    """Return text for a cell of a Markdown table, without markup, HTML, links and line ends."""
    plain = " ".join(for_terminal(text).split())
    plain = MARKDOWN.sub(r"\\\1", html.escape(plain, quote=False))
    return re.sub(r"(?i)\b(https?|ftp|mailto|www)\b(?=[:.])", r"\1&#8203;", plain)
