"""What a stratified sample says of all clips, against numbers computed by hand."""

import math
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.errors import StageError
from pipeline.params import Params
from pipeline.stages.report.evaluated import read_evaluated
from pipeline.stages.report.values import dataset_values
from pipeline.storage import schemas
from pipeline.storage.paths import DatasetPaths
from tests.support.evaluated import GRID, write_tables
from tests.support.project import write_params


def sampled(root: Path, sizes: str) -> tuple[Params, DatasetPaths]:
    """Six listed clips, of two classes, as a sample of classes of some sizes."""
    params = write_params(root, **GRID)
    write_tables(root, params)
    paths = DatasetPaths(root, "demo")
    table = pq.read_table(paths.clips)
    pq.write_table(table.replace_schema_metadata({schemas.CLASS_SIZES: sizes}), paths.clips)
    return params, paths


def test_the_estimate_weighs_classes_by_their_clips(tmp_path: Path) -> None:
    """Mean correct shares of the counted clips: 3/4 and 1/4 of class 0, 1/2 and 0 of class 1."""
    params, paths = sampled(tmp_path, '{"val":{"0":30,"1":10},"train":{"0":7}}')
    found = dataset_values(read_evaluated("demo", params, paths), "custom", None)
    estimate = found["tiny_r2plus1d"]["estimate"]
    assert estimate["num_clips"] == 40
    assert estimate["mpc"] == pytest.approx(100 * (0.75 * 0.5 + 0.25 * 0.25))
    error = 100 * math.sqrt(0.75**2 * 28 / 30 * 0.125 / 2 + 0.25**2 * 8 / 10 * 0.125 / 2)
    low, high = estimate["mpc_ci95"]
    assert (high - low) / 2 == pytest.approx(1.959964 * error)
    assert found["tiny_r2plus1d"]["mpc"] == pytest.approx(37.5)


@pytest.mark.parametrize("sizes", ["{}", '{"val":{"0":3,"1":3}}'])
def test_complete_lists_have_no_estimate(tmp_path: Path, sizes: str) -> None:
    params, paths = sampled(tmp_path, sizes)
    assert read_evaluated("demo", params, paths).sampled is None


@pytest.mark.parametrize(
    "sizes",
    [
        "{",
        "[]",
        '{"val":{"0":"many"}}',
        '{"val":{"-1":50}}',
        '{"val":{"99999999999":50}}',
        '{"val":{"0":50}}',
        '{"val":{"0":1,"1":50}}',
    ],
)
def test_sizes_that_do_not_fit_are_refused(tmp_path: Path, sizes: str) -> None:
    params, paths = sampled(tmp_path, sizes)
    with pytest.raises(StageError, match="sizes of the classes do not fit its clips; run the fil"):
        read_evaluated("demo", params, paths)
