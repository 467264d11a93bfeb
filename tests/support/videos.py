"""Real small videos, made by real encoders, for the tests."""

import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corruptions.types import Clip
from pipeline.media import ffmpeg
from pipeline.media.preprocess import SCALE_FLAGS


def moving_clip(num_frames: int = 16, height: int = 64, width: int = 80, seed: int = 0) -> Clip:
    """Textured picture that moves; a formula of its arguments."""
    rng = np.random.Generator(np.random.Philox(seed))
    coarse = rng.integers(0, 256, (height // 8 + 2, width // 8 + 6, 3), dtype=np.uint8)
    texture: NDArray[np.uint8] = coarse.repeat(8, axis=0).repeat(8, axis=1)
    shifts = [frame % 32 for frame in range(num_frames)]
    return np.stack([texture[:height, shift : shift + width] for shift in shifts])


def run_ffmpeg(*arguments: str, stdin: bytes = b"") -> None:
    """Run the pinned ffmpeg program with plain arguments."""
    command = [ffmpeg.program(), "-y", "-v", "error", *arguments]
    subprocess.run(command, input=stdin, check=True)


def make_video(
    path: Path,
    *options: str,
    clip: Clip | None = None,
    fps: str = "25",
    before: tuple[str, ...] = (),
) -> Path:
    """Encode a clip with ffmpeg; `options` name the encoder and what else is special."""
    clip = moving_clip() if clip is None else clip
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = clip.shape[1:3]
    run_ffmpeg(
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", fps, *before),
        *("-i", "-", *options, str(path)),
        stdin=clip.tobytes(),
    )
    return path


H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "ultrafast")
VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "500k")
HEVC10 = ("-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-preset", "ultrafast",
          "-x265-params", "log-level=none")  # fmt: skip
MPEG4 = ("-c:v", "mpeg4", "-q:v", "4")


def shown_frames(path: Path, *filters: str) -> NDArray[np.uint8]:
    """Frames (T, H, W, 3) that the pinned ffmpeg shows of a file, autorotated; the reference."""
    shape = subprocess.run(
        [ffmpeg.program(), "-v", "error", "-i", str(path), "-map", "0:v:0", *filters]
        + ["-fps_mode", "passthrough", "-f", "framehash", "-"],
        capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip
    line = next(line for line in shape.splitlines() if line.startswith("#dimensions"))
    width, height = map(int, line.split(": ")[1].split("x"))
    data = subprocess.run(
        [ffmpeg.program(), "-v", "error", "-i", str(path), "-map", "0:v:0", *filters]
        + ["-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24"]
        + ["-sws_flags", SCALE_FLAGS, "-"],
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    return np.frombuffer(data, np.uint8).reshape(-1, height, width, 3)


def patched(path: Path, target: Path, old: bytes, new: bytes) -> Path:
    """Copy a file with one byte string replaced by another of the same length, everywhere."""
    data = path.read_bytes()
    assert len(old) == len(new)
    assert old in data
    target.write_bytes(data.replace(old, new))
    return target
