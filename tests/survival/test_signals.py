"""Ctrl-C and SIGTERM: the run ends soon, reports it, keeps finished work, leaves no process."""

import os
import signal
import time

import pytest

from tests.survival.processes import gone
from tests.survival.running import Run, start
from tests.survival.stages import STAGES, Stages, anything_new, finals, visible

CASES = [
    ("synthesize", 1, signal.SIGINT, "group"),
    ("decode", 1, signal.SIGTERM, "stage"),
    ("h265_crf", 1, signal.SIGINT, "group"),
    ("h265_crf", 1, signal.SIGTERM, "stage"),
    ("h265_crf", 2, signal.SIGINT, "group"),
    ("h265_crf", 2, signal.SIGTERM, "group"),
    ("h265_crf", 2, signal.SIGTERM, "stage"),
    ("train", 1, signal.SIGTERM, "stage"),
    ("evaluate", 1, signal.SIGINT, "stage"),
]
"""The group is what a terminal's Ctrl-C and a batch system's SIGTERM reach."""

SECONDS = 60.0
"""Much more than an idle machine needs, much less than what is left to do there."""


@pytest.mark.parametrize(("stage", "workers", "number", "whom"), CASES)
def test_a_signal_ends_the_run_and_the_next_one_finishes(
    stages: Stages, stage: str, workers: int, number: signal.Signals, whom: str
) -> None:
    root = stages.copy(stage, workers)
    before = finals(root)
    run = start(root, STAGES[stage])
    while not anything_new(root, before) and not run.ended_within(0.01):
        pass  # until something is finished
    send(run, number, whom)
    assert run.ended_within(SECONDS)
    assert run.fail(128 + number).startswith(f"Stopped by {number.name}. Completed work is kept")
    assert gone(run.pid)
    stages.check_wholeness(stage, root)
    parts = [root / name for name in visible(root) if name.endswith(".parquet")]
    shards = [part.with_suffix(".tar") for part in parts]
    kept = {shard: shard.stat().st_ino for shard in shards if shard.is_file()}
    stages.finish(stage, root)
    assert all(shard.stat().st_ino == inode for shard, inode in kept.items())


def test_a_signal_while_ffmpeg_hangs(stages: Stages) -> None:
    root = stages.copy("h265_crf")
    run = start(root, STAGES["h265_crf"])
    run.halt_ffmpeg()
    time.sleep(0.2)
    send(run, signal.SIGTERM, "stage")
    run.fail(128 + signal.SIGTERM)
    assert gone(run.pid)
    stages.finish("h265_crf", root)


def send(run: Run, number: signal.Signals, whom: str) -> None:
    if whom == "group":
        os.killpg(run.pid, number)
    else:
        os.kill(run.pid, number)
