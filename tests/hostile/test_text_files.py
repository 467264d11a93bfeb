"""Malformed annotations, class lists, checksums and params.yaml: one message, exit code 2."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.datasets.annotations import read_annotations
from pipeline.datasets.class_list import read_classes
from pipeline.errors import SettingsError
from pipeline.models.labels import read_labels
from pipeline.params import load
from pipeline.settings import SourceSettings
from pipeline.stages.filter import filter_clips
from pipeline.stages.report.submissions import add_result
from tests.hostile.command import files, refused
from tests.support.project import make_project, video_id, write_params

HEADER = "label,youtube_id,time_start,time_end,split\n"
GOOD = "moving left,-aBcD_12345,0,10,val\nmoving right,_aBcD-12345,0,10,val\n"

IDS = {
    "upwards": "../../../etc",
    "absolute": "/etc/passwd",
    "shell": ";rm -rf ~;a",
    "substitution": "$(reboot)__",
    "nul": "aaaaa\0bbbbb",
    "new line": '"aaaaa\nbbbbb"',
    "separator": "aaaa/bbbbbb",
    "backslash": "aaaa\\bbbbbb",
    "look-alike": "аBcD-123456",  # noqa: RUF001 - a Cyrillic letter, on purpose
    "wide digits": "１２３４５６７８９０１",  # noqa: RUF001 - as above
    "long": "a" * 1_000_000,
    "empty": "",
    "spaces": "aaaaa bbbbb",
    "right to left": "aaaaa\u202ebbbbb",
    "terminal": "\x1b[2Jaaaaaaa",
}
CSV_FILES = {name: (HEADER + GOOD + f"moving left,{some},0,10,val\n").encode() for name, some in
             IDS.items()} | {
    "utf-16": (HEADER + GOOD).encode("utf-16"),
    "latin-1": (HEADER + GOOD + "café,aBcDe-12345,0,10,val\n").encode("latin-1"),
    "junk": bytes(range(256)) * 99,
    "nothing": b"",
    "header only": HEADER.encode(),
    "no header": GOOD.encode(),
    "one column less": (HEADER.replace(",split", "") + GOOD).encode(),
    "column twice": (HEADER.replace("split", "label") + GOOD).encode(),
    "one line": b"a" * 100_000_000,
    "one long field": (HEADER + GOOD).encode() + b"a" * 100_000_000,
    "quote": (HEADER + GOOD).encode() + b'"a\n' * 1000,
    "clip twice": (HEADER + GOOD + GOOD).encode(),
    "nan": (HEADER + GOOD + "moving left,aBcDe-12345,nan,10,val\n").encode(),
    "infinite": (HEADER + GOOD + "moving left,aBcDe-12345,0,1e999,val\n").encode(),
    "huge number": (HEADER + GOOD + f"moving left,aBcDe-12345,0,{'9' * 9999},val\n").encode(),
}  # fmt: skip


def kinetics(folder: Path, data: bytes) -> SourceSettings:
    (folder / "val.csv").write_bytes(data)
    (folder / "classes.csv").write_text("class_id,class_name\n0,moving left\n1,moving right\n")
    return SourceSettings(
        format="kinetics",
        videos=folder,
        annotations=folder,
        classes=folder / "classes.csv",
        splits={"val": "val.csv"},
    )


def check(error: SettingsError, name: str) -> None:
    """One short message that names the file and can be printed."""
    words = str(error)
    assert name in words
    assert len(words) < 1000
    assert all(character.isprintable() or character == "\n" for character in words)


@pytest.mark.parametrize("name", CSV_FILES)
def test_kinetics_annotations(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_annotations(kinetics(tmp_path, CSV_FILES[name]))
    check(caught.value, str(tmp_path))


def test_a_byte_order_mark_is_no_harm(tmp_path: Path) -> None:
    assert len(read_annotations(kinetics(tmp_path, (HEADER + GOOD).encode("utf-8-sig")))) == 2


def row(**changes: object) -> object:
    return [{"id": "1", "template": "Closing [something]"} | changes]


JSON_FILES = {
    "deep": "[" * 100_000,
    "deep and closed": "[" * 100_000 + "]" * 100_000,
    "huge number": "[" + "9" * 10_000 + "]",
    "key twice": '[{"id": "1", "id": "2", "template": "Closing [something]"}]',
    "junk": "\0\1\2",
    "nothing": "",
    "null": "null",
    "text": '"text"',
    "number": "1e999",
    "nan": "[NaN]",
    "lists": "[[1]]",
    "one line": "[" + " " * 100_000_000,
    "surrogate": json.dumps(row(id="\ud800")),
    **{f"id {name}": json.dumps(row(id=some)) for name, some in IDS.items()},
    "id list": json.dumps(row(id=["1"])),
    "id true": json.dumps(row(id=True)),
    "id fraction": json.dumps(row(id=1.5)),
    "id negative": json.dumps(row(id=-1)),
    "template list": json.dumps(row(template=["Closing [something]"])),
    "template null": json.dumps(row(template=None)),
}
LABELS = {
    "list": "[]",
    "word": '{"Closing something": "twenty"}',
    "infinite": '{"Closing something": Infinity}',
    "null": '{"Closing something": null}',
    "huge": '{"Closing something": 99999999999}',
    "object": '{"Closing something": {}}',
    "twice": '{"Closing something": "1", "Closing something": "2"}',
}


def ssv2(folder: Path, clips: str, labels: str = '{"Closing something": "20"}') -> SourceSettings:
    (folder / "val.json").write_text(clips)
    (folder / "labels.json").write_text(labels)
    (folder / "classes.csv").write_text("class_id,class_name\n0,Closing [something]\n")
    return SourceSettings(
        format="ssv2",
        videos=folder,
        annotations=folder,
        classes=folder / "classes.csv",
        splits={"val": "val.json"},
        labels="labels.json",
    )


@pytest.mark.parametrize("name", JSON_FILES)
def test_something_annotations(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_annotations(ssv2(tmp_path, JSON_FILES[name]))
    check(caught.value, "val.json")


@pytest.mark.parametrize("name", LABELS)
def test_something_labels(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_annotations(ssv2(tmp_path, json.dumps(row()), LABELS[name]))
    check(caught.value, "labels.json")


@pytest.mark.parametrize(
    "text",
    [
        "0,\x1b[2J",
        "0," + "a" * 1000,
        '0,""',
        "0,a\n0,b",
        "x,a",
        f"{'9' * 9999},a",
        "0",
        "0,a,b",
        '"',
    ],
)
def test_class_lists(tmp_path: Path, text: str) -> None:
    path = tmp_path / "classes.csv"
    path.write_text("class_id,class_name\n" + text)
    with pytest.raises(SettingsError) as caught:
        read_classes(path)
    check(caught.value, "classes.csv")


@pytest.mark.parametrize(
    "data", [b"\xff\xfe", b"no hash\n", b"0" * 64, b"0" * 63 + b"g  a.mp4\n", b"\0" * 999,
             b"0" * 64 + b"  a.mp4\n" + b"1" * 64 + b"  a.mp4\n"],
)  # fmt: skip
def test_checksums(tmp_path: Path, data: bytes) -> None:
    params = make_project(tmp_path, num_clips=2, num_train=0)
    (tmp_path / "data/demo/annotations/checksums.sha256").write_bytes(data)
    with pytest.raises(SettingsError) as caught:
        filter_clips(params, tmp_path, "demo")
    check(caught.value, "checksums.sha256")


def test_a_folder_that_no_manifest_can_name(tmp_path: Path) -> None:
    params = make_project(tmp_path, num_clips=2, num_train=0)
    videos = tmp_path / "data/demo/videos"
    odd = Path(str(videos) + "/\udcff")
    odd.mkdir()
    name = f"{video_id(0)}_000003_000013.mp4"
    (videos / name).rename(odd / name)
    with pytest.raises(SettingsError, match="is not valid UTF-8"):
        filter_clips(params, tmp_path, "demo")


BOMB = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{after}: &{after} [{','.join([f'*{before}'] * 10)}]\n"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)
YAML_FILES: dict[str, bytes] = {
    "bomb": BOMB.encode(),
    "bomb of options": b"models:\n  demo:\n    x:\n      options:\n"
    + "".join(f"        {line}\n" for line in BOMB.splitlines()).encode(),
    "object": b"seed: !!python/object/apply:os.system ['touch owned']\n",
    "name": b"seed: !!python/name:os.system\n",
    "key twice": b"seed: 1\nseed: 2\n",
    "list": b"- 1\n",
    "text": b"text\n",
    "nothing": b"",
    "utf-16": "seed: 1\n".encode("utf-16"),
    "latin-1": b"seed: \xe9\n",
    "junk": bytes(range(256)),
    "deep": b"[" * 100_000,
    "holds itself": b"a: &a [*a]\n",
    "no date": b"seed: 2020-99-99\n",
    "huge number": b"seed: " + b"9" * 9999,
    "huge hexadecimal number": b"seed: 0x" + b"f" * 9999,
    "key of a list": b"? [1]\n: 2\n",
    "two documents": b"seed: 1\n---\nseed: 2\n",
}


@pytest.mark.parametrize("name", YAML_FILES)
def test_params_files(tmp_path: Path, name: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(YAML_FILES[name])
    with pytest.raises(SettingsError) as caught:
        load(path)
    for line in str(caught.value).splitlines():
        assert line.startswith(str(path))
        assert len(line) < 1000
    assert not (tmp_path / "owned").exists()


def demo(**changes: object) -> dict[str, object]:
    return {"filter": {"sources": {"demo": changes}}}


@pytest.mark.parametrize(
    "changes",
    [
        demo(splits={"val": "../../etc/passwd"}),
        demo(splits={"val": "/etc/passwd"}),
        demo(splits={"../val": "val.csv"}),
        demo(splits={"val": "a\0b"}),
        demo(labels=".."),
        {"datasets": ["../demo"]},
        {"models": {"demo": {"../x": {}}}},
        {"seed": 10**400},
        {"seed": -1},
        {"machine": {"clip_timeout_seconds": float("inf")}},
        {"filter": {"max_pixels": 10**30}},
    ],
)
def test_values_that_lead_outside_or_fit_nowhere(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    with pytest.raises(SettingsError) as caught:
        write_params(tmp_path, **changes)
    check(caught.value, "params.yaml")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def text(path: Path) -> None:
    path.write_bytes(bytes(range(256)))


@pytest.mark.parametrize("spoil", [folder, device, text])
def test_the_command_says_it_once(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    root = tmp_path / "project"
    root.mkdir()
    make_project(root, num_clips=1, num_train=1)
    for name in ("data/demo/annotations/val.csv", "manifests/classes/demo.csv", "params.yaml"):
        spoil(root / name)
        before = files(root)
        assert Path(name).name in refused(root, "filter", "-d", "demo", code=2)
        assert files(root) == before
        assert [path.name for path in tmp_path.iterdir()] == ["project"]


LABEL_FILES = {
    "a.json": ["[" * 100_000, "{", '{"a": 1.5}', "[" + "9" * 9999 + "]", "3", '{"a": []}'],
    "a.csv": ["id,name\nx,a", "id,name\n0", "id,name\n" + "9" * 9999 + ",a", '"', "a\0b"],
    "a.txt": [],
}


@pytest.mark.parametrize("name", LABEL_FILES)
def test_labels_of_models(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    for data in [*map(str.encode, LABEL_FILES[name]), b"\xff\xfe\0"]:
        path.write_bytes(data)
        with pytest.raises(SettingsError) as caught:
            read_labels(path)
        check(caught.value, name)


def test_results_of_others(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    for data in (b"[" * 100_000, b"\xff", b"9" * 9999, b'{"a": 1, "a": 2}', b"[]", b"null"):
        path.write_bytes(data)
        with pytest.raises(SettingsError) as caught:
            add_result(path, tmp_path)
        check(caught.value, "result.json")
    path.write_text(json.dumps({"schema_version": 1, "dataset": "../x", "model": "/etc/x"}))
    with pytest.raises(SettingsError, match="dataset: "):
        add_result(path, tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["result.json"]
