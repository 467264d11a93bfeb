"""SIGKILL of a stage at random moments: the same command resumes; nothing is lost or wrong.

The moments are drawn from the duration of an undisturbed run. A run is killed, started again and
killed again until it is complete; the result must be that of the undisturbed run.
"""

import random

import pytest

from tests.survival.plan import STAGE_KILLS, scaled
from tests.survival.processes import gone
from tests.survival.running import start
from tests.survival.stages import STAGES, Stages

MOST_KILLS = 3
"""Kills of one project before it may run to its end."""


@pytest.mark.parametrize(("stage", "workers"), STAGE_KILLS)
def test_a_killed_stage_resumes_to_the_same_tree(stages: Stages, stage: str, workers: int) -> None:
    moments = random.Random(f"{stage} {workers}")
    wanted, killed = scaled(STAGE_KILLS[stage, workers]), 0
    while killed < wanted:
        killed += _kill_until_done(stages, stage, workers, moments, wanted - killed)


def _kill_until_done(
    stages: Stages, stage: str, workers: int, moments: random.Random, most: int
) -> int:
    """Return the number of kills that met a live process before the stage was complete."""
    duration = stages.duration(stage, workers)
    root = stages.copy(stage, workers)
    runs = []
    killed = 0
    while killed < min(most, MOST_KILLS):
        runs.append(start(root, STAGES[stage]))
        runs[-1].ended_within(moments.uniform(0, duration))
        if not runs[-1].kill():
            break
        killed += 1
        stages.check_wholeness(stage, root)
    # Without waiting for workers that may run for a moment longer: they must do no harm.
    stages.finish(stage, root)
    assert all(gone(run.pid) for run in runs)
    return killed


def test_every_stage_is_killed() -> None:
    assert {stage for stage, _ in STAGE_KILLS} == set(STAGES)
