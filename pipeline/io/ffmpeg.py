"""Start ffmpeg: the only place of the project that starts a process.

The program is the static one of imageio-ffmpeg, pinned in requirements.txt, so that every machine
encodes with the same encoders. Commands are built with ffmpeg-python and run here.
"""

import subprocess
import tempfile
import threading
from collections.abc import Iterable
from functools import cache
from typing import Any

import ffmpeg
import imageio_ffmpeg

from pipeline.errors import ClipError, one_line


@cache
def program() -> str:
    """Path of the ffmpeg program."""
    return str(imageio_ffmpeg.get_ffmpeg_exe())


@cache
def version() -> str:
    """Version of the ffmpeg program, for manifests."""
    return str(imageio_ffmpeg.get_ffmpeg_version())


def run(command: Any, *, stdin: Iterable[bytes] = (), timeout_seconds: float) -> None:
    """Run one command made by ffmpeg-python, feeding `stdin` piece by piece.

    Raises ClipError with ffmpeg's last words when it fails, and when it does not end within
    `timeout_seconds`; the process is gone in every case. An error raised by `stdin` comes through.
    """
    arguments = ffmpeg.compile(command, cmd=program())
    arguments[1:1] = ["-nostdin", "-hide_banner", "-loglevel", "error", "-y"]
    with tempfile.TemporaryFile() as words, subprocess.Popen(  # noqa: S603 - a list, no shell
        arguments, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=words
    ) as process:
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            process.kill()

        timer = threading.Timer(timeout_seconds, expire)
        timer.start()
        try:
            _feed(process, stdin)
            code = process.wait()
        finally:
            timer.cancel()
            process.kill()
        words.seek(0)
        said = words.read().decode(errors="replace").strip().splitlines()[-3:]
    if expired.is_set():
        raise ClipError(f"ffmpeg did not end within {timeout_seconds:g} s and was stopped")
    if code != 0:
        raise ClipError(f"ffmpeg failed ({code}): {one_line(' / '.join(said))}")


def _feed(process: "subprocess.Popen[bytes]", pieces: Iterable[bytes]) -> None:
    assert process.stdin is not None  # noqa: S101 - opened as a pipe above
    try:
        for piece in pieces:
            process.stdin.write(piece)
        process.stdin.close()
    except BrokenPipeError:
        pass  # ffmpeg ended early; its exit code and words say why
