"""Hundreds of damaged and forged videos through the stages: each one is a row, none ends the run.

HOSTILE_FILES=20000 makes more of them.
"""

import os
from pathlib import Path
from typing import Any

import pytest

from pipeline.storage import manifest, schemas
from tests.hostile.command import pipeline
from tests.hostile.kinds import make_kinds
from tests.hostile.mutations import mutate
from tests.support.project import (
    CLASSES,
    remove_training,
    tree,
    write_annotations,
    write_classes,
    write_params,
)

NUM_FILES = int(os.environ.get("HOSTILE_FILES", "320"))
CORRUPTIONS = ("fog", "h264_crf", "bit_error", "packet_loss")
PEAK = 1 << 30
"""Most memory of a stage, in bytes; sound files of this size take a fifth of it."""

STAGES = ("filter", "decode", *(f"corrupt -c {name}" for name in CORRUPTIONS), "evaluate")

MODEL = {
    "model": "tests.support.own_model:factory",
    "input": {"frames": 4, "size": 40, "mean": [0.45] * 3, "std": [0.2] * 3},
}
"""Instead of a network that would have to be trained."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of mutated videos, which has been through all stages."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "beside.txt").write_text("nothing of ours")
    root = folder / "project"
    videos = root / "data/demo/videos"
    videos.mkdir(parents=True)
    kinds = list(make_kinds(folder / "kinds").values())
    clips = []
    for number in range(NUM_FILES):
        path = kinds[number % len(kinds)]
        name = f"{number:011d}"
        (videos / f"{name}{path.suffix}").write_bytes(mutate(path.read_bytes(), number))
        clips.append((CLASSES[number % 2], name))
    write_classes(root)
    write_annotations(root, "val", clips)
    write_annotations(root, "train", [])
    write_params(
        root,
        corruptions=list(CORRUPTIONS),
        severities=[5],
        machine={"clip_timeout_seconds": 60},
        decode={"allowed_failures": 1.0, "pictures": {"demo": {"clips_per_shard": 64}}},
        corrupt={"allowed_failures": 1.0},
        models={"demo": {"tiny_r2plus1d": MODEL}},
    )
    remove_training(root)
    before = tree(folder)
    for stage in STAGES:
        name, *options = stage.split()
        done = pipeline(root, name, "-d", "demo", *options, seconds=600 + NUM_FILES / 10)
        assert done.code == 0, (stage, done.said)
        assert done.peak < PEAK, stage
    after = tree(folder)
    assert {name: after.get(name) for name in before} == before
    written = {Path(name).parts[:3] for name in after.keys() - before.keys()}
    assert written <= {
        ("project", "manifests", "demo"),
        ("project", "data", "demo"),
        ("project", "data", "evaluated"),
    }
    return root


def rows_of(root: Path, name: str) -> list[Any]:
    schema = schemas.CLIPS if name == "clips" else schemas.CELLS
    return manifest.read_rows(root / f"manifests/demo/{name}.parquet", schema)


def test_every_file_has_a_row_with_a_reason(root: Path) -> None:
    rows = rows_of(root, "clips")
    assert len(rows) == NUM_FILES
    for row in rows:
        assert row["status"] in ("ok", "broken")
        assert (row["reason"] == "") == (row["status"] == "ok")
        assert "\n" not in row["reason"]
        assert len(row["reason"]) < 400
        assert "not read within" not in row["reason"]
    usable = sum(row["status"] == "ok" for row in rows)
    assert NUM_FILES * 0.3 < usable < NUM_FILES * 0.8, "mutations too weak or too strong"


def test_what_is_taken_is_decoded_or_failed(root: Path) -> None:
    usable = [row["key"] for row in rows_of(root, "clips") if row["status"] == "ok"]
    rows = rows_of(root, "clean")
    assert [row["key"] for row in rows] == usable
    for row in rows:
        assert row["status"] in ("ok", "failed")
        if row["status"] == "ok":
            assert (row["width"], row["height"]) == (40, 40)
            assert 1 <= row["num_frames"] <= 3000
        else:
            assert row["reason"]


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_decoded_clip_is_corrupted_or_failed(root: Path, name: str) -> None:
    clean = {row["key"]: row for row in rows_of(root, "clean")}
    rows = rows_of(root, name)
    assert [row["key"] for row in rows] == list(clean)
    for row in rows:
        if clean[row["key"]]["status"] != "ok":
            assert row["reason"].startswith("clean clip: ")
        elif row["status"] == "ok":
            assert row["num_frames"] == clean[row["key"]]["num_frames"]
        else:
            assert row["reason"]


def test_every_clip_of_every_cell_has_an_answer_or_is_lost(root: Path) -> None:
    path = root / "manifests/demo/predictions/tiny_r2plus1d.parquet"
    answers = manifest.read_rows(path, schemas.PREDICTIONS)
    expected = {(row["key"], "clean"): row["status"] for row in rows_of(root, "clean")}
    for name in CORRUPTIONS:
        expected |= {(row["key"], name): row["status"] for row in rows_of(root, name)}
    assert {(row["key"], row["corruption"]): row["status"] for row in answers} == expected
    for row in answers:
        assert (row["top5"] is not None) == (row["status"] == "ok")


def test_verify_finds_all_whole(root: Path) -> None:
    done = pipeline(root, "verify", "-d", "demo")
    assert done.code == 0, done.said
