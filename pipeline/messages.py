"""Formatting of values and errors for messages."""

RESUME_HINT = "What was finished is kept: the same command goes on from there."


def one_line(error: BaseException | str, limit: int = 300) -> str:
    """The words of an error on one line, as they stand in a manifest's `reason`."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= limit else text[: limit - 3] + "..."


def quoted(value: object) -> str:
    """A value for a message: quoted, without line ends, and not longer than a line."""
    try:
        return one_line(repr(value), 80)
    except (ValueError, RecursionError):  # numbers of thousands of digits, lists in lists
        return f"a {type(value).__name__} that is too long to show"
