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
        ({"severities": [0, 1]}, "severities.0: .*greater than or equal to 1 .value: 0."),
        ({"machine": {"wrokers": 2}}, "machine.wrokers: unknown key"),
        ({"machine": {"workers": -1}}, "machine.workers: .*value: -1"),
        ({"payload": {"codec": "gif"}}, "payload.codec: Input should be 'jpeg', 'ffv1' or 'h264'"),
        ({"models": {"demo": {"i3d": {}}}}, "models.demo.i3d has no `weights`"),
        ({"corrupt": {"frames": 0}}, "corrupt.frames"),
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
