"""Preview: a person sees in seconds what each corruption does."""

from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner

from pipeline.__main__ import app
from pipeline.errors import SettingsError
from pipeline.media.source import VideoSource
from pipeline.tools.preview import preview
from tests.support.videos import H264, VP9, make_video, moving_clip


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
        assert source.info.num_packets == 20
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
