"""Parallel tasks give their results in order; a lost worker is a clear error."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import StageError
from pipeline.execution.pool import run_tasks
from tests.support import tasks
from tests.support.project import REPOSITORY, machine


@pytest.mark.parametrize("workers", [1, 3])
def test_results_are_in_the_order_of_the_tasks(workers: int) -> None:
    assert list(run_tasks(tasks.late_first, range(9), machine(workers=workers), "square")) == [
        n * n for n in range(9)
    ]
    assert list(run_tasks(tasks.late_first, [], machine(workers=workers), "nothing")) == []


def test_a_killed_worker_is_a_clear_error() -> None:
    with pytest.raises(StageError, match=r"a worker was killed .*run the same command again"):
        list(run_tasks(tasks.die, range(4), machine(workers=2), "die"))
    with pytest.raises(StageError, match=r"one of these inputs crashes a library: .*clip \d"):
        list(
            run_tasks(
                tasks.die, range(4), machine(workers=2), "die", name=lambda task: f"clip {task}"
            )
        )


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_ends_the_run_within_seconds(tmp_path: Path, workers: int) -> None:
    code = (
        "import sys, time\n"
        "from pipeline.execution.pool import run_tasks\n"
        "from tests.support.project import machine\n"
        "from tests.support.tasks import slow\n"
        f"for _ in run_tasks(slow, range(8), machine(workers={workers}), 'slow'):\n"
        "    print('one', flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "one\n"
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=20) != 0


def test_errors_of_tasks_come_through() -> None:
    with pytest.raises(StageError, match="task 0 has something to say"):
        list(run_tasks(tasks.fail, range(1), machine(workers=2), "fail"))


def test_tasks_and_results_are_small(tmp_path: Path) -> None:
    """A task of the corrupt stage crosses to a worker in a few kilobytes."""
    import pickle

    from pipeline.stages.corrupt import plan_shards
    from pipeline.stages.decode import decode
    from pipeline.stages.filter import filter_clips
    from pipeline.storage.paths import DatasetPaths
    from tests.support.project import make_project

    params = make_project(tmp_path)
    filter_clips(params, tmp_path, "demo")
    decode(params, tmp_path, "demo")
    from corruptions import load as load_corruption

    shards, _ = plan_shards(params, DatasetPaths(tmp_path, "demo"), load_corruption("fog"))
    assert all(len(pickle.dumps(shard)) < 5_000 for shard in shards)
