"""Input specification of a model: frames, resolution, normalisation, axis order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from ..errors import SettingsError

if TYPE_CHECKING:
    import torch
    from torch import nn


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
    """Per channel, in the same units as `mean`; above 0."""
    layout: AxisOrder = "NCTHW"
    """Axes of the model's input: N clips, T frames, C channels, H rows, W columns."""
    channels: Channels = "RGB"
    """Order of the channels."""
    value_range: ValueRange = "0..1"
    """Range of a pixel before mean and std are applied."""

    def __post_init__(self) -> None:
        for name in ("frames", "size"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"input.{name} = {value!r} must be a whole number, at least 1.")
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
    """Convert decoded frames to a model's input, on the device of the frames.

    Parameters
    ----------
    batch
        Frames (N, T, H, W, 3), uint8 RGB, 0..255.
    spec
        Input of the model.
    dtype
        Type of the result; values are computed in float32.
    model
        Name for messages.

    Returns
    -------
    torch.Tensor
        `(value - mean) / std` with axes `spec.layout`; NCTHW is in channels_last_3d memory order.

    Raises
    ------
    SettingsError
        If `batch` has another shape or type.

    """
    import torch

    wanted = (spec.frames, spec.size, spec.size, 3)
    if batch.ndim != 5 or tuple(batch.shape[1:]) != wanted:
        raise SettingsError(
            f"{model} takes clips of (frames, height, width, 3) = {wanted} (got a batch of shape "
            f"{tuple(batch.shape)}); change the model's input.frames and input.size, or the "
            "size that clips are decoded at."
        )
    if batch.dtype != torch.uint8:
        raise SettingsError(f"{model} takes clips as uint8, 0..255 (got {batch.dtype}).")
    pixels = batch.flip(-1) if spec.channels == "BGR" else batch
    unit = 255.0 if spec.value_range == "0..1" else 1.0
    mean, std = torch.tensor(spec.mean), torch.tensor(spec.std)
    # One factor and shift per number of a row: operations along an axis of length 3 are slow.
    scale = (1 / (std * unit)).repeat(spec.size).to(batch.device)
    shift = (-mean / std).repeat(spec.size).to(batch.device)
    rows = pixels.flatten(-2).to(torch.float32)
    values = rows.mul_(scale).add_(shift).to(dtype).view(batch.shape)
    return (
        values.permute(0, 4, 1, 2, 3) if spec.layout == "NCTHW" else values.permute(0, 1, 4, 2, 3)
    )


def channels_last(module: nn.Module) -> nn.Module:
    """Store the weights of convolutions with channels last, the memory order of `prepare`.

    In place. Unlike `nn.Module.to`, this handles a network with both 2D and 3D convolutions.
    """
    import torch

    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    for parameter in module.parameters():
        if parameter.ndim in formats:
            parameter.data = parameter.data.contiguous(memory_format=formats[parameter.ndim])
    return module
