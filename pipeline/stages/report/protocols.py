"""Protocols of result files: how a model saw the clips, in fields instead of words."""

import re
from collections.abc import Sequence

from ...settings import NO_PAYLOAD, PictureSettings
from .predictions import BENCHMARK
from .result import Protocol

UNIFORM = "uniform"
"""Sampling of the benchmark's protocol."""

BENCHMARK_WORDS = (UNIFORM, BENCHMARK)


def as_protocol(words: str, frames: int, picture: PictureSettings) -> Protocol:
    """Return the protocol of a model that this pipeline evaluated.

    Parameters
    ----------
    words
        "benchmark", or what differs from it as `InputSpec.protocol` returns it, such as "dense 16 x
        4, 10 clips, 3 crops of 224 px".
    frames
        Uniform frames of the clip, if the words do not state the number.
    picture
        Geometry of the stored pictures.

    Returns
    -------
    Protocol
        Frames, sampling, views and resize.

    """
    parts = [] if words == BENCHMARK else words.split(", ")
    dense, stated = _numbers(r"dense (\d+) x (\d+)", parts), _numbers(r"\w+ (\d+)", parts)
    segments = any(part.startswith("segments ") for part in parts)
    sampling = f"dense, stride {dense[1]}" if dense else "segments" if segments else UNIFORM
    sizes = [part for part in parts if part.endswith(" px") or " px resized to " in part]
    resize = f"short side {picture.short_side}, centre crop {picture.crop}"
    return Protocol(
        frames=(dense or stated or [frames])[0],
        sampling=f"{sampling}, {NO_PAYLOAD}" if NO_PAYLOAD in parts else sampling,
        temporal_views=(_numbers(r"(\d+) clips?", parts) or [1])[0],
        spatial_views=(_numbers(r"(\d+) crops of \d+ px", parts) or [1])[0],
        resize=", ".join([resize, *sizes]),
    )


def imported_protocol(words: str) -> Protocol:
    """Return the protocol of imported predictions: what their user stated, and nothing else."""
    return Protocol(sampling=UNIFORM if words == BENCHMARK else words)


def _numbers(pattern: str, parts: Sequence[str]) -> list[int]:
    """Return the numbers of the first part that matches; none if no part does."""
    found = next((match for part in parts if (match := re.fullmatch(pattern, part))), None)
    return [] if found is None else [int(one) for one in found.groups()]


def other_protocol(protocol: Protocol) -> list[str]:
    """Return what differs from the benchmark's protocol, as far as it is stated."""
    found = []
    sampling = protocol.sampling.removesuffix(f", {NO_PAYLOAD}")
    if NO_PAYLOAD in protocol.sampling:
        found.append("sees the frames without the payload of shards")
    if sampling not in BENCHMARK_WORDS:
        found.append(f"samples frames in another way ({sampling})")
    views = protocol.temporal_views * protocol.spatial_views
    if views > 1:
        found.append(f"averages {views} views")
    return found
