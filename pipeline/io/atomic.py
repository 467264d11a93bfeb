"""Files that appear whole or not at all."""

import errno
import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from hashlib import sha256
from pathlib import Path
from secrets import token_hex


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a temporary neighbour to write; it becomes `path` when the block ends well.

    What a killed run left behind is deleted first. The neighbour's name is this block's own
    (`.<name>.<random>.tmp`): a process of a killed run that is still at work on the same file can
    never rename what another one has half written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _delete_left_overs(path)
    temporary = path.with_name(f".{path.name}.{token_hex(4)}.tmp")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _delete_left_overs(path: Path) -> None:
    for left in path.parent.glob(f".{escape(path.name)}.*.tmp"):
        left.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically; an unchanged file is left as it is."""
    if path.is_file() and path.read_text() == text:
        _delete_left_overs(path)
        return
    with atomic(path) as temporary:
        temporary.write_text(text)


def signature(path: Path) -> tuple[int, int, int] | None:
    """What changes with every change of a file, without reading it; None if it cannot be seen."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


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
