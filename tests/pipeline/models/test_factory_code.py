"""An edit of a user's factory, or of its imports, changes the hash; nothing else does."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.models.factory_code import factory_code

FACTORY = '"""A net."""\nfrom own_parts import layers\n\ndef build():\n    return layers.head()\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "own_net_of_test.py").write_text(FACTORY)
    (tmp_path / "own_parts").mkdir()
    (tmp_path / "own_parts/__init__.py").touch()
    (tmp_path / "own_parts/layers.py").write_text("def head():\n    return 1\n")
    (tmp_path / "unrelated.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("own_net_of_test", None)


NAME = "own_net_of_test:build"


@pytest.mark.parametrize("file", ["own_net_of_test.py", "own_parts/layers.py"])
def test_an_edit_changes_it(folder: Path, file: str) -> None:
    before = factory_code(NAME)
    path = folder / file
    path.write_text(path.read_text().replace("head", "tail"))
    assert before is not None
    assert factory_code(NAME) != before


def test_comments_docstrings_and_other_files_do_not(folder: Path) -> None:
    before = factory_code(NAME)
    path = folder / "own_net_of_test.py"
    path.write_text(path.read_text().replace("A net.", "Another text.") + "\n# a comment\n")
    (folder / "unrelated.py").write_text("x = 2\n")
    assert factory_code(NAME) == before


def test_an_installed_package_is_known_by_its_version() -> None:
    assert factory_code("torch.nn:Linear") == factory_code("torch.nn:Conv3d") is not None


@pytest.mark.parametrize("name", ["x3d_m", "model.onnx", "owner/name", "no_such_module:build"])
def test_what_is_no_factory_has_no_code(name: str) -> None:
    assert factory_code(name) is None
