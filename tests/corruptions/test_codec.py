"""Encoders and channels in memory return complete clips, identical on every machine."""

import hashlib
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from corruptions import SEVERITIES, corrupt
from corruptions.codec.coding import Coded, decode, encode
from corruptions.codec.concealment import ConcealedStream
from corruptions.codec.frames import MIN_SIDE, FrameFormat, crop, format_of, i420, planar
from corruptions.registry import load
from corruptions.types import Clip, ClipRandom, Context, Encoding, Stream, UndecodableError
from tests.corruptions.reference_clip import noise_clip, picture_clip

ROOT = Path(__file__).parents[2]
MODERN = ("av1_abr", "av1_crf", "h264_low_delay", "mpeg4_q", "vp9_abr", "vp9_crf")
NAMES = ("bit_error", "h264_abr", "h264_crf", "h265_abr", "h265_crf", "packet_loss", *MODERN)
CODECS = ("libx264", "libx265")
FPS = Fraction(25)


def busy_clip(num_frames: int, height: int, width: int) -> Clip:
    """Texture that moves and changes, so that every picture costs bits."""
    t, y, x = np.ogrid[:num_frames, :height, :width]
    texture = ((x + 3 * t) * (y + t) + 7 * ((x - 2 * t) // 9) * (y // 7)) % 61
    waves = [texture + 90 + 60 * np.sin((x - 2 * t + 20 * c) / 9 + y / 17) for c in range(3)]
    return np.clip(np.stack(waves, -1), 0, 255).astype(np.uint8)


def planes(clip: Clip) -> list[np.ndarray]:
    height, width = clip.shape[1:3]
    frames = (av.VideoFrame.from_ndarray(image, format="rgb24") for image in clip)
    return [i420(planar(frame), width, height) for frame in frames]


def stream_of(clip: Clip, fps: Fraction = FPS) -> Stream:
    return Stream(clip.shape[2], clip.shape[1], fps, len(clip), bit_rate=0)


def context(name: str, key: str = "clip", severity: int = 1) -> Context:
    return Context(ClipRandom(0, "mini_kinetics", key, name, str(severity)))


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    error = np.mean((one.astype(np.float64) - other) ** 2)
    return 10 * np.log10(255**2 / max(error, 1e-9))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(1, 1, 1), (2, 1, 90), (3, 61, 1), (5, 7, 5), (2, 97, 131)])
def test_any_size_and_length(name: str, size: tuple[int, int, int]) -> None:
    clip = picture_clip(*size)
    before = clip.copy()
    for severity in (1, 5):
        out = corrupt(clip, name, severity, key="k")
        assert out.shape == clip.shape
        assert out.dtype == np.uint8
    assert (clip == before).all()


@pytest.mark.parametrize("name", NAMES)
def test_any_frames_in_any_order(name: str) -> None:
    clip = picture_clip(9, 70, 90)
    whole = corrupt(clip, name, 4, key="k")
    wanted = [8, 0, 3, 3]
    assert (corrupt(clip, name, 4, key="k", frames=wanted) == whole[wanted]).all()
    some = Context(context(name).random, np.array(wanted))
    corruption = load(name)
    from corruptions.codec.in_memory import corrupt_clip

    level = corruption.level(4, "mini_kinetics")
    made = [corrupt_clip(corruption, clip, level, one) for one in (context(name), some)]
    assert (made[0][wanted] == made[1]).all()


def hashes_of_all_cells() -> dict[str, dict[str, list[str]]]:
    from tests.corruptions.make_hashes import cells_of

    return {name: cells_of(name) for name in NAMES}


def hashes_of_heavy_damage() -> list[str]:
    """The decoder's pictures of H.264 in which nearly every picture is damaged."""
    clip = busy_clip(20, 90, 120)
    coded = encode(planes(clip), stream_of(clip), Encoding("libx264", "medium", crf=23))
    hashes = []
    for key in range(10):
        for name, level in (("bit_error", 400), ("packet_loss", 0.2)):
            units, _ = load(name).function(coded.units, level, context(name, str(key)))
            frames = b"".join(
                frame.to_ndarray().tobytes() for frame in ConcealedStream(coded, units)
            )
            hashes.append(hashlib.sha256(frames).hexdigest())
    return hashes


