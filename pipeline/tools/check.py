"""Check: this machine, or this image, can do the work and makes the same bytes as others.

Every library of requirements.txt must be there, those that make bytes in their pinned versions. A
small clip made by a formula then goes through corruptions of every family, both encoders of the
ffmpeg program and the payload, and must come out as it does everywhere.
"""

import hashlib
import importlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..errors import ClipError, StageError
from ..messages import one_line

if TYPE_CHECKING:
    from corruptions.types import Clip

# What may be missing is imported where it is used, so that its absence is a finding, not a crash.

REQUIREMENTS = Path(__file__).parents[1] / "requirements.txt"

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
"""First 12 hexadecimal digits of the SHA-256 of what the formula's clip becomes: its frames after
a corruption of severity 5, the program's streams, the payload's file. The encoders of
`corruptions` are FFmpeg's libraries; motion_blur_magick is the one that needs ImageMagick's."""

BYTES = ("av", "imageio-ffmpeg", "numpy", "opencv-python-headless", "scipy", "simplejpeg", "wand")
"""Libraries whose version can change a pixel or a byte; another version of the others will do."""

TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class CheckResult:
    """One thing that was looked at."""

    what: str
    detail: str
    good: bool = True


def check() -> Iterator[CheckResult]:
    """Look at everything; nothing further once a library is missing."""
    complete = True
    for finding in libraries(REQUIREMENTS):
        complete &= finding.good
        yield finding
    if complete:
        yield from programs()
        yield from same_bytes()
        yield device()


def libraries(requirements: Path) -> Iterator[CheckResult]:
    """Each pinned library: installed, in its version, and importable."""
    modules = metadata.packages_distributions()
    for line in requirements.read_text().splitlines():
        name, _, pinned = line.partition("==")
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            yield CheckResult(name, f"not installed; requirements.txt names {pinned}", good=False)
            continue
        title, found = distribution.metadata["Name"], distribution.version
        try:
            for module, owners in modules.items():
                if title in owners and not module.startswith("_"):
                    importlib.import_module(module)
        except (ImportError, OSError, RuntimeError, ValueError) as error:
            yield CheckResult(name, f"{found} cannot be imported: {one_line(error)}", good=False)
            continue
        if found.partition("+")[0] == pinned:  # 2.13.0+cpu is a build of 2.13.0
            yield CheckResult(name, found)
        else:
            yield CheckResult(name, f"{found}; requirements.txt names {pinned}", name not in BYTES)


def programs() -> Iterator[CheckResult]:
    """FFmpeg, as a program and as libraries, and ImageMagick's library."""
    import av

    from ..media import ffmpeg

    try:
        yield CheckResult("ffmpeg", ffmpeg.version())
    except (OSError, RuntimeError) as error:
        yield CheckResult("ffmpeg", one_line(error), good=False)
    yield CheckResult("FFmpeg's libraries", str(av.ffmpeg_version_info))
    try:
        from wand.version import MAGICK_VERSION
    except ImportError as error:
        yield CheckResult("ImageMagick's library", one_line(error), good=False)
    else:
        yield CheckResult("ImageMagick's library", MAGICK_VERSION.partition(" http")[0])


def same_bytes() -> Iterator[CheckResult]:
    """Make what EXPECTED names; pixels and bytes must be those."""
    for name, make in _makers().items():
        try:
            digest = hashlib.sha256(make()).hexdigest()[:12]
        except (ClipError, StageError, ImportError, OSError, ValueError) as error:
            yield CheckResult(name, one_line(error), good=False)
            continue
        if digest == EXPECTED[name]:
            yield CheckResult(name, "as everywhere")
        else:
            yield CheckResult(
                name, f"other bytes: {digest}, elsewhere {EXPECTED[name]}", good=False
            )


def _makers() -> dict[str, Callable[[], bytes]]:
    """What makes the bytes of EXPECTED, by name."""
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
    """Ramps, rings and something like noise that move, from whole numbers alone."""
    import numpy as np

    t, y, x = np.ogrid[:30, :72, :96]
    red = (2 * x + 6 * t) % 256
    green = ((x - 3 * t - 40) ** 2 + (y - 36) ** 2) // 7 % 256
    blue = (x * x * 37 + y * y * 101 + x * y * 59 + t * 71) % 251
    return np.stack(np.broadcast_arrays(red, green, blue), axis=-1).astype(np.uint8)


def _program(clip: "Clip", codec: Literal["libx264", "libx265"]) -> bytes:
    """The clip's red, as a grey video, encoded by the ffmpeg program."""
    from corruptions.types import Encoding, Stream

    from ..media import ffmpeg

    num_frames, height, width, _ = clip.shape
    stream = Stream(width, height, Fraction(25), num_frames, bit_rate=0)
    grey = bytes([128]) * (height * width // 2)
    frames = (frame[..., 0].tobytes() + grey for frame in clip)
    encodings = [Encoding(codec, preset="medium", crf=30)]
    (made,) = ffmpeg.encode_all(frames, stream, encodings, TIMEOUT_SECONDS)
    return made


def _payload(clip: "Clip") -> bytes:
    """The clip as a shard stores it by default."""
    from ..settings import PayloadSettings
    from ..storage.payload import write_payload

    return write_payload(clip, Fraction(25), PayloadSettings(codec="jpeg"))


def device() -> CheckResult:
    """Where models run: the GPU's sums are compared with the CPU's."""
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
        return CheckResult("device", f"{name} cannot compute: {one_line(error)}", good=False)
    if not torch.allclose(there, torch.conv2d(pictures, kernel), rtol=1e-2):
        return CheckResult("device", f"{name} computes other sums than the CPU", good=False)
    return CheckResult("device", f"{name}, {torch.cuda.device_count()} in all; {cores} cores")
