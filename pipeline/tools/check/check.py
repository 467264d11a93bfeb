"""Check of the installation: dependencies, and output equal to the reference.

Every required library must be installed, those that determine output bytes in their pinned
versions. A small synthetic clip is then passed through corruptions of every family, both encoders
of the ffmpeg program and the payload; the hashes of the results must equal the reference.
"""

import hashlib
import importlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ...errors import ClipError, StageError
from ...messages import one_line
from .result import CheckResult

if TYPE_CHECKING:
    from corruptions.types import Clip

# Libraries that may be missing are imported where they are used, so that a missing one is a failed
# check and not a crash.

PROJECT = "video-corruptions"
REQUIREMENTS = Path(__file__).parents[3] / "requirements.txt"
"""Pinned versions of a checkout; an installed distribution has them in its metadata."""

EXPECTED: dict[str, str] = {
    "shot_noise": "a209fc0fe176",
    "motion_blur": "e61416f49c90",
    "fog": "a420253c6267",
    "contrast": "2d47c6ac306b",
    "brightness": "a1b3c57c5466",
    "saturate": "0bb1e552bf04",
    "rain": "0f3cbdcdf7f9",
    "h265_abr": "9dcb187b081d",
    "h265_crf": "c93d849b3a76",
    "bit_error": "9aee2a3337f4",
    "packet_loss": "08177dad1df3",
    "frame_rate": "8d03d21ad25e",
    "h264_crf": "7fe86cb9dbf9",
    "h264_abr": "695e23dc163b",
    "motion_blur_magick": "ba13a8f8db3a",
    "libx264": "5d3492e9b590",
    "libx265": "d727c9608ebc",
    "payload": "4f94db197b06",
}
"""First 12 hexadecimal digits of the SHA-256 of the reference outputs for the synthetic clip: its
frames after a corruption at severity 5, the streams of the ffmpeg program, the file of the payload.
The encoders of `corruptions` are FFmpeg's libraries; only motion_blur_magick needs ImageMagick."""

BYTES = ("av", "imageio-ffmpeg", "numpy", "opencv-python-headless", "scipy", "simplejpeg", "wand")
"""Libraries whose version can change a pixel or a byte; the others may have another version."""

NEEDS_IMAGEMAGICK = "motion_blur_magick"
"""The one corruption that needs ImageMagick; it is in none of the benchmark's sets."""

TIMEOUT_SECONDS = 60.0

_PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)\s*==\s*(?P<version>[^\s;]+)")


def check() -> Iterator[CheckResult]:
    """Yield the results of all checks; only those of the libraries if one of them fails."""
    complete = True
    for result in libraries(requirements()):
        complete &= result.passed
        yield result
    if complete:
        yield from programs()
        yield from same_bytes()
        yield device()


def requirements() -> dict[str, str]:
    """Return the pinned version per library.

    Those of requirements.txt in a checkout; otherwise those of the extra `pipeline` in the metadata
    of the installed distribution.
    """
    if REQUIREMENTS.is_file():
        lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    else:
        try:
            lines = metadata.requires(PROJECT) or []
        except metadata.PackageNotFoundError as error:
            raise StageError(
                f"{PROJECT}: neither {REQUIREMENTS.name} nor an installed distribution is there "
                f"(looked for {REQUIREMENTS}); run from a checkout or install {PROJECT!r}."
            ) from error
    return {pin["name"]: pin["version"] for pin in map(_PIN.match, lines) if pin}


def libraries(pinned_versions: Mapping[str, str]) -> Iterator[CheckResult]:
    """Check that each pinned library is installed, importable and of its version."""
    modules = metadata.packages_distributions()
    for name, pinned in pinned_versions.items():
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            yield CheckResult(name, f"not installed; required: {pinned}", passed=False)
            continue
        title, found = distribution.metadata["Name"], distribution.version
        try:
            for module, owners in modules.items():
                if title in owners and not module.startswith("_"):
                    importlib.import_module(module)
        except (ImportError, OSError, RuntimeError, ValueError) as error:
            yield CheckResult(name, f"{found} cannot be imported: {one_line(error)}", passed=False)
            continue
        if found.partition("+")[0] == pinned:  # 2.13.0+cpu is a build of 2.13.0
            yield CheckResult(name, found)
        else:
            yield CheckResult(name, f"{found}; required: {pinned}", name not in BYTES)


