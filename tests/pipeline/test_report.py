"""The report: hand-computed numbers in, the same numbers in every file."""

import csv
import json
from pathlib import Path

import pytest

from pipeline.errors import StageError
from pipeline.io import manifest
from pipeline.params import Params
from pipeline.report import leaderboard_table, report
from tests.project import write_params

GRID = {
    "corruptions": ["fog", "rain"],
    "severities": [1, 5],
    "report": {"bootstrap_resamples": 200},
}
RIGHT = {
    # clips 0..3: which are right in which cell; clip 4 failed in fog 5, clip 5 is missing.
    ("clean", 0): "111011",
    ("fog", 1): "110010",
    ("fog", 5): "100000",
    ("rain", 1): "111010",
    ("rain", 5): "000010",
}


def write_tables(root: Path, params: Params, model: str = "tiny_r2plus1d") -> None:
    folder = root / "manifests/demo"
    clips = [
        {"key": f"clip{n}", "split": "val", "status": "missing" if n == 5 else "ok"}
        for n in range(6)
    ]
    clips.append({"key": "other", "split": "train", "status": "ok"})
    manifest.write(folder / "clips.parquet", clips, manifest.CLIPS)
    rows = [
        {
            "key": f"clip{n}",
            "corruption": corruption,
            "severity": severity,
            "status": "failed" if (corruption, severity, n) == ("fog", 5, 4) else "ok",
            "correct1": right[n] == "1",
            "correct5": True,
        }
        for (corruption, severity), right in RIGHT.items()
        for n in range(5)
    ]
    manifest.write(folder / f"predictions/{model}.parquet", rows, manifest.PREDICTIONS)


def test_numbers_by_hand(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params)
    report(params, tmp_path)
    values = json.loads((tmp_path / "report/metrics.json").read_text())["demo"]["tiny_r2plus1d"]
    # Common accounting: clips 0..3. Clean 3/4; fog 2/4 and 1/4; rain 3/4 and 0/4.
    assert values["clean_top1"] == 75
    assert values["clean_top5"] == 100
    assert values["cells"] == {"fog": {"1": 50, "5": 25}, "rain": {"1": 75, "5": 0}}
    assert values["mpc"] == pytest.approx((50 + 25 + 75 + 0) / 4)
    assert values["rpc"] == pytest.approx(100 * 37.5 / 75)
    assert (values["num_clips"], values["num_clips_listed"]) == (4, 6)
    assert values["set"] == "custom"
    assert values["mpc_ci95"][0] <= values["mpc"] <= values["mpc_ci95"][1]


def test_strict_accounting_counts_what_is_missing_as_wrong(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID, evaluate={"accounting": "strict"})
    write_tables(tmp_path, params)
    report(params, tmp_path)
    values = json.loads((tmp_path / "report/metrics.json").read_text())["demo"]["tiny_r2plus1d"]
    assert values["num_clips"] == 6
    assert values["clean_top1"] == pytest.approx(100 * 4 / 6)
    assert values["cells"]["fog"]["5"] == pytest.approx(100 / 6)


def test_files_agree(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params)
    report(params, tmp_path)
    folder = tmp_path / "report"
    with (folder / "leaderboard.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert (row["mpc"], row["rpc"], row["num_clips"]) == ("37.5000", "50.0000", "4")
    text = (folder / "leaderboard.md").read_text()
    assert "| demo | tiny_r2plus1d | 75.0 | 37.5 |" in text
    assert "| 4 | custom |" in text
    curve = (folder / "curves/demo/tiny_r2plus1d/fog.csv").read_text()
    assert curve == "severity,top1\n0,75.0000\n1,50.0000\n5,25.0000\n"
    mean = (folder / "curves/demo/tiny_r2plus1d/mean.csv").read_text()
    assert mean == "severity,top1\n0,75.0000\n1,62.5000\n5,12.5000\n"
    assert (folder / "figures/demo.png").read_bytes().startswith(b"\x89PNG")
    (table,) = leaderboard_table(tmp_path)
    assert [list(column.cells)[0] for column in table.columns][:3] == [
        "tiny_r2plus1d", "75.0", "37.5"
    ]  # fmt: skip
    assert "6 listed clips" in str(table.caption)


def test_same_bytes_twice(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params)
    made = []
    for _ in range(2):
        report(params, tmp_path)
        files = sorted(path for path in (tmp_path / "report").rglob("*") if path.is_file())
        made.append([path.read_bytes() for path in files])
    assert made[0] == made[1]


def test_without_predictions_the_error_says_so(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID)
    with pytest.raises(StageError, match="no such manifest"):
        report(params, tmp_path)
    with pytest.raises(StageError, match="no report yet"):
        leaderboard_table(tmp_path)
