"""Faults under `dvc repro`: the stage ends too, and the same command gives the same lock."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.support.project import copy_repository, set_params, tree
from tests.survival.processes import gone
from tests.survival.stages import SMALL

TARGETS = ("decode@demo", "corrupt@demo-h265_crf")
FAULTS = [
    ("data/demo/videos", signal.SIGTERM, "dvc"),
    ("data/demo/clean", signal.SIGINT, "group"),
    ("data/demo/corrupted/h265_crf", signal.SIGKILL, "dvc"),
]
"""At which output, what comes, and to whom; a terminal's Ctrl-C reaches the group."""


def clone(folder: Path) -> Path:
    copy_repository(folder)
    set_params(folder, **{**SMALL, "train": {}, "models": {}})
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    return folder


def repro(folder: Path) -> "subprocess.Popen[str]":
    places = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with folder.with_name(f"{folder.name}.log").open("a") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "dvc", "repro", *TARGETS],
            cwd=folder,
            env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
            | {"PATH": places},
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )


def finish(folder: Path) -> dict[str, bytes]:
    """Files of a complete run."""
    assert repro(folder).wait() == 0, folder.with_name(f"{folder.name}.log").read_text()
    outputs = {
        f"{name}/{path}": data
        for name in ("data", "manifests")
        for path, data in tree(folder / name).items()
    }
    return outputs | {"dvc.lock": (folder / "dvc.lock").read_bytes()}


def test_faults_under_dvc(tmp_path: Path) -> None:
    whole = finish(clone(tmp_path / "whole"))
    folder = clone(tmp_path / "disturbed")
    for output, number, whom in FAULTS:
        run = repro(folder)
        while run.poll() is None and not list((folder / output).rglob("*")):
            time.sleep(0.01)
        assert run.poll() is None, folder.with_name(f"{folder.name}.log").read_text()
        time.sleep(0.3)
        if whom == "group":
            os.killpg(run.pid, number)
        else:
            run.send_signal(number)
        assert run.wait(60) != 0
        assert gone(run.pid, 60)
    found = finish(folder)
    assert set(found) == set(whole)
    assert [name for name in found if found[name] != whole[name]] == []
