"""Labels of a model are mapped to the classes by name."""

import json
from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.models.labels import outputs_of_classes, plain, read_labels


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("a.txt", "run\nsit down\n\njump\n"),
        ("a.csv", "id,name\n2,jump\n0,run\n1,sit down\n"),
        ("a.csv", 'class_id,class_name\n0,run\n1,"sit down"\n2,jump\n'),
        ("a.json", json.dumps(["run", "sit down", "jump"])),
        ("a.json", json.dumps({"jump": 2, "run": 0, "sit down": 1})),
        ("a.json", json.dumps({"jump": "2", "run": "0", "sit down": "1"})),
        ("a.json", json.dumps({"0": "run", "1": "sit down", "2": "jump"})),
    ],
)
def test_forms_of_a_label_file(file: str, text: str, tmp_path: Path) -> None:
    (tmp_path / file).write_text(text)
    assert read_labels(tmp_path / file) == ["run", "sit down", "jump"]


@pytest.mark.parametrize(
    ("file", "text", "match"),
    [
        ("a.csv", "a,b\n0,run\n", "a column of"),
        ("a.csv", "id,name\n0,run\n2,jump\n", "from 0 to 1"),
        ("a.json", "3", "expected a list"),
        ("a.json", '{"run": null}', "expected a number and a name"),
        ("a.yaml", "run", "ending in"),
    ],
)
def test_files_that_are_no_labels(file: str, text: str, match: str, tmp_path: Path) -> None:
    (tmp_path / file).write_text(text)
    with pytest.raises(SettingsError, match=match):
        read_labels(tmp_path / file)
    with pytest.raises(SettingsError, match="do not exist"):
        read_labels(tmp_path / "none.txt")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("clean_and_jerk", "clean and jerk"),
        ('"abseiling"', "abseiling"),
        ("Spinning [something] that quickly stops", "Spinning something that quickly stops"),
        ("massaging person's head", '"massaging person\'s head"'),
        ("Passing Football (in game)", "passing football (in game)"),
    ],
)
def test_spellings_of_one_name(one: str, other: str) -> None:
    assert plain(one) == plain(other)


def test_classes_are_found_by_name_in_their_order() -> None:
    labels = ["run", "sit_down", "jump", "[Lift] something"]
    assert outputs_of_classes(labels, ["lift something", "run"], "m") == [3, 0]


def test_labels_that_do_not_match_are_an_error() -> None:
    with pytest.raises(SettingsError, match=r"model 'm': its 2 labels lack 1 of 2 classes: 'fly'"):
        outputs_of_classes(["run", "jump"], ["run", "fly"], "m")
    with pytest.raises(SettingsError, match="duplicate label 'Run'"):
        outputs_of_classes(["run", "Run"], ["run"], "m")
