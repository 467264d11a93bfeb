"""The one place that starts processes: it feeds, waits, stops and reports."""

import _thread
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import ffmpeg as builder
import numpy as np
import pytest

from corruptions.codec.coding import decode, encode
from corruptions.types import Encoding, Stream
from pipeline.errors import ClipError, StageError, TransientClipError
from pipeline.media import ffmpeg

ENCODINGS = [
    Encoding("libx264", "medium", crf=23),
    Encoding("libx264", "medium", crf=51),
    Encoding("libx264", "medium", bit_rate=60_000),
    Encoding("libx264", "medium", bit_rate=1_000),
    Encoding("libx265", "medium", crf=27),
    Encoding("libx265", "medium", crf=51),
    Encoding("libx265", "medium", bit_rate=60_000),
    Encoding("libx265", "medium", bit_rate=1_000),
]
MODERN = [
    [Encoding("libvpx-vp9", "4", crf=31), Encoding("libvpx-vp9", "4", bit_rate=60_000)],
    [Encoding("mpeg4", "", quantiser=3), Encoding("mpeg4", "", quantiser=31)],
    [Encoding("libx264", "veryfast", bit_rate=60_000, low_delay=True)],
]


def pictures(num_frames: int, height: int, width: int) -> list[np.ndarray]:
    t, y, x = np.ogrid[:num_frames, : height * 3 // 2, :width]
    values = (x + 3 * t) * (y + t) % 61 + 80 + 70 * np.sin((x - 2 * t) / 9 + y / 5)
    return list(values.clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize(
    ("size", "fps"),
    [
        ((30, 90, 120), Fraction(25)),
        ((20, 66, 70), Fraction(30_000, 1_001)),
        ((1, 70, 66), Fraction(14_985, 512)),
    ],
)
def test_program_and_library_give_the_same_bytes(size: tuple[int, int, int], fps: Fraction) -> None:
    frames = pictures(*size)
    stream = Stream(size[2], size[1], fps, size[0], bit_rate=0)
    for encodings in (ENCODINGS, *MODERN):
        pieces = (frame.tobytes() for frame in frames)
        streams = ffmpeg.encode_all(pieces, stream, encodings, 60)
        assert len(streams) == len(encodings)
        for made, encoding in zip(streams, encodings, strict=True):
            coded = encode(frames, stream, encoding)
            assert b"".join(made) == b"".join(coded.units), encoding
            assert len(list(decode(coded.codec, made))) == size[0]


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_same_bytes_without_cpu_features(codec: str, tmp_path: Path) -> None:
    """`-cpuflags 0` is FFmpeg's own code; the encoders have switches of their own."""
    frames = pictures(12, 66, 90)
    stream = Stream(90, 66, Fraction(25), 12, bit_rate=0)
    encodings = [Encoding(codec, "medium", crf=30), Encoding(codec, "medium", bit_rate=40_000)]
    data = b"".join(frame.tobytes() for frame in frames)
    made = ffmpeg.encode_all([data], stream, encodings, 60)
    for index, encoding in enumerate(encodings):
        plain = tmp_path / f"plain-{index}.{codec.replace('libx26', 'h26')}"
        options = ffmpeg.encoder_options(encoding)
        params = f"{codec.removeprefix('lib')}-params"
        options[params] += ":asm=0"
        flags = [word for name, value in options.items() for word in (f"-{name}:v", value)]
        subprocess.run(
            [ffmpeg.program(), "-v", "error", "-cpuflags", "0", "-f", "rawvideo"]
            + ["-pix_fmt", "yuv420p", "-video_size", "90x66", "-framerate", "25", "-i", "pipe:0"]
            + ["-c:v", codec, *flags, "-fps_mode", "passthrough", str(plain)],
            input=data,
            check=True,
        )
        assert [plain.read_bytes()] == made[index]


def test_failure_is_reported_in_ffmpegs_words(tmp_path: Path) -> None:
    stream = Stream(65, 65, Fraction(25), 1, bit_rate=0)  # no encoder takes odd 4:2:0
    with pytest.raises(ClipError, match="not divisible by 2") as caught:
        ffmpeg.encode_all([bytes(20_000)] * 50, stream, ENCODINGS[:1], 60)
    assert "\n" not in str(caught.value)


def test_an_early_end_with_bytes_left_to_write_is_a_failure_and_nothing_else(
    tmp_path: Path,
) -> None:
    stream = Stream(65, 65, Fraction(25), 1, bit_rate=0)
    pieces = (bytes(100) for _ in range(2_000))
    with pytest.raises(ClipError, match="ffmpeg failed"):
        ffmpeg.encode_all(slowly(pieces), stream, ENCODINGS[:1], 60)


def slowly(pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield from pieces
    time.sleep(0.5)
    yield bytes(100)


def test_a_process_that_does_not_end_is_stopped() -> None:
    endless = builder.input("testsrc2", f="lavfi", re=None).output("-", format="null")
    start = time.monotonic()
    with pytest.raises(ClipError, match=r"did not end within 0\.5 s"):
        ffmpeg.run(endless, timeout_seconds=0.5)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (signal.SIGKILL, StageError, "was killed by SIGKILL"),
        (signal.SIGTERM, StageError, "stopped by a signal of another process"),
        (signal.SIGSEGV, TransientClipError, "crashed"),
    ],
)
def test_a_signal_is_no_fault_of_the_clip(
    number: signal.Signals, kind: type[Exception], words: str
) -> None:
    """A crash of its own may be: such a clip is tried again."""
    ffmpeg.program()  # finding it starts it once
    before = children()

    def send() -> None:
        while not (new := children() - before):
            time.sleep(0.01)
        time.sleep(0.5)  # it sets up its handlers
        os.kill(int(new.pop()), number)

    sender = threading.Thread(target=send)
    sender.start()
    endless = builder.input("testsrc2", f="lavfi", re=None).output("-", format="null")
    with pytest.raises(kind, match=words):
        ffmpeg.run(endless, timeout_seconds=60)
    sender.join()


def test_an_error_of_the_frames_comes_through_and_no_process_stays(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield bytes(90 * 66 * 3 // 2)
        yield bytes(7)
        raise ClipError("broken after 1 frame")

    before = children()
    stream = Stream(90, 66, Fraction(25), 2, bit_rate=0)
    with pytest.raises(ClipError, match="broken after 1 frame"):
        ffmpeg.encode_all(broken(), stream, ENCODINGS[:2], 60)
    assert children() == before


def test_an_interrupt_while_the_time_limit_starts_leaves_no_thread_and_no_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A thread that waits for the limit would delay the end of an interrupted run until then."""
    start_new_thread = _thread.start_new_thread

    def interrupted(function: Callable[[], None], arguments: tuple[()]) -> None:
        start_new_thread(function, arguments)
        raise KeyboardInterrupt("a signal")

    endless = builder.input("testsrc2", f="lavfi", re=None).output("-", format="null")
    ffmpeg.program()  # finding it starts it once
    before, threads = children(), num_threads()
    monkeypatch.setattr(ffmpeg._thread, "start_new_thread", interrupted)
    with pytest.raises(KeyboardInterrupt, match="a signal"):
        ffmpeg.run(endless, timeout_seconds=60)
    deadline = time.monotonic() + 10
    while num_threads() > threads:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert children() == before


def num_threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


def children() -> set[str]:
    found: set[str] = set()
    for one in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that ended meanwhile
            found.update(one.read_text().split())
    return found
