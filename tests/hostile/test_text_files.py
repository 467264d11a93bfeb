"""Malformed annotations, class lists and checksums: one message that names file and reason."""

import json
import re
from pathlib import Path

import pytest

from pipeline.datasets.annotations import read_annotations
from pipeline.datasets.class_list import read_classes
from pipeline.errors import SettingsError
from pipeline.settings import SourceSettings
from pipeline.stages.filter import filter_clips
from tests.hostile.messages import check
from tests.support.project import make_project, video_id

HEADER = "label,youtube_id,time_start,time_end,split\n"
GOOD = "moving left,-aBcD_12345,0,10,val\nmoving right,_aBcD-12345,0,10,val\n"

IDS = {  # text of the file, and its form in a message
    "upwards": ("../../../etc", "../../../etc"),
    "absolute": ("/etc/passwd", "/etc/passwd"),
    "shell": (";rm -rf ~;a", ";rm -rf ~;a"),
    "substitution": ("$(reboot)__", "$(reboot)__"),
    "nul": ("aaaaa\0bbbbb", r"aaaaa\x00bbbbb"),
    "new line": ('"aaaaa\nbbbbb"', r"aaaaa\nbbbbb"),
    "separator": ("aaaa/bbbbbb", "aaaa/bbbbbb"),
    "backslash": ("aaaa\\bbbbbb", r"aaaa\\bbbbbb"),
    "look-alike": ("аBcD-123456", "аBcD-123456"),  # noqa: RUF001 - a Cyrillic letter, on purpose
    "wide digits": ("１２３４５６７８９０１", "１２３４５６７８９０１"),  # noqa: RUF001 - as above
    "long": ("a" * 1_000_000, "aaaa"),
    "empty": ("", "'"),
    "spaces": ("aaaaa bbbbb", "aaaaa bbbbb"),
    "right to left": ("aaaaa\u202ebbbbb", r"aaaaa\u202ebbbbb"),
    "terminal": ("\x1b[2Jaaaaaaa", r"\x1b[2Jaaaaaaa"),
}
CSV_FILES = {
    name: (
        (HEADER + GOOD + f"moving left,{some},0,10,val\n").encode(),
        "line 4: youtube_id is '" + re.escape(said) + ".*; it must be 11 characters",
    )
    for name, (some, said) in IDS.items()
} | {
    "long": (
        (HEADER + GOOD + f"moving left,{IDS['long'][0]},0,10,val\n").encode(),
        "line 4: field larger",
    ),
    "utf-16": ((HEADER + GOOD).encode("utf-16"), "not valid UTF-8.* 0xff in position 0"),
    "latin-1": (
        (HEADER + GOOD + "café,aBcDe-12345,0,10,val\n").encode("latin-1"),
        "not valid UTF-8.* 0xe9 in position 113",
    ),
    "junk": (bytes(range(256)) * 99, "not valid UTF-8.* 0x80 in position 128"),
    "nothing": (b"", "header is ''; columns are missing: label, youtube_id"),
    "header only": (
        HEADER.encode(),
        "classes that no file in .* names: 'moving left', 'moving right'",
    ),
    "no header": (GOOD.encode(), "header is 'moving left,.*columns are missing: label"),
    "one column less": (
        (HEADER.replace(",split", "") + GOOD).encode(),
        "columns are missing: split",
    ),
    "column twice": (
        (HEADER.replace("split", "label") + GOOD).encode(),
        "columns are missing: split",
    ),
    "one line": (b"a" * 100_000_000, "line 1: field larger"),
    "one long field": ((HEADER + GOOD).encode() + b"a" * 100_000_000, "line 4: field larger"),
    "quote": ((HEADER + GOOD).encode() + b'"a\n' * 1000, "line 5: ',' expected"),
    "clip twice": (
        (HEADER + GOOD + GOOD).encode(),
        "duplicated clip: -aBcD_12345_000000_000010, _aBcD",
    ),
    "nan": (
        (HEADER + GOOD + "moving left,aBcDe-12345,nan,10,val\n").encode(),
        "line 4: time_start is 'nan'; it must be seconds",
    ),
    "infinite": (
        (HEADER + GOOD + "moving left,aBcDe-12345,0,1e999,val\n").encode(),
        "line 4: time_end is '1e999'; it must be seconds",
    ),
    "huge number": (
        (HEADER + GOOD + f"moving left,aBcDe-12345,0,{'9' * 9999},val\n").encode(),
        "line 4: time_end is '9999.*; it must be seconds",
    ),
}


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


@pytest.mark.parametrize("name", CSV_FILES)
def test_kinetics_annotations(tmp_path: Path, name: str) -> None:
    data, words = CSV_FILES[name]
    with pytest.raises(SettingsError) as caught:
        read_annotations(kinetics(tmp_path, data))
    check(caught.value, str(tmp_path), words)


def test_a_byte_order_mark_is_no_harm(tmp_path: Path) -> None:
    assert len(read_annotations(kinetics(tmp_path, (HEADER + GOOD).encode("utf-8-sig")))) == 2


def row(**changes: object) -> object:
    return [{"id": "1", "template": "Closing [something]"} | changes]


