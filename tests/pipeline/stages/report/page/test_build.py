"""The page's HTML: tables and values, read without a browser."""

import json
import re
from pathlib import Path
from typing import Any

from pipeline.stages.report.report import report
from tests.support.evaluated import GRID, write_tables
from tests.support.project import write_params


def page_values(root: Path) -> dict[str, Any]:
    """Values of the demo for the page's scripts."""
    text = (root / "report/index.html").read_text()
    found = re.search(r'id="values">(.*?)</script>', text)
    assert found
    values: dict[str, Any] = json.loads(found[1])["demo"]
    return values


def test_the_page_accounts_for_every_clip(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params)
    report(params, tmp_path)
    text = (tmp_path / "report/index.html").read_text()
    assert "1 x no file" in text
    assert "4 of 6 listed clips" in text
    assert "1 x broken &lt;i&gt;after&lt;/i&gt; 3 frames" in text
    assert page_values(tmp_path)["clips"] == []  # the shards are not here


PUBLISHED = (
    "dataset,approach,backbone,input_length,sampling,clean_top1,mpc,rpc,source,set\n"
    "demo,A & B,ResNet-50,32,uniform,70.5,57.7,81.8,published leaderboard,not known\n"
    "other,C,ResNet-50,32,uniform,73.0,59.2,81.1,published leaderboard,not known\n"
)


def test_published_rows_are_shown_beside_the_same_grid(tmp_path: Path) -> None:
    """All twelve corruptions at five severities; cells without predictions count as wrong."""
    few = {"bootstrap_resamples": 20}
    params = write_params(tmp_path, evaluate={"accounting": "strict"}, report=few)
    write_tables(tmp_path, params)
    (tmp_path / "manifests/leaderboards.csv").write_text(PUBLISHED)
    report(params, tmp_path)
    text = (tmp_path / "report/index.html").read_text()
    ours, others = text.split("<h2>Published results</h2>")
    assert '<tr class="published"><th scope="row">A &amp; B</th>' in ours
    assert "not known whether their set is paper12 or code12" in ours
    assert '<th scope="row">C</th>' in others
    assert '<th scope="row">C</th>' not in ours


def test_published_rows_are_withheld_from_another_grid(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params)
    (tmp_path / "manifests/leaderboards.csv").write_text(PUBLISHED)
    report(params, tmp_path)
    text = (tmp_path / "report/index.html").read_text()
    assert "A &amp; B" not in text
    assert "The 1 published rows of this dataset are not shown" in text


def test_incomparable_results_are_apart_with_their_reason(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params)
    theirs = {
        "schema_version": 2,
        "dataset": "demo",
        "model": "adapted",
        "source": "Their paper",
        "clean_top1": 80,
        "num_clips": 4,
        "accounting": "common",
        "cells": {name: {"1": 60, "5": 60} for name in ("fog", "rain")},
        "adaptation": {"method": "TENT", "batch_size": 8, "reset": "never"},
    }
    folder = tmp_path / "manifests/results"
    folder.mkdir()
    (folder / "demo-adapted.json").write_text(json.dumps(theirs))
    plain = {name: value for name, value in theirs.items() if name != "adaptation"}
    (folder / "demo-plain.json").write_text(json.dumps(plain | {"model": "plain"}))
    other = {"model": "else", "cells": {"fog": {"1": 60, "5": 60}}}
    (folder / "demo-else.json").write_text(json.dumps(theirs | other))
    report(params, tmp_path)
    text = (tmp_path / "report/index.html").read_text()
    above, rest = text.split("Results that are not comparable (1)")
    table, apart = above.split("<h4>Models that adapt to the corrupted clips</h4>")
    assert '<th scope="row">plain</th>' in table
    assert "adapted" not in table
    assert '<th scope="row">adapted + TENT</th>' in apart
    assert "TENT, batch size 8, reset: never" in apart
    assert "averages other corruptions" in rest
    assert "adapts to the corrupted clips (TENT, batch size 8, reset: never)" in rest
    points = page_values(tmp_path)["scatter"]["points"]
    assert [point["model"] for point in points] == ["tiny_r2plus1d", "plain"]


def test_predictions_without_scores_say_not_available(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params)
    report(params, tmp_path)
    text = (tmp_path / "report/index.html").read_text()
    assert "Not available: the predictions hold no softmax statistics" in text
    assert "Not available from these predictions: effective robustness; flip rate;" in text
    assert page_values(tmp_path)["diagrams"] == {}
