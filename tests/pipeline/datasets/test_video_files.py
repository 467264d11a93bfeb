"""The file of a listed clip is found under every name that distributions use."""

import os
from pathlib import Path

import pytest

from pipeline.datasets.file_names import EXTENSIONS
from pipeline.datasets.listed_clip import ListedClip
from pipeline.datasets.video_files import FileFinder, search_hint
from pipeline.errors import SettingsError


def listed(video: str = "-bC_efghijk", start: int = 3, end: int = 13) -> ListedClip:
    return ListedClip(
        f"{video}_{start:06d}_{end:06d}", video, "val", 0, "petting cat", 0, start, end
    )


@pytest.mark.parametrize(
    "name",
    [
        "-bC_efghijk_000003_000013.mp4",
        "-bC_efghijk.mp4",
        "-bC_efghijk.mkv",
        "-bC_efghijk.webm",
        "-bC_efghijk_3_13.avi",
        "petting cat/-bC_efghijk_000003_000013.mp4",
        "petting_cat/-bC_efghijk.MP4",
        "val/petting cat/-bC_efghijk.mp4",
    ],
)
def test_file_naming_variants(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    other = tmp_path / "-BC_efghijk.mp4"  # ids are case sensitive
    other.write_bytes(b"x")
    assert FileFinder(tmp_path).find(listed()) == name


def test_other_clips_are_not_taken_and_the_best_name_wins(tmp_path: Path) -> None:
    for name in ("-bC_efghijk_000050_000060.mp4", "-bC_efghijkl.mp4", "-bC_efghijk.txt"):
        (tmp_path / name).write_bytes(b"x")
    assert FileFinder(tmp_path).find(listed()) is None
    (tmp_path / "-bC_efghijk.mp4").write_bytes(b"x")
    assert FileFinder(tmp_path).find(listed()) == "-bC_efghijk.mp4"
    for folder in ("train", "val"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "-bC_efghijk_000003_000013.mp4").write_bytes(b"x")
    assert FileFinder(tmp_path).find(listed()) == "val/-bC_efghijk_000003_000013.mp4"


def test_ssv2_files_are_found_by_number(tmp_path: Path) -> None:
    for name in ("7.webm", "74225.webm", "742.webm"):
        (tmp_path / name).write_bytes(b"x")
    clip = ListedClip("742", "742", "val", 0, "Closing [something]", 20)
    assert FileFinder(tmp_path).find(clip) == "742.webm"


def test_linked_folders_are_followed(tmp_path: Path) -> None:
    """As where the videos of several disks are gathered by links, also links in linked folders."""
    videos, first, second = (tmp_path / name for name in ("videos", "first", "second"))
    for folder in (videos, first, second):
        folder.mkdir()
    (videos / "petting cat").symlink_to(first)
    (first / "more").symlink_to(second)
    (second / "-bC_efghijk.mp4").write_bytes(b"x")
    assert FileFinder(videos).find(listed()) == "petting cat/more/-bC_efghijk.mp4"


def test_a_loop_of_links_ends_and_real_folders_name_the_files(tmp_path: Path) -> None:
    (tmp_path / "zoo").mkdir()
    (tmp_path / "zoo/-bC_efghijk.mp4").write_bytes(b"x")
    (tmp_path / "zoo/loop").symlink_to(tmp_path)
    (tmp_path / "alias").symlink_to(tmp_path / "zoo")
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    finder = FileFinder(tmp_path)
    assert finder.find(listed()) == "zoo/-bC_efghijk.mp4"
    assert finder.examples(5) == ["-bC_efghijk.mp4"], "each file is indexed once"


def test_a_folder_that_cannot_be_read_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its clips must not count as missing. (Root may read all folders, so that none is refused.)"""
    (tmp_path / "closed").mkdir()
    real = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(SettingsError, match=r"closed: the folder cannot be read \(Permission"):
        FileFinder(tmp_path)


def test_a_failed_search_shows_what_was_looked_for_and_what_is_there(tmp_path: Path) -> None:
    for name in ("b.mp4", "d.webm", "a.mp4", "c.mkv"):
        (tmp_path / name).write_bytes(b"x")
    hint = search_hint(tmp_path, "-bC_efghijk_000003_000013")
    assert "'-bC_efghijk_000003_000013.mp4'" in hint
    assert "names such as 'a.mp4', 'b.mp4', 'c.mkv'" in hint


def test_a_failed_search_among_other_files_names_them(tmp_path: Path) -> None:
    (tmp_path / "k400_val_part_0.tar.gz").write_bytes(b"x")
    hint = search_hint(tmp_path, "742")
    assert "no video file (.mp4, .mkv" in hint
    assert "files: 'k400_val_part_0.tar.gz'" in hint
    (tmp_path / "k400_val_part_0.tar.gz").unlink()
    assert "files: none at all" in search_hint(tmp_path, "742")


@pytest.mark.parametrize(
    "name",
    [
        *(f"-bC_efghijk{extension}" for extension in EXTENSIONS),
        "-bC_efghijk.f137.mp4",
        "-bC_efghijk.f399-sr.mp4",
        "A cat and a hand--bC_efghijk.mp4",
        "A cat and a hand [-bC_efghijk].webm",
        "A cat [-bC_efghijk].f137.mp4",
        "-bC_efghijk_000003_000013.FLV",
    ],
)
def test_names_of_downloaders_and_older_containers(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    (tmp_path / "A dog-bC_efghijkl.mp4").write_bytes(b"x")
    assert FileFinder(tmp_path).find(listed()) == name


def test_of_two_streams_of_a_download_the_pictures_are_taken(tmp_path: Path) -> None:
    (tmp_path / "-bC_efghijk.f251.webm").write_bytes(b"sound")
    (tmp_path / "-bC_efghijk.f137.mp4").write_bytes(b"pictures" * 10)
    assert FileFinder(tmp_path).find(listed()) == "-bC_efghijk.f137.mp4"
    (tmp_path / "-bC_efghijk.mkv").write_bytes(b"both")
    assert FileFinder(tmp_path).find(listed()) == "-bC_efghijk.mkv"


def test_a_file_of_the_id_under_another_name_is_named(tmp_path: Path) -> None:
    (tmp_path / "-bC_efghijk_000050_000060.mp4").write_bytes(b"another segment")
    assert FileFinder(tmp_path).other_name(listed()) is None
    (tmp_path / "-bC_efghijk_copy.mp4").write_bytes(b"x")
    finder = FileFinder(tmp_path)
    assert finder.find(listed()) is None
    assert finder.other_name(listed()) == "-bC_efghijk_copy.mp4"
    assert finder.other_name(listed("AAAAAAAAAAA")) is None
