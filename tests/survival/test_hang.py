"""An encoder that hangs: its clip gets the time that params.yaml states, twice, and no more.

A clip that exceeded its time is recorded in the manifest and made again by the next run: the
machine may have been the cause.
"""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.support.project import set_params
from tests.survival.processes import members
from tests.survival.running import Run, start
from tests.survival.stages import STAGES, Stages

ENOUGH = {"clip_timeout_seconds": 600}


def stop_an_encoder(run: Run) -> None:
    """Halt ffmpeg as a hanging one halts, until it is gone."""
    victim = run.halt_ffmpeg()
    while victim.pid in {process.pid for process in members(run.pid)}:
        time.sleep(0.05)


def stop_all_encoders(run: Run) -> None:
    """Halt every ffmpeg that the run starts, until the run has ended."""
    while (victim := run.find(lambda process: process.is_ffmpeg)) is not None:
        with suppress(ProcessLookupError):  # it ended meanwhile
            os.kill(victim.pid, signal.SIGSTOP)
        time.sleep(0.005)


def reasons(root: Path) -> list[str]:
    rows = pq.read_table(root / "manifests/demo/h265_crf.parquet").to_pylist()
    return [row["reason"] for row in rows if row["status"] != "ok"]


def test_an_encoder_that_hangs_once_is_started_again(stages: Stages) -> None:
    root = stages.copy("h265_crf")
    set_params(root, machine={"clip_timeout_seconds": 10})
    run = start(root, STAGES["h265_crf"])
    stop_an_encoder(run)
    run.succeed()
    assert "trying once more" in run.said
    stages.check("h265_crf", root)


def test_a_clip_on_which_the_encoder_always_hangs_is_a_row_for_this_run(stages: Stages) -> None:
    root = stages.copy("h265_crf")
    set_params(root, machine={"clip_timeout_seconds": 1}, corrupt={"allowed_failures": 1.0})
    run = start(root, STAGES["h265_crf"])
    stop_all_encoders(run)
    run.succeed()
    assert "ffmpeg did not end within 1 s and was stopped" in reasons(root)
    set_params(root, machine=ENOUGH)
    stages.finish("h265_crf", root)


@pytest.mark.parametrize("stage", ["filter", "decode", "h265_crf", "packet_loss"])
def test_time_is_limited_wherever_a_source_is_read(stages: Stages, stage: str) -> None:
    root = stages.copy(stage)
    set_params(root, machine={"clip_timeout_seconds": 1e-6})
    said = start(root, STAGES[stage]).fail()
    assert "trying once more" in said
    assert "allowed_failures" in said
    set_params(root, machine=ENOUGH)
    stages.finish(stage, root)
