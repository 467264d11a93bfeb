"""Clip accounting and cell descriptions, from small manifests."""

from collections import Counter
from pathlib import Path

import yaml

from pipeline.stages.report.page import accounting
from pipeline.storage.paths import DatasetPaths
from tests.support.evaluated import GRID, write_tables
from tests.support.project import write_params


def test_every_listed_clip_is_counted_with_its_reason(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params)
    train, val = accounting.clip_accounting(DatasetPaths(tmp_path, "demo"))
    assert (train["split"], train["listed"], train["usable"], train["reasons"]) == (
        "train",
        1,
        1,
        [],
    )
    assert (val["listed"], val["found"], val["usable"]) == (6, 5, 5)
    assert val["reasons"] == [("no file", 1)]


def test_cells_are_described_by_severity(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params)
    table = accounting.read_cells(DatasetPaths(tmp_path, "demo"), "fog", params)
    mild, strong = accounting.describe(table)
    assert (mild.severity, mild.level, mild.clips, mild.failed) == (1, "1", 5, 0)
    assert (strong.severity, strong.level, strong.clips, strong.failed) == (5, "5", 5, 1)
    assert (mild.psnr, mild.damaged, mild.shards, mild.encoder) == (None, None, 1, "JPEG")
    assert mild.recipe != strong.recipe
    assert accounting.failures(table) == Counter({"broken <i>after</i> 3 frames": 1})
    trained = params.evaluate.model_copy(update={"split": "train"})
    other = params.model_copy(update={"evaluate": trained})
    assert accounting.read_cells(DatasetPaths(tmp_path, "demo"), "fog", other).num_rows == 0


def test_rare_reasons_are_summed() -> None:
    counts = Counter({f"reason {n:02d}": 1 for n in range(accounting.MOST_REASONS + 3)})
    counts["the most frequent"] = 9
    listed = accounting.most(counts)
    assert listed[0] == ("the most frequent", 9)
    assert listed[1] == ("reason 00", 1)
    assert listed[-1] == ("other reasons", 4)
    assert sum(count for _, count in listed) == counts.total()


def test_parameters_are_those_of_the_dataset(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID)
    shown = yaml.safe_load(accounting.parameters(params, "demo"))
    assert shown["severities"] == [1, 5]
    assert list(shown["decode"]["pictures"]) == ["demo"]
    assert shown["filter"]["sources"]["demo"]["videos"] == "videos"
    assert not {"machine", "datasets"} & set(shown)
    assert "synthesize" not in yaml.safe_load(accounting.parameters(params, "mini_kinetics"))