def test_same_frames_without_cpu_features_in_another_process() -> None:
    script = """
import ctypes, json, sys
from pathlib import Path
import av
from corruptions.codec import coding
[library] = (Path(av.__file__).parent.parent / "av.libs").glob("libavutil*")
library = ctypes.CDLL(str(library))
library.av_force_cpu_flags(0)
assert library.av_get_cpu_flags() == 0
fast = coding.encoder_options
def plain(encoding):
    options = fast(encoding)
    params = encoding.codec.removeprefix("lib") + "-params"
    return options | {params: options[params] + ":asm=0"} if params in options else options
coding.encoder_options = plain
from tests.corruptions.test_codec import hashes_of_all_cells, hashes_of_heavy_damage
print(json.dumps([hashes_of_all_cells(), hashes_of_heavy_damage()]))
"""
    result = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": str(ROOT), "VPX_SIMD_CAPS": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    cells, damaged = json.loads(result.stdout)
    assert cells == hashes_of_all_cells()
    assert damaged == hashes_of_heavy_damage()


@pytest.mark.parametrize("name", ["h264_crf", "h265_crf", "av1_crf", "vp9_crf", "mpeg4_q"])
def test_quality_falls_with_severity(name: str) -> None:
    clip = busy_clip(20, 90, 120)
    quality = [psnr(clip, corrupt(clip, name, severity)) for severity in SEVERITIES]
    assert quality == sorted(quality, reverse=True)


@pytest.mark.parametrize("name", ["h264_abr", "h265_abr", "av1_abr", "vp9_abr"])
def test_quality_falls_with_the_rate(name: str) -> None:
    clip = busy_clip(60, 90, 120)
    quality = [psnr(clip, corrupt(clip, name, severity)) for severity in SEVERITIES]
    assert quality == sorted(quality, reverse=True)


def test_quality_falls_with_the_line_of_a_call() -> None:
    clip = busy_clip(40, 216, 288)
    quality = [psnr(clip, corrupt(clip, "h264_low_delay", severity)) for severity in SEVERITIES]
    assert quality == sorted(quality, reverse=True)


@pytest.mark.parametrize("name", ["bit_error", "packet_loss"])
def test_quality_falls_with_damage_on_average(name: str) -> None:
    clip = busy_clip(40, 144, 176)
    corruption = load(name)
    coded = encode(planes(clip), stream_of(clip), corruption.module.CARRIER)
    sound = [frame.to_ndarray() for frame in decode("h264", coded.units)]
    means, damaged = [], []
    for severity in SEVERITIES:
        errors, pictures = [], 0
        for key in range(12):
            level = corruption.level(severity, "mini_kinetics")
            units, damage = corruption.function(
                coded.units, level, context(name, str(key), severity)
            )
            pictures += len(damage.units)
            frames = [frame.to_ndarray() for frame in ConcealedStream(coded, units)]
            assert len(frames) == len(clip)
            errors.append(np.mean((np.stack(frames).astype(float) - sound) ** 2))
        means.append(np.mean(errors))
        damaged.append(pictures)
    assert means == sorted(means)
    assert damaged == sorted(damaged)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("bit_rate", [60_000, 240_000])
def test_average_rate_is_what_was_asked_for(codec: str, bit_rate: int) -> None:
    clip = busy_clip(200, 96, 128)
    coded = encode(planes(clip), stream_of(clip), Encoding(codec, "medium", bit_rate=bit_rate))
    rate = 8 * sum(map(len, coded.units)) * FPS / len(clip)
    assert abs(rate - bit_rate) < 0.1 * bit_rate


@pytest.mark.parametrize(
    "encodings",
    [
        [Encoding("libx264", "medium", crf=30), Encoding("libx264", "medium", bit_rate=50_000)],
        [Encoding("libx265", "medium", crf=30), Encoding("libx265", "medium", bit_rate=50_000)],
        [Encoding("libvpx-vp9", "4", crf=40), Encoding("libvpx-vp9", "4", bit_rate=50_000)],
        [Encoding("libsvtav1", "8", crf=40), Encoding("libsvtav1", "8", bit_rate=50_000)],
        [Encoding("mpeg4", "", quantiser=10)],
        [Encoding("libx264", "veryfast", bit_rate=50_000, low_delay=True)],
    ],
    ids=lambda encodings: f"{encodings[0].codec}-{len(encodings)}",
)
def test_same_bytes_every_time(encodings: list[Encoding]) -> None:
    """The smallest size in memory that holds other data: encoders have read beyond a frame."""
    clip = busy_clip(16, MIN_SIDE, MIN_SIDE)
    for encoding in encodings:
        results = set()
        for turn in range(4):
            dirt = [np.full(997 * (size + 1), 17 * turn + size, np.uint8) for size in range(150)]
            del dirt
            coded = encode(planes(clip), stream_of(clip), encoding)
            results.add(b"".join(coded.units))
        assert len(results) == 1


