"""Formatting of values and errors for messages."""

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
