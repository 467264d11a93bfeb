"""Patches of a video as Qwen's vision encoders take them, by the formula of their processors.

The processors of transformers (Qwen2VLVideoProcessor, Qwen3VLVideoProcessor) need torchvision; the
arithmetic here is theirs and is compared with their source in the tests.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import torch

from ..errors import SettingsError
from ..messages import quoted

DEFAULTS: dict[str, dict[str, Any]] = {
    "qwen2_5_vl": {
        "size": {"shortest_edge": 128 * 28 * 28, "longest_edge": 28 * 28 * 768},
        "patch_size": 14,
        "temporal_patch_size": 2,
        "merge_size": 2,
        "max_video_tokens": 128000,
    },
    "qwen3_vl": {
        "size": {"shortest_edge": 128 * 32 * 32, "longest_edge": 32 * 32 * 768},
        "patch_size": 16,
        "temporal_patch_size": 2,
        "merge_size": 2,
        "max_video_tokens": 768,
    },
}
"""Fields that the processor file may leave out, by `model_type`."""


@dataclass(frozen=True)
class PatchGrid:
    """Division of a video into patches of pixels and frames."""

    patch: int
    """Height and width of a patch, pixels."""
    depth: int
    """Frames of a patch."""
    merge: int
    """Height and width of the square of patches that becomes one position of the prompt."""
    side: int
    """Height and width of a frame, patches."""

    @classmethod
    def of(cls, vision: Any, size: int) -> PatchGrid:
        """Return the grid of a vision config for square frames of `size` pixels."""
        patch, depth = one_side(vision.patch_size), one_side(vision.temporal_patch_size)
        return cls(patch, depth, vision.spatial_merge_size, size // patch)

    @property
    def positions(self) -> int:
        """Positions of the prompt per row of patches in time."""
        return (self.side // self.merge) ** 2

    def rows(self, frames: int) -> int:
        """Return the rows in time; the last frame is repeated to fill the last one."""
        return math.ceil(frames / self.depth)


def one_side(value: Any) -> int:
    """Return the side of a square that a config gives as one number or as two equal ones."""
    first: int = value[0] if isinstance(value, list | tuple) else value
    return first


def lay_out(clip: torch.Tensor, grid: PatchGrid) -> torch.Tensor:
    """Return the patches of frames (T, 3, H, W).

    Parameters
    ----------
    clip
        Normalised frames; H and W are `grid.side * grid.patch`.
    grid
        The division.

    Returns
    -------
    torch.Tensor
        (rows * side * side, 3 * depth * patch * patch): rows in time, then squares of
        `merge` x `merge` patches line by line, then the patches of a square; each patch by channel,
        frame, line and column.

    """
    missing = -len(clip) % grid.depth
    clip = torch.cat([clip, clip[-1:].expand(missing, -1, -1, -1)])
    squares = grid.side // grid.merge
    parts = clip.reshape(
        grid.rows(len(clip)), grid.depth, 3,
        squares, grid.merge, grid.patch,
        squares, grid.merge, grid.patch,
    )  # fmt: skip
    ordered = parts.permute(0, 3, 6, 4, 7, 2, 1, 5, 8)
    return ordered.reshape(-1, 3 * grid.depth * grid.patch**2)


def rotary_positions(
    is_video: Sequence[bool], grid: PatchGrid, interval: torch.Tensor | float
) -> torch.Tensor:
    """Return the positions of a prompt's tokens in time, height and width.

    Text continues from the largest position before it, as in Qwen's own code and in transformers
    4.57; in transformers 5 it continues from the largest height or width, which is earlier for
    videos that are long in time.

    Parameters
    ----------
    is_video
        Whether each token is a position of the video. Its runs are whole rows in time.
    grid
        Division of the video.
    interval
        Distance of the rows in time; the products are rounded down.

    Returns
    -------
    torch.Tensor
        (3, 1, tokens), int64.

    """
    side = torch.arange(grid.side // grid.merge)
    parts: list[torch.Tensor] = []
    start = 0
    for video, run in groupby(is_video):
        count = len(list(run))
        if video:
            times = (torch.arange(count // grid.positions) * interval).long()
            part = torch.stack(torch.meshgrid(times, side, side, indexing="ij")).reshape(3, -1)
        else:
            part = torch.arange(count).expand(3, -1)
        parts.append(part + start)
        start = int(parts[-1].max()) + 1
    return torch.cat(parts, dim=1)[:, None]


def resized_side(kind: str, fields: Mapping[str, Any], frames: int, size: int) -> int:
    """Return the side to which a processor resizes square frames.

    Parameters
    ----------
    kind
        `model_type` of config.json: Qwen2.5-VL bounds the pixels of a frame, Qwen3-VL those of the
        video.
    fields
        Fields of the processor file.
    frames
        Number of frames.
    size
        Height and width of the frames, pixels.

    Returns
    -------
    int
        Pixels, a multiple of patch size x merge size.

    """
    values = {**DEFAULTS[kind], **{key: one for key, one in fields.items() if one is not None}}
    factor: int = values["patch_size"] * values["merge_size"]
    depth: int = values["temporal_patch_size"]
    least: int = values.get("min_pixels") or values["size"]["shortest_edge"]
    most: int = values.get("max_pixels") or values["size"]["longest_edge"]
    counted = rounded = 1
    if kind == "qwen3_vl":
        size = max(size, factor)
        counted, rounded = frames, round(frames / depth) * depth
    if values.get("cap_pixels_per_frame"):
        tokens = values["max_video_tokens"] * factor * factor
        floor = int(least * 1.05)
        if kind == "qwen3_vl":
            most = max(min(tokens, most // frames), floor) * frames
        else:
            most = max(min(most, int(tokens * 0.9) * depth // frames), floor)
    side = round(size / factor) * factor
    if rounded * side * side > most:
        scale = math.sqrt(counted * size * size / most)
        return max(factor, math.floor(size / scale / factor) * factor)
    if rounded * side * side < least:
        scale = math.sqrt(least / (counted * size * size))
        return math.ceil(size * scale / factor) * factor
    return side


def check_patches(where: str, kind: str, fields: Mapping[str, Any], vision: Any) -> None:
    """Raise SettingsError if the fields are no numbers or contradict the vision config."""
    size = fields.get("size")
    bounds = {"shortest_edge", "longest_edge"}
    if size is not None and not (isinstance(size, dict) and set(size) == bounds):
        raise SettingsError(
            f"{where}: size must have shortest_edge and longest_edge, numbers of pixels (got "
            f"{quoted(size)})."
        )
    numbers = {**fields, **(size or {})}
    for key in (*bounds, "min_pixels", "max_pixels", "max_video_tokens"):
        value = numbers.get(key)
        if value is not None and (not isinstance(value, int) or value < 1):
            raise SettingsError(f"{where}: {key} must be a whole number (got {quoted(value)}).")
    own = {"merge_size": "spatial_merge_size"}
    for key in ("patch_size", "temporal_patch_size", "merge_size"):
        value = fields.get(key)
        value = DEFAULTS[kind][key] if value is None else value
        expected = one_side(getattr(vision, own.get(key, key)))
        if value != expected:
            raise SettingsError(
                f"{where}: {key} is {value}, but vision_config.{own.get(key, key)} of config.json "
                f"is {expected}; correct the file that is wrong."
            )
