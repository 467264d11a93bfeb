"""Inputs missing for a later stage are reported at once, by check, filter and plan."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from pipeline import models
from pipeline.__main__ import app
from pipeline.params import Params, load
from pipeline.storage.paths import DatasetPaths
from pipeline.tools.check.dataset import check_dataset, later_problems
from tests.support.project import make_project, tree, video_id, write_params


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of which no stage has run."""
    root = tmp_path_factory.mktemp("sound")
    make_project(root)
    return root


def results(params: Params, root: Path) -> dict[str, tuple[bool, str]]:
    return {one.name: (one.passed, one.detail) for one in check_dataset("demo", params, root)}


def changed(root: Path, **changes: Any) -> Params:
    """The parameters of a project with changes, which are not written into it."""
    values = load(root / "params.yaml").model_dump(mode="python")
    for key, value in changes.items():
        *sections, last = key.split("__")
        place = values
        for section in sections:
            place = place[section]
        place[last] = value
    return Params.model_validate(values)


def with_models(root: Path, entries: Mapping[str, Mapping[str, object]]) -> Params:
    return changed(root, models__demo=entries, train__demo={})


def test_a_project_that_is_ready_passes_and_is_not_changed(sound: Path) -> None:
    before = tree(sound)
    found = results(load(sound / "params.yaml"), sound)
    assert {name for name, (passed, _) in found.items() if not passed} == set()
    assert set(found) >= {
        "classes",
        "annotations",
        "videos",
        "sample",
        "disk",
        "encoders",
        "rights",
    }
    assert found["videos"][1] == "7 of 7 listed clips found"
    assert "written by the train stage" in found["model tiny_r2plus1d"][1]
    assert tree(sound) == before


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"weights": "nothing.pt"}, r"no such weights of model 'mine'"),
        ({"model": "no_such_model"}, "no_such_model"),
        ({"model": "no_such_module:build"}, "No module named 'no_such_module'"),
        ({"model": "json:no_such_function"}, "no_such_function"),
        ({"model": "lost.onnx"}, "lost.onnx"),
    ],
)
def test_a_model_that_cannot_be_evaluated_is_named(
    sound: Path, entry: dict[str, object], words: str
) -> None:
    settings = {"model": "tiny_r2plus1d", **entry}
    passed, detail = results(with_models(sound, {"mine": settings}), sound)["model mine"]
    assert not passed
    assert words in detail


def test_weights_of_another_network_are_found(sound: Path, tmp_path: Path) -> None:
    weights = tmp_path / "weights.pt"
    torch.save(models.load("tiny_frame2d").build(2).state_dict(), weights)
    for network, fits in (("tiny_r2plus1d", False), ("tiny_frame2d", True)):
        params = with_models(sound, {"mine": {"model": network, "weights": weights}})
        assert results(params, sound)["model mine"][0] == fits


def test_a_training_that_cannot_start_is_a_failure(sound: Path) -> None:
    settings = load(sound / "params.yaml").train["demo"]["tiny_r2plus1d"].model_dump()
    for change, words in (
        ({"start": "lost.pt"}, "lost.pt does not exist"),
        ({"flip": True}, "a mirrored clip would have the wrong class"),
    ):
        params = changed(sound, train__demo={"tiny_r2plus1d": {**settings, **change}})
        passed, detail = results(params, sound)["training tiny_r2plus1d"]
        assert not passed
        assert words in detail


def test_a_dataset_without_models_passes_and_says_so(sound: Path) -> None:
    assert "nothing will be evaluated" in results(with_models(sound, {}), sound)["models"][1]


def test_splits_must_exist(sound: Path) -> None:
    passed, detail = results(changed(sound, corrupt__split="test"), sound)["splits"]
    assert not passed
    assert "corrupt.split: unknown split (got 'test'); choose from" in detail


