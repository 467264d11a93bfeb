"""A folder of real videos with a Kinetics-style CSV: many containers and codecs, some broken."""

from pathlib import Path
from statistics import mean

import pytest
import torch

from pipeline import models
from pipeline.stages.corrupt import corrupt
from pipeline.stages.decode import decode
from pipeline.stages.evaluate.evaluate import evaluate
from pipeline.stages.filter import filter_clips
from pipeline.stages.report.report import report
from pipeline.storage import manifest, schemas
from pipeline.storage.paths import DatasetPaths
from tests.support.project import write_annotations, write_classes, write_params
from tests.support.videos import H264, HEVC10, MPEG4, VP9, make_video, moving_clip, run_ffmpeg

CORRUPTIONS = [
    "fog",
    "motion_blur",
    "frame_rate",
    "h265_crf",
    "h264_abr",
    "bit_error",
    "packet_loss",
]
CHANGES = {
    "corruptions": CORRUPTIONS,
    "severities": [1, 5],
    "decode": {"pictures": {"demo": {"short_side": 120, "crop": 112}}},
    "machine": {"workers": 2},
    "report": {"bootstrap_resamples": 100},
}
EXPECTED = {
    "h264_______": ("ok", ""),
    "vp9________": ("ok", ""),
    "hevc10_____": ("ok", ""),
    "mpeg4______": ("ok", ""),
    "rotated____": ("ok", ""),
    "vfr________": ("ok", ""),
    "audio+video": ("ok", ""),
    "odd_size___": ("ok", ""),
    "truncated__": ("broken", "cannot open: Invalid data found when processing input"),
    "zero_bytes_": ("broken", "empty file (0 bytes)"),
    "text_______": ("broken", "cannot open: Invalid data found when processing input"),
    "only_audio_": ("broken", "no video stream"),
    "not_there__": ("missing", "no file"),
}
NAMES = {name: name.replace("+", "-") for name in EXPECTED}


def make_videos(folder: Path) -> None:
    """One video of each kind, under the names that real copies of Kinetics have."""
    clip = moving_clip(20, 130, 176)
    plain = make_video(folder / "h264________000003_000013.mp4", *H264, clip=clip)
    make_video(folder / "moving left/vp9________.webm", *VP9, clip=clip)
    make_video(folder / "moving_right/hevc10_____.mkv", *HEVC10, clip=clip)
    make_video(folder / "mpeg4_______3_13.avi", *MPEG4, clip=clip)
    run_ffmpeg("-display_rotation", "90", "-i", str(plain), "-c", "copy",
               str(folder / "rotated____.mp4"))  # fmt: skip
    make_video(folder / "vfr________.mkv", *H264, "-vf", "settb=1/1000,setpts='N*40+N*N*5'",
               "-fps_mode", "passthrough", "-enc_time_base", "1/1000", clip=clip)  # fmt: skip
    run_ffmpeg("-i", str(plain), "-f", "lavfi", "-i", "sine=d=0.8", "-c:v", "copy",
               str(folder / "audio-video.mp4"))  # fmt: skip
    make_video(folder / "odd_size___.mkv", "-c:v", "ffv1", clip=moving_clip(20, 131, 175))
    data = plain.read_bytes()
    (folder / "truncated__.mp4").write_bytes(data[: len(data) * 2 // 3])
    (folder / "zero_bytes_.mp4").write_bytes(b"")
    (folder / "text_______.mp4").write_text("This video is not available in your country.\n")
    run_ffmpeg("-f", "lavfi", "-i", "sine=d=0.5", str(folder / "only_audio_.mp4"))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kinetics")
    labels = ("moving left", "moving right")
    write_classes(folder)
    write_annotations(
        folder, "val", [(labels[n % 2], name) for n, name in enumerate(NAMES.values())]
    )
    write_annotations(folder, "train", [("moving left", "nothing_to_t")][:0])
    make_videos(folder / "data/demo/videos")
    params = write_params(folder, **CHANGES)
    filter_clips(params, folder, "demo")
    decode(params, folder, "demo")
    for corruption in CORRUPTIONS:
        corrupt(params, folder, "demo", corruption)
    return folder


def test_every_clip_has_a_status_and_a_reason(root: Path) -> None:
    rows = manifest.read_rows(root / "manifests/demo/clips.parquet", schemas.CLIPS)
    found = {row["key"][:11]: (row["status"], row["reason"]) for row in rows}
    assert found == {NAMES[name]: expected for name, expected in EXPECTED.items()}


@pytest.mark.parametrize("corruption", ["clean", *CORRUPTIONS])
def test_every_usable_clip_is_in_every_cell(root: Path, corruption: str) -> None:
    usable = {NAMES[name] for name, (status, _) in EXPECTED.items() if status == "ok"}
    rows = manifest.read_rows(root / f"manifests/demo/{corruption}.parquet", schemas.CELLS)
    for severity in (0,) if corruption == "clean" else (1, 5):
        cell = [row for row in rows if row["severity"] == severity]
        assert {row["key"][:11] for row in cell} == usable
        assert {(row["status"], row["reason"]) for row in cell} == {("ok", "")}
        for row in cell:
            assert (row["width"], row["height"]) == (112, 112)
            if corruption != "frame_rate":
                assert row["num_frames"] == 20


def test_codecs_hurt_more_at_severity_5(root: Path) -> None:
    for corruption in ("h265_crf", "h264_abr", "packet_loss"):
        rows = manifest.read_rows(root / f"manifests/demo/{corruption}.parquet", schemas.CELLS)
        weak, strong = (
            mean(row["psnr"] or 100 for row in rows if row["severity"] == severity)
            for severity in (1, 5)
        )
        assert weak > strong + 1, corruption


def test_models_are_asked_and_the_report_counts(root: Path) -> None:
    torch.manual_seed(0)
    weights = DatasetPaths(root, "demo").weights("tiny_r2plus1d")
    weights.parent.mkdir(parents=True, exist_ok=True)
    torch.save(models.load("tiny_r2plus1d").build(2).state_dict(), weights)
    params = write_params(root, **CHANGES)
    evaluate(params, root, "demo")
    report(params, root)
    text = (root / "report/leaderboard.md").read_text()
    assert "| 8 | custom |" in text
