"""CSV files of the plots: hand-computed points, and no file of a model that is gone."""

from pathlib import Path

from pipeline.stages.report.evaluated import read_evaluated
from pipeline.stages.report.plots import write_calibration, write_curves
from pipeline.storage.paths import DatasetPaths
from tests.support.evaluated import GRID, write_tables
from tests.support.project import write_params


def test_points_by_hand_and_no_others(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params, scores=True)
    results = read_evaluated("demo", params, DatasetPaths(tmp_path, "demo"))
    curves, calibration = tmp_path / "curves", tmp_path / "calibration"
    for folder in (curves, calibration):
        stale = folder / "demo" / "gone.csv"
        stale.parent.mkdir(parents=True)
        stale.write_text("severity\n")
    write_curves(curves, {"demo": results.summaries})
    write_calibration(calibration, {"demo": results.measured})
    found = {path.name: path.read_text() for path in curves.rglob("*.csv")}
    assert sorted(found) == ["fog.csv", "mean.csv", "rain.csv"]
    assert found["mean.csv"] == "severity,top1\n0,75.0000\n1,62.5000\n5,12.5000\n"
    # Confidence 0.9 at severities 0 and 1, accuracies 3/4 and 5/8; 0.8 and 1/8 at severity 5.
    (path,) = calibration.rglob("*.csv")
    assert path.name == "tiny_r2plus1d.csv"
    assert path.read_text() == "severity,ece\n0,15.0000\n1,27.5000\n5,67.5000\n"


def test_without_scores_there_is_an_empty_folder(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params)
    results = read_evaluated("demo", params, DatasetPaths(tmp_path, "demo"))
    write_calibration(tmp_path / "calibration", {"demo": results.measured})
    assert list((tmp_path / "calibration").iterdir()) == []
