"""A text file is read whole or refused by one error that names it and says what to do."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.io import text
from pipeline.io.text import read_json, read_text, read_yaml


def test_content_is_read_with_and_without_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for data in ("ä\n".encode(), b"\xef\xbb\xbf" + "ä\n".encode()):
        path.write_bytes(data)
        assert read_text(path) == "ä\n"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "no such file; buy one"),
        (lambda path: path.mkdir(), "not a regular file; buy one"),
        (lambda path: os.mkfifo(path), "not a regular file; buy one"),
        (lambda path: path.write_bytes(b"\xff\xfe"), "not valid UTF-8: .*invalid start byte"),
        (lambda path: path.write_bytes(b"0123456789"), "has 10 bytes, more than 9; buy one"),
    ],
)
def test_what_is_no_text_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Path], object],
    message: str,
) -> None:
    monkeypatch.setattr(text, "MAX_BYTES", 9)
    path = tmp_path / "file"
    make(path)
    with pytest.raises(SettingsError, match=f"{path}: {message}"):
        read_text(path, "buy one")


def test_a_path_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(SettingsError, match="embedded null"):
        read_text(Path("a\0b"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "invalid JSON: Expecting property name"),
        ('{"a": 1, "a": 2}', "invalid JSON: duplicate key 'a'"),
        ("[" * 100_000, "JSON nested too deeply"),
    ],
)
def test_wrong_json_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "file.json"
    path.write_text(content)
    with pytest.raises(SettingsError, match=f"file.json: {message}"):
        read_json(path)


def test_json_and_yaml_give_their_values(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text('{"a": [1, null], "b": {"a": 2}}')
    assert read_json(path) == read_yaml(path, "correct it") == {"a": [1, None], "b": {"a": 2}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: [", "invalid YAML: while parsing"),
        ("a: 1\na: 2\n", "invalid YAML: duplicate key 'a'"),
        ("a: 2024-13-40\n", "invalid YAML: month must be"),
        ("a: &a [*a]\n", "invalid YAML: a value that contains itself"),
        ("a: !!python/object/apply:os.system [x]\n", "invalid YAML: could not determine"),
    ],
)
def test_wrong_yaml_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(content)
    with pytest.raises(SettingsError, match=f"file.yaml: {message}"):
        read_yaml(path, "correct it")


def test_aliases_count_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "MAX_NODES", 50)
    path = tmp_path / "file.yaml"
    path.write_text("a: &a [1, 1, 1, 1]\nb: &b [*a, *a, *a, *a]\nc: [*b, *b, *b, *b]\n")
    with pytest.raises(SettingsError, match="has more than 50 values; correct it"):
        read_yaml(path, "correct it")
