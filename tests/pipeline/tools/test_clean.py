"""Clean removes outputs of stages, and no file of the user."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from pipeline import models
from pipeline.__main__ import app
from pipeline.params import load
from pipeline.stages.corrupt import corrupt
from pipeline.stages.decode import decode
from pipeline.stages.evaluate.evaluate import evaluate
from pipeline.stages.filter import filter_clips
from pipeline.stages.recipes import write_recipes
from pipeline.stages.report.report import report
from pipeline.stages.synthesize.synthesize import synthesize
from pipeline.storage.paths import DatasetPaths
from pipeline.tools.clean import clean
from tests.support.project import REPOSITORY, tree, write_classes, write_params

USER_FILES = (
    "data/mini_kinetics/videos/abseiling/aaaaaaaaaaa_000001_000011.mp4",
    "data/mini_kinetics/annotations/train.csv",
    "data/mini_kinetics/train/abseiling/video.mp4",  # videos sorted by split
    "data/mini_kinetics/clean/val/notes.txt",
    "data/mini_kinetics/clean/val/other-clean-0-000000.tar",
    "data/demo/videos/mine.mp4",
    "data/demo/train/tiny_frame2d/pretrained.pth",
    "data/demo/corrupted/contrast/1/notes.txt",
    "data/weights.pt",
    "manifests/classes/mine.csv",
    "manifests/results/demo-mine.json",
    "report/paper/draft.md",
    ".dvc/config",
)


def user_files(root: Path) -> dict[str, bytes]:
    for number, name in enumerate(USER_FILES):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"not written by a stage {number}")
    return {name: (root / name).read_bytes() for name in USER_FILES}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of which every stage has run, but for train, whose files are laid out by hand."""
    root = tmp_path_factory.mktemp("finished")
    shutil.copytree(REPOSITORY / "manifests/classes", root / "manifests/classes")
    shutil.copy(REPOSITORY / "manifests/leaderboards.csv", root / "manifests")
    params = write_params(
        root,
        corruptions=["contrast"],
        severities=[1, 2],
        decode={"pictures": {"demo": {"short_side": 120, "crop": 112}}},
        synthesize={"train_clips_per_class": 1, "val_clips_per_class": 1, "broken_per_split": 0},
        report={"bootstrap_resamples": 20},
    )
    write_recipes(params, root)
    synthesize(params, root)
    filter_clips(params, root, "demo")
    decode(params, root, "demo")
    corrupt(params, root, "demo", "contrast")
    paths = DatasetPaths(root, "demo")
    folder = paths.trained("tiny_r2plus1d")
    folder.mkdir(parents=True)
    torch.save(models.load("tiny_r2plus1d").build(12).state_dict(), folder / "weights.pt")
    for name in ("history.csv", "metrics.json", "recipe.json"):
        (folder / name).write_text("{}\n")
    paths.lock("decode").touch()
    evaluate(params, root, "demo")
    report(params, root)
    return root


@pytest.fixture
def root(finished: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "project"
    shutil.copytree(finished, copy)
    return copy


def test_only_inputs_and_files_of_the_user_are_left(root: Path) -> None:
    inputs = {
        name: data
        for name, data in tree(root).items()
        if name.startswith(("manifests/classes/", "manifests/leaderboards", "params.yaml"))
    }
    mine = user_files(root)
    found = clean(root)
    assert tree(root) == inputs | mine
    kept = {path.relative_to(root).as_posix() for path in found.kept}
    assert {"data/demo/videos/mine.mp4", "data/demo/corrupted/contrast/1/notes.txt"} <= kept
    assert not list((root / "data/demo/clean").glob("*")), "empty folders are removed"


def test_a_dry_run_removes_nothing(root: Path) -> None:
    before = tree(root)
    command = ["clean", "--dry-run", "--params", str(root / "params.yaml")]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0
    assert "would be removed" in result.output
    assert tree(root) == before


def test_the_stages_run_again_after_it(root: Path) -> None:
    clean(root)
    params = load(root / "params.yaml")
    synthesize(params, root)
    assert len(filter_clips(params, root, "demo")) == 24


@pytest.mark.parametrize("added", [False, True])
def test_a_cache_that_holds_files_of_the_user_stays(tmp_path: Path, added: bool) -> None:
    """`dvc add` of one's own videos puts them into the same cache."""
    write_classes(tmp_path)
    cached = tmp_path / ".dvc/cache/files/md5/00/object"
    cached.parent.mkdir(parents=True)
    cached.write_text("a video")
    if added:
        (tmp_path / "data").mkdir()
        (tmp_path / "data/videos.dvc").write_text("outs: []\n")
    assert clean(tmp_path).cache_kept == added
    assert cached.exists() == added


def test_make_clean_keeps_the_videos(root: Path) -> None:
    mine = user_files(root)
    shutil.copy(REPOSITORY / "Makefile", root)
    virtual = root / ".venv/bin"
    virtual.mkdir(parents=True)
    (virtual / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (virtual / "python").chmod(0o755)
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        ["make", "clean"], cwd=root, env=environment, capture_output=True, text=True, check=True
    )
    assert "removed below" in done.stdout
    assert {name: (root / name).read_bytes() for name in USER_FILES} == mine
    assert not (root / "manifests/demo").exists()
