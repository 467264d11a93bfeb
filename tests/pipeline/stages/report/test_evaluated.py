"""Predictions read from the manifests of a dataset."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import SettingsError, StageError
from pipeline.params import Params
from pipeline.stages.report.evaluated import Evaluated, read_evaluated
from pipeline.storage import manifest, schemas
from pipeline.storage.paths import DatasetPaths
from tests.support.evaluated import GRID, write_tables
from tests.support.project import write_params


def read(root: Path, params: Params) -> Evaluated:
    return read_evaluated("demo", params, DatasetPaths(root, "demo"))


def test_every_listed_clip_of_the_split_is_there(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params)
    results = read(tmp_path, params)
    assert results.keys == tuple(f"clip{n}" for n in range(6))
    assert results.labels.tolist() == [0, 1, 0, 1, 0, 1]
    one = results.predictions["tiny_r2plus1d"]
    assert one.clean_top1.tolist() == [True, True, True, False, True, False]
    assert one.ok[4].tolist() == [[True, False], [True, True]]
    assert not one.ok[5].any()
    assert results.everywhere.tolist() == [True] * 4 + [False] * 2


def test_cells_that_the_run_does_not_list_are_left_out(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params)
    before = read(tmp_path, params).predictions["tiny_r2plus1d"]
    path = tmp_path / "manifests/demo/predictions/tiny_r2plus1d.parquet"
    rows = manifest.read_rows(path, schemas.PREDICTIONS)
    others = [row | {"corruption": "contrast", "correct1": True} for row in rows]
    others += [row | {"severity": 3, "correct1": True} for row in rows if row["severity"]]
    manifest.write(path, [*others, *rows], schemas.PREDICTIONS)
    after = read(tmp_path, params).predictions["tiny_r2plus1d"]
    assert np.array_equal(before.top1, after.top1)
    assert np.array_equal(before.clean_top1, after.clean_top1)


def read_two_models(root: Path, **changes: object) -> Evaluated:
    """Results of tiny_r2plus1d, and of tiny_frame2d with changed predictions."""
    params = write_params(root, **GRID, models={"demo": {"tiny_frame2d": {}}})
    write_tables(root, params)
    write_tables(root, params, "tiny_frame2d")
    path = root / "manifests/demo/predictions/tiny_frame2d.parquet"
    rows = manifest.read_rows(path, schemas.PREDICTIONS)
    changed = [{**row, **changes} for row in rows]
    manifest.write(path, changed, schemas.PREDICTIONS)
    return read(root, params)


def test_ranked_is_best_mpc_first(tmp_path: Path) -> None:
    results = read_two_models(tmp_path, correct1=True)
    assert list(results.summaries) == ["tiny_r2plus1d", "tiny_frame2d"]
    assert list(results.ranked().summaries) == ["tiny_frame2d", "tiny_r2plus1d"]


def test_ranks_are_among_the_models_of_a_protocol(tmp_path: Path) -> None:
    results = read_two_models(tmp_path, protocol="segments 8")
    assert results.rank_intervals == {"tiny_r2plus1d": (1, 1), "tiny_frame2d": (1, 1)}
    assert results.line.names == {"tiny_r2plus1d"}


def test_clips_that_the_filter_stage_does_not_list_are_an_error(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params)
    path = tmp_path / "manifests/demo/predictions/tiny_r2plus1d.parquet"
    rows = manifest.read_rows(path, schemas.PREDICTIONS)
    manifest.write(path, [*rows, rows[0] | {"key": "stranger"}], schemas.PREDICTIONS)
    with pytest.raises(StageError, match="1 rows of clips that .*clips.parquet does not list"):
        read(tmp_path, params)


def test_a_dataset_without_models_is_an_error(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID)
    params = params.model_copy(update={"models": {"demo": {}}})
    with pytest.raises(SettingsError, match="models.demo: no model to report on"):
        read(tmp_path, params)
