"""Run the command line as a user does, with a limit of memory, and look at all that it says."""

import os
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.support.project import REPOSITORY, tree

ADDRESS_SPACE = 8 << 30
"""Bytes that a command may ask for; asking for more fails there and then."""


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    said: str
    """What it wrote to stdout and stderr."""
    peak: int
    """Most memory that it held, in bytes."""


def pipeline(root: Path, *arguments: str, seconds: float = 300) -> Done:
    """`python -m pipeline ...` in a project; it must end in time, without a traceback."""
    words = root / "said.txt"
    with words.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "pipeline", *arguments],
            cwd=root,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY), "COLUMNS": "200"},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE,) * 2),
        )
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(os.wait4, process.pid, 0)
            try:
                _, status, usage = waiting.result(seconds)
            finally:
                if not waiting.done():
                    process.kill()
    process.returncode = os.waitstatus_to_exitcode(status)
    said = words.read_text(errors="replace")
    words.unlink()
    peak = usage.ru_maxrss * 1024
    assert "Traceback" not in said, said[-3000:]
    return Done(process.returncode, said, peak)


def refused(root: Path, *arguments: str, code: int) -> str:
    """A command that must end with one short message; gives the message."""
    done = pipeline(root, *arguments)
    assert done.code == code, done.said
    message = done.said.strip()
    assert message.startswith({1: "Failed: ", 2: "Settings: "}[code]), message
    assert len(message) < 2000, message
    return message


def files(root: Path) -> dict[str, bytes]:
    """All files but the locks of stages, which are empty and stay."""
    return {name: data for name, data in tree(root).items() if not name.endswith(".lock")}
