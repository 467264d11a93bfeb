"""Every model on every cell: one row per clip; only missing rows are computed."""

import shutil
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline import models
from pipeline.errors import SettingsError, StageError
from pipeline.params import Params
from pipeline.stages.evaluate.evaluate import evaluate
from pipeline.stages.train.train import train
from pipeline.storage import manifest, schemas
from pipeline.storage.paths import DatasetPaths
from pipeline.storage.payload import read_payload
from pipeline.storage.rows import PredictionRow
from pipeline.storage.shards import read_member
from tests.support.project import make_project, run_stages, write_params

# Small networks gain nothing from threads, and lose much where other tests run beside them.
torch.set_num_threads(1)

SMALL = {
    "corruptions": ["contrast", "frame_rate"],
    "severities": [1, 5],
    "decode": {"pictures": {"demo": {"short_side": 120, "crop": 112}}},
}


def make_corrupted(root: Path, **changes: object) -> Params:
    params = make_project(root, **(SMALL | changes))
    run_stages(params, root)
    write_weights(root, "tiny_r2plus1d", 1)
    return params


def write_weights(root: Path, model: str, seed: int) -> None:
    torch.manual_seed(seed)
    path = DatasetPaths(root, "demo").weights(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(models.load(model).build(2).state_dict(), path)


def predictions(root: Path, model: str = "tiny_r2plus1d") -> list[PredictionRow]:
    return manifest.read_rows(
        root / f"manifests/demo/predictions/{model}.parquet", schemas.PREDICTIONS
    )


def test_one_row_per_clip_and_cell_with_the_model_s_own_answers(tmp_path: Path) -> None:
    params = make_corrupted(tmp_path)
    evaluate(params, tmp_path, "demo")
    rows = predictions(tmp_path)
    assert len(rows) == 5 * (1 + 2 * 2)
    assert {(row["corruption"], row["severity"]) for row in rows} == {
        ("clean", 0), *(("contrast", s) for s in (1, 5)), *(("frame_rate", s) for s in (1, 5))
    }  # fmt: skip
    model = models.load_model(
        "tiny_r2plus1d",
        num_classes=2,
        weights=DatasetPaths(tmp_path, "demo").weights("tiny_r2plus1d"),
    )
    cells = manifest.read_rows(tmp_path / "manifests/demo/contrast.parquet", schemas.CELLS)
    for cell in cells:
        data = read_member(tmp_path / cell["shard"], cell["offset"], cell["size"], cell["sha256"])
        clip = read_payload(data)
        protocol = clip[np.arange(32) * len(clip) // 32]
        frames = protocol[np.arange(16) * 32 // 16]
        with torch.inference_mode():
            batch = torch.from_numpy(frames[None])
            scores = models.logits(model, batch, torch.float32)[0]
        (row,) = [
            row
            for row in rows
            if (row["key"], row["corruption"], row["severity"])
            == (cell["key"], "contrast", cell["severity"])
        ]
        assert row["top5"] == scores.argsort(descending=True).tolist()
        assert row["correct1"] == (row["top5"][0] == cell["label_id"])
        assert row["correct5"]
        np.testing.assert_allclose(row["top5_logits"], sorted(scores, reverse=True), atol=1e-4)


def test_only_what_is_missing_is_computed(tmp_path: Path) -> None:
    params = make_corrupted(tmp_path)
    evaluate(params, tmp_path, "demo")
    parts = sorted((tmp_path / "data/demo/evaluate").rglob("*.parquet"))
    times = {part: part.stat().st_mtime_ns for part in parts}
    assert len(parts) == 5
    evaluate(params, tmp_path, "demo")
    assert {part: part.stat().st_mtime_ns for part in parts} == times
    parts[0].unlink()
    evaluate(params, tmp_path, "demo")
    changed = [part for part in parts if part.stat().st_mtime_ns != times[part]]
    assert changed == [parts[0]]
    write_weights(tmp_path, "tiny_r2plus1d", 2)
    evaluate(params, tmp_path, "demo")
    assert all(part.stat().st_mtime_ns != times[part] for part in parts)


def test_an_edit_of_a_label_map_evaluates_its_model_again(tmp_path: Path) -> None:
    make_corrupted(tmp_path)
    spec = {"frames": 4, "size": 112, "mean": [0.45] * 3, "std": [0.2] * 3}
    entry = {"model": "tests.support.own_model:factory", "input": spec}
    models_of = {"mapped": entry | {"labels": "labels.txt"}, "plain": entry}
    params = write_params(tmp_path, **SMALL, models={"demo": models_of})
    labels = tmp_path / "labels.txt"
    labels.write_text("moving left\nmoving right\n")
    evaluate(params, tmp_path, "demo")
    parts = sorted((tmp_path / "data/demo/evaluate").rglob("*.parquet"))
    times = {part: part.stat().st_mtime_ns for part in parts}
    before = predictions(tmp_path, "mapped")
    assert [row["top5"] for row in before] == [
        row["top5"] for row in predictions(tmp_path, "plain")
    ]
    labels.write_text("moving right\nmoving left\n")
    evaluate(params, tmp_path, "demo")
    changed = {part.parent.name for part in parts if part.stat().st_mtime_ns != times[part]}
    assert changed == {"mapped"}
    after = predictions(tmp_path, "mapped")
    assert [row["top5"] for row in after] == [row["top5"][::-1] for row in before]


def test_two_models_and_one_that_is_taken_out(tmp_path: Path) -> None:
    make_corrupted(tmp_path)
    weights = {"weights": "data/demo/train/tiny_frame2d/weights.pt"}
    write_weights(tmp_path, "tiny_frame2d", 1)
    two = write_params(tmp_path, **SMALL, models={"demo": {"tiny_frame2d": weights}})
    evaluate(two, tmp_path, "demo")
    assert len(predictions(tmp_path, "tiny_frame2d")) == len(predictions(tmp_path)) == 25
    evaluate(write_params(tmp_path, **SMALL), tmp_path, "demo")
    folder = tmp_path / "manifests/demo/predictions"
    assert [path.name for path in folder.iterdir()] == ["tiny_r2plus1d.parquet"]


def test_without_models_nothing_is_evaluated_and_it_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The folders of the outputs exist, which DVC wants, and are empty."""
    params = write_params(tmp_path, **SMALL)
    empty = params.model_copy(update={"models": {"demo": {}}})
    stale = tmp_path / "manifests/demo/predictions/removed.parquet"
    stale.parent.mkdir(parents=True)
    stale.touch()
    evaluate(empty, tmp_path, "demo")
    assert "models.demo is empty; nothing is evaluated" in caplog.text
    for folder in ("manifests/demo/predictions", "data/demo/evaluate"):
        assert list((tmp_path / folder).iterdir()) == []


def test_same_answers_for_any_batch_and_loader(tmp_path: Path) -> None:
    make_corrupted(tmp_path)
    answers = []
    for batch_size, loaders in ((1, 0), (4, 2)):
        for part in (tmp_path / "data/demo").glob("evaluate/*/*"):
            part.unlink()
        params = write_params(
            tmp_path, **SMALL, machine={"batch_size": batch_size, "loader_workers": loaders}
        )
        evaluate(params, tmp_path, "demo")
        answers.append([(row["key"], row["top5"]) for row in predictions(tmp_path)])
    assert answers[0] == answers[1]


def test_failed_clips_are_rows_without_an_answer(tmp_path: Path) -> None:
    allowed = {"allowed_failures": 1.0}
    params = make_corrupted(
        tmp_path,
        decode={"max_frames": 14, **allowed, **SMALL["decode"]},
        corrupt=allowed,
    )
    evaluate(params, tmp_path, "demo")
    failed = [row for row in predictions(tmp_path) if row["status"] == "failed"]
    assert len(failed) == 2 * 5
    assert not any(row["correct1"] or row["top5"] for row in failed)


def test_clear_errors(tmp_path: Path) -> None:
    params = make_corrupted(tmp_path)
    DatasetPaths(tmp_path, "demo").weights("tiny_r2plus1d").unlink()
    with pytest.raises(SettingsError, match=r"no such weights .*run the train stage first"):
        evaluate(params, tmp_path, "demo")
    if not torch.cuda.is_available():
        with pytest.raises(SettingsError, match="machine.device: 'cuda'"):
            evaluate(write_params(tmp_path, **SMALL, machine={"device": "cuda"}), tmp_path, "demo")
    more = write_params(tmp_path, **(SMALL | {"severities": [1, 2]}))
    with pytest.raises(StageError, match="no clips of split 'val' at severity 2"):
        evaluate(more, tmp_path, "demo")
    none = write_params(tmp_path, **(SMALL | {"corruptions": ["fog"]}))
    with pytest.raises(StageError, match=r"fog.parquet: no such manifest; run the stage"):
        evaluate(none, tmp_path, "demo")


def test_a_model_of_one_s_own(tmp_path: Path) -> None:
    spec = {"frames": 4, "size": 112, "mean": [0.45] * 3, "std": [0.2] * 3}
    own = {"bright": {"model": "tests.support.own_model:factory", "input": spec}}
    make_corrupted(tmp_path)
    params = write_params(tmp_path, **SMALL, models={"demo": own})
    evaluate(params, tmp_path, "demo")
    rows = predictions(tmp_path, "bright")
    assert len(rows) == 25
    assert {tuple(sorted(row["top5"])) for row in rows} == {(0, 1)}


OWN = {"frames": 4, "size": 112, "mean": [0.45] * 3, "std": [0.2] * 3}
BRIGHT = "tests.support.own_model:factory"


def test_a_model_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    make_corrupted(tmp_path)
    entries = {
        "good": {"model": BRIGHT, "input": OWN},
        "too_long": {"model": BRIGHT, "input": OWN | {"frames": 64}},
        "nan": {"model": "tests.support.own_model:not_a_number", "input": OWN},
    }
    params = write_params(tmp_path, **SMALL, models={"demo": entries})
    with pytest.raises(SettingsError, match="takes 64 frames") as caught:
        evaluate(params, tmp_path, "demo")
    message = str(caught.value)
    assert "not_a_number': logits are NaN" in message
    assert message.endswith("The results of the other models are complete.")
    folder = tmp_path / "manifests/demo/predictions"
    assert {path.stem for path in folder.iterdir()} == {"good", "tiny_r2plus1d"}
    assert len(predictions(tmp_path, "good")) == 25
    assert {row["protocol"] for row in predictions(tmp_path, "good")} == {"benchmark"}


def test_dense_windows_and_crops_are_averaged_and_stated(tmp_path: Path) -> None:
    make_corrupted(tmp_path)
    dense = {"frames": 4, "size": 96, "sampling": "dense", "stride": 2, "clips": 2, "crop": "three"}
    entries = {"dense": {"model": BRIGHT, "input": OWN | dense}, "tiny_r2plus1d": {}}
    params = write_params(tmp_path, **SMALL, models={"demo": entries})
    evaluate(params, tmp_path, "demo")
    found = {row["key"]: row for row in predictions(tmp_path, "dense") if row["severity"] == 0}
    assert {row["protocol"] for row in found.values()} == {"dense 4 x 2, 2 clips, 3 crops of 96 px"}
    model = models.load_model(BRIGHT, num_classes=2, weights=None, input=OWN | {"size": 96})
    cells = manifest.read_rows(tmp_path / "manifests/demo/clean.parquet", schemas.CELLS)
    for cell in (row for row in cells if row["split"] == "val"):
        data = read_member(tmp_path / cell["shard"], cell["offset"], cell["size"], cell["sha256"])
        clip = read_payload(data)
        last = len(clip) - 1
        starts = (0, last - 6)
        views = [
            clip[[start + 2 * step for step in range(4)], 8:104, left : left + 96]
            for start in starts
            for left in (0, 8, 16)
        ]
        with torch.inference_mode():
            scores = models.logits(model, torch.from_numpy(np.stack(views)), torch.float32)
        mean = scores.softmax(1).mean(0).log()
        row = found[cell["key"]]
        assert row["top5"] == mean.argsort(descending=True).tolist()
        np.testing.assert_allclose(row["top5_logits"], sorted(mean, reverse=True), atol=1e-4)


def test_models_of_other_sizes_share_one_read_of_the_clips(tmp_path: Path) -> None:
    make_corrupted(tmp_path)
    entries = {
        f"at_{size}": {"model": BRIGHT, "input": OWN | {"size": size}} for size in (64, 112, 128)
    }
    params = write_params(tmp_path, **SMALL, models={"demo": entries})
    evaluate(params, tmp_path, "demo")
    words = {name: {row["protocol"] for row in predictions(tmp_path, name)} for name in entries}
    assert words == {
        "at_64": {"112 px resized to 64"},
        "at_112": {"benchmark"},
        "at_128": {"112 px resized to 128"},
    }


@pytest.mark.parametrize("loaders", [0, 1])
def test_a_shard_that_cannot_be_read_is_named(tmp_path: Path, loaders: int) -> None:
    make_corrupted(tmp_path)
    shard = sorted((tmp_path / "data/demo/corrupted/contrast/1").glob("*.tar"))[0]
    shard.write_bytes(bytes(shard.stat().st_size))
    params = write_params(tmp_path, **SMALL, machine={"loader_workers": loaders})
    with pytest.raises(StageError, match=r"^\S*contrast\S*\.tar: the clip at byte \d+ differs"):
        evaluate(params, tmp_path, "demo")


def test_mixed_precision_and_compiled_models_answer_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Traced as ever, but run as they stand: C++ code would take half a minute to be compiled.
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    params = make_corrupted(tmp_path, corruptions=["contrast"], severities=[5])
    answers = []
    for changes in ({"precision": "fp32"}, {"precision": "bf16"}, {"compile": True}):
        machine = params.machine.model_copy(update=changes)
        evaluate(params.model_copy(update={"machine": machine}), tmp_path, "demo")
        answers.append([sorted(row["top5_logits"]) for row in predictions(tmp_path)])
    assert answers[0] != answers[1]
    np.testing.assert_allclose(answers[1], answers[0], atol=0.05)
    np.testing.assert_allclose(answers[2], answers[0], atol=1e-4)


LEADERBOARD = (
    "resnet3d_50",
    "resnet3d_18",
    "i3d",
    "slowfast_8x4",
    "x3d_m",
    "tam_resnet50",
    "timesformer",
)


@pytest.mark.slow
def test_every_model_of_the_leaderboard_is_trained_and_evaluated(tmp_path: Path) -> None:
    """At 64 x 64 pixels; what they cost at 224 x 224 is in benchmarks/evaluate.py."""
    recipe = {
        "epochs": 1,
        "batch_size": 2,
        "learning_rate": 0.01,
        "momentum": 0.9,
        "weight_decay": 0.0005,
        "flip": False,
        "threads": 1,
    }
    entries = {}
    for name in LEADERBOARD:
        spec = asdict(models.load(name).input) | {"size": 64}
        frames = 2 if name == "timesformer" else 16
        entries[name] = {"input": spec | {"frames": frames}}
    values = {
        "num_clips": 2,
        "corruptions": ["contrast"],
        "severities": [5],
        "decode": {"pictures": {"demo": {"short_side": 64, "crop": 64}}},
        "models": {"demo": entries},
        "train": {"demo": dict.fromkeys(LEADERBOARD, recipe)},
    }
    params = make_corrupted(tmp_path, **values)
    own = {"demo": {name: params.models["demo"][name] for name in LEADERBOARD}}
    params = params.model_copy(update={"models": own})
    try:
        train(params, tmp_path, "demo", LEADERBOARD)
        evaluate(params, tmp_path, "demo")
    finally:
        shutil.rmtree(tmp_path / "data/demo/train")  # a gigabyte
    for name in LEADERBOARD:
        rows = predictions(tmp_path, name)
        assert len(rows) == 2 * 2
        assert {row["corruption"] for row in rows} == {"clean", "contrast"}
        assert all(np.isfinite(row["top5_logits"]).all() for row in rows), name
