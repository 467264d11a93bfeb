"""Labels of a model are mapped to the classes by name."""

import json
from pathlib import Path

import pytest

from pipeline.class_names import plain
from pipeline.datasets.class_list import read_classes
from pipeline.errors import SettingsError
from pipeline.models.labels import outputs_of_classes, read_aliases, read_labels


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


def test_classes_are_found_by_name_in_their_order() -> None:
    labels = ["run", "sit_down", "jump", "[Lift] something"]
    assert outputs_of_classes(labels, ["lift something", "run"], "m") == [3, 0]


def test_labels_that_do_not_match_are_an_error() -> None:
    with pytest.raises(SettingsError, match=r"model 'm': its 2 labels lack 1 of 2 classes: 'fly'"):
        outputs_of_classes(["run", "jump"], ["run", "fly"], "m")
    with pytest.raises(SettingsError, match="duplicate label 'Run'"):
        outputs_of_classes(["run", "Run"], ["run"], "m")


ALIASES = Path(__file__).resolve().parents[3] / "manifests/classes/aliases.csv"


def test_renamed_classes_are_found_by_their_aliases() -> None:
    aliases = read_aliases(ALIASES)
    labels = ["making the bed", "inflating balloons", "yoga"]
    wanted = ["balloon blowing", "making bed", "yoga"]
    assert outputs_of_classes(labels, wanted, "m", aliases) == [1, 0, 2]
    with pytest.raises(SettingsError, match="lack 2 of 3 classes: 'balloon blowing', 'making bed'"):
        outputs_of_classes(labels, wanted, "m")
    # A class under its own name is not looked for elsewhere.
    assert outputs_of_classes(["making bed", *labels], wanted, "m", aliases) == [2, 0, 3]


def test_aliases_are_of_classes_of_the_benchmark_and_have_a_source() -> None:
    classes = read_classes(ALIASES.with_name("mini_kinetics.csv"))
    names = {plain(name) for name in classes}
    for name, others in read_aliases(ALIASES).items():
        assert name in names
        assert not set(others) & names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class_name,alias,source\na,b,x\nc,b,x\n", "line 3: 'b' is an alias of two classes"),
        ("class_name,alias\na,b\n", "line 2: expected class_name, alias and source"),
        ("class_name,alias,source\na,\n", "line 2: expected class_name, alias and source"),
    ],
)
def test_wrong_aliases_are_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "aliases.csv").write_text(text)
    with pytest.raises(SettingsError, match=message):
        read_aliases(tmp_path / "aliases.csv")
    assert read_aliases(tmp_path / "none.csv") == {}


def test_two_classes_are_not_one_output() -> None:
    with pytest.raises(SettingsError, match="two classes are one of its labels"):
        outputs_of_classes(["b"], ["a", "c"], "m", {"a": ["b"], "c": ["b"]})
