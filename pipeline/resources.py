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
"""Error numbers that do not concern a clip: disk full, read-only, too many open files."""


ENOUGH_BYTES = 1 << 30
"""Address space that a worker must be able to allocate; a decoder of 8K frames needs less."""


def out_of_memory(what: str = "out of memory") -> StageError:
    """Return the error of a run that ran out of memory."""
    return StageError(
        f"{what}. Completed work is kept; run the same command again, with a smaller "
        "machine.workers."
    )


def memory_is_short() -> bool:
    """Return True if this process cannot allocate `ENOUGH_BYTES`."""
    try:
        mmap.mmap(-1, ENOUGH_BYTES).close()
    except (OSError, MemoryError):
        return True
    return False


def check_machine(error: BaseException) -> None:
    """Raise StageError if `error` was caused by the machine, not by the clip.

    It is then not recorded as a fault of the clip. A damaged clip can request any amount of memory,
    so a failed allocation counts only if a moderate one fails as well.
    """
    number: int = getattr(error, "errno", None) or 0
    if not isinstance(error, MemoryError) and number not in SYSTEM_ERRNOS:
        return
    if memory_is_short():  # the cause of other errors too, such as a thread that cannot start
        raise out_of_memory() from error
    if number in SYSTEM_ERRNOS - {errno.ENOMEM}:
        raise StageError(f"{os.strerror(number)}. {RESUME_HINT}") from error
