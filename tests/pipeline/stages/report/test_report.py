"""The report: hand-computed numbers in, the same numbers in every file."""

import csv
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from pipeline import metrics
from pipeline.__main__ import app
from pipeline.errors import SettingsError, StageError
from pipeline.metrics.answers import Accounting, Predictions
from pipeline.metrics.pairs import differences
from pipeline.params import Params
from pipeline.stages.report.leaderboard import read_tables
from pipeline.stages.report.report import report
from pipeline.storage import manifest, schemas
from tests.support.project import write_classes, write_params

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
        {
            "key": f"clip{n}",
            "split": "val",
            "label_id": n % 2,
            "status": "missing" if n == 5 else "ok",
            "reason": "no file" if n == 5 else "",
        }
        for n in range(6)
    ]
    clips.append({"key": "other", "split": "train", "status": "ok"})
    manifest.write(folder / "clips.parquet", clips, schemas.CLIPS)
    write_classes(root)
    write_cells(root, params)
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
    manifest.write(folder / f"predictions/{model}.parquet", rows, schemas.PREDICTIONS)


def write_cells(root: Path, params: Params) -> None:
    """Manifests of stored clips, whose shards lie elsewhere."""
    for corruption in ("clean", *params.corruptions):
        rows = [
            {
                "key": f"clip{n}",
                "split": "val",
                "corruption": corruption,
                "family": "spatial",
                "severity": severity,
                "params": "{}" if severity == 0 else f'{{"level":{severity}}}',
                "status": "failed" if (corruption, severity, n) == ("fog", 5, 4) else "ok",
                "reason": "broken <i>after</i> 3 frames",
                "shard": f"data/demo/{corruption}.tar",
                "member": f"clip{n}.mp4",
                "sha256": "0" * 64,
                **dict.fromkeys(("offset", "size", "height", "width", "num_frames"), 1),
                **dict.fromkeys(("fps_num", "fps_den"), 1),
                "recipe_hash": f"recipe of {corruption} {severity}",
                "encoder": "JPEG",
            }
            for severity in ((0,) if corruption == "clean" else params.severities)
            for n in range(5)
        ]
        manifest.write(root / f"manifests/demo/{corruption}.parquet", rows, schemas.CELLS)


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
    params = write_params(
        tmp_path, **(GRID | {"report": GRID["report"] | {"reference_model": "i3d"}})
    )
    with pytest.raises(SettingsError, match="report.reference_model: 'i3d' is no model of demo"):
        report(params, tmp_path)


def test_added_results_stand_beside_ours(tmp_path: Path) -> None:
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
    assert "their_net" in (tmp_path / "report/index.html").read_text()


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
        read_tables(tmp_path)


def page_values(root: Path) -> dict[str, Any]:
    """What the page's scripts draw of the demo."""
    text = (root / "report/index.html").read_text()
    found = re.search(r'id="values">(.*?)</script>', text)
    assert found
    values: dict[str, Any] = json.loads(found[1])["demo"]
    return values


def test_the_page_says_what_became_of_the_clips(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params)
    report(params, tmp_path)
    text = (tmp_path / "report/index.html").read_text()
    assert "1 x no file" in text
    assert "4 of 6 listed clips" in text
    assert "1 x broken &lt;i&gt;after&lt;/i&gt; 3 frames" in text
    assert page_values(tmp_path)["clips"] == []  # the shards are not here


def test_classes_by_hand(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params)
    report(params, tmp_path)
    classes = page_values(tmp_path)["classes"]
    # Clips 0 and 2 are of class 0, 1 and 3 of class 1; columns are clean, fog, rain.
    assert classes["clips"] == [2, 2]
    assert classes["models"]["tiny_r2plus1d"] == [[100, 50, 50], [50, 25, 25]]


def test_published_rows_stand_beside_ours(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params)
    (tmp_path / "manifests/leaderboards.csv").write_text(
        "dataset,approach,backbone,input_length,sampling,clean_top1,mpc,rpc,source,set\n"
        "demo,A & B,ResNet-50,32,uniform,70.5,57.7,81.8,published leaderboard,not known\n"
        "other,C,ResNet-50,32,uniform,73.0,59.2,81.1,published leaderboard,not known\n"
    )
    report(params, tmp_path)
    text = (tmp_path / "report/index.html").read_text()
    ours, others = text.split("<h2>Published results</h2>")
    assert '<tr class="published"><th scope="row">A &amp; B</th>' in ours
    assert "not known" in ours
    assert '<th scope="row">C</th>' in others
    assert '<th scope="row">C</th>' not in ours


def test_a_model_that_is_never_right_has_no_rpc(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params)
    path = tmp_path / "manifests/demo/predictions/tiny_r2plus1d.parquet"
    rows = manifest.read_rows(path, schemas.PREDICTIONS)
    manifest.write(path, [row | {"correct1": False} for row in rows], schemas.PREDICTIONS)
    report(params, tmp_path)
    text = (tmp_path / "report/index.html").read_text()
    assert '<td class="number strong">–</td>' in text
    assert "nan" not in text.split("<script")[0]


def answers(rng: np.random.Generator) -> Predictions:
    shape = (40, 2, 3)
    right, there = rng.random(shape) < 0.5, rng.random(shape) < 0.99
    clean = rng.random(40) < 0.8
    whole = np.ones(40, bool)
    return Predictions(("fog", "rain"), (1, 3, 5), clean, whole, whole, right, right | True, there)


@pytest.mark.parametrize("accounting", ["common", "strict"])
def test_pairs_are_those_of_metrics(accounting: Accounting) -> None:
    rng = np.random.default_rng(3)
    first, second = answers(rng), answers(rng)
    (pair,) = differences({"a": first, "b": second}, accounting, 500)
    wanted = metrics.compare(first, second, accounting, 500)
    assert (pair.first, pair.second) == ("a", "b")
    assert asdict(pair.difference) == {
        name: pytest.approx(value) for name, value in asdict(wanted).items()
    }
    assert np.mean([value for value, _ in pair.corruptions.values()]) == pytest.approx(wanted.mpc)
    for name, (value, interval) in pair.corruptions.items():
        one = metrics.compare(first.select((name,)), second.select((name,)), accounting, 500)
        if accounting == "strict":  # common accounting leaves out other clips in one corruption
            assert (value, interval) == (pytest.approx(one.mpc), pytest.approx(one.mpc_ci95))


def test_cells_that_the_run_does_not_list_are_left_out(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params)
    path = tmp_path / "manifests/demo/predictions/tiny_r2plus1d.parquet"
    rows = manifest.read_rows(path, schemas.PREDICTIONS)
    others = [row | {"corruption": "contrast", "correct1": True} for row in rows]
    others += [row | {"severity": 3, "correct1": True} for row in rows if row["severity"]]
    report(params, tmp_path)
    before = (tmp_path / "report/metrics.json").read_bytes()
    manifest.write(path, [*others, *rows], schemas.PREDICTIONS)
    report(params, tmp_path)
    assert (tmp_path / "report/metrics.json").read_bytes() == before
