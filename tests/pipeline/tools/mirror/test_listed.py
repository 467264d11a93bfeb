"""Lists of videos: text, CSV, TSV, JSON and JSONL."""

import json
from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.tools.mirror.cells import cells_of
from pipeline.tools.mirror.listed import read_list
from pipeline.tools.mirror.mirror import mirror
from pipeline.tools.mirror.options import MirrorOptions
from tests.support.videos import H264, make_video, moving_clip

ROWS = [{"path": "a/v.mp4", "id": "one"}, {"path": "b/v.mp4", "id": "two"}]
TEXTS = {
    "txt": "a/v.mp4\n\nb/v.mp4\na/v.mp4\n",
    "csv": "id,path\none,a/v.mp4\ntwo,b/v.mp4\none,a/v.mp4\n",
    "tsv": "path\tid\na/v.mp4\tone\nb/v.mp4\ttwo\n",
    "jsonl": "".join(f"{json.dumps(row)}\n" for row in [*ROWS, ROWS[0]]),
    "json": json.dumps(ROWS),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_every_kind_of_list_is_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"list.{kind}"
    path.write_text(TEXTS[kind])
    found = read_list(path, tmp_path, key_column=None if kind == "txt" else "id")
    assert [video.relative for video in found.videos] == ["a/v.mp4", "b/v.mp4"]
    keys = ["a/v.mp4", "b/v.mp4"] if kind == "txt" else ["one", "two"]
    assert [video.key for video in found.videos] == keys


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.csv", "video\na.mp4\n", r"line 2: no column 'path' \(got video\).*--path-column"),
        ("a.csv", "path\n../a.mp4\n", r"line 2: '\.\./a\.mp4' does not name a file below"),
        ("a.txt", "/elsewhere/a.mp4\n", r"'/elsewhere/a\.mp4' is not below .*--root"),
        ("a.jsonl", '{"path": "a.mp4"}\n{"path"\n', "line 2: invalid JSON"),
        ("a.jsonl", "[1]\n", "line 1: not a JSON object"),
        ("a.json", "{}", "not a JSON list"),
        ("a.csv", "path\n", "no rows"),
    ],
)
def test_a_wrong_list_is_one_message(tmp_path: Path, name: str, text: str, words: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(SettingsError, match=words):
        read_list(tmp_path / name, tmp_path)


def test_a_video_has_one_key(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("path,id\na.mp4,one\na.mp4,two\n")
    with pytest.raises(SettingsError, match="has the keys 'one' and 'two'"):
        read_list(tmp_path / "a.csv", tmp_path, key_column="id")
    (tmp_path / "a.csv").write_text("path,id\na.mp4,\n")
    with pytest.raises(SettingsError, match="no value in column 'id'"):
        read_list(tmp_path / "a.csv", tmp_path, key_column="id")


def test_a_list_is_mirrored_below_its_root(tmp_path: Path) -> None:
    clip = moving_clip(6, 66, 82)
    video = make_video(tmp_path / "videos/a/v.mp4", *H264, clip=clip)
    listed = tmp_path / "lists/questions.jsonl"
    listed.parent.mkdir()
    lines = [{"video": name, "question": "?"} for name in ("a/v.mp4", str(video), "no.mp4")]
    listed.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    options = MirrorOptions(root=tmp_path / "videos", path_column="video", workers=1)
    done = mirror(listed, tmp_path / "out", cells_of(["rain"], [3]), options)
    assert [(row["source_path"], row["status"]) for row in done.rows] == [
        ("a/v.mp4", "ok"),
        ("no.mp4", "broken"),
    ]
    assert (tmp_path / "out/a/v.mp4").is_file()
    keyed = tmp_path / "keyed.csv"
    keyed.write_text("path,id\nvideos/a/v.mp4,a/v.mp4\n")
    other = MirrorOptions(key_column="id", workers=1)
    again = mirror(keyed, tmp_path / "again", cells_of(["rain"], [3]), other)
    assert again.rows[0]["frames_sha256"] == done.rows[0]["frames_sha256"]
