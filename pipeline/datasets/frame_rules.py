"""Frame rules: which frames of a clip an example of the torch datasets holds.

A rule turns the number of frames of a clip into indices. One that returns several rows of indices
makes several views of the clip. Random rules draw from a generator of the clip, so that the same
frames are chosen on any number of workers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from corruptions.types import Dialect, random_uniforms

from ..errors import SettingsError
from ..media.sampling import clip_indices, dense_indices, segment_indices

Indices = NDArray[np.intp]


class FrameRule(Protocol):
    """Choice of the frames of a clip."""

    def indices(self, num_frames: int, dialect: Dialect, bits: np.random.Philox) -> Indices:
        """Return the frames to take.

        Parameters
        ----------
        num_frames
            Number of frames of the clip, at least 1.
        dialect
            Sampling protocol of uniform frames.
        bits
            Generator of the clip and view.

        Returns
        -------
        numpy.ndarray
            (T,) indices in 0..num_frames-1, in any order; or (V, T), V views.

        """
        ...


@dataclass(frozen=True)
class AllFrames:
    """Every frame of the clip."""

    def indices(self, num_frames: int, dialect: Dialect, bits: np.random.Philox) -> Indices:
        """Return (num_frames,) indices."""
        return np.arange(num_frames)


@dataclass(frozen=True)
class TheseFrames:
    """Frames by their numbers, from 0."""

    numbers: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.numbers or min(self.numbers) < 0:
            raise SettingsError(
                f"frames: indices must be at least one, from 0 (got {list(self.numbers)}); give "
                "indices or a rule."
            )

    def indices(self, num_frames: int, dialect: Dialect, bits: np.random.Philox) -> Indices:
        """Return (T,) indices; raise SettingsError if the clip has fewer frames."""
        if max(self.numbers) >= num_frames:
            raise SettingsError(
                f"frames: index {max(self.numbers)} of a clip with {num_frames} frames; give "
                f"indices below {num_frames}, or a rule such as UniformFrames({len(self.numbers)})."
            )
        return np.array(self.numbers, np.intp)


@dataclass(frozen=True)
class UniformFrames:
    """Frames spread over the clip by the benchmark's protocol (`media.sampling.clip_indices`)."""

    count: int
    of: int | None = None
    """Take them from this many uniform frames: a model of 16 frames takes 16 `of` the protocol's
    32. None means from the clip."""

    def __post_init__(self) -> None:
        _check("count", self.count)
        if self.of is not None:
            _check("of", self.of)

    def indices(self, num_frames: int, dialect: Dialect, bits: np.random.Philox) -> Indices:
        """Return (count,) ascending indices; short clips repeat frames."""
        if self.of is None:
            return clip_indices(num_frames, self.count, dialect)
        return clip_indices(num_frames, self.of, dialect)[clip_indices(self.of, self.count)]


@dataclass(frozen=True)
class SegmentFrames:
    """One frame per equal segment of the clip: its centre, or a random one."""

    count: int
    random: bool = False
    """True draws the frame of each segment."""

    def __post_init__(self) -> None:
        _check("count", self.count)

    def indices(self, num_frames: int, dialect: Dialect, bits: np.random.Philox) -> Indices:
        """Return (count,) ascending indices; short clips repeat frames."""
        if not self.random:
            return segment_indices(num_frames, self.count)
        places = (np.arange(self.count) + random_uniforms(bits, self.count)) / self.count
        return np.minimum((places * num_frames).astype(np.intp), num_frames - 1)


@dataclass(frozen=True)
class DenseFrames:
    """Consecutive frames with a stride, in windows spread over the clip or at a random place."""

    count: int
    """Frames of one window."""
    stride: int = 1
    windows: int = 1
    """More than one makes as many views, from the start of the clip to its end."""
    random: bool = False
    """True draws the start of a single window; otherwise it is in the middle of the clip."""

    def __post_init__(self) -> None:
        for name in ("count", "stride", "windows"):
            _check(name, getattr(self, name))
        if self.random and self.windows > 1:
            raise SettingsError(
                f"frames: random is for one window (got windows = {self.windows}); give several "
                "views, each with a rule of its own."
            )

    def indices(self, num_frames: int, dialect: Dialect, bits: np.random.Philox) -> Indices:
        """Return (count,) or (windows, count) indices; a longer window repeats the last frame."""
        if self.random:
            rest = max(0, num_frames - 1 - self.stride * (self.count - 1))
            start = int(random_uniforms(bits, 1)[0] * (rest + 1))
            return np.minimum(start + self.stride * np.arange(self.count), num_frames - 1)
        found = dense_indices(num_frames, self.count, self.stride, self.windows)
        return found if self.windows == 1 else found.reshape(self.windows, self.count)


FrameChoice = FrameRule | Sequence[int] | Mapping[str, FrameRule | Sequence[int]]
"""Frames of an example: a rule or indices, or several views by name."""

Rules = FrameRule | Mapping[str, FrameRule]


def rules_of(frames: FrameChoice | None, num_frames: int | None) -> Rules:
    """Return the rules of the arguments `frames` and `num_frames` of a dataset.

    Raises
    ------
    SettingsError
        If both are given, or one of them does not describe frames.

    """
    if frames is not None and num_frames is not None:
        raise SettingsError(
            f"num_frames and frames: both given (got {num_frames} and {frames!r}); "
            f"num_frames = n is short for frames = UniformFrames(n), leave one of them out."
        )
    if num_frames is not None:
        if num_frames < 1:
            raise SettingsError(f"{num_frames = } must be at least 1, or None for all frames.")
        return UniformFrames(num_frames)
    if frames is None:
        return AllFrames()
    if not isinstance(frames, Mapping):
        return _rule(frames)
    if not frames:
        raise SettingsError("frames: no view (got {}); give at least one rule by name.")
    return {name: _rule(one) for name, one in frames.items()}


def _rule(one: object) -> FrameRule:
    if isinstance(one, Sequence | np.ndarray) and not isinstance(one, str):
        return TheseFrames(tuple(int(number) for number in one))
    if not callable(getattr(one, "indices", None)):
        raise SettingsError(
            f"frames: neither indices nor a rule (got {one!r}); give a list of indices, a rule "
            "such as UniformFrames(16), or a dictionary of views."
        )
    return one  # type: ignore[return-value] # it has the method of the protocol


def _check(name: str, value: int) -> None:
    if value < 1:
        raise SettingsError(f"frames: {name} must be at least 1 (got {value}).")
