"""Shared types of the corruption API: Clip, Context, Encoding, Damage."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from hashlib import blake2b
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Clip = NDArray[np.uint8]
"""Frames of one clip: shape (T, H, W, 3), RGB, values 0..255."""

Level = Any
"""The parameter of one severity: a number, a Fraction or a tuple; its corruption says which."""

Family = Literal["spatial", "temporal", "compression"]
Dialect = Literal["ours", "original"]


@dataclass(frozen=True)
class ClipRandom:
    """Random numbers of one clip in one cell of the grid.

    Every generator is Philox, keyed by a BLAKE2b hash of the names below, so that any subset of
    frames, in any order, in any process, draws the same numbers. Only raw 64-bit words are drawn
    (NumPy keeps these stable across releases, unlike its distributions).
    """

    seed: int
    dataset: str
    key: str
    corruption: str
    severity: str
    """The severity as text, or the level as text where the caller set it by hand."""

    def clip(self) -> np.random.Philox:
        """Return the generator of the numbers shared by all frames of the clip."""
        return self._generator("clip")

    def frame(self, index: int) -> np.random.Philox:
        """Return the generator of output frame `index`, counted from 0."""
        return self._generator(f"frame {index}")

    def _generator(self, part: str) -> np.random.Philox:
        names = (str(self.seed), self.dataset, self.key, self.corruption, self.severity, part)
        digest = blake2b("\0".join(names).encode(), digest_size=16).digest()
        return np.random.Philox(key=int.from_bytes(digest, "little"))


def random_bytes(bits: np.random.Philox, count: int) -> NDArray[np.uint8]:
    """Return `count` uniform random bytes, the same on every machine."""
    words = bits.random_raw((count + 7) // 8)
    return words.astype("<u8", copy=False).view(np.uint8)[:count]


def random_uniforms(bits: np.random.Philox, count: int) -> NDArray[np.float64]:
    """Return `count` uniform random numbers in [0, 1), multiples of 2**-53."""
    words = bits.random_raw(count)
    return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53


@dataclass(frozen=True)
class Context:
    """Input of a corruption besides the pixels and its level."""

    random: ClipRandom
    frames: NDArray[np.intp] | None = None
    """Requested output frames, in any order; None means all of them."""
    fps: Fraction = Fraction(25)
    """Frame rate of the input clip, in frames per second; the average if it is variable."""
    times: tuple[Fraction, ...] | None = None
    """For a variable frame rate: when each frame is shown and when the last one ends, in seconds
    from the first, T + 1 numbers. None means a constant rate."""

    def wanted(self, num_frames: int) -> NDArray[np.intp]:
        """Return the indices of the requested frames of an output of `num_frames`."""
        return np.arange(num_frames, dtype=np.intp) if self.frames is None else self.frames


@dataclass(frozen=True)
class Stream:
    """Properties of a source's video stream before it is encoded again."""

    width: int
    height: int
    fps: Fraction
    num_frames: int
    bit_rate: int
    """Bits per second of the video stream alone: its bytes over its duration."""
    container_bit_rate: int | None = None
    """Bits per second of the whole file, audio included; None if there is no file."""


@dataclass(frozen=True)
class Encoding:
    """Encoder settings, independent of whether a library or the ffmpeg program runs them."""

    codec: Literal["libx264", "libx265", "libsvtav1", "libvpx-vp9", "mpeg4"]
    preset: str
    """Trade-off of speed and size, as the encoder names it; "" if it has none."""
    crf: float | None = None
    """Constant rate factor: 0..51 for H.264 and H.265, 0..63 for VP9 and AV1."""
    bit_rate: int | None = None
    """Bits per second; set means rate control by average bit rate, maxrate = bufsize = rate."""
    quantiser: int | None = None
    """Quantiser scale of all pictures, 1..31; MPEG-4 only."""
    low_delay: bool = False
    """Encode without look-ahead and reordering, with a buffer of a quarter second; x264 only."""


@dataclass(frozen=True)
class Damage:
    """Damage that a channel did to a coded stream."""

    units: tuple[int, ...]
    """Indices of the coded pictures (in coding order) of which a byte was changed or lost."""
    bytes_damaged: int
    bytes_total: int
    details: Mapping[str, int | float | str] = field(default_factory=dict)
    """Further numbers of the record, for example datagrams sent and lost."""


class UndecodableError(ValueError):
    """A damaged stream holds no picture that can be shown; the message says why, on one line."""


PixelFunction = Callable[[Clip, Level, Context], Clip]
EncodingFunction = Callable[[Stream, Level], Encoding]
DamageFunction = Callable[[list[bytes], Level, Context], tuple[list[bytes], Damage]]
