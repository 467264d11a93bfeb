"""Malformed params.yaml, labels and results: one message with file and reason, code 2."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.models.labels import read_labels
from pipeline.params import load
from pipeline.stages.report.submissions import add_result
from tests.hostile.command import files, refused
from tests.hostile.messages import check
from tests.support.project import make_project, write_params

BOMB = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{after}: &{after} [{','.join([f'*{before}'] * 10)}]\n"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)
YAML_FILES: dict[str, tuple[bytes, str]] = {
    "bomb": (BOMB.encode(), "has more than 100000 values"),
    "bomb of options": (
        b"models:\n  demo:\n    x:\n      options:\n"
        + "".join(f"        {line}\n" for line in BOMB.splitlines()).encode(),
        "has more than 100000 values",
    ),
    "object": (
        b"seed: !!python/object/apply:os.system ['touch owned']\n",
        "constructor for the tag .*python/object/apply:os.system",
    ),
    "name": (b"seed: !!python/name:os.system\n", "constructor for the tag .*python/name:os.system"),
    "key twice": (b"seed: 1\nseed: 2\n", "duplicate key 'seed'"),
    "list": (b"- 1\n", "must be a mapping of keys to values"),
    "text": (b"text\n", "must be a mapping of keys to values.*'text'"),
    "nothing": (b"", "must be a mapping of keys to values"),
    "utf-16": ("seed: 1\n".encode("utf-16"), "not valid UTF-8.* 0xff in position 0"),
    "latin-1": (b"seed: \xe9\n", "not valid UTF-8.* 0xe9 in position 6"),
    "junk": (bytes(range(256)), "not valid UTF-8.* 0x80 in position 128"),
    "deep": (b"[" * 100_000, "YAML nested too deeply"),
    "holds itself": (b"a: &a [*a]\n", "a value that contains itself"),
    "no date": (b"seed: 2020-99-99\n", "month must be in 1..12"),
    "huge number": (b"seed: " + b"9" * 9999, "invalid YAML: .*9999 digits"),
    "huge hexadecimal number": (
        b"seed: 0x" + b"f" * 9999,
        "seed: must be less than 9223372036854775808",
    ),
    "key of a list": (b"? [1]\n: 2\n", "found unhashable key"),
    "two documents": (b"seed: 1\n---\nseed: 2\n", "found another document"),
}


@pytest.mark.parametrize("name", YAML_FILES)
def test_params_files(tmp_path: Path, name: str) -> None:
    path = tmp_path / "params.yaml"
    data, words = YAML_FILES[name]
    path.write_bytes(data)
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert re.search(words, str(caught.value))
    for line in str(caught.value).splitlines():
        assert line.startswith(str(path))
        assert len(line) < 1000
    assert not (tmp_path / "owned").exists()


def demo(**changes: object) -> dict[str, object]:
    return {"filter": {"sources": {"demo": changes}}}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            demo(splits={"val": "../../etc/passwd"}),
            "splits.val: must be a path inside .*'../../etc/passwd'",
        ),
        (
            demo(splits={"val": "/etc/passwd"}),
            "splits.val: must be a path inside .*'/etc/passwd'",
        ),
        (demo(splits={"../val": "val.csv"}), r"\[key\]: must match .*'../val'"),
        (
            demo(splits={"val": "a\0b"}),
            "splits.val: must be a path inside .*x00b",
        ),
        (
            demo(labels=".."),
            "labels: must be a path inside .*'..'",
        ),
        ({"datasets": ["../demo"]}, "datasets.0: must match .*'../demo'"),
        ({"models": {"demo": {"../x": {}}}}, r"models.*\[key\]: must match .*'../x'"),
        ({"seed": 10**400}, "seed: must be less than 9223372036854775808"),
        ({"seed": -1}, "seed: must be greater than or equal to 0"),
        (
            {"machine": {"clip_timeout_seconds": float("inf")}},
            "clip_timeout_seconds: must be a finite number",
        ),
        ({"filter": {"max_pixels": 10**30}}, "max_pixels: must be less than 2147483648"),
    ],
)
def test_values_that_lead_outside_or_fit_nowhere(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        write_params(tmp_path, **changes)
    check(caught.value, "params.yaml", words)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def text(path: Path) -> None:
    path.write_bytes(bytes(range(256)))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [(folder, "not a regular file"), (device, "not a regular file"), (text, "not valid UTF-8")],
)
def test_the_command_says_it_once(
    tmp_path: Path, spoil: Callable[[Path], None], words: str
) -> None:
    root = tmp_path / "project"
    root.mkdir()
    make_project(root, num_clips=1, num_train=1)
    for name in ("data/demo/annotations/val.csv", "manifests/classes/demo.csv", "params.yaml"):
        spoil(root / name)
        before = files(root)
        message = refused(root, "filter", "-d", "demo", code=2)
        assert f"{Path(name).name}: {words}" in message
        assert files(root) == before
        assert [path.name for path in tmp_path.iterdir()] == ["project"]


COLUMNS = "expected a column of .*'class_id'"
DIGITS = "cannot be read: .*9999 digits"
LABEL_FILES = {
    "a.json": [
        ("[" * 100_000, "nested too deeply"),
        ("{", "cannot be read: Expecting property name"),
        ('{"a": 1.5}', "'a': 1.5 expected a number and a name"),
        ("[" + "9" * 9999 + "]", DIGITS),
        ("3", "expected a list of names, or numbers by name"),
        ('{"a": []}', r"'a': \[\] expected a number and a name"),
    ],
    "a.csv": [
        ("id,name\nx,a", "cannot be read: invalid literal for int.*'x'"),
        ("id,name\n0", "a line has fewer fields"),
        ("id,name\n" + "9" * 9999 + ",a", DIGITS),
        ('"', COLUMNS),
        ("a\0b", COLUMNS),
    ],
    "a.txt": [],
}


@pytest.mark.parametrize("name", LABEL_FILES)
def test_labels_of_models(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    cases = [(text.encode(), words) for text, words in LABEL_FILES[name]]
    for data, words in [*cases, (b"\xff\xfe\0", "cannot be read: .* 0xff in position 0")]:
        path.write_bytes(data)
        with pytest.raises(SettingsError) as caught:
            read_labels(path)
        check(caught.value, name, words)


def test_results_of_others(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    for data, words in (
        (b"[" * 100_000, "JSON nested too deeply"),
        (b"\xff", "not valid UTF-8.* 0xff in position 0"),
        (b"9" * 9999, "invalid JSON: .*9999 digits"),
        (b'{"a": 1, "a": 2}', "duplicate key 'a'"),
        (b"[]", "result.json: must be a mapping"),
        (b"null", "result.json: must be a mapping"),
    ):
        path.write_bytes(data)
        with pytest.raises(SettingsError) as caught:
            add_result(path, tmp_path)
        check(caught.value, "result.json", words)
    path.write_text(json.dumps({"schema_version": 1, "dataset": "../x", "model": "/etc/x"}))
    with pytest.raises(SettingsError, match="dataset: "):
        add_result(path, tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["result.json"]
