"""One file in, one file out, with the pixels of the library."""

import shutil
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from typer.testing import CliRunner

import corruptions
from corruptions.codec.frames import CONVERSION
from pipeline.__main__ import app
from pipeline.datasets.native_video import NativeCell
from pipeline.errors import ClipError, SettingsError
from pipeline.media.source import VideoSource
from pipeline.storage.mirror_manifest import MirrorRow
from pipeline.tools.mirror import apply as tool
from tests.support.videos import H264, make_video, moving_clip


def apply(video: Path, output: Path, name: str, severity: int, **options: Any) -> MirrorRow:
    return tool.apply(video, output, NativeCell(name, severity), **options)


def decoded(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        frames = container.decode(video=0)
        return np.stack(
            [one.to_ndarray(format="rgb24", interpolation=CONVERSION) for one in frames]
        )


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "mine.mp4"
    return make_video(path, *H264, clip=moving_clip(20, 66, 82))


@pytest.mark.parametrize("extension", ["mp4", "mkv"])
@pytest.mark.parametrize("name", ["fog", "shot_noise", "frame_rate", "reverse"])
def test_pixels_are_those_of_the_library(
    video: Path, tmp_path: Path, name: str, extension: str
) -> None:
    output = tmp_path / f"out.{extension}"
    done = apply(video, output, name, 4, lossless=True)
    expected = corruptions.corrupt(decoded(video), name, 4, key="mine.mp4")
    assert (done["num_frames"], done["codec"]) == (len(expected), "ffv1")
    np.testing.assert_array_equal(decoded(output), expected)


def test_another_key_gives_other_random_numbers(video: Path, tmp_path: Path) -> None:
    hashes = {
        apply(video, tmp_path / "out.mkv", "rain", 3, key=key, force=True)["frames_sha256"]
        for key in (None, "mine.mp4", "mine", "b/mine.mp4")
    }
    assert len(hashes) == 3


def test_a_level_and_a_part_of_the_time(video: Path, tmp_path: Path) -> None:
    arguments = ["apply", str(video), "-c", "contrast", "-o", str(tmp_path / "level.mkv")]
    result = CliRunner().invoke(app, [*arguments, "--lossless", "--level", "0.35"])
    assert result.exit_code == 0, result.output
    clip = decoded(video)
    expected = corruptions.corrupt(clip, "contrast", None, level=0.35, key="mine.mp4")
    np.testing.assert_array_equal(decoded(tmp_path / "level.mkv"), expected)
    arguments = ["apply", str(video), "-c", "fog", "-o", str(tmp_path / "part.mkv"), "--lossless"]
    result = CliRunner().invoke(app, [*arguments, "--start", "50", "--profile", "ramp"])
    assert result.exit_code == 0, result.output
    timing = corruptions.Timing(start=50, profile="ramp")
    expected = corruptions.corrupt(clip, "fog", 3, key="mine.mp4", timing=timing)
    np.testing.assert_array_equal(decoded(tmp_path / "part.mkv"), expected)


@pytest.mark.parametrize("name", ["h264_crf", "bit_error", "packet_loss"])
def test_codecs_keep_frames_and_size(video: Path, tmp_path: Path, name: str) -> None:
    output = tmp_path / "out.mp4"
    assert apply(video, output, name, 2)["num_frames"] == 20
    assert decoded(output).shape == (20, 66, 82, 3)


def test_the_default_looks_like_the_exact_result(video: Path, tmp_path: Path) -> None:
    row = apply(video, tmp_path / "out.mp4", "fog", 3)
    exact = apply(video, tmp_path / "out.mkv", "fog", 3, lossless=True)
    assert (row["codec"], row["pix_fmt"], exact["codec"]) == ("h264", "yuv420p", "ffv1")
    assert row["frames_sha256"] == exact["frames_sha256"]
    made, wanted = decoded(tmp_path / "out.mp4"), decoded(tmp_path / "out.mkv")
    error = float(((made.astype(float) - wanted) ** 2).mean())
    assert 10 * np.log10(255**2 / error) > 35


def test_the_same_file_gives_the_same_bytes(video: Path, tmp_path: Path) -> None:
    for name in ("one.mp4", "two.mp4"):
        apply(video, tmp_path / name, "rain", 3)
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()


def test_the_command_and_its_errors(video: Path, tmp_path: Path) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        ran = CliRunner().invoke(app, ["apply", *arguments], env={"COLUMNS": "300"})
        return ran.exit_code, ran.output

    output = tmp_path / "out.mp4"
    code, text = run(str(video), "--corruption", "fog", "--output", str(output))
    assert (code, text.startswith("20 frames")) == (0, True)
    assert run(str(video), "-c", "snow", "-o", str(output))[0] == 2
    code, text = run(str(video), "-c", "fog", "-o", str(tmp_path / "out.gif"))
    assert (code, "must end in one of .mp4" in text) == (2, True)
    code, text = run(str(video), "-c", "fog", "-o", str(tmp_path / "a.mp4"), "--level", "x")
    assert (code, "--level: not a number" in text) == (2, True)
    code, text = run(str(video), "-c", "frame_rate", "-o", str(tmp_path / "a.mp4"), "--share", ".5")
    assert (code, "acts on a whole video" in text) == (2, True)
    with pytest.raises(SettingsError, match=r"must end in one of \.mp4"):
        apply(video, tmp_path / "out", "fog", 3)
    with pytest.raises(ClipError, match=r"reverse 3 needs .* raise --memory-gb"):
        apply(video, tmp_path / "large.mp4", "reverse", 3, memory_bytes=100_000)


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
                apply(mine, output, "fog", 3, force=force)
    assert mine.read_bytes() == before


def test_an_existing_output_needs_force(video: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    output.write_text("the only copy")
    with pytest.raises(SettingsError, match="already exists .* overwrite it with --force"):
        apply(video, output, "fog", 3)
    assert output.read_text() == "the only copy"
    apply(video, output, "fog", 3, force=True)
    assert len(decoded(output)) == 20


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
    for lossless in (False, True):
        apply(video, tmp_path / "out.mkv", name, 1, lossless=lossless, force=True)
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
        apply(video, tmp_path / "out.mkv", name, 1)
    assert not (tmp_path / "out.mkv").exists()


def test_a_picture_of_one_pixel_works_or_is_one_message(tmp_path: Path) -> None:
    clip = moving_clip(6, 1, 1)
    video = make_video(tmp_path / "dot.mkv", "-c:v", "ffv1", "-slices", "1", clip=clip)
    assert apply(video, tmp_path / "out.mp4", "fog", 1)["num_frames"] == 6
    with pytest.raises(ClipError, match=r"dot\.mkv: cannot be written as matroska"):
        apply(video, tmp_path / "out.mkv", "fog", 1, lossless=True)
    assert not (tmp_path / "out.mkv").exists()
