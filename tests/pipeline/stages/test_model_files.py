"""A model file replaced under its name re-runs exactly the stages that depend on it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from pipeline import models
from pipeline.params import Params, load
from pipeline.stages.corrupt import corrupt
from pipeline.stages.decode import decode
from pipeline.stages.evaluate.evaluate import evaluate
from pipeline.stages.filter import filter_clips
from pipeline.stages.model_files import write_model_files
from pipeline.stages.recipes import write_recipes
from pipeline.stages.report.report import report
from pipeline.stages.synthesize.synthesize import synthesize
from pipeline.stages.train.train import train
from tests.support.project import copy_repository, tree, write_params

INPUT = {"frames": 4, "size": 112, "mean": [0.45] * 3, "std": [0.2] * 3}
TRAINING = {
    "epochs": 1, "batch_size": 4, "learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0.0,
    "scales": [1.0], "flip": False, "threads": 1,
}  # fmt: skip
FACTORY = """from pipeline import models

def build(num_classes):
    return models.load("tiny_frame2d").build(num_classes)
"""


FILES = ("given.pt", "start.pt", "labels.txt", "own_factory_of_test.py")


def save(path: Path, seed: int) -> None:
    torch.manual_seed(seed)
    torch.save(models.load("tiny_frame2d").build(12).state_dict(), path)


def set_up(root: Path) -> Params:
    """Models of every kind: trained, from a checkpoint with labels, from a factory."""
    copy_repository(root)
    save(root / "given.pt", 0)
    save(root / "start.pt", 2)
    (root / "own_factory_of_test.py").write_text(FACTORY)
    classes = (root / "manifests/classes/demo.csv").read_text().splitlines()[1:]
    names = [line.partition(",")[2].strip('"') for line in classes]
    (root / "labels.txt").write_text("".join(f"{name}\n" for name in names))
    write_params(
        root,
        corruptions=["contrast"],
        severities=[1],
        decode={"pictures": {"demo": {"short_side": 120, "crop": 112}}},
        synthesize={"train_clips_per_class": 1, "val_clips_per_class": 1, "broken_per_split": 0},
        report={"bootstrap_resamples": 20},
    )

    path = root / "params.yaml"
    values: dict[str, Any] = yaml.safe_load(path.read_text())
    values["models"]["demo"] = {
        "tiny_frame2d": {},
        "given": {"model": "tiny_frame2d", "weights": "given.pt", "labels": "labels.txt"},
        "own": {"model": "own_factory_of_test:build", "input": INPUT},
    }
    values["train"]["demo"] = {"tiny_frame2d": TRAINING | {"start": "start.pt"}}
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    return load(path)


def dvc(root: Path, *arguments: str) -> str:
    environment = os.environ | {
        "DVC_NO_ANALYTICS": "1",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(root),
    }
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *arguments],
        cwd=root, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def replace_weights(root: Path) -> None:
    save(root / "given.pt", 1)


def replace_start(root: Path) -> None:
    save(root / "start.pt", 3)


def swap_labels(root: Path) -> None:
    lines = (root / "labels.txt").read_text().splitlines()
    (root / "labels.txt").write_text("\n".join([lines[1], lines[0], *lines[2:], ""]))


def edit_factory(root: Path) -> None:
    path = root / "own_factory_of_test.py"
    path.write_text(path.read_text() + "\n\nEDITED = True\n")


def comment_factory(root: Path) -> None:
    path = root / "own_factory_of_test.py"
    path.write_text(path.read_text() + "\n# a comment\n")


CHANGES: dict[Callable[[Path], None], set[str]] = {
    replace_weights: {"evaluate/demo.json"},
    replace_start: {"train/demo.json"},
    swap_labels: {"evaluate/demo.json"},
    edit_factory: {"evaluate/demo.json"},
    comment_factory: set(),
}
"""Change to the files of hashes that it changes, on which the stages of dvc.yaml depend."""


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_of_a_file_changes_its_hashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    root = tmp_path / "project"
    params = set_up(root)
    monkeypatch.syspath_prepend(root)
    write_model_files(params, root)
    before = tree(root / "data/model_files")
    change(root)
    write_model_files(params, root)
    after = tree(root / "data/model_files")
    assert {name for name in before if before[name] != after[name]} == CHANGES[change]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose stages DVC has recorded as up to date; tests put back what they change."""
    root = tmp_path_factory.mktemp("recorded") / "project"
    params = set_up(root)
    sys.path.insert(0, str(root))
    try:
        write_recipes(params, root)
        write_model_files(params, root)
        synthesize(params, root)
        filter_clips(params, root, "demo")
        decode(params, root, "demo")
        corrupt(params, root, "demo", "contrast")
        train(params, root, "demo")
        evaluate(params, root, "demo")
        report(params, root)
    finally:
        sys.path.remove(str(root))
        sys.modules.pop("own_factory_of_test", None)
    dvc(root, "init", "--no-scm", "--quiet", "--force")
    dvc(root, "commit", "--force", "--quiet")
    return root


