"""Files that appear whole or not at all."""

import os
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from secrets import token_hex

ABANDONED_SECONDS = 24 * 3600
"""A temporary of another machine that nobody wrote to for this long belongs to a dead run."""


_TEMPORARY = re.compile(r"^\..+\.(?P<place>[^.]+)-(?P<pid>\d+)-[0-9a-f]{8}\.tmp$")


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a temporary neighbour to write; it becomes `path` when the block ends well."""
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
    """A temporary name beside `path` that is this writer's alone; removes those of dead writers.

    `.<name>.<machine>-<process>-<random>.tmp`: a process of a killed run, or a worker that was
    given up as lost, may still be writing while another, on another machine, does its work again.
    """
    _delete_left_overs(path)
    own = f"{_place()}-{os.getpid()}-{token_hex(4)}"
    return path.with_name(f".{path.name}.{own}.tmp")


def _delete_left_overs(path: Path) -> None:
    for left in path.parent.glob(f".{escape(path.name)}.*"):
        if is_left_over(left):
            left.unlink(missing_ok=True)


def is_left_over(path: Path) -> bool:
    """Whether a file is a temporary whose writer is dead."""
    if not (path.name.startswith(".") and path.name.endswith(".tmp")):
        return False
    found = _TEMPORARY.match(path.name)
    if found is None or (found["place"] == _place() and not _is_alive(int(found["pid"]))):
        return True
    try:
        return time.time() - path.stat().st_mtime > ABANDONED_SECONDS
    except FileNotFoundError:
        return False


def is_being_written(path: Path) -> bool:
    """Whether a file is a temporary of a writer that may be alive."""
    return _TEMPORARY.match(path.name) is not None and not is_left_over(path)


def _place() -> str:
    """Machine and process namespace: containers of one machine count their processes apart."""
    namespace = Path("/proc/self/ns/pid").stat().st_ino
    return f"{socket.gethostname().replace('.', '_')}_{namespace}"


def _is_alive(pid: int) -> bool:
    try:
        said = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return said.rpartition(")")[2].split()[0] not in ("Z", "X")  # dead, but not yet buried


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically; an unchanged file is left as it is."""
    if path.is_file() and path.read_text() == text:
        _delete_left_overs(path)
        return
    with atomic(path) as temporary:
        temporary.write_text(text)
