"""SHA-256 of files, and a cheap signature that changes when a file changes."""

import errno
import math
import time
from hashlib import sha256
from pathlib import Path


def signature(path: Path) -> tuple[int, int, int] | None:
    """Return (inode, size, mtime) as a cheap change detector; None if it cannot be read."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def sha256_file(path: Path, timeout_seconds: float = math.inf) -> str:
    """Return the SHA-256 of a file in hexadecimal; TimeoutError if reading takes too long."""
    digest = sha256()
    end = time.monotonic() + timeout_seconds
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            if time.monotonic() > end:
                raise TimeoutError(errno.ETIMEDOUT, f"not read within {timeout_seconds:g} s")
    return digest.hexdigest()
