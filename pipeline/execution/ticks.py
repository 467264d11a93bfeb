"""Counter of completed clips that workers on one machine share: one byte per clip in a file.

A task has many clips, and its result arrives when all are done. The counter shows progress
meanwhile; without it, for example where no temporary file can be created, progress is shown per
task.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_path: Path | None = None
"""File of the task that this process works on; None outside of a task."""


@contextmanager
def counter() -> Iterator[Path | None]:
    """Create the file of a run; None if it cannot be created.

    The file has no name of its own, so that a killed run leaves none behind: workers open it under
    the descriptor of this process.
    """
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - closed below
    except OSError:
        yield None
        return
    with file:
        path = Path(f"/proc/{os.getpid()}/fd/{file.fileno()}")
        yield path if path.exists() else None  # other systems than Linux have no such name


def count(path: Path | None) -> int:
    """Return the number of clips completed so far."""
    try:
        return 0 if path is None else path.stat().st_size
    except OSError:
        return 0


@contextmanager
def counting(path: Path | None) -> Iterator[None]:
    """Let `clip_done` count in `path` during a task of this process."""
    global _path  # noqa: PLW0603 - tasks are functions of one argument
    _path = path
    try:
        yield
    finally:
        _path = None


def clip_done(number: int = 1) -> None:
    """Count completed clips of the current task; do nothing outside of `counting`."""
    if _path is None:
        return
    try:
        file = os.open(_path, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(file, b"." * number)
        finally:
            os.close(file)
    except OSError:  # only the display suffers
        return
