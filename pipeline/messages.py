"""Formatting of values and errors for messages."""

from collections.abc import Iterable
from difflib import get_close_matches

RESUME_HINT = "Completed work is kept; run the same command again to resume."


def one_line(error: BaseException | str, limit: int = 300) -> str:
    """Return the message of an error on one line, as a manifest's `reason` holds it."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= limit else text[: limit - 3] + "..."


def quoted(value: object) -> str:
    """Return `repr(value)` on one line, truncated to 80 characters."""
    try:
        return one_line(repr(value), 80)
    except (ValueError, RecursionError):  # numbers of thousands of digits, deeply nested lists
        return f"a {type(value).__name__} too long to show"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return " (did you mean 'fog'?)" for the most similar known name; empty if none is."""
    similar = get_close_matches(name, known, 1)
    return f" (did you mean {similar[0]!r}?)" if similar else ""
