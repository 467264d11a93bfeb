"""A broken parameter stops the run and names the key, the value and the way out."""

from pathlib import Path
from typing import Any

import pytest

from pipeline import params
from pipeline.errors import SettingsError
from tests.support.project import REPOSITORY, write_params


def test_the_repository_s_parameters_are_valid() -> None:
    values = params.load(REPOSITORY / "params.yaml")
    assert values.datasets == ("demo",)
    assert len(values.corruptions) == 12
    assert values.machine.num_workers >= 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"corruptions": ["fogg"]},
            "unknown corruption 'fogg' .did you mean 'fog'.*; choose from ",
        ),
        ({"corruptions": ["fog", "fog"]}, "corruptions: duplicates: fog"),
        ({"datasets": []}, "datasets: is empty"),
        ({"datasets": ["demo", "hmdb"]}, "dataset 'hmdb' is in `datasets` but not in filter.sourc"),
        ({"severities": [0, 1]}, "severities.0: .*greater than or equal to 1 .got 0."),
        ({"datasets": ["dmo"]}, "yaml: dataset 'dmo' is in .* .did you mean 'demo'..; choose"),
        ({"datasets": "demo"}, "datasets: must be a list .got 'demo'"),
        ({"corruptions": ["paper12"]}, "'paper12' .it is a set; list its corruptions: shot_noise,"),
        ({"seed": True}, "seed: must be a whole number .got True"),
        ({"dialect": "our"}, "dialect: must be 'ours' or .* .got 'our'; did you mean 'ours'"),
        ({"models": {"mini_kinetic": {}}}, "models.mini_kinetic: unknown .* .did you mean 'mini_k"),
        ({"train": {"dmo": {}}}, "train.dmo: unknown dataset .did you mean 'demo'"),
        (
            {"models": {"demo": {"i3d": {"weight": "a"}}}},
            "unknown key .did you mean 'weights'",
        ),
        ({"models": {"demo": {"i3d": None}}}, "demo.i3d: must be a mapping .* .got nothing"),
        ({"filter": {"sources": {"demo": {"videos": 1}}}}, "videos: must be a path .got 1"),
        ({"machine": {"wrokers": 2}}, "machine.wrokers: unknown key .did you mean 'workers'"),
        ({"machine": {"device": "gpu"}}, "device: must be auto, cpu, cuda or .* .got 'gpu'"),
        ({"machine": {"workers": -1}}, "machine.workers: .*got -1"),
        ({"payload": {"codec": "gif"}}, "payload.codec: must be 'jpeg', 'ffv1' or 'h264'"),
        (
            {"evaluate": {"payload": "none"}},
            "evaluate: payload 'none' is for reads: videos .got reads: shards",
        ),
        ({"models": {"demo": {"i3d": {}}}}, "models.demo.i3d has no `weights`"),
        ({"corrupt": {"frames": 0}}, "corrupt.frames: must be 'all' or greater than 0 .got 0"),
        ({"corrupt": {"timing": {"fogg": {}}}}, "corrupt.timing: unknown corruption 'fogg'"),
        ({"corrupt": {"timing": {"fog": {"begin": 1}}}}, "timing.fog.begin: unknown key"),
        ({"corrupt": {"timing": {"fog": {"share": 0}}}}, "corrupt.timing.fog: .*share = 0"),
        ({"corrupt": {"timing": {"h265_crf": {}}}}, "corrupt.timing.h265_crf: .* whole video"),
        ({"corrupt": {"timing": {"frame_rate": {}}}}, "timing.frame_rate: .*number of frames"),
        (
            {"corrupt": {"timing": {"fog": {}}}, "dialect": "original"},
            "corrupt.timing.fog: .*dialect 'original' has none",
        ),
        ({"corrupt": {"custom_levels": {"contrast": [0.5] * 4}}}, "custom_levels.contrast"),
        (
            {"corrupt": {"custom_levels": {"brightness": [0.5] * 4 + [7]}}},
            "corrupt.custom_levels.brightness: 7 is not a level of it",
        ),
        ({"corrupt": {"custom_levels": {"rain": [5] * 5}}}, "rain: 5 is not a level of it"),
        ({"corrupt": {"custom_levels": {"fogg": [1] * 5}}}, "unknown corruption 'fogg'"),
        (
            {"decode": {"pictures": {"demo": {"short_side": 30, "crop": 40}}}},
            "crop 40 is larger than short_side 30",
        ),
    ],
)
def test_errors_name_key_value_and_way_out(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(SettingsError, match=words):
        write_params(tmp_path, **change)


def test_files_that_are_missing_or_no_yaml(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file.*--params"):
        params.load(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_text("a: [")
    with pytest.raises(SettingsError, match="invalid YAML"):
        params.load(tmp_path / "params.yaml")


def test_own_levels_and_timings_are_not_the_named_set(tmp_path: Path) -> None:
    """Only those of corruptions that are computed count."""
    for change, name in (
        ({}, "paper12"),
        ({"timing": {"fog": {"start": 10}}}, "custom"),
        ({"custom_levels": {"contrast": [0.9, 0.8, 0.7, 0.6, 0.5]}}, "custom"),
        ({"timing": {"flicker": {"start": 10}}}, "paper12"),
    ):
        assert write_params(tmp_path, corrupt=change).set_name == name
