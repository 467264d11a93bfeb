"""Memory exhausted: one clear line that names the number of workers, and no row."""

import resource
from functools import partial
from pathlib import Path

import pytest

from tests.survival.processes import gone, members
from tests.survival.running import start
from tests.survival.stages import STAGES, Stages

MEGABYTE = 1 << 20


def limit_memory(more: int) -> None:
    """Let this process and those that it starts have little more than it has."""
    size = address_space("self") + more
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def address_space(pid: int | str) -> int:
    """Bytes of a process's address space."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
    return pages * resource.getpagesize()


@pytest.mark.parametrize("stage", ["decode", "fog", "packet_loss", "evaluate"])
def test_memory_exhausted_in_the_stage(stages: Stages, stage: str) -> None:
    """One worker is the stage's own process: it may lack the memory to say what it lacks."""
    root = stages.copy(stage)
    run = start(root, STAGES[stage], partial(limit_memory, 8 * MEGABYTE))
    if run.wait() == 1 and "Traceback" not in run.said:
        said = run.fail()
        assert "out of memory" in said
        assert "machine.workers" in said
    stages.check_wholeness(stage, root)
    stages.finish(stage, root)


def test_memory_exhausted_in_workers(stages: Stages) -> None:
    root = stages.copy("decode", workers=2)
    run = start(root, STAGES["decode"])
    while not list((root / "data/demo/clean").rglob("*")) and not run.ended_within(0.01):
        pass  # until they are at work
    for process in members(run.pid):
        if process.is_worker:
            size = address_space(process.pid)
            resource.prlimit(process.pid, resource.RLIMIT_AS, (size, size))
    assert "machine.workers" in run.fail()
    assert gone(run.pid)
    stages.check_wholeness("decode", root)
    stages.finish("decode", root)
