"""Inter-process file lock: one run at a time writes an output, also over a shared file system."""

import errno
import fcntl
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)

NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)
"""Errors of file systems without locks, such as most mounts of object stores."""


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold the lock of a file; wait while another run holds it.

    The operating system releases the lock when its holder ends for any reason. The empty file
    stays: if it were deleted, a third run could lock a new one while a second waits. The second of
    two runs of the same stage then finds all shards complete. A file system without locks
    causes a warning: two runs would do the same work and write the same bytes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            log.warning("%s: held by %s; waiting for it to end", path.name, file.read().strip())
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            log.warning(
                "%s: this file system does not support locks; start one run at a time", path
            )
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)
