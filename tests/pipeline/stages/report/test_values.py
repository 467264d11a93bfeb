"""Numbers of metrics.json and headline files, hand-computed; what is not available is null."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from pipeline.stages.report.report import report
from pipeline.stages.report.values import number
from tests.support.evaluated import GRID, write_tables
from tests.support.project import write_params

FEW = GRID | {"report": {"bootstrap_resamples": 50}}


def written(root: Path, scores: bool, **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Entry of the model in metrics.json, and its headline file."""
    params = write_params(root, **(FEW | changes))
    write_tables(root, params, scores=scores)
    report(params, root)
    values = json.loads((root / "report/metrics.json").read_text())["demo"]["tiny_r2plus1d"]
    return values, json.loads((root / "report/headline/demo/tiny_r2plus1d.json").read_text())


def test_by_hand(tmp_path: Path) -> None:
    values, headline = written(tmp_path, scores=True)
    measures = {name: one and one["value"] for name, one in values["measures"].items()}
    # Clips 0..3, right in: clean 1110, fog 1 1100, fog 5 1000, rain 1 1110, rain 5 0000.
    assert measures["worst_cell"] == 0
    assert measures["resist_rate"] == pytest.approx(100 * (3 + 2 + 1) / 12)
    assert measures["corrected_rate"] == 0
    assert measures["worst_class"] == pytest.approx(100 * 2 / 8)  # clips 1 and 3
    assert measures["flip_rate"] == pytest.approx(100 * (0 + 1 + 1 + 1 + 1 + 1) / 16)
    # Clean: confidence 0.9 and accuracy 0.75. Cells: 0.9 - 0.5, 0.8 - 0.25, 0.9 - 0.75, 0.8 - 0.
    assert measures["ece_clean"] == pytest.approx(15)
    assert measures["ece"] == pytest.approx(100 * (0.4 + 0.55 + 0.15 + 0.8) / 4)
    assert measures["underconfidence"] == 0
    assert measures["nll_clean"] == pytest.approx(-(3 * math.log(0.9) + math.log(0.1)) / 4)
    assert measures["brier_clean"] == pytest.approx((3 * 2 * 0.01 + 2 * 0.81) / 4)
    # Mean curve 75, 62.5 (severity 1), 12.5 (severity 5): 37.5 is half way between 1 and 5.
    assert measures["half_severity"] == pytest.approx(3)
    assert values["measures_clips"] == {"accuracy": 4, "classes": 4, "scores": 4}
    assert values["rank_ci95"] == [1, 1]
    assert headline == {"clean_top1": 75, "mpc": 37.5, "rpc": 50, "ece": 47.5}


def test_without_scores_they_are_not_available_and_never_0(tmp_path: Path) -> None:
    values, headline = written(tmp_path, scores=False)
    missing = {name for name, one in values["measures"].items() if one is None}
    assert {"ece", "nll", "brier", "aurc", "augrc", "flip_rate"} <= missing
    assert {"temporal_sensitivity", "effective_robustness"} <= missing
    assert values["measures"]["resist_rate"]["value"] == pytest.approx(50)
    assert headline == {"clean_top1": 75, "mpc": 37.5, "rpc": 50}


def test_strict_accounting_counts_missing_clips_where_answers_count(tmp_path: Path) -> None:
    values, _ = written(tmp_path, scores=True, evaluate={"accounting": "strict"})
    assert values["measures_clips"] == {"accuracy": 6, "classes": 4, "scores": 4}
    # Right when clean: clips 0, 1, 2 and 4, whose cells are 3, 2, 1 and 3 of 4.
    assert values["measures"]["resist_rate"]["value"] == pytest.approx(100 * 9 / 16)
    assert values["measures"]["ece_clean"]["value"] == pytest.approx(15)


def test_numbers_that_json_lacks() -> None:
    assert number(2.5) == 2.5
    assert number(math.nan) is None
    assert number(math.inf) == "not reached"