def waiting(root: Path) -> set[str]:
    """Return the stages that are out of date after the files of models were looked at."""
    dvc(root, "repro", "--quiet", "model_files")
    return set(json.loads(dvc(root, "status", "--json"))) - {"model_files"}


@contextmanager
def changed(root: Path, change: Callable[[Path], None]) -> Iterator[None]:
    """Change a file and put it back."""
    before = {name: (root / name).read_bytes() for name in FILES}
    change(root)
    yield
    for name, data in before.items():
        (root / name).write_bytes(data)


STAGES = {"evaluate/demo.json": "evaluate@demo", "train/demo.json": "train@demo"}
"""Stage that depends on each file of hashes."""


def test_dvc_runs_what_a_replaced_file_concerns(recorded: Path) -> None:
    for change in (replace_weights, replace_start):
        with changed(recorded, change):
            assert waiting(recorded) == {STAGES[name] for name in CHANGES[change]}
    assert waiting(recorded) == set()


@pytest.mark.slow
def test_dvc_repro_runs_it_and_what_follows(recorded: Path) -> None:
    def ran() -> list[str]:
        found = re.findall(r"Running stage '(\S+)'", dvc(recorded, "repro"))
        return [name for name in found if name != "model_files"]

    assert ran() == []
    for change, files in CHANGES.items():
        with changed(recorded, change):
            follow = {"train@demo": ["evaluate@demo", "report"], "evaluate@demo": ["report"]}
            first = [STAGES[name] for name in files]
            expected = [stage for one in first for stage in (one, *follow[one])]
            assert ran() == expected, change.__name__
        dvc(recorded, "repro")


def test_a_checkpoint_to_start_from_concerns_training_alone(tmp_path: Path) -> None:
    root = tmp_path / "project"
    params = set_up(root)
    settings = params.train["demo"]["tiny_frame2d"].model_copy(update={"start": Path("given.pt")})
    params = params.model_copy(update={"train": {"demo": {"tiny_frame2d": settings}}})
    other = params.models["demo"]["given"].model_copy(update={"weights": None})
    params = params.model_copy(update={"models": {"demo": {"given": other}}})
    write_model_files(params, root)
    before = tree(root / "data/model_files")
    replace_weights(root)
    write_model_files(params, root)
    after = tree(root / "data/model_files")
    assert {name for name in before if before[name] != after[name]} == {"train/demo.json"}


def test_a_missing_file_is_no_error_here(tmp_path: Path) -> None:
    """`check --dataset` and the evaluate stage say that it is missing."""
    root = tmp_path / "project"
    params = set_up(root)
    (root / "given.pt").unlink()
    write_model_files(params, root)
    written = json.loads((root / "data/model_files/evaluate/demo.json").read_text())
    assert written["given"]["weights"] is None


def test_a_dataset_that_is_taken_out_leaves_no_file(tmp_path: Path) -> None:
    root = tmp_path / "project"
    params = set_up(root)
    stale = root / "data/model_files/train/removed.json"
    stale.parent.mkdir(parents=True)
    stale.touch()
    write_model_files(params, root)
    assert not stale.exists()
