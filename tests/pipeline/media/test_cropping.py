"""Pictures are cropped as the container asks, exactly as ffmpeg does."""

import struct
from pathlib import Path

import numpy as np
import pytest

from corruptions.registry import load
from corruptions.types import ClipRandom, Context
from pipeline.media.preprocess import Preprocess
from pipeline.media.recompress import recompress
from pipeline.media.source import VideoSource
from tests.support import mp4
from tests.support.videos import H264, make_video, moving_clip, run_ffmpeg

CLIP = moving_clip(6, 128, 320)
ROWS, COLUMNS = (b"\x54\xbb", b"\x54\xaa"), (b"\x54\xcc", b"\x54\xdd")


def pixel_crop(folder: Path, names: tuple[bytes, bytes], values: tuple[int, int]) -> Path:
    """Matroska's elements DisplayWidth and DisplayHeight become two of PixelCrop."""
    plain = make_video(folder / "plain.mkv", *H264, "-aspect", "4:1", clip=CLIP)
    data = plain.read_bytes()
    for old, new, value in zip((b"\x54\xb0\x81", b"\x54\xba\x81"), names, values, strict=True):
        at = data.index(old)
        data = data[:at] + new + b"\x81" + bytes([value]) + data[at + 4 :]
    path = folder / "cropped.mkv"
    path.write_bytes(data)
    return path


def clean_aperture(folder: Path, numbers: tuple[int, ...]) -> Path:
    """Give the sample description of an mp4 the box `clap`."""
    plain = make_video(folder / "plain.mp4", *H264, clip=CLIP)
    box = struct.pack(">I4s8i", 40, b"clap", *numbers)

    def extend(stsd: bytes) -> bytes:
        (size,) = struct.unpack(">I", stsd[8:12])
        return stsd[:8] + struct.pack(">I", size + len(box)) + stsd[12:] + box

    return mp4.change(plain, folder / "cropped.mp4", {b"stsd": extend})


def pictures(path: Path) -> np.ndarray:
    preprocess = Preprocess(64, 56)
    with VideoSource(path) as source:
        return np.stack([preprocess(frame) for frame in source.frames()])


def check(folder: Path, path: Path, size: tuple[int, int]) -> None:
    plain = folder / "as_ffmpeg_crops.mkv"
    run_ffmpeg("-i", str(path), "-c:v", "ffv1", "-pix_fmt", "yuv420p", str(plain))
    with VideoSource(plain) as expected, VideoSource(path) as source:
        assert (expected.info.width, expected.info.height) == size
        assert (source.info.width, source.info.height) == size
    np.testing.assert_array_equal(pictures(path), pictures(plain))


@pytest.mark.parametrize(
    ("names", "values", "size"),
    [
        (ROWS, (20, 12), (320, 96)),
        (ROWS, (21, 12), (320, 94)),
        (COLUMNS, (40, 8), (272, 128)),
        (COLUMNS, (13, 4), (302, 128)),
    ],
)
def test_pixel_crop_of_matroska(
    tmp_path: Path, names: tuple[bytes, bytes], values: tuple[int, int], size: tuple[int, int]
) -> None:
    check(tmp_path, pixel_crop(tmp_path, names, values), size)


@pytest.mark.parametrize(
    ("numbers", "size"),
    [
        ((240, 1, 96, 1, 0, 1, 0, 1), (240, 96)),
        ((240, 1, 96, 1, 20, 1, -7, 1), (240, 96)),
        ((241, 1, 97, 1, 1, 2, 0, 1), (240, 96)),
        ((400, 1, 96, 1, 0, 1, 0, 1), (320, 128)),
        ((240, 1, 96, 0, 0, 1, 0, 1), (320, 128)),
    ],
)
def test_clean_aperture_of_mp4(
    tmp_path: Path, numbers: tuple[int, ...], size: tuple[int, int]
) -> None:
    check(tmp_path, clean_aperture(tmp_path, numbers), size)


@pytest.mark.parametrize(("name", "level"), [("h264_crf", 18), ("bit_error", 2**31 - 1)])
def test_codec_cells_are_cropped_as_well(tmp_path: Path, name: str, level: int) -> None:
    path = pixel_crop(tmp_path, ROWS, (20, 12))
    context = Context(ClipRandom(0, "demo", "clip", name, "1"))
    [made] = recompress(path, load(name), [level], [context], timeout_seconds=60)
    if name == "bit_error":
        assert "stream of the source" in made.encoder
    preprocess = Preprocess(64, 56)
    frames = np.stack([preprocess(frame, made.orientation) for frame in made.frames])
    assert np.abs(frames.astype(int) - pictures(path)).mean() < (4 if name == "h264_crf" else 0.01)
