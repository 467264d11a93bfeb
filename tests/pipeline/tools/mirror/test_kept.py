"""What a mirrored video keeps: sound, subtitles, times, rotation, pixel aspect and colours."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from pipeline.datasets.native_video import NativeCell
from pipeline.errors import ClipError
from pipeline.media.source import VideoSource
from pipeline.storage.mirror_manifest import MirrorRow
from pipeline.tools.mirror.apply import apply
from tests.support.sound import frame_times, make_loud, packets
from tests.support.videos import H264, make_video, run_ffmpeg, shown_frames

CONTAINERS = {
    "mp4": (H264, "aac", "mov_text"),
    "mov": (H264, "aac", "mov_text"),
    "mkv": (H264, "libopus", "srt"),
    "webm": (("-c:v", "libvpx", "-cpu-used", "8"), "libopus", "webvtt"),
    "ts": (H264, "mp2", None),
    "flv": (H264, "aac", None),
    "avi": (("-c:v", "mpeg4"), "pcm_s16le", None),
}
"""Extension to the encoders of a source with sound."""


ROWS, COLUMNS = np.mgrid[:66, :98]
SMOOTH = (
    np.stack([3 * ROWS, 2 * COLUMNS, ROWS + COLUMNS], axis=-1).astype(np.uint8)[None].repeat(6, 0)
)
"""Clip without edges, which the smaller chroma of 4:2:0 would soften once more."""


def run(video: Path, output: Path, name: str = "fog", severity: int = 3, **more: Any) -> MirrorRow:
    return apply(video, output, NativeCell(name, severity), **more)


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("extension", CONTAINERS)
def test_sound_and_subtitles_are_copied_at_their_times(
    tmp_path: Path, extension: str, lossless: bool
) -> None:
    if lossless and extension in ("ts", "flv"):
        pytest.skip("these containers do not hold FFV1")
    encoder, sound, subtitles = CONTAINERS[extension]
    delay = "0" if extension == "avi" else "0.1"  # avi has no times
    source = make_loud(
        tmp_path / f"in.{extension}", *encoder, sound=sound, subtitles=subtitles, delay=delay
    )
    output = tmp_path / f"out.{extension}"
    row = run(source, output, lossless=lossless)
    assert (row["audio_streams"], row["left_out"]) == (1, "")
    shift = 0.0
    if extension == "mkv":  # negative times are not stored: everything moves
        shift = frame_times(output)[0] - frame_times(source)[0]
    for kind in ("audio", "subtitle") if subtitles else ("audio",):
        before, after = packets(source, kind), packets(output, kind)
        assert [data for _, data in after] == [data for _, data in before]
        times = np.array([time for time, _ in after]) - [time for time, _ in before] - shift
        assert np.abs(times).max() < (0.0011 if extension in ("mkv", "webm", "flv") else 1e-5)
    if extension != "avi":  # readers guess its times
        moved = np.array(frame_times(output)) - frame_times(source) - shift
        assert np.abs(moved).max() <= 0.0011
    languages = []
    for path in (source, output):
        with av.open(str(path)) as container:
            languages.append(container.streams.audio[0].metadata.get("language", "und"))
    assert languages[0] == languages[1]


@pytest.mark.parametrize(
    ("name", "frames", "seconds"),
    [("freeze", 24, 0.96), ("frame_drop", 24, 0.96), ("reverse", 24, 0.96), ("sampling", 24, 0.96),
     ("stall", 24, 0.96), ("h264_crf", 24, 0.96), ("frame_rate", 12, 1.0)],
)  # fmt: skip
def test_the_length_stays_and_sound_with_it(
    loud: Path, tmp_path: Path, name: str, frames: int, seconds: float
) -> None:
    output = tmp_path / "out.mp4"
    row = run(loud, output, name)
    assert (row["num_frames"], row["num_frames_source"]) == (frames, 24)
    assert row["duration_seconds"] == pytest.approx(seconds, abs=1e-3)
    assert packets(output, "audio") == packets(loud, "audio")
    assert frame_times(output)[0] == frame_times(loud)[0]
    if frames == 24:
        assert frame_times(output) == frame_times(loud)


def test_frames_that_the_original_leaves_out_do_not_shift_the_others(
    loud: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out.mp4"
    apply(loud, output, NativeCell("fog", 3, dialect="original"))
    assert frame_times(output) == frame_times(loud)[1:-1]
    assert packets(output, "audio") == packets(loud, "audio")


@pytest.fixture(scope="module")
def loud(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("loud")
    return make_loud(folder / "loud.mp4", *H264, subtitles="mov_text")


@pytest.mark.parametrize("extension", ["mp4", "mkv"])
@pytest.mark.parametrize("turn", [("90", ()), ("180", ()), ("90", ("-display_hflip",))])
def test_the_rotation_stays_and_the_picture_is_upright(
    tmp_path: Path, extension: str, turn: tuple[str, tuple[str, ...]]
) -> None:
    plain = make_video(tmp_path / "plain.mp4", *H264, clip=SMOOTH)
    source = tmp_path / f"turned.{extension}"
    turned = ("-display_rotation:v:0", turn[0], *turn[1])
    run_ffmpeg(*turned, "-i", str(plain), "-c", "copy", str(source))
    output = tmp_path / f"out.{extension}"
    apply(source, output, NativeCell("brightness", 0, level=0.0), lossless=True)
    with VideoSource(source) as before, VideoSource(output) as after:
        assert (after.info.width, after.info.height) == (before.info.width, before.info.height)
        frames = [next(one.frames()) for one in (before, after)]
        assert frames[0].rotation == frames[1].rotation != 0
    assert difference(source, output) < 1


def test_pixel_aspect_and_colour_tags_stay(tmp_path: Path) -> None:
    tags = "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709"
    filters = ("-vf", f"scale=out_color_matrix=bt709,setsar=4/3,{tags}")
    source = make_video(tmp_path / "in.mp4", *H264, *filters, clip=SMOOTH)
    output = tmp_path / "out.mp4"
    apply(source, output, NativeCell("brightness", 0, level=0.0))
    for path in (source, output):
        with av.open(str(path)) as container:
            frame = next(container.decode(video=0))
            assert (int(frame.colorspace), int(frame.color_primaries)) == (1, 1)
    with VideoSource(source) as before, VideoSource(output) as after:
        assert before.info.sample_aspect_ratio == after.info.sample_aspect_ratio != 1
    assert difference(source, output) < 2


@pytest.mark.parametrize("tags", [(), ("-color_range", "pc", "-pix_fmt", "yuvj420p")])
def test_colours_stay_what_they_are(tmp_path: Path, tags: tuple[str, ...]) -> None:
    """An identity through the encoder: neither range nor matrix is guessed anew."""
    source = make_video(tmp_path / "in.mp4", *H264, "-crf", "10", *tags, clip=SMOOTH)
    output = tmp_path / "out.mp4"
    apply(source, output, NativeCell("brightness", 0, level=0.0))
    assert difference(source, output) < 2


def difference(one: Path, other: Path) -> float:
    """Mean difference of the pictures that ffmpeg shows, 0..255."""
    return float(np.abs(shown_frames(one).astype(int) - shown_frames(other)).mean())


@pytest.mark.parametrize("extension", ["mp4", "mkv"])
def test_times_of_a_variable_rate_stay(tmp_path: Path, extension: str) -> None:
    variable = ("-vf", "settb=1/1000,setpts='N*40+N*N*7'", "-fps_mode", "passthrough")
    source = make_video(tmp_path / f"v.{extension}", *H264, *variable, "-enc_time_base", "1/1000")
    output = tmp_path / f"out.{extension}"
    for name in ("fog", "reverse", "h264_crf"):
        run(source, output, name, force=True)
        assert frame_times(output) == frame_times(source)
        with VideoSource(source) as before, VideoSource(output) as after:
            assert before.info.clock.times is not None
            assert after.info.clock == before.info.clock


def test_a_sound_that_the_container_cannot_keep_is_an_error(tmp_path: Path) -> None:
    source = make_loud(tmp_path / "in.mkv", *H264, sound="ac3")
    with pytest.raises(ClipError, match="avi does not keep the audio of the source"):
        run(source, tmp_path / "out.avi")
    assert not (tmp_path / "out.avi").exists()
    with pytest.raises(ClipError, match=r"in\.mkv: .*flv"):
        run(make_loud(tmp_path / "in.mkv", *H264, sound="pcm_s24le"), tmp_path / "out.flv")


def test_streams_that_are_left_out_are_listed(tmp_path: Path) -> None:
    source = make_loud(tmp_path / "one.mkv", *H264)
    both = tmp_path / "both.mkv"
    run_ffmpeg("-i", str(source), "-map", "0:v", "-map", "0:v", "-map", "0:a", "-c", "copy",
               str(both))  # fmt: skip
    assert run(both, tmp_path / "out.mkv")["left_out"] == "video 1"
