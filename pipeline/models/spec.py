"""What a model wants to see: how many frames, how large, in which numbers and axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from ..errors import SettingsError

if TYPE_CHECKING:
    import torch


AxisOrder = Literal["NCTHW", "NTCHW"]


Channels = Literal["RGB", "BGR"]


ValueRange = Literal["0..1", "0..255"]


Triple = tuple[float, float, float]


IMAGENET_MEAN: Triple = (0.485, 0.456, 0.406)


IMAGENET_STD: Triple = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class InputSpec:
    """Input of one model: a batch of clips becomes `(value - mean) / std` in `layout`."""

    frames: int
    """Frames of one clip."""
    size: int
    """Height and width of a frame in pixels."""
    mean: Triple
    """Per channel in the order of `channels`, in units of `value_range`."""
    std: Triple
    """As `mean`."""
    layout: AxisOrder = "NCTHW"
    """Axes of the model's input: clip N, frame T, channel C, row H, column W."""
    channels: Channels = "RGB"
    value_range: ValueRange = "0..1"
    """Range of a pixel before mean and std are applied."""

    def __post_init__(self) -> None:
        for name in ("frames", "size"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"input.{name} = {value!r} must be a whole number from 1.")
        for name, choices in (
            ("layout", AxisOrder),
            ("channels", Channels),
            ("value_range", ValueRange),
        ):
            value = getattr(self, name)
            if value not in get_args(choices):
                raise ValueError(f"input.{name} = {value!r} must be one of {get_args(choices)}.")
        if len(self.mean) != 3 or len(self.std) != 3 or min(self.std) <= 0:
            raise ValueError(
                f"input.mean = {self.mean} and input.std = {self.std} must be three numbers each, "
                "std above 0."
            )


def prepare(
    batch: torch.Tensor, spec: InputSpec, dtype: torch.dtype, model: str = "the model"
) -> torch.Tensor:
    """Turn decoded frames into a model's input, on the device where they are.

    `batch` is (N, T, H, W, 3) uint8 RGB, 0..255. The result has `spec.layout` and `dtype`; it is
    computed in float32, and NCTHW comes out in channels_last_3d memory order without a copy.
    """
    import torch

    wanted = (spec.frames, spec.size, spec.size, 3)
    if batch.ndim != 5 or tuple(batch.shape[1:]) != wanted:
        raise SettingsError(
            f"{model} takes clips of (frames, height, width, 3) = {wanted}, but got a batch of "
            f"shape {tuple(batch.shape)}; change the model's input.frames and input.size, or the "
            "size that clips are decoded at."
        )
    if batch.dtype != torch.uint8:
        raise SettingsError(f"{model} takes clips as uint8 (0..255), not {batch.dtype}.")
    pixels = batch.flip(-1) if spec.channels == "BGR" else batch
    unit = 255.0 if spec.value_range == "0..1" else 1.0
    mean, std = torch.tensor(spec.mean), torch.tensor(spec.std)
    # A factor and a shift for each number of a row: axes of length three are slow to go along.
    scale = (1 / (std * unit)).repeat(spec.size).to(batch.device)
    shift = (-mean / std).repeat(spec.size).to(batch.device)
    rows = pixels.flatten(-2).to(torch.float32)
    values = rows.mul_(scale).add_(shift).to(dtype).view(batch.shape)
    return (
        values.permute(0, 4, 1, 2, 3) if spec.layout == "NCTHW" else values.permute(0, 1, 4, 2, 3)
    )
