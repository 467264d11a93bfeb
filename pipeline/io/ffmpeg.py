"""Start ffmpeg: the only place of the project that starts a process.

The program is the static one of imageio-ffmpeg, pinned in requirements.txt, so that every machine
encodes with the same encoders. Commands are built with ffmpeg-python and run here.
"""

import subprocess
import tempfile
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import ffmpeg
import imageio_ffmpeg

from corruptions.codec import DECODERS, encoder_options
from corruptions.types import Encoding, Stream
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

    Raises ClipError with ffmpeg's first words when it fails, and when it does not end within
    `timeout_seconds`; the process is gone in every case. An error raised by `stdin` comes through.
    """
    arguments = ffmpeg.compile(command, cmd=program())
    arguments[1:1] = ["-nostdin", "-hide_banner", "-loglevel", "error", "-y"]
    with (
        tempfile.TemporaryFile() as words,
        subprocess.Popen(  # noqa: S603 - a list, no shell
            arguments, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=words
        ) as process,
    ):
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
            _close(process)
        words.seek(0)
        said = words.read().decode(errors="replace").strip().splitlines()[:3]
    if expired.is_set():
        raise ClipError(f"ffmpeg did not end within {timeout_seconds:g} s and was stopped")
    if code != 0:
        raise ClipError(f"ffmpeg failed ({code}): {one_line(' / '.join(said))}")


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
    folder: Path,
    timeout_seconds: float,
) -> list[Path]:
    """Encode raw I420 frames in every way asked for, in one process that reads them once.

    Gives one elementary stream per encoding, in order: <folder>/<index>.<h264 or hevc>.
    """
    source = ffmpeg.input(
        "pipe:0",
        format="rawvideo",
        pix_fmt="yuv420p",
        video_size=(stream.width, stream.height),
        framerate=str(stream.fps),
    )
    copies = source.video.filter_multi_output("split", len(encodings))
    paths, outputs = [], []
    for index, encoding in enumerate(encodings):
        codec = DECODERS[encoding.codec]
        paths.append(folder / f"{index}.{codec}")
        options = {f"{name}:v": value for name, value in encoder_options(encoding).items()}
        outputs.append(
            ffmpeg.output(
                copies[index],
                str(paths[-1]),
                format=codec,
                vcodec=encoding.codec,
                fps_mode="passthrough",
                **options,
            )
        )
    run(ffmpeg.merge_outputs(*outputs), stdin=frames, timeout_seconds=timeout_seconds)
    return paths
