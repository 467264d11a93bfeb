"""SIGKILL of one worker or of ffmpeg: not a fault of a clip, so the run ends without a row."""

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.survival.plan import FFMPEG_KILLS, WORKER_KILLS, scaled
from tests.survival.processes import Process, gone
from tests.survival.running import Run, start
from tests.survival.stages import STAGES, Stages


@pytest.mark.parametrize("stage", WORKER_KILLS)
def test_a_killed_worker_ends_the_run_and_the_next_one_finishes(stages: Stages, stage: str) -> None:
    moments = random.Random(f"worker of {stage}")
    killed = 0
    while killed < scaled(WORKER_KILLS[stage]):
        root = stages.copy(stage, workers=2)
        run = start(root, STAGES[stage])
        delay = moments.uniform(0, stages.duration(stage, 2) / 2)
        if _kill(run, lambda process: process.is_worker, delay):
            assert "a worker was killed" in run.fail()
            killed += 1
        stages.check_wholeness(stage, root)
        stages.finish(stage, root)
        assert gone(run.pid)


@pytest.mark.parametrize("stage", FFMPEG_KILLS)
def test_a_killed_ffmpeg_ends_the_run_and_leaves_no_row(stages: Stages, stage: str) -> None:
    moments = random.Random(f"ffmpeg of {stage}")
    killed = 0
    while killed < scaled(FFMPEG_KILLS[stage]):
        root = stages.copy(stage)
        run = start(root, STAGES[stage])
        run.ended_within(moments.uniform(0, stages.duration(stage, 1)))
        if _kill(run, lambda process: process.is_ffmpeg, 0):
            assert "ffmpeg was killed by SIGKILL" in run.fail()
            killed += 1
        stages.check_wholeness(stage, root)
        stages.finish(stage, root)


def _kill(run: Run, wanted: Callable[[Process], bool], delay: float) -> bool:
    """Kill a process of the run `delay` seconds after its start; return True if the run failed."""
    victim = run.find(wanted)
    if victim is None:
        run.succeed()
        return False
    time.sleep(delay)
    with suppress(ProcessLookupError):  # it ended meanwhile
        os.kill(victim.pid, signal.SIGKILL)
    return run.wait() != 0  # else the victim had ended, or had nothing more to do