def test_an_encoder_gives_no_thread_another_scheduling_policy() -> None:
    """SVT-AV1 run by root would take the highest real-time priority, and the caller keep it."""
    clip, policies, before = busy_clip(16, 64, 64), set(), os.sched_getscheduler(0)

    def watched() -> Iterator[np.ndarray]:
        for frame in planes(clip):
            threads = [int(path.name) for path in Path("/proc/self/task").iterdir()]
            policies.update(os.sched_getscheduler(thread) for thread in threads)
            yield frame

    encode(watched(), stream_of(clip), Encoding("libsvtav1", "8", crf=40))
    assert policies == {before}
    assert os.sched_getscheduler(0) == before


@pytest.mark.parametrize("codec", CODECS)
def test_an_undamaged_stream_is_restored_as_it_was(codec: str) -> None:
    clip = busy_clip(30, 90, 120)
    coded = encode(planes(clip), stream_of(clip), Encoding(codec, "medium", crf=30))
    sound = [frame.to_ndarray() for frame in decode(coded.codec, coded.units)]
    restored = ConcealedStream(coded, coded.units)
    assert all((a.to_ndarray() == b).all() for a, b in zip(restored, sound, strict=True))
    assert restored.repeated == 0
    assert sorted(coded.positions) == list(range(30))
    assert coded.positions != sorted(coded.positions)  # there are B pictures to put in order


@pytest.mark.parametrize("name", MODERN)
@pytest.mark.parametrize("fps", [Fraction(1, 2), Fraction(123_457, 4_111), Fraction(9_999)])
def test_any_frame_rate_is_encoded(name: str, fps: Fraction) -> None:
    clip = picture_clip(3, 66, 70)
    assert corrupt(clip, name, 3, fps=fps).shape == clip.shape


def test_low_delay_pictures_come_in_the_order_in_which_they_are_shown() -> None:
    clip = busy_clip(30, 90, 120)
    encoding = load("h264_low_delay").function(stream_of(clip), 0.05)
    assert encode(planes(clip), stream_of(clip), encoding).positions == list(range(30))


def test_parameter_sets_are_known_when_the_first_picture_is_lost() -> None:
    clip = busy_clip(20, 90, 120)
    coded = encode(planes(clip), stream_of(clip), Encoding("libx264", "medium", crf=30))
    restored = ConcealedStream(coded, [b"", *coded.units[1:]])
    assert len(list(restored)) == 20
    headless = Coded(coded.codec, coded.units, coded.positions, b"", coded.look)
    with pytest.raises(UndecodableError):
        list(ConcealedStream(headless, [b"", *coded.units[1:]]))


