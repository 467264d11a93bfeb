"""Stored clips: same frames, same bytes; every reader sees the frames that went in."""

import io
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from corruptions.types import Clip
from pipeline.errors import ClipError
from pipeline.settings import PayloadSettings
from pipeline.storage.payload import EXTENSIONS, decode, encode, read_payload, write_payload
from tests.support.videos import moving_clip

FPS = Fraction(30000, 1001)
JPEG = PayloadSettings(codec="jpeg")
ALL = [JPEG, PayloadSettings(codec="ffv1"), PayloadSettings(codec="h264")]


def noisy_clip() -> Clip:
    noise = np.random.Generator(np.random.Philox(1)).normal(128, 25, (16, 64, 80, 3))
    return np.clip(noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("settings", ALL, ids=lambda one: one.codec)
def test_same_frames_same_bytes_and_all_of_them(settings: PayloadSettings) -> None:
    clip = moving_clip()
    stored = write_payload(clip, FPS, settings)
    assert stored == write_payload(clip, FPS, settings)
    made = read_payload(stored)
    assert made.shape == clip.shape
    worst = 12 if settings.codec == "h264" else 3  # 4:2:0 smears the colours of small blocks
    assert np.abs(made.astype(int) - clip).mean() < worst
    with av.open(io.BytesIO(stored)) as container:
        assert container.streams.video[0].average_rate == FPS


@pytest.mark.parametrize("settings", ALL, ids=lambda one: one.codec)
def test_a_round_trip_in_memory_gives_the_frames_of_a_stored_clip(
    settings: PayloadSettings,
) -> None:
    clip = noisy_clip()
    stored = read_payload(write_payload(clip, FPS, settings))
    np.testing.assert_array_equal(decode(encode(clip, FPS, settings)), stored)
    with pytest.raises(ClipError, match="no frames to store"):
        encode([], FPS, settings)


def test_ffv1_is_lossless() -> None:
    clip = noisy_clip()
    settings = PayloadSettings(codec="ffv1")
    np.testing.assert_array_equal(read_payload(write_payload(clip, FPS, settings)), clip)


def test_default_payload_keeps_noise_and_420_does_not() -> None:
    clip = noisy_clip()

    def kept(settings: PayloadSettings) -> float:
        made = read_payload(write_payload(clip, FPS, settings)).astype(float)
        return float(made.std() / clip.std())

    assert kept(JPEG) == pytest.approx(1, abs=0.03)
    assert kept(PayloadSettings(codec="jpeg", subsampling="420")) < 0.85


def test_clips_of_no_frames_and_damaged_clips_are_errors() -> None:
    with pytest.raises(ClipError, match="no frames"):
        write_payload([], FPS, JPEG)
    stored = write_payload(moving_clip(), FPS, JPEG)
    with pytest.raises(ClipError, match="cannot be read"):
        read_payload(stored[:200])


@pytest.mark.parametrize("settings", ALL, ids=lambda one: one.codec)
def test_every_reader_sees_the_same_frames(settings: PayloadSettings) -> None:
    """torchcodec, decord, OpenCV and PyAV; ours decodes JPEG with libjpeg-turbo itself."""
    import cv2
    from decord import VideoReader, cpu
    from torchcodec.decoders import VideoDecoder

    stored = write_payload(moving_clip(), FPS, settings)
    ours = read_payload(stored)
    readers = {}
    with av.open(io.BytesIO(stored)) as container:
        frames = container.decode(video=0)
        readers["PyAV"] = np.stack([frame.to_ndarray(format="rgb24") for frame in frames])
    decoder = VideoDecoder(stored, dimension_order="NHWC")
    readers["torchcodec"] = decoder.get_frames_at(list(range(16))).data.numpy()
    readers["decord"] = VideoReader(io.BytesIO(stored), ctx=cpu(0)).get_batch(range(16)).asnumpy()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"clip.{EXTENSIONS[settings.codec]}"
        path.write_bytes(stored)
        capture = cv2.VideoCapture(str(path))
        readers["OpenCV"] = np.stack([capture.read()[1][..., ::-1] for _ in range(16)])
    for name, frames in readers.items():
        assert frames.shape == ours.shape, name
        np.testing.assert_array_equal(frames, readers["PyAV"], err_msg=name)
        assert np.abs(frames.astype(int) - ours).max() <= 3, name
