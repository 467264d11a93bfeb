"""Results of other people join the report only when they are whole."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import SettingsError
from pipeline.stages.report.submissions import add_result, as_result, read_results

CELLS = {name: {str(s): 60 - 5 * s for s in range(1, 6)} for name in ("fog", "rain")}
GOOD: dict[str, Any] = {
    "schema_version": 1,
    "dataset": "mini_kinetics",
    "model": "their_net",
    "source": "Their paper, table 2",
    "clean_top1": 90.0,
    "num_clips": 9000,
    "accounting": "common",
    "cells": CELLS,
}


def write(folder: Path, **changes: Any) -> Path:
    path = folder / "result.json"
    path.write_text(json.dumps(GOOD | changes))
    return path


def test_a_good_result_is_kept_and_its_numbers_are_computed_here(tmp_path: Path) -> None:
    kept = add_result(write(tmp_path), tmp_path)
    assert kept == tmp_path / "manifests/results/mini_kinetics-their_net.json"
    (result,) = read_results(tmp_path)
    assert result.mpc == pytest.approx(45)
    assert result.rpc == pytest.approx(50)
    assert result.set_name == "custom"
    add_result(write(tmp_path, source="Their paper, second edition"), tmp_path)
    (result,) = read_results(tmp_path)
    assert result.source == "Their paper, second edition"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schema_version": 2}, "schema_version"),
        ({"model": "../their"}, "model: String should match"),
        ({"clean_top1": 0.9e3}, "clean_top1"),
        ({"mpc": 99.0}, "mpc: Extra inputs"),
        ({"cells": {"fogg": CELLS["fog"]}}, r"cells: unknown corruption \(got 'fogg'\)"),
        (
            {"cells": {"fog": {"1": 50}}},
            r"cells.fog: incomplete severities \(got \[1\]\); give 1 to 5",
        ),
        ({"cells": {"fog": CELLS["fog"] | {"5": 101}}}, "cells.fog.5"),
        ({"cells": {}}, "cells: no corruption"),
    ],
)
def test_a_wrong_result_is_refused(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        add_result(write(tmp_path, **changes), tmp_path)
    assert not (tmp_path / "manifests/results").exists()


def test_files_that_are_not_json(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        add_result(tmp_path / "none.json", tmp_path)
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(SettingsError, match="invalid JSON"):
        add_result(tmp_path / "bad.json", tmp_path)


def test_evaluated_models_have_the_same_form(tmp_path: Path) -> None:
    values = {"clean_top1": 80.0, "clean_top5": 95.0, "num_clips": 5, "accounting": "strict"}
    result = as_result("demo", "tiny", values | {"cells": CELLS}, "this run")
    path = tmp_path / "own.json"
    path.write_text(result.model_dump_json())
    add_result(path, tmp_path)
    assert read_results(tmp_path) == [result]
