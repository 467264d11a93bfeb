"""Look at processes through /proc: who belongs to a run, and who is still there."""

import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """One line of /proc."""

    pid: int
    name: str
    parent: int
    command: str

    @property
    def is_worker(self) -> bool:
        return "popen_loky" in self.command

    @property
    def is_ffmpeg(self) -> bool:
        """Whether it codes something; asking for its version does not count."""
        return self.name.startswith("ffmpeg") and "-nostdin" in self.command


def members(session: int) -> list[Process]:
    """Processes of a session that are alive."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (process := _read(folder, session)) is not None:
            found.append(process)
    return found


def _read(folder: Path, session: int) -> Process | None:
    try:
        name, _, rest = (folder / "stat").read_text().partition("(")[2].rpartition(")")
        state, parent, _, its_session = rest.split()[:4]
        if int(its_session) != session or state in "ZX":
            return None
        command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return None  # it ended while we looked
    return Process(int(folder.name), name, int(parent), command)


def gone(session: int, seconds: float = 30) -> bool:
    """Whether a session comes to its end by itself."""
    end = time.monotonic() + seconds
    while found := members(session):
        if time.monotonic() > end:
            raise AssertionError(f"still at work after {seconds:g} s: {found}")
        time.sleep(0.02)
    return True
