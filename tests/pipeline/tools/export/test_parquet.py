"""Parquet, read by Hugging Face `datasets`."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

from pipeline.tools.export import export
from pipeline.tools.export.formats import parquet
from tests.pipeline.tools.export.exporting import CELLS, Project, same


def test_load_dataset_finds_cells_features_and_pixels(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    project.export("parquet", tmp_path, names=["clean"], split="train")
    project.export("parquet", tmp_path, names=["clean", "fog"])
    folder = str(project.export("parquet", tmp_path, names=["frame_rate"]) / "parquet")
    for corruption, severity in CELLS:
        loaded = datasets.load_dataset(
            folder, f"{corruption}-{severity}", split="val", cache_dir=str(tmp_path / "cache")
        )
        rows = project.rows(corruption, severity)
        assert loaded["key"][:] == [row["key"] for row in rows]
        assert loaded["label"][:] == [row["label_id"] for row in rows]
        assert set(loaded["severity"]) == {severity}
        assert isinstance(loaded.features["video"], datasets.Video)
        assert loaded.features["label"].names == ["moving left", "moving right"]
        for sample, row in zip(loaded, rows, strict=True):
            frames = np.stack([frame.data.numpy() for frame in sample["video"]])
            assert same(frames.transpose(0, 2, 3, 1), project.pixels(row))
    both = datasets.load_dataset(folder, "clean-0", cache_dir=str(tmp_path / "cache"))
    assert {split: len(part) for split, part in both.items()} == {"train": 2, "val": 6}


def test_a_card_without_statements_describes_the_files(project: Project, tmp_path: Path) -> None:
    chosen = export.prepare("parquet", "demo", tmp_path, project.params, project.root)
    (text,) = parquet.index(replace(chosen, about=None)).values()
    _, head, body = text.split("---\n", 2)
    assert yaml.safe_load(head)["task_categories"] == ["video-classification"]
    assert "# demo, corrupted" in body
    assert "| `video` | file of the clip" in body


def test_a_reader_need_not_hold_a_whole_shard(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP", 1000)
    folder = project.export("parquet", tmp_path, names=["clean"])
    for path in (folder / "parquet/val/clean/0").iterdir():
        assert pq.ParquetFile(path).metadata.num_row_groups == 3