def programs() -> Iterator[CheckResult]:
    """Check FFmpeg, as a program and as libraries, and the ImageMagick library."""
    import av

    from ...media import ffmpeg

    try:
        yield CheckResult("ffmpeg", ffmpeg.version())
    except (OSError, RuntimeError) as error:
        yield CheckResult("ffmpeg", one_line(error), passed=False)
    yield CheckResult("FFmpeg libraries", str(av.ffmpeg_version_info))
    try:
        from wand.version import MAGICK_VERSION
    except ImportError as error:
        yield CheckResult(
            "ImageMagick library",
            f"not found ({one_line(error)}); only {NEEDS_IMAGEMAGICK} needs it, on Debian: "
            "apt-get install libmagickwand-6.q16-6",
        )
    else:
        yield CheckResult("ImageMagick library", MAGICK_VERSION.partition(" http")[0])


def same_bytes() -> Iterator[CheckResult]:
    """Compute every output of EXPECTED and compare its hash with the reference."""
    for name, make in _makers().items():
        try:
            digest = hashlib.sha256(make()).hexdigest()[:12]
        except (ClipError, StageError, ImportError, OSError, ValueError) as error:
            optional = name == NEEDS_IMAGEMAGICK and isinstance(error, ImportError)
            yield CheckResult(name, one_line(error), passed=optional)
            continue
        if digest == EXPECTED[name]:
            yield CheckResult(name, "matches the reference")
        else:
            yield CheckResult(name, f"hash {digest}, expected {EXPECTED[name]}", passed=False)


def _makers() -> dict[str, Callable[[], bytes]]:
    """Return the functions that compute the outputs of EXPECTED, by name."""
    from corruptions import corrupt, names

    clip = _clip()
    makers: dict[str, Callable[[], bytes]] = {
        name: partial(lambda name: corrupt(clip, name, 5, key="check").tobytes(), name)
        for name in EXPECTED
        if name in names()
    }
    makers |= {codec: partial(_program, clip, codec) for codec in ("libx264", "libx265")}
    return makers | {"payload": partial(_payload, clip)}


def _clip() -> "Clip":
    """Return moving ramps, rings and a noise-like texture, computed from integers alone."""
    import numpy as np

    t, y, x = np.ogrid[:30, :72, :96]
    red = (2 * x + 6 * t) % 256
    green = ((x - 3 * t - 40) ** 2 + (y - 36) ** 2) // 7 % 256
    blue = (x * x * 37 + y * y * 101 + x * y * 59 + t * 71) % 251
    return np.stack(np.broadcast_arrays(red, green, blue), axis=-1).astype(np.uint8)


def _program(clip: "Clip", codec: Literal["libx264", "libx265"]) -> bytes:
    """Return the red channel as a grey video, encoded by the ffmpeg program."""
    from corruptions.types import Encoding, Stream

    from ...media import ffmpeg

    num_frames, height, width, _ = clip.shape
    stream = Stream(width, height, Fraction(25), num_frames, bit_rate=0)
    grey = bytes([128]) * (height * width // 2)
    frames = (frame[..., 0].tobytes() + grey for frame in clip)
    encodings = [Encoding(codec, preset="medium", crf=30)]
    (made,) = ffmpeg.encode_all(frames, stream, encodings, TIMEOUT_SECONDS)
    return b"".join(made)


def _payload(clip: "Clip") -> bytes:
    """Return the clip in the default payload of shards."""
    from ...settings import PayloadSettings
    from ...storage.payload import write_payload

    return write_payload(clip, Fraction(25), PayloadSettings(codec="jpeg"))


def device() -> CheckResult:
    """Check the device on which models run: a convolution must give the CPU's result."""
    import torch

    cores = len(os.sched_getaffinity(0))
    if not torch.cuda.is_available():
        why = "torch is built for CPUs" if torch.version.cuda is None else "no GPU can be used"
        return CheckResult("device", f"{cores} cores; {why}")
    name = torch.cuda.get_device_name()
    kernel, pictures = torch.ones(4, 3, 3, 3), torch.arange(2 * 3 * 8 * 8.0).reshape(2, 3, 8, 8)
    try:
        there = torch.conv2d(pictures.cuda(), kernel.cuda()).cpu()
    except RuntimeError as error:
        return CheckResult("device", f"{name} cannot compute: {one_line(error)}", passed=False)
    if not torch.allclose(there, torch.conv2d(pictures, kernel), rtol=1e-2):
        return CheckResult("device", f"{name} and the CPU give different results", passed=False)
    return CheckResult("device", f"{name}, {torch.cuda.device_count()} in total; {cores} cores")
