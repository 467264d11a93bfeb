"""Values of the metrics beyond accuracy for the page."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from pipeline.metrics.ratios import Estimate
from pipeline.stages.report.evaluated import Evaluated, read_evaluated
from pipeline.stages.report.page.measure_values import _difference, measure_values
from pipeline.stages.report.result import Result
from pipeline.storage.paths import DatasetPaths
from tests.support.evaluated import GRID, write_tables
from tests.support.project import write_params

EXTERNAL = Result(
    schema_version=2,
    dataset="demo",
    model="theirs",
    source="a paper",
    clean_top1=90,
    num_clips=4,
    accounting="common",
    cells={"fog": {"1": 60, "5": 40}, "rain": {"1": 60, "5": 40}},
)


def results_of(root: Path, scores: bool, external: Sequence[Result] = ()) -> Evaluated:
    params = write_params(root, **GRID, models={"demo": {"tiny_frame2d": {}}})
    write_tables(root, params, scores=scores)
    write_tables(root, params, "tiny_frame2d")
    return read_evaluated("demo", params, DatasetPaths(root, "demo"), external)


def test_a_metric_of_one_model_is_not_available_for_the_other(tmp_path: Path) -> None:
    values = measure_values(results_of(tmp_path, scores=True))
    names = [one["name"] for one in values["measures"]]
    ece = names.index("ece")
    assert values["measured"]["tiny_r2plus1d"][ece][0] == pytest.approx(47.5)
    assert values["measured"]["tiny_frame2d"][ece] is None
    (pair,) = values["measured_differences"]
    assert pair[ece] is None
    assert pair[names.index("worst_cell")] == [0, 0, 0]
    assert "temporal sensitivity" in values["missing"]
    assert "ECE" not in values["missing"]


def test_diagrams_are_pooled_by_severity(tmp_path: Path) -> None:
    values = measure_values(results_of(tmp_path, scores=True))
    assert list(values["diagrams"]) == ["tiny_r2plus1d"]
    reliability = values["diagrams"]["tiny_r2plus1d"]["reliability"]
    # Confidence 0.9 in bin 13 at severities 0 and 1, 0.8 (in float32 above the edge) in bin 12.
    assert (reliability["0"]["clips"][13], reliability["0"]["right"][13]) == (4, 3)
    assert (reliability["1"]["clips"][13], reliability["1"]["right"][13]) == (8, 5)
    assert (reliability["5"]["clips"][12], reliability["5"]["right"][12]) == (8, 1)
    assert reliability["0"]["ece"] == pytest.approx(15)
    risk = values["diagrams"]["tiny_r2plus1d"]["risk"]
    assert len(risk["0"]) == len(values["coverages"]) == 50
    assert risk["0"][-1] == 25  # at full coverage the risk is the error
    assert risk["5"][-1] == pytest.approx(100 * 7 / 8)


def test_half_severities_by_hand(tmp_path: Path) -> None:
    values = measure_values(results_of(tmp_path, scores=False))
    # Fog: 75, 50, 25 at 0, 1, 5; rain: 75, 75, 0.
    assert values["half_severities"]["tiny_r2plus1d"] == [3, 3]


def test_the_line_needs_three_models(tmp_path: Path) -> None:
    assert measure_values(results_of(tmp_path, scores=False))["scatter"]["line"] == []
    results = results_of(tmp_path, scores=False, external=[EXTERNAL])
    scatter = measure_values(results)["scatter"]
    assert [point["external"] for point in scatter["points"]] == [False, False, True]
    assert len(scatter["line"]) == 40
    # Two equal models and one other: the line goes through 75, 37.5 and 90, 50.
    clean, mpc = zip(*scatter["line"], strict=True)
    assert np.interp([75, 90], clean, mpc) == pytest.approx([37.5, 50], abs=0.1)
    # The metric is measured by the line that is drawn.
    above = results.measured.estimates["tiny_r2plus1d"]["effective_robustness"]
    assert above.value == pytest.approx(0, abs=1e-9)


def test_incomparable_results_are_not_in_the_line(tmp_path: Path) -> None:
    other = EXTERNAL.model_copy(update={"dialect": "original"})
    results = results_of(tmp_path, scores=False, external=[other])
    assert results.external == ()
    assert measure_values(results)["scatter"]["line"] == []


def test_a_difference_of_a_severity_that_is_not_reached_is_not_available() -> None:
    inf = float("inf")
    reached = Estimate(2.0, np.array([1.0, 2, 3]))
    assert _difference(reached, Estimate(inf, np.array([inf, inf, inf]))) is None
    found = _difference(reached, Estimate(1.0, np.array([1.0, 1, inf])))
    assert found == [1, None, 1]
