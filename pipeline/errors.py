"""What can go wrong, by who must act: the user (settings), nobody (a broken clip), us (the rest).

Every error carries one message and survives pickling, so that it can cross worker processes.
"""

import errno
import logging
import mmap
import os
from collections.abc import Callable
from typing import TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")

KEPT = "What was finished is kept: the same command goes on from there."

OF_THE_MACHINE = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EFBIG,
        errno.EROFS,
        errno.EMFILE,
        errno.ENFILE,
        errno.EAGAIN,
        errno.ENOMEM,
        errno.ESTALE,
        errno.ENOTCONN,
    }
)
"""Numbers of errors that say nothing about a clip: disk full, read-only, too many open files."""

ENOUGH_BYTES = 1 << 30
"""Address space that a worker must be able to ask for; a decoder of 8K pictures takes less."""


class SettingsError(Exception):
    """A parameter, path or annotation file is wrong; the run stops before any work.

    The message names the key or file, the value and the way out.
    """


class ClipError(Exception):
    """One clip cannot be read or made; the run goes on and the message becomes its `reason`."""


class UnsettledError(ClipError):
    """One clip failed, and the moment may be to blame: its time was up, or a program crashed.

    Its row says so like any other, but its shard is not taken for done: the next run of the stage
    tries again.
    """


class StageError(Exception):
    """A stage cannot go on or did not reach its end."""


def one_line(error: BaseException | str, limit: int = 300) -> str:
    """The words of an error on one line, as they stand in a manifest's `reason`."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= limit else text[: limit - 3] + "..."


def out_of_memory(what: str = "out of memory") -> StageError:
    """The error of a run whose memory did not suffice."""
    return StageError(
        f"{what}. What was finished is kept: run the same command again, with a smaller "
        "machine.workers."
    )


def memory_is_short() -> bool:
    """Whether this process can no longer get a moderate piece of memory."""
    try:
        mmap.mmap(-1, ENOUGH_BYTES).close()
    except (OSError, MemoryError):
        return True
    return False


def check_machine(error: BaseException) -> None:
    """Raise StageError where an error is the machine's: as a clip's row it would stay for good.

    A damaged clip can ask for any amount of memory, so a failed request counts only if a moderate
    one fails too.
    """
    number: int = getattr(error, "errno", None) or 0
    if not isinstance(error, MemoryError) and number not in OF_THE_MACHINE:
        return
    if memory_is_short():  # which other errors come from, such as a thread that cannot be started
        raise out_of_memory() from error
    if number in OF_THE_MACHINE - {errno.ENOMEM}:
        raise StageError(f"{os.strerror(number)}. {KEPT}") from error


def twice(work: Callable[[], T], what: object) -> T:
    """Do some work on a clip, and once more where the moment may have been to blame."""
    try:
        return work()
    except UnsettledError as error:
        log.warning("%s: %s; trying once more", what, error)
        return work()


def shown(value: object) -> str:
    """A value for a message: quoted, without line ends, and not longer than a line."""
    try:
        return one_line(repr(value), 80)
    except (ValueError, RecursionError):  # numbers of thousands of digits, lists in lists
        return f"a {type(value).__name__} that is too long to show"
