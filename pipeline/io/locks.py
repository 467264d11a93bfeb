"""One run at a time for one piece of work, also from several machines over a shared folder."""

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
"""What file systems say that have no locks, such as most mounts of object stores."""


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold the lock of a file; wait while another run holds it.

    The system frees the lock when its holder ends, however it ends: what stays is an empty file,
    since a third run could lock a new one while a second waits. The second of two runs that were
    started for the same work then finds all shards done. A file system without locks gives a
    warning: two runs would do the work twice, to the same bytes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            log.warning("%s: held by %s; waiting until it ends", path.name, file.read().strip())
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            log.warning("%s: this file system has no locks; start one run at a time", path)
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)
