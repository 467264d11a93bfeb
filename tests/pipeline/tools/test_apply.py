"""One file in, one file out, with the pixels of the library."""

import shutil
from pathlib import Path

import av
import numpy as np
import pytest
from typer.testing import CliRunner

import corruptions
from corruptions.codec.frames import CONVERSION
from pipeline.__main__ import app
from pipeline.errors import ClipError, SettingsError
from pipeline.media.source import VideoSource
from pipeline.storage.payload import read_payload
from pipeline.tools.apply import MAX_BYTES, Applied, apply
from tests.support.videos import H264, make_video, moving_clip, run_ffmpeg


def decoded(path: Path) -> np.ndarray:
    return read_payload(path.read_bytes())


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "mine.mp4"
    return make_video(path, *H264, clip=moving_clip(20, 66, 82))


@pytest.mark.parametrize("name", ["fog", "shot_noise", "frame_rate"])
def test_pixels_are_those_of_the_library(video: Path, tmp_path: Path, name: str) -> None:
    output = tmp_path / "out.mkv"
    done = apply(video, output, name, 4, timeout_seconds=60)
    with av.open(str(video)) as container:
        frames = [
            frame.to_ndarray(format="rgb24", interpolation=CONVERSION)
            for frame in container.decode(video=0)
        ]
    expected = corruptions.corrupt(np.stack(frames), name, 4, key="mine")
    assert done == Applied(len(expected), has_sound=False)
    np.testing.assert_array_equal(decoded(output), expected)


@pytest.mark.parametrize("name", ["h264_crf", "bit_error", "packet_loss"])
def test_codecs_keep_frames_and_size(video: Path, tmp_path: Path, name: str) -> None:
    output = tmp_path / "out.mp4"
    assert apply(video, output, name, 2, timeout_seconds=60).num_frames == 20
    assert decoded(output).shape == (20, 66, 82, 3)


