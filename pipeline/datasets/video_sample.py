"""Sample of any video: its first seconds as a clip of the benchmark, and that clip corrupted."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

import corruptions
from corruptions.registry import SEVERITIES, load
from corruptions.types import Clip, ClipRandom, Context, Dialect

from ..media.preprocess import Preprocess
from ..media.recompress import recompress
from ..media.source import VideoSource

SHORT_SIDE, CROP = 256, 224
TIMEOUT_SECONDS = 600.0


@dataclass(frozen=True)
class VideoSample:
    """First seconds of a video, as the benchmark's clip."""

    source: Path
    """The whole video, of which the clip has the first frames."""
    clip: Clip
    fps: Fraction
    times: tuple[Fraction, ...] | None
    """Times of the frames and of the end, in seconds; None if they are evenly spaced."""


def take_sample(video: Path, seconds: float) -> VideoSample:
    """Decode the first seconds of a video."""
    preprocess = Preprocess(SHORT_SIDE, CROP)
    with VideoSource(video) as source:
        fps, times = source.info.fps, source.info.clock.times
    wanted = round(seconds * fps) if times is None else bisect_left(times, seconds)
    with VideoSource(video, max_frames=max(1, wanted)) as source:
        frames = [preprocess(frame) for frame in source.frames()]
    if times is not None and len(frames) < len(times):
        times = times[: len(frames) + 1]
    return VideoSample(video, np.stack(frames), fps, times)


def corrupted(sample: VideoSample, name: str, dialect: Dialect, table: str) -> Iterator[Clip]:
    """Yield the corrupted clip at severities 1 to 5."""
    for clip, _ in coded(sample, name, dialect, table):
        yield clip


def coded(
    sample: VideoSample, name: str, dialect: Dialect, table: str
) -> Iterator[tuple[Clip, float | None]]:
    """Yield the corrupted clip at severities 1 to 5, with the bits per second of encoders."""
    corruption = load(name, dialect)
    levels = [corruption.level(severity, table) for severity in SEVERITIES]
    contexts = [
        Context(
            ClipRandom(0, table, "preview", name, str(severity)), None, sample.fps, sample.times
        )
        for severity in SEVERITIES
    ]
    if corruption.acts_on == "pixels":
        for level, context in zip(levels, contexts, strict=True):
            yield corruptions.corrupt_pixels(corruption, sample.clip, level, context), None
        return
    preprocess = Preprocess(SHORT_SIDE, CROP)
    for made in recompress(
        sample.source,
        corruption,
        levels,
        contexts,
        timeout_seconds=TIMEOUT_SECONDS,
        max_frames=len(sample.clip),
    ):
        clip = np.stack([preprocess(frame, made.orientation) for frame in made.frames])
        bits = None
        if made.coded_bytes is not None:
            bits = 8 * made.coded_bytes * float(sample.fps) / made.num_frames
        yield clip, bits
