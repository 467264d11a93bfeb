"""Values of the charts, hand-computed; nan becomes null."""

from dataclasses import replace
from pathlib import Path

from pipeline.stages.report.evaluated import Evaluated, read_evaluated
from pipeline.stages.report.page.chart_values import chart_values
from pipeline.storage.paths import DatasetPaths
from tests.support.evaluated import GRID, write_tables
from tests.support.project import write_params


def results_of(root: Path) -> Evaluated:
    params = write_params(
        root,
        **GRID,
        models={"demo": {"tiny_frame2d": {}}},
    )
    write_tables(root, params)
    write_tables(root, params, "tiny_frame2d")
    return read_evaluated("demo", params, DatasetPaths(root, "demo"))


def test_cells_by_hand(tmp_path: Path) -> None:
    values = chart_values(results_of(tmp_path))
    one = values["models"]["tiny_r2plus1d"]
    assert (one["clean"], one["mpc"], one["cells"]) == (75, 37.5, [[50, 25], [75, 0]])
    assert values["corruptions"] == ["fog", "rain"]
    assert values["severities"] == [1, 5]


def test_equal_models_do_not_differ(tmp_path: Path) -> None:
    (pair,) = chart_values(results_of(tmp_path))["pairs"]
    assert (pair["first"], pair["second"]) == ("tiny_r2plus1d", "tiny_frame2d")
    assert (pair["clips"], pair["significant"]) == (4, False)
    assert pair["mpc"] == [0, 0, 0]
    assert pair["corruptions"] == [[0, 0, 0], [0, 0, 0]]


def test_classes_by_hand(tmp_path: Path) -> None:
    results = results_of(tmp_path)
    # Clips 0 and 2 are of class 0, 1 and 3 of class 1; columns are clean, fog, rain.
    classes = chart_values(results)["classes"]
    assert classes["clips"] == [2, 2]
    assert classes["models"]["tiny_r2plus1d"] == [[100, 50, 50], [50, 25, 25]]
    # A class without clips is not listed.
    more = replace(results, class_names=(*results.class_names, "jumping"))
    assert chart_values(more)["classes"] == classes
