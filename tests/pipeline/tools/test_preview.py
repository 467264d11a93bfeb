"""Preview: a person sees in seconds what each corruption does."""

from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner

from pipeline.__main__ import app
from pipeline.errors import ClipError, SettingsError
from pipeline.media.source import VideoSource
from pipeline.tools.preview import preview
from tests.support.videos import H264, VP9, make_video, moving_clip, run_ffmpeg


@pytest.mark.parametrize(("name", "options"), [("clip.mp4", H264), ("clip.webm", VP9)])
def test_a_mosaic_and_clips_from_any_video(
    tmp_path: Path, name: str, options: tuple[str, ...]
) -> None:
    video = make_video(tmp_path / name, *options, clip=moving_clip(30, 96, 128))
    chosen = ["fog", "frame_rate", "h264_crf", "bit_error"]
    arguments = ["preview", str(video), "-o", str(tmp_path / "out"), "--seconds", "0.8"]
    result = CliRunner().invoke(app, arguments + [part for one in chosen for part in ("-c", one)])
    assert result.exit_code == 0, result.output
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files == {"mosaic.png", "severity-3.png", *(f"{one}.mp4" for one in chosen)}
    mosaic = cv2.imread(str(tmp_path / "out/mosaic.png"))
    assert mosaic.shape[0] > 4 * 224
    assert mosaic.shape[1] > 6 * 224
    with VideoSource(tmp_path / "out/fog.mp4") as source:
        assert source.info.num_frames == 20
        assert source.info.width == 3 * 224


def test_unknown_names_are_a_clear_error(tmp_path: Path) -> None:
    video = make_video(tmp_path / "clip.mp4", *H264)
    result = CliRunner().invoke(app, ["preview", str(video), "-c", "fogg"])
    assert result.exit_code == 2
    assert "unknown corruption or set 'fogg'" in result.output


@pytest.mark.parametrize("name", ["sample.mp4", "fog.mp4"])
def test_a_video_in_the_output_folder_stays(tmp_path: Path, name: str) -> None:
    """One is called like the temporary file of an earlier version, one like an output."""
    video = make_video(tmp_path / name, *H264, clip=moving_clip(10, 96, 128))
    before = video.read_bytes()
    if name == "fog.mp4":
        with pytest.raises(SettingsError, match="same file as the input"):
            preview(video, tmp_path, ["fog"], seconds=0.2, force=True)
    else:
        preview(video, tmp_path, ["fog"], seconds=0.2)
    assert video.read_bytes() == before


def test_existing_pictures_need_force(tmp_path: Path) -> None:
    video = make_video(tmp_path / "clip.mp4", *H264, clip=moving_clip(10, 96, 128))
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "mosaic.png").write_text("the only copy")
    with pytest.raises(SettingsError, match=r"already exists .*mosaic\.png.*--force"):
        preview(video, folder, ["fog"], seconds=0.2)
    assert [path.name for path in folder.iterdir()] == ["mosaic.png"]
    preview(video, folder, ["fog"], seconds=0.2, force=True)
    assert cv2.imread(str(folder / "mosaic.png")) is not None


def test_a_named_set_and_its_levels_are_listed() -> None:
    result = CliRunner().invoke(app, ["corruptions", "--set", "tad"])
    assert result.exit_code == 0
    assert "black_frames" in result.output
    assert CliRunner().invoke(app, ["corruptions", "--set", "none"]).exit_code == 2


def h264_in_webm(folder: Path) -> Path:
    """As Chrome records."""
    made = make_video(folder / "clip.mkv", *H264, clip=moving_clip(12, 64, 80))
    return made.rename(folder / "clip.webm")


def no_extension(folder: Path) -> Path:
    return make_video(folder / "clip.mp4", *H264, clip=moving_clip(12, 64, 80)).rename(
        folder / "clip"
    )


def cover_picture(folder: Path) -> Path:
    plain = make_video(folder / "plain.mp4", *H264, clip=moving_clip(12, 64, 80))
    run_ffmpeg("-i", str(plain), "-f", "lavfi", "-i", "color=s=64x64:d=0.1", "-map", "0", "-map",
               "1", "-c:v:0", "copy", "-c:v:1", "mjpeg", "-frames:v:1", "1", "-disposition:v:1",
               "attached_pic", str(folder / "cover.mp4"))  # fmt: skip
    return folder / "cover.mp4"


def edit_list(folder: Path) -> Path:
    long = make_video(folder / "long.mp4", *H264, "-g", "30", clip=moving_clip(40, 64, 80))
    run_ffmpeg("-ss", "0.9", "-i", str(long), "-c", "copy", str(folder / "cut.mp4"))
    return folder / "cut.mp4"


def colons(folder: Path) -> Path:
    plain = make_video(folder / "clip.mp4", *H264, clip=moving_clip(12, 64, 80))
    return plain.rename(folder / "12:30:a:clip.mp4")


@pytest.mark.parametrize("make", [h264_in_webm, no_extension, cover_picture, edit_list, colons])
def test_whatever_the_stages_take(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    video, folder = make(tmp_path), tmp_path / "out"
    names = ["fog", "frame_rate", "h264_crf", "bit_error"]
    written = preview(video, folder, names, seconds=0.3)
    assert {path.name for path in folder.iterdir()} == {path.name for path in written}
    with VideoSource(video) as source, VideoSource(folder / "fog.mp4") as made:
        assert made.info.num_frames == min(source.info.num_frames, round(0.3 * source.info.fps))


def test_a_failure_names_the_video_and_leaves_nothing(tmp_path: Path) -> None:
    video = make_video(tmp_path / "clip.mp4", *H264, "-movflags", "+faststart")
    video.write_bytes(video.read_bytes()[:-2000])
    with pytest.raises(ClipError, match=r"clip\.mp4: truncated"):
        preview(video, tmp_path / "out", ["fog"], seconds=1)
    assert not list((tmp_path / "out").glob("*"))


def test_a_file_where_the_pictures_should_be_is_a_clear_error(tmp_path: Path) -> None:
    video = make_video(tmp_path / "clip.mp4", *H264)
    other = tmp_path / "other.txt"
    other.touch()
    for folder in (video, other, other / "below"):
        with pytest.raises(SettingsError, match=r"--output: is a file .*; name a folder"):
            preview(video, folder, ["fog"], seconds=0.2, force=True)
