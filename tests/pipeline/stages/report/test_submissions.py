"""External results: only whole ones are added, and what makes them incomparable is named."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import SettingsError
from pipeline.stages.report.result import Adaptation, Protocol, Result
from pipeline.stages.report.submissions import (
    add_result,
    as_json,
    as_result,
    differences,
    read_results,
)
from tests.support.project import write_params

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
        ({"schema_version": 3}, "schema_version"),
        ({"model": "../their"}, "model: must match"),
        ({"clean_top1": 0.9e3}, "clean_top1"),
        ({"mpc": 99.0}, "mpc: unknown key"),
        ({"cells": {"fogg": CELLS["fog"]}}, r"cells: unknown corruption \(got 'fogg'\)"),
        (
            {"cells": {"fog": {"1": 50}}},
            r"cells.fog: incomplete severities \(got \['1'\]\); give 1, 2, 3, 4, 5",
        ),
        ({"cells": {"fog": CELLS["fog"] | {"5": 101}}}, "cells.fog.5"),
        ({"cells": {}}, "cells: no corruption"),
        ({"clean_top1": "90"}, "clean_top1: must be a number"),
        ({"num_clips": True}, "num_clips: must be a whole number"),
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
    path.write_text(as_json(result))
    add_result(path, tmp_path)
    assert read_results(tmp_path) == [result]


def test_results_of_one_model_that_differ_in_adaptation_are_kept_apart(tmp_path: Path) -> None:
    plain = {"schema_version": 2}
    methods = [{"method": "A/B", "reset": reset} for reset in ("cell", "never")]
    for changes in (plain, *(plain | {"adaptation": one} for one in methods)):
        add_result(write(tmp_path, **changes), tmp_path)
    found = {one.label: one for one in read_results(tmp_path)}
    assert len(read_results(tmp_path)) == 3
    assert set(found) == {"their_net", "their_net + A/B"}


def result_of(**changes: Any) -> Result:
    return Result.model_validate(GOOD | {"schema_version": 2} | changes)


def test_what_makes_a_result_incomparable_is_named(tmp_path: Path) -> None:
    params = write_params(tmp_path, corruptions=["fog", "rain"])
    assert differences(result_of(), params) == []
    protocol = Protocol(frames=64, sampling="uniform", resize="none")
    other = Protocol(frames=32, sampling="uniform, no payload", resize="none")
    views = Protocol(frames=16, sampling="uniform", temporal_views=10, resize="none")
    for changes, words in (
        ({"cells": {"fog": CELLS["fog"]}}, "averages other corruptions (custom)"),
        ({"cells": {name: {"1": 5} for name in CELLS}}, "has other severities"),
        ({"levels": {"fog": {"1": 5}}}, "has other severities"),
        ({"dialect": "original"}, "uses the dialect original"),
        ({"protocol": protocol}, "uses 64 frames, more than 32"),
        ({"protocol": other}, "sees the frames without the payload of shards"),
        ({"protocol": views}, "averages 10 views"),
        (
            {"protocol": Protocol(sampling="dense, stride 2")},
            "samples frames in another way (dense, stride 2)",
        ),
        ({"adaptation": Adaptation(method="TENT")}, "adapts to the corrupted clips (TENT)"),
    ):
        assert differences(result_of(**changes), params) == [words]


def test_metrics_of_an_evaluated_model_are_in_its_result(tmp_path: Path) -> None:
    params = write_params(tmp_path)
    values = {
        "clean_top1": 80.0, "clean_top5": 95.0, "num_clips": 5, "accounting": "strict",
        "cells": CELLS, "mpc": 45.0, "mpc_ci95": [40.0, 50.0], "rpc": 56.25,
        "rpc_ci95": [None, None],
        "measures": {"ece": {"value": 3.0, "ci95": [2.0, 4.0]}, "nll": None},
    }  # fmt: skip
    result = as_result("demo", "tiny", values, "this run", params)
    assert result.metrics["mpc"].ci95 == (40, 50)
    assert result.metrics["rpc"].ci95 is None
    assert set(result.metrics) == {"clean_top1", "mpc", "rpc", "ece"}
    assert (result.dialect, result.seed) == ("ours", 0)
