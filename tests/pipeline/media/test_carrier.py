"""A source's own stream is damaged only if, undamaged, it gives the source's frames."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from corruptions.codec.concealment import ConcealedStream
from corruptions.registry import load
from corruptions.types import ClipRandom, Context
from pipeline.media.carrier import take_stream
from pipeline.media.recompress import recompress
from pipeline.media.source import VideoSource
from tests.support import h264_sps, mp4
from tests.support.videos import make_video, moving_clip, run_ffmpeg

CLIP = moving_clip(40, 64, 80)
X264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-bf", "3", "-b_strategy", "0")
UNDAMAGED = 2**31 - 1


def two_descriptions(folder: Path) -> Path:
    """Half of the samples are of another encoder setting, with parameter sets of their own."""
    first = make_video(folder / "a.mp4", *X264, clip=CLIP[:20])
    other = ("-x264-params", "cabac=0:8x8dct=0")
    second = make_video(folder / "b.mp4", *X264, *other, clip=CLIP[20:])
    listed = folder / "list.txt"
    listed.write_text("file 'a.mp4'\nfile 'b.mp4'\n")
    run_ffmpeg("-f", "concat", "-i", str(listed), "-c", "copy", "-bsf:v",
               "filter_units=remove_types=6-8", str(folder / "joined.mp4"))  # fmt: skip
    return mp4.two_descriptions(first, second, folder / "joined.mp4", folder / "two.mp4")


def no_reorder_information(folder: Path) -> Path:
    path = make_video(folder / "plain.mp4", *X264, clip=CLIP)
    return mp4.change(path, folder / "bare.mp4", {b"stsd": h264_sps.strip_vui})


def ordinary(folder: Path) -> Path:
    return make_video(folder / "plain.mp4", *X264, clip=CLIP)


def pictures(frames: object) -> list[np.ndarray]:
    return [frame.to_ndarray(format="rgb24") for frame in frames]


@pytest.mark.parametrize("make", [two_descriptions, no_reorder_information])
def test_a_stream_that_does_not_give_the_sources_frames_is_not_taken(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    path = make(tmp_path)
    with VideoSource(path) as source:
        assert take_stream(source, 60) is None
        clean = pictures(source.frames())
    context = Context(ClipRandom(0, "demo", "clip", "bit_error", "1"))
    [made] = recompress(path, load("bit_error"), [UNDAMAGED], [context], timeout_seconds=60)
    assert made.encoder.startswith("libx264 preset=medium threads=1 crf=23")
    for picture, other in zip(pictures(made.frames), clean, strict=True):
        assert np.abs(picture.astype(int) - other).mean() < 10
    assert made.repeated_frames == 0


def test_a_stream_that_gives_them_is_taken_whole(tmp_path: Path) -> None:
    with VideoSource(ordinary(tmp_path)) as source:
        taken = take_stream(source, 60)
        assert taken is not None
        clean = pictures(source.frames())
    coded, _ = taken
    assert all(map(np.array_equal, pictures(ConcealedStream(coded, coded.units)), clean))


def test_a_stream_cut_by_an_edit_list_is_damaged_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "cut.mp4"
    run_ffmpeg("-ss", "0.9", "-i", str(ordinary(tmp_path)), "-t", "0.4", "-c", "copy", str(path))
    with VideoSource(path) as source:
        taken = take_stream(source, 60)
        assert taken is not None
        assert len(taken[0].units) > taken[0].num_frames == source.info.num_frames


def test_the_decoder_sees_the_difference(tmp_path: Path) -> None:
    """With the first description only, the second half is decoded wrongly: the case is real."""
    path = two_descriptions(tmp_path)
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        extradata = container.streams.video[0].codec_context.extradata
    decoder = av.CodecContext.create("h264", "r")
    decoder.extradata = extradata
    frames = []
    for packet in packets:
        bare = av.Packet(bytes(packet))
        bare.pts = packet.pts
        try:
            frames += decoder.decode(bare)
        except av.FFmpegError:
            continue
    with VideoSource(path) as source:
        clean = pictures(source.frames())
    assert sum(map(np.array_equal, pictures(frames), clean)) <= len(clean) // 2
