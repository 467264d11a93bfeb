"""Atomic file writing: a file is renamed into place when it is complete."""

import filecmp
import os
import re
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from secrets import token_hex

ABANDONED_SECONDS = 24 * 3600
"""Age at which a temporary file of another machine counts as left by a dead process."""


_TEMPORARY = re.compile(r"^\..+\.(?P<host>[^.]+)-(?P<pid>\d+)-[0-9a-f]{8}\.tmp$")


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` and rename it to `path` when the block succeeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = neighbour(path)
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def neighbour(path: Path) -> Path:
    """Return a unique temporary path next to `path`; delete temporaries of dead processes.

    The name is `.<name>.<host>-<process>-<random>.tmp`: a worker that a cluster reported as lost
    may still be writing while another worker repeats its task.
    """
    _delete_abandoned(path)
    own = f"{_host()}-{os.getpid()}-{token_hex(4)}"
    return path.with_name(f".{path.name}.{own}.tmp")


def _delete_abandoned(path: Path) -> None:
    for old in path.parent.glob(f".{escape(path.name)}.*"):
        if is_abandoned(old):
            old.unlink(missing_ok=True)


def is_abandoned(path: Path) -> bool:
    """Return True if a file is a temporary whose writer is dead."""
    if not (path.name.startswith(".") and path.name.endswith(".tmp")):
        return False
    found = _TEMPORARY.match(path.name)
    if found is None or (found["host"] == _host() and not _is_alive(int(found["pid"]))):
        return True
    try:
        return time.time() - path.stat().st_mtime > ABANDONED_SECONDS
    except FileNotFoundError:
        return False


def is_being_written(path: Path) -> bool:
    """Return True if a file is a temporary of a writer that may be alive."""
    return _TEMPORARY.match(path.name) is not None and not is_abandoned(path)


def _host() -> str:
    """Return host and process namespace: containers of a host number their processes apart."""
    namespace = Path("/proc/self/ns/pid").stat().st_ino
    return f"{socket.gethostname().replace('.', '_')}_{namespace}"


def _is_alive(pid: int) -> bool:
    try:
        said = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return said.rpartition(")")[2].split()[0] not in ("Z", "X")  # zombie: dead, but not yet reaped


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically; a file with the same content is not touched."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        _delete_abandoned(path)
        return
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def copy_file(source: Path, path: Path) -> None:
    """Copy a file atomically; a file with the same content is not touched."""
    if path.is_file() and filecmp.cmp(source, path, shallow=False):
        _delete_abandoned(path)
        return
    with atomic(path) as temporary:
        shutil.copyfile(source, temporary)