def test_videos_under_other_names_are_a_failure_with_examples(tmp_path: Path) -> None:
    make_project(tmp_path)
    for path in (tmp_path / "data/demo/videos").iterdir():
        path.rename(path.with_name(f"video-{path.name}"))
    params = write_params(tmp_path, filter={"allowed_failures": 0.2})
    passed, detail = results(params, tmp_path)["videos"]
    assert not passed
    assert detail.startswith("0 of 7 listed clips found")
    assert f"video-{video_id(0)}"[:8] in detail


def test_videos_that_cannot_be_read_are_a_failure(tmp_path: Path) -> None:
    make_project(tmp_path)
    for path in (tmp_path / "data/demo/videos").iterdir():
        path.write_text("<html>Video unavailable</html>")
    passed, detail = results(load(tmp_path / "params.yaml"), tmp_path)["sample"]
    assert not passed
    assert "none of 5 videos is usable, such as" in detail


def test_a_disk_that_is_too_small_is_a_failure(
    sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.tools.check.dataset.BYTES_PER_PIXEL", 1e12)
    passed, detail = results(load(sound / "params.yaml"), sound)["disk"]
    assert not passed
    assert "corrupt.frames: 32" in detail


def test_a_folder_that_cannot_be_written_is_a_failure(tmp_path: Path) -> None:
    """A file where the folder of the manifests will be: also root cannot write there."""
    make_project(tmp_path)
    paths = DatasetPaths(tmp_path, "demo")
    assert not paths.manifests.exists()
    paths.manifests.write_text("a file")
    passed, detail = results(load(tmp_path / "params.yaml"), tmp_path)["rights"]
    assert not passed
    assert "is not a folder" in detail


@pytest.fixture
def lacking(tmp_path: Path) -> Path:
    """A project whose videos are fine and whose weights are missing."""
    make_project(tmp_path, corruptions=["contrast"], severities=[1])
    write_params(
        tmp_path,
        corruptions=["contrast"],
        severities=[1],
        models={"demo": {"tiny_r2plus1d": {"weights": "lost.pt"}}},
    )
    return tmp_path


def test_filter_stops_before_any_work(lacking: Path) -> None:
    result = CliRunner().invoke(
        app, ["filter", "-d", "demo", "--params", str(lacking / "params.yaml")]
    )
    assert result.exit_code == 2
    assert "lost.pt: no such weights" in result.output
    assert not (lacking / "manifests/demo/clips.parquet").exists()


def test_plan_shows_the_plan_and_then_fails(lacking: Path) -> None:
    command = ["plan", "-d", "demo", "--clips", "3", "--params", str(lacking / "params.yaml")]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 1
    assert "contrast" in result.output
    assert "lost.pt: no such weights" in result.output
    assert CliRunner().invoke(app, [*command, "--no-models"]).exit_code == 0


def test_what_filter_reports_itself_does_not_stop_it_before(tmp_path: Path) -> None:
    """Its manifest has the reason of every missing clip."""
    make_project(tmp_path)
    for path in (tmp_path / "data/demo/videos").iterdir():
        path.unlink()
    params = write_params(tmp_path, filter={"allowed_failures": 0.2})
    assert later_problems("demo", params, tmp_path) == ""


def test_a_device_that_this_machine_lacks_is_a_failure(sound: Path) -> None:
    passed, detail = results(changed(sound, machine__device="cuda:99"), sound)["models run on"]
    assert not passed
    assert "machine.device: 'cuda:99'" in detail


def test_an_unknown_dataset_is_named_before_the_machine_is_checked(sound: Path) -> None:
    command = ["check", "-d", "dmo", "--params", str(sound / "params.yaml")]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2
    assert result.output.startswith("Settings: dataset 'dmo' (did you mean 'demo'?)")


def test_the_command_checks_both(lacking: Path) -> None:
    result = CliRunner().invoke(
        app, ["check", "-d", "demo", "--params", str(lacking / "params.yaml")]
    )
    assert result.exit_code == 1
    assert "ok     videos" in result.output
    assert "Failed: checks failed: model tiny_r2plus1d." in result.output
