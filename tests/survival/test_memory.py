"""Memory exhausted: one clear line that names `machine.workers`, and no row."""

import resource
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from tests.survival.processes import gone, members
from tests.survival.running import Run, start
from tests.survival.stages import STAGES, Stages

MEGABYTE = 1 << 20


def limit_memory(more: int) -> None:
    """Limit this process and those that it starts to `more` bytes beyond its present size."""
    size = address_space("self") + more
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def address_space(pid: int | str) -> int:
    """Return the size of a process's address space in bytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def reached(moment: str, pid: int, root: Path) -> bool:
    """Return True if a worker has begun: to unpack its first task, or to write a shard."""
    if moment == "while they import":
        return len(list(Path(f"/proc/{pid}/task").iterdir())) > 1  # it watches its parent
    return any((root / "data/demo/clean").rglob(f".*-{pid}-*.tmp"))


def two_workers(run: Run) -> list[int]:
    """Return the process ids of both workers, as soon as they exist."""
    while len(found := [one.pid for one in members(run.pid) if one.is_worker]) < 2:
        assert not run.ended_within(0.001), run.said
    return found


@pytest.mark.parametrize("stage", ["decode", "fog", "packet_loss", "evaluate"])
def test_memory_exhausted_in_the_stage(stages: Stages, stage: str) -> None:
    """One worker is the stage's own process: with too little memory it cannot report an error."""
    root = stages.copy(stage)
    said = ""
    for more in (8, 12, 16, 24, 32, 48):
        run = start(root, STAGES[stage], partial(limit_memory, more * MEGABYTE))
        if run.wait() == 1:
            said = run.fail()
            break
        stages.check_wholeness(stage, root)
    assert "out of memory" in said
    assert "machine.workers" in said
    stages.check_wholeness(stage, root)
    stages.finish(stage, root)


@pytest.mark.parametrize("moment", ["while they import", "in the middle of a shard"])
def test_memory_exhausted_in_workers(stages: Stages, moment: str) -> None:
    root = stages.copy("decode", workers=2)
    run = start(root, STAGES["decode"])
    waiting = set(two_workers(run))
    while waiting and not run.ended_within(0.001):  # the first that lacks memory ends the run
        for pid in tuple(waiting):
            with suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
                if reached(moment, pid, root):
                    size = address_space(pid)
                    resource.prlimit(pid, resource.RLIMIT_AS, (size, size))
                    waiting.remove(pid)
    assert run.wait() == 1
    said = " ".join(run.said.split())
    # Before it, a thread may have said that it could not begin, or joblib that it could not import.
    assert "Failed: " in said
    assert "machine.workers" in said[said.index("Failed: ") :]
    assert gone(run.pid)
    stages.check_wholeness("decode", root)
    stages.finish("decode", root)
