"""Local videos are linked under their published paths, wherever they are."""

from pathlib import Path

from pipeline.storage.rows import ClipRow
from pipeline.tools.publish.links import link_videos, listed_clip


def row(key: str, path: str | None) -> ClipRow:
    return {
        "key": key,
        "split": "val",
        "label_id": 0,
        "label_name": "run",
        "source_label_id": None,
        "source_path": path,
    }


def test_videos_are_found_by_path_by_id_and_by_name(tmp_path: Path) -> None:
    videos, links = tmp_path / "videos", tmp_path / "links"
    for name in (
        "run/a.avi",
        "x/abcdefghijk_000003_000013.mkv",
        "x/walk_1.avi",
        "x/b.avi",
        "y/b.avi",
    ):
        (videos / name).parent.mkdir(parents=True, exist_ok=True)
        (videos / name).write_text(name)
    rows = [
        row("a", "run/a.avi"),
        row("abcdefghijk_000003_000013", "abcdefghijk_000003_000013.mp4"),
        row("walk_1", "walk/walk_1.avi"),
        row("clip_b", "z/b.avi"),  # two files have this name
        row("gone", None),
    ]
    found = link_videos(rows, videos, links)
    assert {key: (links / path).read_text() for key, path in found.items()} == {
        "a": "run/a.avi",
        "abcdefghijk_000003_000013": "x/abcdefghijk_000003_000013.mkv",
        "walk_1": "x/walk_1.avi",
    }


def test_a_link_to_a_video_that_is_gone_is_removed(tmp_path: Path) -> None:
    videos, links = tmp_path / "videos", tmp_path / "links"
    videos.mkdir()
    (videos / "a.mp4").write_text("a")
    assert link_videos([row("a", "a.mp4")], videos, links) == {"a": "a.mp4"}
    (videos / "a.mp4").unlink()
    assert link_videos([row("a", "a.mp4")], videos, links) == {}
    assert list(links.iterdir()) == []


def test_a_published_clip_is_listed_with_its_segment() -> None:
    clip = listed_clip(row("abcdefghijk_000003_000013", "a.mp4") | {"segment_start": 1.5})
    assert (clip.video_id, clip.time_start, clip.time_end) == ("abcdefghijk", 3, 13)
    assert (clip.start, clip.end) == (1.5, None)
