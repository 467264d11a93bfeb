"""Outputs of models read from prediction files: complete, partial, and of earlier versions."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.params import Params
from pipeline.stages.report.predictions import read_outputs
from pipeline.storage import manifest, schemas
from pipeline.storage.paths import DatasetPaths
from tests.support.evaluated import GRID, write_tables
from tests.support.project import write_params

KEYS = pa.array([f"clip{n}" for n in range(6)])
SHARED = np.array([True] * 4 + [False] * 2)
FILE = "manifests/demo/predictions/tiny_r2plus1d.parquet"


@pytest.fixture
def params(tmp_path: Path) -> Params:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params, scores=True)
    return params


def read(root: Path, params: Params) -> dict[str, np.ndarray | None]:
    found = read_outputs("tiny_r2plus1d", KEYS, SHARED, params, DatasetPaths(root, "demo"))
    return {name: getattr(found, name) for name in ("right", "classes", "confidence", "nll")}


def test_columns_are_clean_then_corruption_by_severity(tmp_path: Path, params: Params) -> None:
    found = read(tmp_path, params)
    assert found["right"] is not None
    assert found["classes"] is not None
    # Columns: clean, fog 1, fog 5, rain 1, rain 5; labels of clips 0..3 are 0 1 0 1.
    assert found["right"].astype(int).tolist() == [
        [1, 1, 1, 1, 0],
        [1, 1, 0, 1, 0],
        [1, 0, 0, 1, 0],
        [0, 0, 0, 0, 0],
    ]
    labels = np.array([0, 1, 0, 1])[:, None]
    assert ((found["classes"] == labels) == found["right"]).all()
    assert found["confidence"] is not None
    assert found["confidence"][0].tolist() == pytest.approx([0.9, 0.9, 0.8, 0.9, 0.8])


def test_files_of_earlier_versions_have_no_scores(tmp_path: Path, params: Params) -> None:
    table = pq.read_table(tmp_path / FILE).drop_columns(
        sorted(schemas.OPTIONAL & set(schemas.PREDICTIONS.names))
    )
    pq.write_table(table, tmp_path / FILE)
    found = read(tmp_path, params)
    assert found["classes"] is not None
    assert (found["confidence"], found["nll"]) == (None, None)


def test_a_missing_value_makes_its_array_unavailable(tmp_path: Path, params: Params) -> None:
    rows = manifest.read_rows(tmp_path / FILE, schemas.PREDICTIONS)
    rows[1] |= {"nll": None}
    rows[2] |= {"top5": []}
    manifest.write(tmp_path / FILE, rows, schemas.PREDICTIONS)
    found = read(tmp_path, params)
    assert found["confidence"] is not None
    assert (found["classes"], found["nll"]) == (None, None)


def test_clips_that_are_not_shared_do_not_matter(tmp_path: Path, params: Params) -> None:
    rows = manifest.read_rows(tmp_path / FILE, schemas.PREDICTIONS)
    for row in rows:
        if row["key"] == "clip4":
            row |= {"nll": None, "top5": None}
    manifest.write(tmp_path / FILE, rows, schemas.PREDICTIONS)
    found = read(tmp_path, params)
    assert found["classes"] is not None
    assert found["nll"] is not None
