"""Several processes train the weights of one, and resume together."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from pipeline.storage.paths import DatasetPaths
from tests.pipeline.stages.train.small_run import (
    MODEL,
    TRAINING,
    forget,
    params_of,
)
from tests.support.project import REPOSITORY, tree


def command(root: Path, module: str = "pipeline", processes: int = 2) -> list[str]:
    """`torchrun -m MODULE train`, or without torchrun where there is one process."""
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    arguments = ["train", "--dataset", "demo", "--model", MODEL] if module == "pipeline" else []
    return [sys.executable, *(launcher if processes > 1 else []), "-m", module, *arguments]


def start(root: Path, *arguments: str, **options: int) -> "subprocess.Popen[str]":
    paths = {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command(root, *arguments, **options),
        cwd=root,
        env=os.environ | paths,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(running: "subprocess.Popen[str]") -> str:
    _, told = running.communicate(timeout=120)
    assert running.returncode == 0, told
    return told


def test_two_processes_go_on_after_a_kill_to_the_same_weights(project: Path) -> None:
    params_of(project, epochs=4, batch_size=3)
    folder = DatasetPaths(project, "demo").trained(MODEL)
    forget(project)
    finish(start(project))
    unbroken = tree(folder)
    assert json.loads(unbroken["recipe.json"])["processes"] == 2
    forget(project)
    running = start(project)
    while not (folder / "checkpoint.pt").is_file():
        assert running.poll() is None
        time.sleep(0.002)
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
    assert len(children) == 2
    for child in children:
        os.kill(int(child), signal.SIGKILL)
    running.communicate(timeout=60)
    assert running.returncode != 0
    assert not (folder / "weights.pt").exists()
    finish(start(project))
    assert tree(folder) == unbroken


def test_the_share_of_each_process_counts_by_its_clips(project: Path) -> None:
    # Batches of 3 and 1 clips for two processes: 2 and 1, then 1 and none.
    params_of(project, batch_size=3, epochs=2)
    trained = []
    for processes in (1, 2):
        forget(project)
        finish(start(project, "tests.support.train_without_norms", processes=processes))
        weights = torch.load(DatasetPaths(project, "demo").weights(MODEL), weights_only=True)
        trained.append((weights, json.loads((project / TRAINING).read_text())))
    for key, value in trained[0][0].items():
        torch.testing.assert_close(trained[1][0][key], value, rtol=1e-4, atol=1e-6)
    for name, value in trained[0][1][MODEL].items():
        assert trained[1][1][MODEL][name] == pytest.approx(value, abs=1e-4)
