"""Exceptions of the pipeline.

`SettingsError`: the user must correct a setting or file. `ClipError`: one clip is unusable, the run
continues. `StageError`: the stage cannot continue. Every exception carries one message and survives
pickling, so that it can cross processes.
"""


class SettingsError(Exception):
    """A parameter, path or annotation file is wrong; the run stops before any work.

    The message names the key or file, the value and a hint.
    """


class ClipError(Exception):
    """One clip is unusable; the run continues and the message becomes the clip's `reason`."""


class TransientClipError(ClipError):
    """A clip failed for a possibly transient reason, such as a timeout or a crash of ffmpeg.

    Its row records the reason like any other, but its shard does not count as complete: the next
    run of the stage tries again.
    """


class StageError(Exception):
    """A stage cannot continue or did not complete."""