JSON_FILES = {
    "deep": ("[" * 100_000, "JSON nested too deeply"),
    "deep and closed": ("[" * 100_000 + "]" * 100_000, "JSON nested too deeply"),
    "huge number": ("[" + "9" * 10_000 + "]", "invalid JSON: .*10000 digits"),
    "key twice": (
        '[{"id": "1", "id": "2", "template": "Closing [something]"}]',
        "duplicate key 'id'",
    ),
    "junk": ("\0\1\2", "invalid JSON: Expecting value: line 1 column 1 "),
    "nothing": ("", "invalid JSON: Expecting value: line 1 column 1 "),
    "null": ("null", "must be a list of clips"),
    "text": ('"text"', "must be a list of clips"),
    "number": ("1e999", "must be a list of clips"),
    "nan": ("[NaN]", "entry 0: must have `id`"),
    "lists": ("[[1]]", "entry 0: must have `id`"),
    "one line": ("[" + " " * 100_000_000, "invalid JSON: Expecting value: line 1 column 100000002"),
    "surrogate": (json.dumps(row(id="\ud800")), r"id is '\\ud800', not a number"),
    **{
        f"id {name}": (
            json.dumps(row(id=some)),
            "id is '\"?" + re.escape(said) + ".*, not a number",
        )
        for name, (some, said) in IDS.items()
    },
    "id list": (json.dumps(row(id=["1"])), r"id is \['1'\], not a number"),
    "id true": (json.dumps(row(id=True)), "id is True, not a number"),
    "id fraction": (json.dumps(row(id=1.5)), "id is 1.5, not a number"),
    "id negative": (json.dumps(row(id=-1)), "id is '-1', not a number"),
    "template list": (
        json.dumps(row(template=["Closing [something]"])),
        r"template is \['Closing .*, not text",
    ),
    "template null": (json.dumps(row(template=None)), "template is None, not text"),
}
LABELS = {
    "list": ("[]", "must be an object"),
    "word": ('{"Closing something": "twenty"}', "is 'twenty', not a number of up to 6"),
    "infinite": ('{"Closing something": Infinity}', "is inf, not a number of up to 6"),
    "null": ('{"Closing something": null}', "is None, not a number of up to 6"),
    "huge": ('{"Closing something": 99999999999}', "is 99999999999, not a number of up to 6"),
    "object": ('{"Closing something": {}}', "is {}, not a number of up to 6"),
    "twice": (
        '{"Closing something": "1", "Closing something": "2"}',
        "duplicate key 'Closing something'",
    ),
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
    clips, words = JSON_FILES[name]
    with pytest.raises(SettingsError) as caught:
        read_annotations(ssv2(tmp_path, clips))
    check(caught.value, "val.json", words)


@pytest.mark.parametrize("name", LABELS)
def test_something_labels(tmp_path: Path, name: str) -> None:
    labels, words = LABELS[name]
    with pytest.raises(SettingsError) as caught:
        read_annotations(ssv2(tmp_path, json.dumps(row()), labels))
    check(caught.value, "labels.json", words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0,\x1b[2J", r"line 2: class_name is '\\x1b\[2J'; .*that can be printed"),
        ("0," + "a" * 1000, "line 2: class_name is 'aaaa.*1 to 200 characters"),
        ('0,""', "line 2: class_name is ''; it must be 1 to"),
        ("0,a\n0,b", "line 3: class_id is '0', not 1"),
        ("x,a", "line 2: class_id is 'x', not 0"),
        (f"{'9' * 9999},a", "line 2: class_id is '9999.*, not 0"),
        ("0", "line 2: has 1 fields, the header has 2"),
        ("0,a,b", "line 2: has 3 fields, the header has 2"),
        ('"', "line 2: unexpected end of data"),
    ],
)
def test_class_lists(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "classes.csv"
    path.write_text("class_id,class_name\n" + text)
    with pytest.raises(SettingsError) as caught:
        read_classes(path)
    check(caught.value, "classes.csv", words)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff\xfe", "not valid UTF-8.* 0xff in position 0"),
        (b"no hash\n", "line 1: must be `<sha256>  <file>`"),
        (b"0" * 64, "line 1: must be `<sha256>  <file>`"),
        (b"0" * 63 + b"g  a.mp4\n", "line 1: must be `<sha256>  <file>`"),
        (b"\0" * 999, "line 1: must be `<sha256>  <file>`"),
        (
            b"0" * 64 + b"  a.mp4\n" + b"1" * 64 + b"  a.mp4\n",
            "line 2: conflicting hashes for 'a.mp4'",
        ),
    ],
)
def test_checksums(tmp_path: Path, data: bytes, words: str) -> None:
    params = make_project(tmp_path, num_clips=2, num_train=0)
    (tmp_path / "data/demo/annotations/checksums.sha256").write_bytes(data)
    with pytest.raises(SettingsError) as caught:
        filter_clips(params, tmp_path, "demo")
    check(caught.value, "checksums.sha256", words)


def test_a_folder_that_no_manifest_can_name(tmp_path: Path) -> None:
    params = make_project(tmp_path, num_clips=2, num_train=0)
    videos = tmp_path / "data/demo/videos"
    odd = Path(str(videos) + "/\udcff")
    odd.mkdir()
    name = f"{video_id(0)}_000003_000013.mp4"
    (videos / name).rename(odd / name)
    with pytest.raises(SettingsError, match="is not valid UTF-8"):
        filter_clips(params, tmp_path, "demo")
