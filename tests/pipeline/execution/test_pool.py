"""Parallel tasks give their results in order; a lost worker is a clear error."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.errors import StageError
from pipeline.execution.pool import run_tasks
from pipeline.params import load
from pipeline.settings import MachineSettings
from tests.support.project import REPOSITORY


def machine(workers: int) -> MachineSettings:
    settings = load(REPOSITORY / "params.yaml").machine
    return settings.model_copy(update={"workers": workers})


def late_first(task: int) -> int:
    time.sleep(0.2 if task == 0 else 0)
    return task * task


def die(task: int) -> int:
    if task == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def fail(task: int) -> int:
    raise StageError(f"task {task} has something to say")


@pytest.mark.parametrize("workers", [1, 3])
def test_results_are_in_the_order_of_the_tasks(workers: int) -> None:
    assert list(run_tasks(late_first, range(9), machine(workers), "square")) == [
        n * n for n in range(9)
    ]
    assert list(run_tasks(late_first, [], machine(workers), "nothing")) == []


def test_a_killed_worker_is_a_clear_error() -> None:
    with pytest.raises(StageError, match=r"a worker was killed .*run the same command again"):
        list(run_tasks(die, range(4), machine(2), "die"))
    with pytest.raises(StageError, match=r"one of these inputs crashes a library: .*clip \d"):
        list(run_tasks(die, range(4), machine(2), "die", name=lambda task: f"clip {task}"))


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_ends_the_run_within_seconds(tmp_path: Path, workers: int) -> None:
    code = (
        "import sys, time\n"
        "from tests.pipeline.execution.test_pool import machine, slow\n"
        "from pipeline.execution.pool import run_tasks\n"
        f"for _ in run_tasks(slow, range(8), machine({workers}), 'slow'):\n"
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


def slow(task: int) -> int:
    time.sleep(0.1 if task == 0 else 30)
    return task


def test_errors_of_tasks_come_through() -> None:
    with pytest.raises(StageError, match="task 0 has something to say"):
        list(run_tasks(fail, range(1), machine(2), "fail"))


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

    tasks, _ = plan_shards(params, DatasetPaths(tmp_path, "demo"), load_corruption("fog"))
    assert all(len(pickle.dumps(task)) < 5_000 for task in tasks)
