"""Annotation files are found under the names that today's distributions use."""

import json
from pathlib import Path

import pytest

from pipeline.datasets.annotation_files import find_file
from pipeline.datasets.annotations import read_annotations
from pipeline.errors import SettingsError
from pipeline.settings import SourceSettings


@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        ("validate.csv", "val.csv"),
        ("validate.csv", "kinetics400/validation.csv"),
        ("validate.csv", "kinetics700_2020/kinetics700_2020_val.csv"),
        ("val.csv", "kinetics-400_val.csv"),
        ("train.csv", "k600/train.txt"),
    ],
)
def test_kinetics_files_have_several_names(tmp_path: Path, wanted: str, there: str) -> None:
    (tmp_path / there).parent.mkdir(exist_ok=True)
    (tmp_path / there).write_text("")
    (tmp_path / "test.csv").write_text("")
    assert find_file(tmp_path, wanted, "kinetics") == tmp_path / there


@pytest.mark.parametrize("folder", ["", "labels/"])
def test_the_files_of_ssv2_are_found_as_downloaded_today(tmp_path: Path, folder: str) -> None:
    (tmp_path / "labels").mkdir()
    clips = [{"id": "7", "template": "Closing [something]"}]
    (tmp_path / f"{folder}validation.json").write_text(json.dumps(clips))
    (tmp_path / f"{folder}train.json").write_text(json.dumps([clips[0] | {"id": "8"}]))
    (tmp_path / f"{folder}labels.json").write_text(json.dumps({"Closing something": "20"}))
    (tmp_path / "classes.csv").write_text("class_id,class_name\n0,Closing [something]\n")
    source = SourceSettings(
        format="ssv2",
        videos=tmp_path,
        annotations=tmp_path,
        classes=tmp_path / "classes.csv",
        splits={
            "train": "something-something-v2-train.json",
            "val": "something-something-v2-validation.json",
        },
        labels="something-something-v2-labels.json",
    )
    found = [(clip.split, clip.key, clip.source_label_id) for clip in read_annotations(source)]
    assert found == [("train", "8", 20), ("val", "7", 20)]


def test_the_name_of_params_yaml_comes_first(tmp_path: Path) -> None:
    for name in ("val.csv", "validate.csv"):
        (tmp_path / name).write_text("")
    assert find_file(tmp_path, "validate.csv", "kinetics") == tmp_path / "validate.csv"


def test_several_files_that_fit_are_listed(tmp_path: Path) -> None:
    (tmp_path / "k700").mkdir()
    for name in ("val.csv", "k700/validation.csv"):
        (tmp_path / name).write_text("")
    words = r"validate.csv: no such file, and several others fit \(got 'val.csv', 'k700/valid"
    with pytest.raises(SettingsError, match=words):
        find_file(tmp_path, "validate.csv", "kinetics")


def test_files_of_other_splits_and_formats_are_not_taken(tmp_path: Path) -> None:
    for name in ("train.csv", "test.csv", "validation.json", "my_val.csv"):
        (tmp_path / name).write_text("")
    with pytest.raises(SettingsError, match="validate.csv: no such file, also under its other"):
        find_file(tmp_path, "validate.csv", "kinetics")
    with pytest.raises(SettingsError, match="val.csv: no such file, also under its other"):
        find_file(tmp_path, "val.csv", "list")
