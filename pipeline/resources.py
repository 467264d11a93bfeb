"""Errors that the machine causes (memory, disk, descriptors), told apart from faults of a clip."""

import errno
import mmap
import os

from .errors import StageError
from .messages import RESUME_HINT

SYSTEM_ERRNOS = frozenset(
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
    if not isinstance(error, MemoryError) and number not in SYSTEM_ERRNOS:
        return
    if memory_is_short():  # which other errors come from, such as a thread that cannot be started
        raise out_of_memory() from error
    if number in SYSTEM_ERRNOS - {errno.ENOMEM}:
        raise StageError(f"{os.strerror(number)}. {RESUME_HINT}") from error
