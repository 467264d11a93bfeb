"""Exceptions, by who must act.

`SettingsError`: the user must correct a setting. `ClipError`: one clip is unusable and the run
continues. `StageError`: the stage cannot continue. Every exception carries one message and survives
pickling, so that it can cross worker processes.
"""


class SettingsError(Exception):
    """A parameter, path or annotation file is wrong; the run stops before any work.

    The message names the key or file, the value and the way out.
    """


class ClipError(Exception):
    """One clip cannot be read or made; the run goes on and the message becomes its `reason`."""


class TransientClipError(ClipError):
    """One clip failed, and the moment may be to blame: its time was up, or a program crashed.

    Its row says so like any other, but its shard is not taken for done: the next run of the stage
    tries again.
    """


class StageError(Exception):
    """A stage cannot go on or did not reach its end."""
