"""The evaluate stage gives video language models the clock of every stored clip."""

import json
import shutil
from pathlib import Path
from typing import Any

from pipeline.stages.corrupt import corrupt
from pipeline.stages.decode import decode
from pipeline.stages.evaluate.evaluate import evaluate
from pipeline.stages.filter import filter_clips
from pipeline.stages.report.report import report
from pipeline.storage import manifest, schemas
from pipeline.storage.paths import DatasetPaths
from pipeline.storage.rows import PredictionRow
from tests.pipeline.models.tiny_language import SIZE, build
from tests.support.project import make_project, write_params


def predictions(root: Path) -> list[PredictionRow]:
    path = DatasetPaths(root, "demo").predictions / "qwen.parquet"
    rows = manifest.read_rows(path, schemas.PREDICTIONS)
    for row in rows:
        del row["recipe_hash"]
    return rows


def test_shards_and_videos_give_a_model_with_a_clock_the_same_times(tmp_path: Path) -> None:
    shards, videos = tmp_path / "shards", tmp_path / "videos"
    build("qwen3_vl", tmp_path / "qwen3_vl")
    entry: dict[str, Any] = {
        "model": str(tmp_path / "qwen3_vl"),
        "question": "what is it doing",
        "dtype": "bf16",
        "input": {"frames": 4, "size": SIZE, "sampling": "dense", "stride": 2},
    }
    changes: dict[str, Any] = {
        "corruptions": ["frame_rate"],
        "severities": [3],
        "models": {"demo": {"qwen": entry}},
        "machine": {"device": "cpu", "precision": "fp32", "batch_size": 2},
    }
    params = make_project(shards, num_clips=3, num_train=1, **changes)
    values = params.model_copy(update={"models": {"demo": {"qwen": params.models["demo"]["qwen"]}}})
    filter_clips(values, shards, "demo")
    shutil.copytree(shards, videos)
    decode(values, shards, "demo")
    corrupt(values, shards, "demo", "frame_rate")
    evaluate(values, shards, "demo")
    write_params(videos, **changes)
    from_videos = values.evaluate.model_copy(update={"reads": "videos"})
    evaluate(values.model_copy(update={"evaluate": from_videos}), videos, "demo")
    found = predictions(videos)
    assert found == predictions(shards)
    assert len(found) == 6
    assert {row["precision"] for row in found} == {"bf16"}
    assert {row["protocol"] for row in found} == {"dense 4 x 2, 1 clip, 40 px resized to 24"}
    report(values, shards)
    for path in (shards / "report/results").glob("*.json"):
        stated = json.loads(path.read_text())["hardware"]
        assert stated == {"device": "cpu", "precision": "bf16"}
