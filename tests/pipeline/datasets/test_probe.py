"""Rows of clips.parquet hold the values of a video's header and of its pictures."""

from fractions import Fraction
from pathlib import Path

import pytest

from pipeline.datasets.clip_rows import FoundClip
from pipeline.datasets.listed_clip import ListedClip
from pipeline.datasets.probe import ProbeLimits, ProbeTask, probe_clips
from pipeline.storage.rows import ClipRow
from tests.support.videos import H264, make_video, run_ffmpeg

CLIP = ListedClip("key", "key", "val", 0, "label", None)
HDR = ("-bsf:v", "h264_metadata=transfer_characteristics=16:colour_primaries=9:"
       "matrix_coefficients=9:video_full_range_flag=0")  # fmt: skip
INTERLACED = ("-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-vf", "setfield=tff", "-b:v", "2M")


def row_of(path: Path) -> ClipRow:
    limits = ProbeLimits(path.parent, "demo", min_frames=8, max_pixels=1 << 20, timeout_seconds=60)
    [row] = probe_clips(ProbeTask((FoundClip(CLIP, path.name, None),), limits))
    return row


def test_both_rates_are_recorded(tmp_path: Path) -> None:
    variable = ("-vf", "settb=1/1000,setpts='N*40+N*N*7'", "-fps_mode", "passthrough")
    path = make_video(tmp_path / "v.mp4", *H264, *variable, "-enc_time_base", "1/1000")
    row = row_of(path)
    assert row["status"] == "ok"
    assert row["variable_frame_rate"]
    assert Fraction(row["fps_num"], row["fps_den"]) < 12
    assert row["stated_fps_den"] > 0
    assert row["num_frames"] == 16
    constant = row_of(make_video(tmp_path / "c.mp4", *H264))
    assert not constant["variable_frame_rate"]
    assert constant["fps_num"] == constant["stated_fps_num"] == 25
    assert constant["duration_seconds"] == pytest.approx(16 / 25)


def test_orientation_and_pixel_aspect(tmp_path: Path) -> None:
    plain = make_video(tmp_path / "plain.mp4", *H264, "-vf", "setsar=64/51")
    turned = tmp_path / "turned.mp4"
    run_ffmpeg("-display_rotation", "90", "-display_hflip", "-i", str(plain), "-c", "copy",
               str(turned))  # fmt: skip
    row = row_of(turned)
    assert row["sample_aspect_ratio"] == "64:51"
    assert (row["rotation"], row["mirrored"]) in ((90, True), (270, True))
    assert row_of(make_video(tmp_path / "p.mp4", *H264))["rotation"] == 0


def test_colours_and_fields(tmp_path: Path) -> None:
    row = row_of(make_video(tmp_path / "hdr.mp4", *H264, *HDR))
    assert row["color_transfer"] == "smpte2084"
    assert row["color_primaries"] == "bt2020"
    assert row["color_space"] == "bt2020nc"
    assert row["color_range"] == "tv"
    assert row["field_order"] == "progressive"
    assert row_of(make_video(tmp_path / "tff.ts", *INTERLACED))["field_order"] == "tt"


def test_a_video_that_is_not_usable_has_a_reason_and_no_properties(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("text")
    row = row_of(tmp_path / "text.mp4")
    assert row["status"] == "broken"
    assert row["reason"].startswith("cannot open")
    assert "codec" not in row
