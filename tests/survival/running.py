"""Run a command of the pipeline in a process of its own that starts in hundredths of a second.

A server imports everything once and forks for every run, so that a kill costs no start of an
interpreter. What runs is `python -m pipeline`, with its workers and programs, in a session of its
own.
"""

import atexit
import multiprocessing
import os
import runpy
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.project import REPOSITORY
from tests.survival.processes import Process, members

PATIENCE = 300.0
"""Seconds after which a run that should have ended is a failure; a loaded machine may be slow."""

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["tests.survival.preload"])

Prepare = Callable[[], None]


@dataclass
class Run:
    """One run of a command."""

    process: "multiprocessing.context.ForkServerProcess"
    log: Path

    @property
    def pid(self) -> int:
        """Of the stage's process, of its process group and of its session."""
        assert self.process.pid is not None
        return self.process.pid

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def ended_within(self, seconds: float) -> bool:
        self.process.join(seconds)
        return self.process.exitcode is not None

    def wait(self) -> int:
        """Exit code; minus the number of a signal that ended it."""
        assert self.ended_within(PATIENCE), f"does not end: {members(self.pid)}\n{self.said}"
        code = self.process.exitcode
        assert code is not None
        return code

    def succeed(self) -> None:
        code = self.wait()
        assert code == 0, self.said

    def fail(self, code: int = 1) -> str:
        """Its only words on stderr, which are for people: no traceback."""
        found = self.wait()
        said = self.said
        assert found == code, (found, said)
        assert "Traceback" not in said, said
        return " ".join(said.split())

    def kill(self) -> bool:
        """Send SIGKILL to the stage only; return True if it was running then."""
        if not self.ended_within(0):
            with suppress(ProcessLookupError):  # it ended meanwhile
                os.kill(self.pid, signal.SIGKILL)
        return self.wait() == -signal.SIGKILL

    def find(self, wanted: Callable[[Process], bool]) -> Process | None:
        """A process of the run, as soon as there is one; None if the run ends before."""
        while not self.ended_within(0):
            found = [one for one in members(self.pid) if wanted(one)]
            if found:
                return found[0]
            time.sleep(0.01)
        return None

    def halt_ffmpeg(self) -> Process:
        """Stop an ffmpeg of the run as a hanging one stops; it is alive and does nothing."""
        while True:
            victim = self.find(lambda process: process.is_ffmpeg)
            assert victim is not None, self.said
            with suppress(ProcessLookupError):  # it ended meanwhile
                os.kill(victim.pid, signal.SIGSTOP)
            if victim.pid in {process.pid for process in members(self.pid)}:
                return victim


def start(
    root: Path,
    arguments: Sequence[str],
    prepare: Prepare | None = None,
    **environment: str,
) -> Run:
    """Start `python -m pipeline` in a project; `prepare` is called in the process before."""
    log = root.with_name(f"{root.name}.log")
    temporary = root.with_name(f"{root.name}.temporary")
    temporary.mkdir(exist_ok=True)
    process = SERVER.Process(
        target=_be_the_command,
        args=(root, log, tuple(arguments), prepare, {"TMPDIR": str(temporary)} | environment),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(
            "PYTHONPATH", str(REPOSITORY)
        )  # for the server, which begins with the first run
        process.start()
    return Run(process, log)


def _be_the_command(
    root: Path,
    log: Path,
    arguments: tuple[str, ...],
    prepare: Prepare | None,
    environment: dict[str, str],
) -> None:
    os.setsid()
    os.chdir(root)
    with log.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.update(environment)
    tempfile.tempdir = None
    sys.argv = ["pipeline", *arguments]
    if prepare is not None:
        prepare()
    code: object = 0
    try:
        runpy.run_module("pipeline", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code
    # As an interpreter ends; a forked process would skip some of it.
    threading._shutdown()
    atexit._run_exitfuncs()
    os._exit(code if isinstance(code, int) else 0)
