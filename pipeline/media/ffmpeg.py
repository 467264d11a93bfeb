"""Start ffmpeg: the only place of the project that starts a process.

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

from corruptions.codec.coding import DECODERS, encoder_options
from corruptions.types import Encoding, Stream

from ..errors import ClipError, StageError, TransientClipError
from ..messages import RESUME_HINT, one_line
from ..resources import SYSTEM_ERRNOS, memory_is_short, out_of_memory


@cache
def program() -> str:
    """Path of the ffmpeg program."""
    return str(imageio_ffmpeg.get_ffmpeg_exe())


@cache
def version() -> str:
    """Version of the ffmpeg program, for manifests."""
    return str(imageio_ffmpeg.get_ffmpeg_version())


STOPPED = 255
"""Exit code after a polite signal (SIGINT, SIGTERM), which ffmpeg obeys by ending its files."""

CRASHES = frozenset({SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL})
"""Signals that a program brings upon itself; all others come from outside."""


def run(
    command: Any,
    *,
    stdin: Iterable[bytes] = (),
    timeout_seconds: float,
    descriptors: Sequence[int] = (),
) -> None:
    """Run one command made by ffmpeg-python, feeding `stdin` piece by piece.

    `descriptors` are open files that the command names as `pipe:<number>`. Raises ClipError with
    ffmpeg's first words when it fails, and UnsettledError when it crashes or does not end within
    `timeout_seconds`; the process is gone in every case. An error raised by `stdin` comes through.
    A process that was killed, or lacked room or memory, is a StageError: no fault of the clip.
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
        raise _failure(code, one_line(" / ".join(said)) if said else "it said nothing")


def _failure(code: int, words: str) -> ClipError | StageError:
    """The error of an exit code; those above 128 that are no signals are 256 less an errno."""
    if code < 0:
        name = signal.Signals(-code).name
        if -code in CRASHES:
            return TransientClipError(f"ffmpeg crashed ({name}): {words}")
        if -code == signal.SIGXFSZ:
            return StageError(f"ffmpeg failed: {os.strerror(errno.EFBIG)}. {RESUME_HINT}")
        return out_of_memory(f"ffmpeg was killed by {name} (out of memory?)")
    if code == STOPPED:
        return StageError(f"ffmpeg was told to stop from outside. {RESUME_HINT}")
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
    """Close the pipe, once or again, whether or not there is anyone to read what is left in it."""
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.close()


def encode_all(
    frames: Iterable[bytes],
    stream: Stream,
    encodings: Sequence[Encoding],
    timeout_seconds: float,
) -> list[bytes]:
    """Encode raw I420 frames in every way asked for, in one process that reads them once.

    Gives one elementary stream per encoding, in order. They go through temporary files without a
    name: whatever is killed, none is left behind.
    """
    source = ffmpeg.input(
        "pipe:0",
        format="rawvideo",
        pix_fmt="yuv420p",
        video_size=(stream.width, stream.height),
        framerate=str(stream.fps),
    )
    copies = source.video.filter_multi_output("split", len(encodings))
    with ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile()) for _ in encodings]
        outputs = [
            ffmpeg.output(
                copies[index],
                f"pipe:{file.fileno()}",
                format=DECODERS[encoding.codec],
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
        return [file.read() for file in files]
