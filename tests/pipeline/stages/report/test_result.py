"""Result files: version 2, version 1, and the published JSON Schema."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from docs.make_schemas import FILE, schema
from pipeline.errors import SettingsError
from pipeline.stages.report.result import FirstResult, Result
from pipeline.stages.report.submissions import read_result

CELLS = {name: {str(s): 60.0 - 5 * s for s in range(1, 6)} for name in ("fog", "rain")}
GOOD: dict[str, Any] = {
    "schema_version": 2,
    "dataset": "mini_kinetics",
    "model": "their_net",
    "source": "Their paper, table 2",
    "clean_top1": 90.0,
    "num_clips": 9000,
    "accounting": "common",
    "cells": CELLS,
    "dialect": "ours",
    "seed": 0,
    "protocol": {
        "frames": 16,
        "sampling": "dense, stride 4",
        "temporal_views": 10,
        "spatial_views": 3,
        "resize": "short side 256, three crops of 224",
    },
    "hardware": {"device": "A GPU", "precision": "bf16"},
    "adaptation": {"method": "TENT", "source": "their code"},
    "metrics": {
        "mpc": {"value": 45.0, "ci95": [44.0, 46.0]},
        "ece": {"value": 12.5},
        "half_severity": {"value": "not reached", "ci95": [4.5, "not reached"]},
    },
}


def test_everything_of_version_2_is_kept() -> None:
    result = Result.model_validate(GOOD)
    assert result.mpc == pytest.approx(45)
    assert result.protocol is not None
    assert result.protocol.temporal_views == 10
    assert result.is_benchmark
    again = Result.model_validate_json(result.model_dump_json(exclude_none=True))
    assert again == result


def test_other_severities_and_levels() -> None:
    cells = {name: {"0.5": 60.0, "2.5": 50.0} for name in ("fog", "rain")}
    changes = {"cells": cells, "metrics": {}, "levels": {"fog": {"2.5": [2.2, 1.6]}}}
    result = Result.model_validate(GOOD | changes)
    assert result.severities == (0.5, 2.5)
    assert result.mpc == 55
    assert not result.is_benchmark


def test_version_1_is_read_as_version_2() -> None:
    old = {name: GOOD[name] for name in FirstResult.model_fields if name in GOOD}
    result = FirstResult.model_validate(old | {"schema_version": 1}).upgraded()
    assert (result.schema_version, result.mpc) == (2, 45)
    assert (result.protocol, result.metrics) == (None, {})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"metrics": {"mpc": {"value": 46.0}}}, "mpc: does not agree with the cells"),
        ({"metrics": {"mpc": {"value": "not reached"}}}, "mpc: does not agree"),
        ({"metrics": {"ecee": {"value": 1.0}}}, r"unknown names \(got \['ecee'\]\)"),
        ({"cells": {"fog": CELLS["fog"], "rain": {"1": 50}}}, "rain: incomplete severities"),
        ({"cells": {"fog": {"0": 50}}}, "fog: incomplete severities"),
        ({"cells": {"fog": {"-1": 50}}}, "String should match pattern"),
        ({"levels": {"fog": {"7": 1}}}, "fog: severities without a cell"),
        ({"hardware": {"device": "cpu", "precision": "fp64"}}, "precision"),
        ({"protocol": {"frames": 16, "resize": "none"}}, "sampling"),
        ({"clean_top1": float("nan")}, "clean_top1"),
        ({"mpc": 45.0}, "Extra inputs are not permitted"),
    ],
)
def test_wrong_results_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Result.model_validate(GOOD | changes)


def test_the_published_schema_is_today_s() -> None:
    assert FILE.read_text() == schema(), "run python -m docs.make_schemas"


def test_the_schema_accepts_and_refuses_what_is_added(tmp_path: Path) -> None:
    published = json.loads(Path(FILE).read_text())
    jsonschema.Draft202012Validator.check_schema(published)
    jsonschema.validate(GOOD, published)
    (tmp_path / "good.json").write_text(json.dumps(GOOD))
    assert read_result(tmp_path / "good.json") == Result.model_validate(GOOD)
    jsonschema.validate(
        json.loads(Result.model_validate(GOOD).model_dump_json(exclude_none=True)), published
    )
    for wrong, words in (
        ({"clean_top1": 900}, "900 is greater than"),
        ({"extra": 1}, "'extra' was unexpected"),
        ({"hardware": {"device": "cpu", "precision": "fp64"}}, "fp64. is not one of"),
        ({"cells": {"fog": {"first": 1}}}, "'first' does not match"),
        ({"cells": {"fogg": {"1": 1}}}, "'fogg' is not one of"),
        ({"metrics": {"ecee": {"value": 1}}}, "'ecee' is not one of"),
        ({"clean_top1": "90"}, "'90' is not of type 'number'"),
    ):
        with pytest.raises(jsonschema.ValidationError, match=words):
            jsonschema.validate(GOOD | wrong, published)
        (tmp_path / "wrong.json").write_text(json.dumps(GOOD | wrong))
        with pytest.raises(SettingsError, match="wrong.json"):
            read_result(tmp_path / "wrong.json")
