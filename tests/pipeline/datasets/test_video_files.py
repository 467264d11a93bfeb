"""The file of a listed clip is found under every name that distributions use."""

from pathlib import Path

import pytest

from pipeline.datasets.annotations import ListedClip
from pipeline.datasets.video_files import FileFinder


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
