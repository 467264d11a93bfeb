"""What can go wrong, by who must act: the user (settings), nobody (a broken clip), us (the rest).

Every error carries one message and survives pickling, so that it can cross worker processes.
"""


class SettingsError(Exception):
    """A parameter, path or annotation file is wrong; the run stops before any work.

    The message names the key or file, the value and the way out.
    """


class ClipError(Exception):
    """One clip cannot be read or made; the run goes on and the message becomes its `reason`."""


class StageError(Exception):
    """A stage cannot go on or did not reach its end."""


def one_line(error: BaseException | str, limit: int = 300) -> str:
    """The words of an error on one line, as they stand in a manifest's `reason`."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= limit else text[: limit - 3] + "..."
