"""The report: hand-computed numbers in, the same numbers in every file."""

import csv
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.__main__ import app
from pipeline.errors import SettingsError, StageError
from pipeline.stages.report.leaderboard import read_tables
from pipeline.stages.report.report import report
from pipeline.storage import manifest, schemas
from tests.support.evaluated import GRID, write_tables
from tests.support.project import write_params


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
    assert "| demo | tiny_r2plus1d | 75.0 | 37.5 (" in text
    assert "| 4 | custom | this run |" in text
    curve = (folder / "curves/demo/tiny_r2plus1d/fog.csv").read_text()
    assert curve == "severity,top1\n0,75.0000\n1,50.0000\n5,25.0000\n"
    mean = (folder / "curves/demo/tiny_r2plus1d/mean.csv").read_text()
    assert mean == "severity,top1\n0,75.0000\n1,62.5000\n5,12.5000\n"
    assert (folder / "figures/demo.png").read_bytes().startswith(b"\x89PNG")
    (table,) = read_tables(tmp_path)
    name, clean, mpc, rpc, count, _ = (list(column.cells)[0] for column in table.columns)
    assert (name, clean, count) == ("tiny_r2plus1d", "75.0", "4")
    assert mpc.startswith("37.5 (")
    assert rpc == "50.0"  # with four clips some resamples have no clean clip right
    assert "6 listed" in str(table.caption)


def test_another_protocol_is_named_wherever_the_model_is_compared(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params)
    path = tmp_path / "manifests/demo/predictions/tiny_r2plus1d.parquet"
    rows = manifest.read_rows(path, schemas.PREDICTIONS)
    words = "dense 16 x 4, 10 clips, 3 crops of 112 px"
    changed = [row | {"protocol": words} for row in rows]
    manifest.write(path, changed, schemas.PREDICTIONS)  # type: ignore[arg-type] # a typed dict
    report(params, tmp_path)
    folder = tmp_path / "report"
    values = json.loads((folder / "metrics.json").read_text())["demo"]["tiny_r2plus1d"]
    assert values["protocol"] == words
    result = json.loads((folder / "results/demo-tiny_r2plus1d.json").read_text())
    assert result["protocol"] == {
        "frames": 16, "sampling": "dense, stride 4", "temporal_views": 10, "spatial_views": 3,
        "resize": "short side 48, centre crop 40, 3 crops of 112 px",
    }  # fmt: skip
    with (folder / "leaderboard.csv").open() as file:
        assert [row["protocol"] for row in csv.DictReader(file)] == [words]
    label = f"tiny_r2plus1d [{words}]"
    assert f"| {label} |" in (folder / "leaderboard.md").read_text()
    page = (folder / "index.html").read_text().replace("<wbr>", "")
    assert f"tiny_r2plus1d ({words})" in page
    assert f"sees the clips in another way ({words})" in page
    (table,) = read_tables(tmp_path)
    assert list(table.columns[0].cells) == [label]
    mixed = [*changed[1:], rows[0]]
    manifest.write(path, mixed, schemas.PREDICTIONS)  # type: ignore[arg-type] # a typed dict
    with pytest.raises(StageError, match="predictions of several protocols"):
        report(params, tmp_path)


def test_a_reference_model_gives_corruption_errors(tmp_path: Path) -> None:
    two = {"models": {"demo": {"tiny_frame2d": {}}}}
    params = write_params(
        tmp_path, **(GRID | two | {"report": GRID["report"] | {"reference_model": "tiny_frame2d"}})
    )
    write_tables(tmp_path, params)
    write_tables(tmp_path, params, "tiny_frame2d")
    report(params, tmp_path)
    values = json.loads((tmp_path / "report/metrics.json").read_text())["demo"]
    assert values["tiny_r2plus1d"]["mce"] == pytest.approx(100)
    assert values["tiny_r2plus1d"]["relative_mce"] == pytest.approx(100)
    # In some resamples of four clips the reference makes no error, so that there is no interval.
    assert values["tiny_r2plus1d"]["measures"]["mce"] == {"value": 100, "ci95": [None, None]}
    result = json.loads((tmp_path / "report/results/demo-tiny_r2plus1d.json").read_text())
    assert result["metrics"]["mce"] == {"value": 100}
    assert result["reference"] == "tiny_frame2d"
    params = write_params(
        tmp_path, **(GRID | {"report": GRID["report"] | {"reference_model": "i3d"}})
    )
    with pytest.raises(
        SettingsError, match=r"report.reference_model: unknown model of demo \(got 'i3d'\)"
    ):
        report(params, tmp_path)


