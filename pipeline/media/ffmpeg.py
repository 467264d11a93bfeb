"""The ffmpeg program: the only place of the project that starts a process.

The program is the static one of imageio-ffmpeg, pinned in requirements.txt, so that every machine
encodes with the same encoders. Commands are built with ffmpeg-python and run here.
"""

import _thread
import errno
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from functools import cache
from signal import SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV
from typing import Any

import ffmpeg
import imageio_ffmpeg

from corruptions.codec.coding import (
    DECODERS,
    FRAMED,
    encoder_options,
    encoder_rate,
    ivf_units,
)
from corruptions.types import Encoding, Stream

from ..errors import ClipError, StageError, TransientClipError
from ..messages import RESUME_HINT, one_line
from ..resources import SYSTEM_ERRNOS, memory_is_short, out_of_memory


@cache
def program() -> str:
    """Return the path of the ffmpeg program."""
    return str(imageio_ffmpeg.get_ffmpeg_exe())


@cache
def version() -> str:
    """Return the version of the ffmpeg program, for manifests."""
    return str(imageio_ffmpeg.get_ffmpeg_version())


STOPPED = 255
"""Exit code after SIGINT or SIGTERM, on which ffmpeg finishes its files and ends."""

CRASHES = frozenset({SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL})
"""Signals of a crash; all others are sent by another process."""


def run(
    command: Any,
    *,
    stdin: Iterable[bytes] = (),
    timeout_seconds: float,
    descriptors: Sequence[int] = (),
) -> None:
    """Run one command built with ffmpeg-python, writing `stdin` to it piece by piece.

    The process has ended when this function returns or raises.

    Parameters
    ----------
    command
        A node of ffmpeg-python.
    stdin
        Bytes for the command's input `pipe:0`. An error raised by it is passed on.
    timeout_seconds
        Time after which the process is killed.
    descriptors
        Open files that the command names as `pipe:<number>`.

    Raises
    ------
    ClipError
        If ffmpeg fails; the message has the first lines that it printed.
    TransientClipError
        If ffmpeg crashes or exceeds the time limit.
    StageError
        If ffmpeg was killed or lacked disk space or memory, which is not a fault of the clip.

    """
    arguments = ffmpeg.compile(command, cmd=program())
    arguments[1:1] = ["-nostdin", "-hide_banner", "-loglevel", "error", "-y"]
    with (
        tempfile.TemporaryFile() as words,
        subprocess.Popen(  # noqa: S603 - a list, no shell
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=words,
            pass_fds=descriptors,
        ) as process,
    ):
        ended, expired = threading.Event(), threading.Event()

        def limit_time() -> None:
            if not ended.wait(timeout_seconds):
                expired.set()
                process.kill()

        try:
            # Thread.start would wait for the thread: indefinitely if it lacks the memory to begin.
            # An interrupt meanwhile would leave a thread that delays the end of the run.
            _thread.start_new_thread(limit_time, ())
            _feed(process, stdin)
            code = process.wait()
        finally:
            ended.set()
            process.kill()
            _close(process)
        words.seek(0)
        said = words.read().decode(errors="replace").strip().splitlines()[:3]
    if expired.is_set():
        raise TransientClipError(f"ffmpeg did not end within {timeout_seconds:g} s and was stopped")
    if code != 0:
        raise _failure(code, one_line(" / ".join(said)) if said else "no message")


def _failure(code: int, words: str) -> ClipError | StageError:
    """Map an exit code to an exception (codes above 128 that are not signals are 256 - errno)."""
    if code < 0:
        name = signal.Signals(-code).name
        if -code in CRASHES:
            return TransientClipError(f"ffmpeg crashed ({name}): {words}")
        if -code == signal.SIGXFSZ:
            return StageError(f"ffmpeg failed: {os.strerror(errno.EFBIG)}. {RESUME_HINT}")
        return out_of_memory(f"ffmpeg was killed by {name} (out of memory?)")
    if code == STOPPED:
        return StageError(f"ffmpeg was stopped by a signal of another process. {RESUME_HINT}")
    if memory_is_short():
        return out_of_memory(f"ffmpeg failed, out of memory: {words}")
    if 256 - code in SYSTEM_ERRNOS:
        return StageError(f"ffmpeg failed: {os.strerror(256 - code)} ({words}). {RESUME_HINT}")
    return ClipError(f"ffmpeg failed ({code}): {words}")


def _feed(process: "subprocess.Popen[bytes]", pieces: Iterable[bytes]) -> None:
    assert process.stdin is not None  # noqa: S101 - opened as a pipe above
    try:
        for piece in pieces:
            process.stdin.write(piece)
    except BrokenPipeError:
        pass  # ffmpeg ended early; its exit code and words say why
    _close(process)


def _close(process: "subprocess.Popen[bytes]") -> None:
    """Close the pipe; harmless if it is closed already or its reader has ended."""
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.close()


FORMATS = {"libx264": "h264", "libx265": "hevc", "libvpx-vp9": "ivf", "mpeg4": "m4v"}
"""FFmpeg's container format for each encoder's stream."""


def encode_all(
    frames: Iterable[bytes],
    stream: Stream,
    encodings: Sequence[Encoding],
    timeout_seconds: float,
) -> list[list[bytes]]:
    """Encode raw I420 frames at several settings, in one process that reads the frames once.

    Parameters
    ----------
    frames
        Frames of `stream.width` x `stream.height` pixels, 8-bit I420, one element per frame.
    stream
        Size and frame rate of the frames.
    encodings
        Settings of one encoder.
    timeout_seconds
        Time limit of the process.

    Returns
    -------
    list[list[bytes]]
        One stream per encoding, in order, in pieces for `corruptions.codec.coding.decode`. They
        pass through unnamed temporary files, so that a killed process leaves no file.

    Raises
    ------
    ClipError, StageError
        As `run`.

    """
    source = ffmpeg.input(
        "pipe:0",
        format="rawvideo",
        pix_fmt="yuv420p",
        video_size=(stream.width, stream.height),
        framerate=str(encoder_rate(encodings[0], stream.fps)),
    )
    copies = source.video.filter_multi_output("split", len(encodings))
    with ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile()) for _ in encodings]
        outputs = [
            ffmpeg.output(
                copies[index],
                f"pipe:{file.fileno()}",
                format=FORMATS[encoding.codec],
                vcodec=encoding.codec,
                fps_mode="passthrough",
                **{f"{name}:v": value for name, value in encoder_options(encoding).items()},
            )
            for index, (file, encoding) in enumerate(zip(files, encodings, strict=True))
        ]
        run(
            ffmpeg.merge_outputs(*outputs),
            stdin=frames,
            timeout_seconds=timeout_seconds,
            descriptors=[file.fileno() for file in files],
        )
        for file in files:
            file.seek(0)
        streams = [file.read() for file in files]
    return [
        ivf_units(data) if DECODERS[encoding.codec] in FRAMED else [data]
        for encoding, data in zip(encodings, streams, strict=True)
    ]
