"""Lists and class folders of any videos: paths in, listed clips out."""

from pathlib import Path

import pytest

from pipeline.datasets.annotations import read_annotations
from pipeline.datasets.clip_keys import key_of
from pipeline.datasets.matching import match_clips
from pipeline.errors import SettingsError
from pipeline.settings import SourceSettings

HEADER = "path,label,split"


def listed(folder: Path, lines: list[str], header: str = HEADER) -> SourceSettings:
    (folder / "list.csv").write_text("\n".join([header, *lines]) + "\n")
    (folder / "classes.csv").write_text("class_id,class_name\n0,pour water\n1,cut\n2,walk\n")
    return SourceSettings(
        format="list",
        videos=folder,
        annotations=folder,
        classes=folder / "classes.csv",
        splits={"train": "list.csv", "val": "list.csv"},
    )


GOOD = ["a/x.mp4,pour_water,val", "b/x.mp4,1,val", "a/y.mkv,Cut,train", "z.mp4,cut,test"]


def test_a_list_has_names_or_numbers_of_classes_and_splits(tmp_path: Path) -> None:
    clips = read_annotations(listed(tmp_path, GOOD))
    assert [(clip.split, clip.file, clip.label_name) for clip in clips] == [
        ("train", "a/y.mkv", "cut"),
        ("val", "a/x.mp4", "pour water"),
        ("val", "b/x.mp4", "cut"),
    ]
    assert len({clip.key for clip in clips}) == 3


def test_segments_and_keys_of_a_list(tmp_path: Path) -> None:
    lines = ["x.mp4,cut,val,first,,2.5", "x.mp4,cut,val,,2.5,4", "y.mp4,cut,train,,,"]
    clips = read_annotations(listed(tmp_path, lines, HEADER + ",key,start,end"))
    assert [(clip.start, clip.end) for clip in clips] == [(None, None), (None, 2.5), (2.5, 4.0)]
    assert [clip.key for clip in clips[:2]] == ["y", "first"]
    assert clips[2].key == key_of("x", 2.5, 4.0)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "a.mp4,cutt,val,,,",
            r"label is 'cutt', which the class list lacks \(did you mean",
        ),
        ("a.mp4,3,val,,,", "line 7: label is '3'"),
        ("/a.mp4,cut,val,,,", "line 7: path is '/a.mp4'; it must be relative"),
        ("b/../../a.mp4,cut,val,,,", r"line 7: path is 'b/../../a.mp4'"),
        (",cut,val,,,", "line 7: path is ''"),
        ("a.mp4,cut,val,a b,,", "line 7: key is 'a b'; it must be"),
        ("a.mp4,cut,val,,3,2", "line 7: end is 2, not after start, 3"),
        ("a.mp4,cut,val,,nan,2", "line 7: start is 'nan'; it must be seconds"),
        ("a.mp4,cut,val,,0:01,2", "line 7: start is '0:01'"),
        ("a/x.mkv,cut,val,,,", "duplicated clip: a_x-"),
        ("a.mp4,cut,val", "line 7: lacks the fields end, key, start"),
    ],
)
def test_wrong_lines_of_a_list(tmp_path: Path, line: str, words: str) -> None:
    lines = ["x.mp4,cut,train,,,", *(f"{one},,," for one in GOOD), line]
    with pytest.raises(SettingsError, match=words):
        read_annotations(listed(tmp_path, lines, HEADER + ",key,start,end"))


def test_a_split_without_a_line_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no line of split 'train' \(got the splits val\)"):
        read_annotations(listed(tmp_path, GOOD[:2]))


def test_names_that_differ_have_keys_that_differ() -> None:
    names = ["a/x", "b/x", "a_x", "a-x", "a x", "ä x", "x" * 300, "x" * 301]
    keys = {key_of(name) for name in names} | {key_of("a_x", 1.0), key_of("a_x", None, 1.0)}
    assert len(keys) == len(names) + 2
    assert all(len(key) <= 200 for key in keys)
    assert key_of("a_x") == "a_x"


def test_files_are_taken_as_listed_and_missing_ones_named(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b/x.mp4").write_text("a video")
    clips = read_annotations(listed(tmp_path, GOOD))
    found = {one.clip.label_name: one for one in match_clips(clips[1:], tmp_path, {"x.mp4": "ab"})}
    assert (found["cut"].file, found["cut"].checksum) == ("b/x.mp4", "ab")
    assert (found["pour water"].file, found["pour water"].problem) == (None, "no file 'a/x.mp4'")


@pytest.mark.parametrize("place", [".", "validation"])
def test_class_folders_are_read(tmp_path: Path, place: str) -> None:
    source = listed(tmp_path, []).model_copy(update={"format": "folders", "splits": {"val": place}})
    for name in ("cut/a.MP4", "cut/deep/a.mp4", "pour_water/a.mkv", "walk/b.avi", "other/c.avi"):
        path = tmp_path / place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a video")
    (tmp_path / place / "cut/notes.txt").write_text("not a video")
    clips = read_annotations(source)
    below = "" if place == "." else f"{place}/"
    assert sorted((clip.file, clip.label_id) for clip in clips) == [
        (f"{below}cut/a.MP4", 1),
        (f"{below}cut/deep/a.mp4", 1),
        (f"{below}pour_water/a.mkv", 0),
        (f"{below}walk/b.avi", 2),
    ]


def test_class_folders_that_are_missing_are_errors(tmp_path: Path) -> None:
    source = listed(tmp_path, []).model_copy(update={"format": "folders", "splits": {"val": "x"}})
    with pytest.raises(SettingsError, match="x: no such folder; correct params.yaml"):
        read_annotations(source)
    (tmp_path / "x/cut").mkdir(parents=True)
    (tmp_path / "x/cut/a.mp4").write_text("a video")
    with pytest.raises(SettingsError, match="names: 'pour water', 'walk'"):
        read_annotations(source)