def stills(values: list[int], width: int = 80, height: int = 64) -> Coded:
    """A Motion JPEG stream, whose pictures do not depend on each other."""
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuvj420p"
    encoder.time_base = Fraction(1, 25)
    units = []
    for value in values:
        picture = np.full((height * 3 // 2, width), value, np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, format="yuvj420p")
        units += [bytes(packet) for packet in encoder.encode(frame)]
    units += [bytes(packet) for packet in encoder.encode(None)]
    assert len(units) == len(values)
    look = FrameFormat(width, height, "yuvj420p", 5, 2)
    return Coded("mjpeg", units, list(range(len(units))), b"", look)


def shown(restored: Iterator[av.VideoFrame]) -> list[int]:
    return [int(frame.to_ndarray()[0, 0]) for frame in restored]


VALUES = [20, 60, 100, 140, 180, 220]


def test_missing_pictures_repeat_the_last_good_one_and_leading_ones_the_first() -> None:
    coded = stills(VALUES)
    units = list(coded.units)
    for lost in (0, 1, 3, 5):
        units[lost] = b""
    restored = ConcealedStream(coded, units)
    assert shown(restored) == [100, 100, 100, 100, 180, 180]
    assert restored.repeated == 4


def test_pictures_of_another_size_count_as_missing() -> None:
    coded = stills(VALUES)
    units = list(coded.units)
    units[2] = stills([50], width=64, height=80).units[0]
    units[4] = stills([50], width=4096, height=4096).units[0]
    restored = ConcealedStream(coded, units)
    assert shown(restored) == [20, 60, 60, 140, 140, 220]
    assert restored.repeated == 2


def test_pictures_that_are_never_shown_are_left_out() -> None:
    coded = stills(VALUES)
    hidden = Coded("mjpeg", coded.units, [-1, 0, 1, -1, 2, 3], b"", coded.look)
    assert shown(ConcealedStream(hidden, hidden.units)) == [60, 100, 180, 220]


def test_pictures_that_come_out_of_order_are_put_in_order() -> None:
    coded = stills(VALUES)
    turned = Coded("mjpeg", coded.units, [5, 4, 3, 2, 1, 0], b"", coded.look)
    assert shown(ConcealedStream(turned, turned.units)) == VALUES[::-1]


@pytest.mark.parametrize("unit", [b"", b"\0\0\1", b"no picture at all"])
@pytest.mark.parametrize("codec", ["h264", "hevc", "mpeg4", "vp9", "mjpeg"])
def test_a_stream_without_pictures_says_so_on_one_line(codec: str, unit: bytes) -> None:
    coded = Coded(codec, [unit] * 7, list(range(7)), b"", FrameFormat(64, 64, "yuv420p", 5, 1))
    with pytest.raises(UndecodableError, match="no picture of 7") as caught:
        list(ConcealedStream(coded, coded.units))
    assert "\n" not in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 - ours


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuvj420p"])
def test_planes_of_420_keep_their_values(pix_fmt: str) -> None:
    values = np.random.default_rng(0).integers(0, 256, (96, 48), dtype=np.uint8)
    frame = av.VideoFrame.from_ndarray(values, format=pix_fmt)
    assert (i420(planar(frame), 48, 64) == values).all()


@pytest.mark.parametrize("pix_fmt", ["yuv422p", "yuv444p", "yuv420p10le", "nv12", "yuvj444p"])
@pytest.mark.parametrize("color_range", [1, 2])
def test_other_formats_keep_matrix_and_range(pix_fmt: str, color_range: int) -> None:
    image = picture_clip(1, 64, 96)[0]
    frame = av.VideoFrame.from_ndarray(image, format="rgb24")
    color_range = 2 if pix_fmt.startswith("yuvj") else color_range
    made = frame.reformat(format=pix_fmt, dst_colorspace=1, dst_color_range=color_range)
    expected = frame.reformat(format="yuv420p", dst_colorspace=1, dst_color_range=color_range)
    assert format_of(planar(made))[2:] == ("yuv420p", 1, color_range)
    assert psnr(i420(planar(made), 96, 64), expected.to_ndarray()) > 38


def test_frames_are_cropped_or_repeat_their_edge() -> None:
    luma = np.arange(5 * 7, dtype=np.uint8).reshape(5, 7)
    frame = av.VideoFrame(7, 5, "yuv420p")
    for plane, values in zip(frame.planes, (luma, luma[:3, :4], luma[2:, :4]), strict=True):
        padded = np.zeros((plane.height, plane.line_size), np.uint8)
        padded[:, : plane.width] = values
        plane.update(padded)
    small = i420(frame, 6, 4)
    assert (small[:4] == luma[:4, :6]).all()
    assert (small[4:].ravel()[:6] == luma[:2, :3].ravel()).all()
    large = i420(frame, 10, 8)
    assert (large[:8] == np.pad(luma, ((0, 3), (0, 3)), mode="edge")).all()
    assert (crop(frame, 6, 4).to_ndarray() == small).all()


def test_a_grey_clip_stays_grey() -> None:
    clip = np.full((5, 70, 90, 3), 128, np.uint8)
    for name in NAMES:
        assert np.abs(corrupt(clip, name, 1).astype(int) - 128).max() <= 2


def test_noise_survives_the_frame_count() -> None:
    clip = noise_clip(12, 66, 70)
    for name in NAMES:
        assert corrupt(clip, name, 5, fps=Fraction(30_000, 1_001)).shape == clip.shape