@pytest.mark.parametrize("turn", [90, 180, 270])
@pytest.mark.parametrize("name", ["brightness", "h264_crf"])
def test_turned_videos_come_out_as_they_are_displayed(tmp_path: Path, turn: int, name: str) -> None:
    plain = make_video(tmp_path / "plain.mp4", *H264, clip=moving_clip(10, 66, 82))
    turned = tmp_path / "turned.mp4"
    run_ffmpeg("-display_rotation:v:0", str(turn), "-i", str(plain), "-c", "copy", str(turned))
    for video in (plain, turned):
        apply(video, video.with_suffix(".mkv"), name, 1, timeout_seconds=60)
    expected = np.rot90(decoded(plain.with_suffix(".mkv")), turn // 90, axes=(1, 2))
    np.testing.assert_array_equal(decoded(turned.with_suffix(".mkv")), expected)


def test_the_same_file_gives_the_same_bytes(video: Path, tmp_path: Path) -> None:
    for name in ("one.mp4", "two.mp4"):
        apply(video, tmp_path / name, "rain", 3, timeout_seconds=60)
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()


def test_the_command_and_its_errors(
    video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        ran = CliRunner().invoke(app, ["apply", *arguments])
        return ran.exit_code, ran.output

    output = tmp_path / "out.mp4"
    code, text = run(str(video), "--corruption", "fog", "--output", str(output))
    assert (code, text.startswith("20 frames")) == (0, True)
    assert run(str(video), "-c", "snow", "-o", str(output))[0] == 2
    assert run(str(video), "-c", "fog", "-o", str(tmp_path / "out.gif"))[0] == 2
    with pytest.raises(SettingsError, match=r"must end in \.mp4"):
        apply(video, tmp_path / "out", "fog", 3, timeout_seconds=60)
    monkeypatch.setattr("pipeline.tools.apply.MAX_BYTES", MAX_BYTES >> 20)
    with pytest.raises(ClipError, match="cut the video into clips"):
        apply(video, tmp_path / "large.mp4", "fog", 3, timeout_seconds=60)


def test_the_input_is_never_overwritten(video: Path, tmp_path: Path) -> None:
    """Not by its own name, not through a link, and not by force."""
    mine = tmp_path / "mine.mp4"
    shutil.copy(video, mine)
    before = mine.read_bytes()
    (tmp_path / "link.mp4").symlink_to(mine)
    (tmp_path / "hard.mp4").hardlink_to(mine)
    for output in (mine, tmp_path / "link.mp4", tmp_path / "hard.mp4"):
        for force in (False, True):
            with pytest.raises(SettingsError, match="same file as the input"):
                apply(mine, output, "fog", 3, force=force, timeout_seconds=60)
    assert mine.read_bytes() == before


def test_an_existing_output_needs_force(video: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    output.write_text("the only copy")
    with pytest.raises(SettingsError, match="already exists .* overwrite it with --force"):
        apply(video, output, "fog", 3, timeout_seconds=60)
    assert output.read_text() == "the only copy"
    apply(video, output, "fog", 3, force=True, timeout_seconds=60)
    assert len(decoded(output)) == 20


def test_it_says_that_the_sound_is_left_out(tmp_path: Path) -> None:
    silent = make_video(tmp_path / "silent.mp4", *H264)
    loud = tmp_path / "loud.mp4"
    sound = ("-f", "lavfi", "-i", "sine=duration=1")
    run_ffmpeg("-i", str(silent), *sound, "-c:v", "copy", "-c:a", "aac", str(loud))
    for video, said in ((silent, False), (loud, True)):
        arguments = ["apply", str(video), "-c", "fog", "-o", str(video.with_suffix(".mkv"))]
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.output
        assert ("without the sound of the input" in result.output) == said


@pytest.mark.parametrize("command", ["apply", "preview"])
def test_a_missing_file_is_named(tmp_path: Path, command: str) -> None:
    missing = tmp_path / "none.mp4"
    output = tmp_path / ("out.mp4" if command == "apply" else "out")
    arguments = [command, str(missing), "-c", "fog", "-o", str(output)]
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "300"})
    assert result.exit_code == 1
    assert f"{missing}: no such file" in result.output


@pytest.mark.parametrize("name", ["fog", "h264_crf"])
def test_odd_sizes_stay(tmp_path: Path, name: str) -> None:
    clip = moving_clip(6, 71, 93)
    video = make_video(tmp_path / "odd.mkv", "-c:v", "ffv1", "-pix_fmt", "yuv420p", clip=clip)
    apply(video, tmp_path / "out.mkv", name, 1, timeout_seconds=60)
    with VideoSource(tmp_path / "out.mkv") as source:
        assert (source.info.width, source.info.height) == (93, 71)


@pytest.mark.parametrize("name", ["fog", "h264_crf"])
def test_a_picture_that_turns_midway_is_one_message(tmp_path: Path, name: str) -> None:
    clip = moving_clip(6, 64, 96)
    for part, frames in (("wide", clip), ("high", clip.transpose(0, 2, 1, 3))):
        make_video(tmp_path / f"{part}.ts", *H264, clip=np.ascontiguousarray(frames))
    video = tmp_path / "turn.ts"
    video.write_bytes((tmp_path / "wide.ts").read_bytes() + (tmp_path / "high.ts").read_bytes())
    words = r"turn\.ts: the picture changes from 96 x 64 to 64 x 96 at frame 6"
    with pytest.raises(ClipError, match=words):
        apply(video, tmp_path / "out.mkv", name, 1, timeout_seconds=60)
    assert not (tmp_path / "out.mkv").exists()


@pytest.mark.parametrize("extension", ["mkv", "mp4"])
def test_a_picture_of_one_pixel_works_or_is_one_message(tmp_path: Path, extension: str) -> None:
    clip = moving_clip(6, 1, 1)
    video = make_video(tmp_path / "dot.mkv", "-c:v", "ffv1", "-slices", "1", clip=clip)
    output = tmp_path / f"out.{extension}"
    if extension == "mkv":
        with pytest.raises(ClipError, match=r"dot\.mkv: cannot be stored as FFV1"):
            apply(video, output, "fog", 1, timeout_seconds=60)
    else:
        assert apply(video, output, "fog", 1, timeout_seconds=60).num_frames == 6


def test_times_of_a_variable_rate_stay(tmp_path: Path) -> None:
    variable = ("-vf", "settb=1/1000,setpts='N*40+N*N*7'", "-fps_mode", "passthrough")
    video = make_video(tmp_path / "v.mp4", *H264, *variable, "-enc_time_base", "1/1000")
    apply(video, tmp_path / "out.mp4", "fog", 1, timeout_seconds=60)
    with VideoSource(video) as source, VideoSource(tmp_path / "out.mp4") as made:
        assert source.info.clock.times is not None
        assert made.info.clock == source.info.clock
