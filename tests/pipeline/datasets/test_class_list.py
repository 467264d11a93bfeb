"""Class lists in, names in the order of their ids out; a wrong file is one clear error."""

from pathlib import Path

import pytest

from pipeline.datasets.class_list import read_classes
from pipeline.errors import SettingsError
from tests.support.project import REPOSITORY


@pytest.mark.parametrize(("name", "count"), [("mini_kinetics", 200), ("mini_ssv2", 87)])
def test_class_lists_of_the_benchmark(name: str, count: int) -> None:
    names = read_classes(REPOSITORY / f"manifests/classes/{name}.csv")
    assert len(names) == count
    assert names == sorted(names)


def test_wrong_class_lists(tmp_path: Path) -> None:
    path = tmp_path / "classes.csv"
    for text, words in (
        ("class_id,class_name\n1,a\n", "line 2: class_id is '1', not 0"),
        ("class_id,class_name\n0,a\n1,a\n", "duplicated class: a"),
        ("class_id,class_name\n", "lists no class"),
        ("id,name\n0,a\n", "columns are missing: class_id, class_name"),
    ):
        path.write_text(text)
        with pytest.raises(SettingsError, match=words):
            read_classes(path)
