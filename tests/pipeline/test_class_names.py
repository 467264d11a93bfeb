"""One spelling of class names for annotations, class lists and labels of models."""

from pathlib import Path

import pytest

from pipeline.class_names import plain
from pipeline.datasets.class_list import read_classes

CLASSES = Path(__file__).resolve().parents[2] / "manifests/classes"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("clean_and_jerk", "clean and jerk"),
        ('"abseiling"', "abseiling"),
        ("Spinning [something] that quickly stops", "Spinning something that quickly stops"),
        ("massaging person's head", '"massaging person\'s head"'),
        ("Lifting [something] up, then letting", "lifting something up , then letting"),
        ("Laying [something] on its side", "laying something on its side"),
        ("Passing Football (in game)", "passing football (in game)"),
    ],
)
def test_spellings_of_one_name(one: str, other: str) -> None:
    assert plain(one) == plain(other)


@pytest.mark.parametrize("dataset", ["demo", "mini_kinetics", "mini_ssv2"])
def test_no_two_classes_are_one(dataset: str) -> None:
    names = read_classes(CLASSES / f"{dataset}.csv")
    assert len({plain(name) for name in names}) == len(names)


def test_official_templates_without_brackets_are_the_class_names() -> None:
    """The labels file and models of Something-Something name templates without brackets."""
    for name in read_classes(CLASSES / "mini_ssv2.csv"):
        assert plain(name.replace("[", "").replace("]", "")) == plain(name)
