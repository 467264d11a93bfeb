"""A small finished project whose stored files the tests spoil."""

from pathlib import Path
from typing import Any

import torch

from pipeline import models
from pipeline.storage import manifest, schemas
from pipeline.storage.paths import DatasetPaths
from pipeline.storage.rows import CellRow
from tests.support.project import make_project, run_stages

CHANGES: dict[str, Any] = {
    "corruptions": ["fog"],
    "severities": [3],
    "decode": {"pictures": {"demo": {"short_side": 112, "crop": 112}}},
    "machine": {"workers": 1},
    "report": {"bootstrap_resamples": 100},
}
MANIFEST = "manifests/demo/fog.parquet"
PART = "data/demo/clean/val/demo-clean-0-000000.parquet"
PREDICTIONS = "manifests/demo/predictions/tiny_r2plus1d.parquet"


def make_stored(root: Path) -> None:
    """Write a project that has been through filter, decode and corrupt, with random weights."""
    run_stages(make_project(root, num_clips=4, num_train=0, **CHANGES), root)
    weights = DatasetPaths(root, "demo").weights("tiny_r2plus1d")
    weights.parent.mkdir(parents=True)
    torch.save(models.load("tiny_r2plus1d").build(2).state_dict(), weights)


def rows_of(root: Path) -> list[CellRow]:
    return manifest.read_rows(root / MANIFEST, schemas.CELLS)
