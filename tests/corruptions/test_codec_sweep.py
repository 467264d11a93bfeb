"""Damaged streams and files never crash, hang or leak: each ends with a clip or a reason.

DAMAGE_SWEEP=5000 pytest tests/corruptions/test_codec_sweep.py   # the default is 300
"""

import os
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from corruptions.codec.concealment import ConcealedStream
from corruptions.registry import load
from corruptions.types import ClipRandom, Context, UndecodableError
from pipeline.errors import ClipError
from pipeline.media.carrier import take_stream
from pipeline.media.recompress import recompress
from pipeline.media.source import VideoSource

COUNT = int(os.environ.get("DAMAGE_SWEEP", "300"))
SOURCES = {
    "h264.mp4": ("libx264", {"preset": "fast"}),
    "h264.ts": ("libx264", {"g": "8"}),
    "h264.mkv": ("libx264", {"bf": "0", "x264-params": "slices=3"}),
    "hevc.mkv": ("libx265", {"x265-params": "log-level=none:pools=none:frame-threads=1"}),
    "hevc.mp4": ("libx265", {"x265-params": "log-level=none:pools=none:frame-threads=1:keyint=6"}),
    "mpeg4.mp4": ("mpeg4", {"bf": "2"}),
    "mpeg4.avi": ("mpeg4", {}),
    "vp9.webm": ("libvpx-vp9", {"cpu-used": "8", "lag-in-frames": "8"}),
}
NUM_FRAMES, WIDTH, HEIGHT = 24, 112, 80
REASON_LENGTH = 400


def frames() -> Iterator[np.ndarray]:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    for t in range(NUM_FRAMES):
        texture = (x + 3 * t) * (y + t) % 61 + 90 + 60 * np.sin((x - 2 * t) / 9)
        yield np.stack([texture, texture[::-1], 255 - texture], -1).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("sources")
    for name, (codec, options) in SOURCES.items():
        with av.open(str(folder / name), "w") as container:
            stream = container.add_stream(codec, rate=Fraction(25), options=options)
            stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            stream.codec_context.thread_count = 1
            for image in frames():
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
            container.mux(stream.encode(None))
    return [folder / name for name in SOURCES]


def resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def damaged(units: list[bytes], random: np.random.Generator) -> list[bytes]:
    """Bytes replaced, pieces cut out, whole units lost, swapped or cut short, in any mixture."""
    units = list(units)
    for _ in range(random.integers(1, 12)):
        index = int(random.integers(len(units)))
        unit = bytearray(units[index])
        if not unit:
            continue
        at = int(random.integers(len(unit)))
        match random.integers(6):
            case 0:
                unit[at] = random.integers(256)
            case 1:
                unit[at] ^= 1 << int(random.integers(8))
            case 2:
                del unit[at : at + int(random.integers(1, 1473))]
            case 3:
                unit = bytearray()
            case 4:
                del unit[at:]
            case _:
                unit[: min(at, 40)] = random.bytes(min(at, 40))
        units[index] = bytes(unit)
    return units


def test_damaged_units_end_with_all_frames_or_a_reason(sources: list[Path]) -> None:
    streams = []
    for path in sources:
        with VideoSource(path) as video:
            taken = take_stream(video, 60)
        if taken is not None:
            streams.append(taken[0])
    assert {coded.codec for coded in streams} == {"h264", "hevc", "mpeg4", "vp9"}
    random = np.random.default_rng(1)
    undecodable, before, slowest = 0, 0, 0.0
    for turn in range(COUNT):
        coded = streams[turn % len(streams)]
        units = damaged(coded.units, random)
        start = time.monotonic()
        try:
            shapes = [(f.width, f.height, f.format.name) for f in ConcealedStream(coded, units)]
        except UndecodableError as error:
            undecodable += 1
            assert "\n" not in str(error)
            assert len(str(error)) < REASON_LENGTH
        else:
            assert len(shapes) == NUM_FRAMES
            assert set(shapes) == {tuple(coded.look[:3])}
        slowest = max(slowest, time.monotonic() - start)
        if turn == COUNT // 3:
            before = resident_bytes()
    assert undecodable < COUNT // 20
    assert slowest < 5
    assert resident_bytes() - before < 48 * 2**20


def test_damaged_files_end_with_all_frames_or_a_reason(sources: list[Path], tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    reasons, before, slowest = [], 0, 0.0
    count = COUNT // 3
    for turn in range(count):
        source = sources[turn % len(sources)]
        data = np.frombuffer(source.read_bytes(), np.uint8).copy()
        hits = random.integers(data.size, size=int(random.integers(1, 60)))
        data[hits] = random.integers(256, size=hits.size)
        if random.random() < 0.2:
            data = data[: random.integers(data.size)]
        path = tmp_path / f"{turn}-{source.name}"
        path.write_bytes(data.tobytes())
        corruption = load(("bit_error", "packet_loss", "h264_crf")[turn % 3])
        level = corruption.level(5, "mini_kinetics")
        context = Context(ClipRandom(0, "test", str(turn), corruption.name, "5"))
        start = time.monotonic()
        try:
            for made in recompress(path, corruption, [level], [context], timeout_seconds=30):
                assert sum(1 for _ in made.frames) == made.num_frames > 0
        except ClipError as error:
            reasons.append(str(error))
        slowest = max(slowest, time.monotonic() - start)
        path.unlink()
        if turn == count // 3:
            before = resident_bytes()
    assert all(0 < len(reason) < REASON_LENGTH and "\n" not in reason for reason in reasons)
    assert len(reasons) < count
    assert slowest < 10
    assert resident_bytes() - before < 48 * 2**20
