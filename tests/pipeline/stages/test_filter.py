"""Every listed clip ends with a status and a reason."""

from pathlib import Path

import pytest

from pipeline.errors import SettingsError, StageError
from pipeline.stages.filter import filter_clips
from pipeline.storage import manifest, schemas
from tests.support.project import make_project, video_id, write_annotations, write_params
from tests.support.videos import H264, make_video, run_ffmpeg


def test_every_listed_clip_has_a_row(tmp_path: Path) -> None:
    params = make_project(tmp_path, num_clips=6)
    videos = tmp_path / "data/demo/videos"
    names = [videos / f"{video_id(n)}_000003_000013.mp4" for n in range(6)]
    names[1].unlink()
    names[2].write_bytes(b"")
    names[3].write_text("text")
    names[4].write_bytes(names[4].read_bytes()[:400])
    run_ffmpeg("-f", "lavfi", "-i", "sine=d=0.2", str(names[5]))
    filter_clips(params, tmp_path, "demo")
    rows = manifest.read_rows(tmp_path / "manifests/demo/clips.parquet", schemas.CLIPS)
    val = {row["key"][:11]: row for row in rows if row["split"] == "val"}
    assert [(val[video_id(n)]["status"], val[video_id(n)]["reason"]) for n in range(6)] == [
        ("ok", ""),
        ("missing", "no file"),
        ("broken", "empty file (0 bytes)"),
        ("broken", "cannot open: Invalid data found when processing input"),
        ("broken", "cannot open: Invalid data found when processing input"),
        ("broken", "no video stream"),
    ]
    good = val[video_id(0)]
    assert (good["width"], good["height"], good["num_frames"], good["codec"]) == (
        80,
        64,
        12,
        "h264",
    )
    assert good["source_path"] == names[0].name
    assert len(good["source_sha256"]) == 64


def test_too_many_unusable_clips_fail_the_stage_after_the_manifest(tmp_path: Path) -> None:
    params = make_project(tmp_path, num_clips=6)
    for number in range(3):
        (tmp_path / f"data/demo/videos/{video_id(number)}_000003_000013.mp4").unlink()
    assert len(filter_clips(params, tmp_path, "demo")) == 8
    strict = write_params(tmp_path, filter={"allowed_failures": 0.2})
    (tmp_path / "manifests/demo/clips.parquet").unlink()
    with pytest.raises(
        StageError,
        match=r"3 of 8 clips failed, .* filter.allowed_failures = 0.2 \(3 x no file; the first",
    ) as caught:
        filter_clips(strict, tmp_path, "demo")
    there = sorted(path.name for path in (tmp_path / "data/demo/videos").iterdir())
    for name in (*there[:3], f"{video_id(0)}_000003_000013.mp4"):
        assert name in str(caught.value)
    assert (tmp_path / "manifests/demo/clips.parquet").is_file()


def test_same_manifest_for_any_number_of_workers(tmp_path: Path) -> None:
    params = make_project(tmp_path, num_clips=20)
    filter_clips(params, tmp_path, "demo")
    path = tmp_path / "manifests/demo/clips.parquet"
    before = path.read_bytes()
    filter_clips(write_params(tmp_path, machine={"workers": 3}), tmp_path, "demo")
    assert path.read_bytes() == before


def test_short_and_changed_videos_are_not_usable(tmp_path: Path) -> None:
    params = make_project(tmp_path, num_clips=2, filter={"min_frames": 13})
    folder = tmp_path / "data/demo/annotations"
    name = f"{video_id(1)}_000003_000013.mp4"
    (folder / "checksums.sha256").write_text(f"{'0' * 64}  {name}\n")
    rows = filter_clips(params, tmp_path, "demo")
    reasons = {row["key"][:11]: row["reason"] for row in rows}
    assert reasons[video_id(0)] == "fewer than 13 frames"
    assert reasons[video_id(1)] == "differs from checksums.sha256"


def test_a_truncated_file_whose_header_survives(tmp_path: Path) -> None:
    params = make_project(tmp_path, num_clips=1)
    path = tmp_path / f"data/demo/videos/{video_id(0)}_000003_000013.mp4"
    make_video(path, *H264, "-movflags", "+faststart")
    path.write_bytes(path.read_bytes()[:-3000])
    rows = filter_clips(params, tmp_path, "demo")
    (reason,) = [row["reason"] for row in rows if row["split"] == "val"]
    assert reason.startswith("truncated")


def test_wrong_settings_stop_before_any_work(tmp_path: Path) -> None:
    params = make_project(tmp_path)
    with pytest.raises(SettingsError, match="dataset 'hmdb' is not described"):
        filter_clips(params, tmp_path, "hmdb")
    write_annotations(tmp_path, "val", [("moving up", video_id(0))])
    write_annotations(tmp_path, "train", [("moving up", video_id(0, "train"))])
    with pytest.raises(SettingsError, match="names: 'moving left', 'moving right'"):
        filter_clips(params, tmp_path, "demo")
    for path in (tmp_path / "data/demo/videos").iterdir():
        path.unlink()
    (tmp_path / "data/demo/videos").rmdir()
    with pytest.raises(SettingsError, match=r"no such folder; set filter.sources.demo.videos"):
        filter_clips(params, tmp_path, "demo")
    assert not (tmp_path / "manifests/demo/clips.parquet").exists()


def test_names_say_why_a_file_is_not_a_clip(tmp_path: Path) -> None:
    """Two segments of one uncut video, and a file of the id under another name."""
    params = make_project(tmp_path, num_clips=3)
    videos = tmp_path / "data/demo/videos"
    table = tmp_path / "data/demo/annotations/val.csv"
    table.write_text(table.read_text() + f"moving left,{video_id(0)},20,30,val\n")
    (videos / f"{video_id(0)}_000003_000013.mp4").rename(videos / f"{video_id(0)}.mp4")
    (videos / f"{video_id(1)}_000003_000013.mp4").rename(videos / f"{video_id(1)}_trimmed.mp4")
    rows = {row["key"]: row for row in filter_clips(params, tmp_path, "demo")}
    first, second = f"{video_id(0)}_000003_000013", f"{video_id(0)}_000020_000030"
    for own, other in ((first, second), (second, first)):
        assert rows[own]["status"] == "broken"
        assert rows[own]["reason"] == f"not cut: its file is also that of {other}"
    missing = rows[f"{video_id(1)}_000003_000013"]
    name = f"{video_id(1)}_trimmed.mp4"
    assert missing["status"] == "missing"
    assert missing["reason"] == f"no file; one of this id has another name: '{name}'"
    assert rows[f"{video_id(2)}_000003_000013"]["status"] == "ok"