def test_added_results_are_listed_with_evaluated_models(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params)
    theirs = {
        "schema_version": 1,
        "dataset": "demo",
        "model": "their_net",
        "source": "Their paper",
        "clean_top1": 80,
        "num_clips": 4,
        "accounting": "common",
        "cells": {name: dict.fromkeys("12345", 60) for name in ("fog", "rain")},
    }
    path = tmp_path / "theirs.json"
    path.write_text(json.dumps(theirs))
    arguments = ["report", "--add", str(path), "--params", str(tmp_path / "params.yaml")]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    with (tmp_path / "report/leaderboard.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["model"], row["mpc"], row["source"]) for row in rows] == [
        ("their_net", "60.0000", "Their paper"),
        ("tiny_r2plus1d", "37.5000", "this run"),
    ]
    assert "their_net" in (tmp_path / "report/index.html").read_text().replace("<wbr>", "")


def test_same_bytes_every_time(tmp_path: Path) -> None:
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
    with pytest.raises(StageError, match="run `dvc repro` to write the report"):
        read_tables(tmp_path)


def test_datasets_without_models_are_left_out_of_the_report(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    params = write_params(tmp_path, **GRID, datasets=["mini_kinetics", "demo"])
    write_tables(tmp_path, params)
    report(params, tmp_path)
    assert "models.mini_kinetics is empty; mini_kinetics is left out" in caplog.text
    assert list(json.loads((tmp_path / "report/metrics.json").read_text())) == ["demo"]
    only = params.model_copy(update={"datasets": ("mini_kinetics",)})
    with pytest.raises(SettingsError, match="no dataset has a model; add one under"):
        report(only, tmp_path)


def test_a_model_that_is_never_right_has_no_rpc(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params)
    path = tmp_path / "manifests/demo/predictions/tiny_r2plus1d.parquet"
    rows = manifest.read_rows(path, schemas.PREDICTIONS)
    manifest.write(path, [row | {"correct1": False} for row in rows], schemas.PREDICTIONS)
    report(params, tmp_path)
    text = (tmp_path / "report/index.html").read_text()
    assert '<td class="number strong">–</td>' in text
    assert not re.search(r"\bnan\b", text.split("<script")[0])


@pytest.mark.parametrize(
    ("found", "stated"),
    [
        ([("cpu", "fp32")], {"device": "cpu", "precision": "fp32"}),
        ([("A100", "bf16"), ("H100", "bf16")], {"device": "A100, H100", "precision": "bf16"}),
        ([("cpu", "fp32"), ("H100", "bf16")], None),
        ([(None, None)], None),
        ([("cpu", "fp32"), (None, None)], None),
    ],
)
def test_results_state_the_hardware_if_it_is_known(
    tmp_path: Path, found: list[tuple[str | None, str | None]], stated: dict[str, str] | None
) -> None:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params)
    path = tmp_path / "manifests/demo/predictions/tiny_r2plus1d.parquet"
    rows = manifest.read_rows(path, schemas.PREDICTIONS)
    for number, row in enumerate(rows):
        row["device"], row["precision"] = found[number % len(found)]
    manifest.write(path, rows, schemas.PREDICTIONS)
    report(params, tmp_path)
    result = json.loads((tmp_path / "report/results/demo-tiny_r2plus1d.json").read_text())
    assert result.get("hardware") == stated


def test_a_model_that_guesses_does_not_lead_above_chance(tmp_path: Path) -> None:
    """Two classes: chance is 50 %, and the mPC of 37.5 % is below it."""
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params)
    report(params, tmp_path)
    values = json.loads((tmp_path / "report/metrics.json").read_text())["demo"]["tiny_r2plus1d"]
    assert values["chance"] == 50
    assert values["rpc_corrected"] == pytest.approx(100 * (37.5 - 50) / (75 - 50))
    text = (tmp_path / "report/index.html").read_text()
    assert "near chance</span></th>" in text
    assert "the accuracy of guessing, 50.0 %" in text
