"""Files that appear whole or not at all."""

import errno
import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a temporary neighbour to write; it becomes `path` when the block ends well.

    The neighbour's name is fixed (`.<name>.tmp`), so what a killed run left behind is overwritten
    by the run that finishes the work.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically; an unchanged file is left as it is."""
    if path.is_file() and path.read_text() == text:
        return
    with atomic(path) as temporary:
        temporary.write_text(text)


def sha256_file(path: Path, timeout_seconds: float = math.inf) -> str:
    """SHA-256 of a file's bytes, in hex; TimeoutError if it is too long to be read in time."""
    digest = sha256()
    end = time.monotonic() + timeout_seconds
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            if time.monotonic() > end:
                raise TimeoutError(errno.ETIMEDOUT, f"not read within {timeout_seconds:g} s")
    return digest.hexdigest()
