"""Input specification of a model: frames, resolution, normalisation, axis order, views."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, get_args

from ..errors import SettingsError

if TYPE_CHECKING:
    import torch
    from torch import nn

AxisOrder = Literal["NCTHW", "NTCHW"]
Channels = Literal["RGB", "BGR"]
ValueRange = Literal["0..1", "0..255"]
Sampling = Literal["uniform", "segments", "dense"]
Crop = Literal["none", "centre", "three"]
Triple = tuple[float, float, float]

IMAGENET_MEAN: Triple = (0.485, 0.456, 0.406)
IMAGENET_STD: Triple = (0.229, 0.224, 0.225)

BENCHMARK_FRAMES = 32
"""Frames of the benchmark's protocol: one clip of uniform frames, one centre crop."""

BENCHMARK_SIZE = 224
"""Height and width of the benchmark's pictures, pixels."""

CHOICES = {
    "layout": AxisOrder,
    "channels": Channels,
    "value_range": ValueRange,
    "sampling": Sampling,
    "crop": Crop,
}


@dataclass(frozen=True)
class InputSpec:
    """Input of one model: views of a clip, with values `(value - mean) / std` in `layout`."""

    frames: int
    """Frames of one view."""
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
    sampling: Sampling = "uniform"
    """uniform: of the benchmark's frames; segments: centres of equal segments of the clip; dense:
    consecutive frames with a stride."""
    stride: int = 1
    """Distance of the frames of dense sampling."""
    clips: int = 1
    """Temporal windows of dense sampling, spread over the clip."""
    crop: Crop = "none"
    """none: the stored picture, resized to `size` if it is of another; centre: the central square
    of a larger picture; three: its left, central and right square."""

    def __post_init__(self) -> None:
        for name in ("frames", "size", "stride", "clips"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"input.{name} = {value!r} must be a whole number, at least 1.")
        for name, choices in CHOICES.items():
            value = getattr(self, name)
            if value not in get_args(choices):
                raise ValueError(f"input.{name} = {value!r} must be one of {get_args(choices)}.")
        if len(self.mean) != 3 or len(self.std) != 3 or min(self.std) <= 0:
            raise ValueError(
                f"input.mean = {self.mean} and input.std = {self.std} must be three numbers each, "
                "std above 0."
            )
        for name in ("stride", "clips"):
            if self.sampling != "dense" and getattr(self, name) != 1:
                raise ValueError(
                    f"input.{name} = {getattr(self, name)} is only for input.sampling = 'dense' "
                    f"(got {self.sampling!r})."
                )

    def protocol(self, evaluate_frames: int, stored_size: int, payload: bool = True) -> str:
        """Return how this input differs from the benchmark's protocol.

        Parameters
        ----------
        evaluate_frames
            Uniform frames of the clip from which a model takes its own (`evaluate.frames`).
        stored_size
            Height and width of the stored pictures in pixels.
        payload
            False for frames that did not pass through the payload of shards.

        Returns
        -------
        str
            "benchmark", or a description such as "dense 16 x 4, 10 clips, 3 crops".

        """
        words = []
        if self.sampling == "dense":
            words.append(f"dense {self.frames} x {self.stride}")
        elif self.sampling == "segments":
            words.append(f"segments {self.frames}")
        elif evaluate_frames != BENCHMARK_FRAMES:
            words.append(f"uniform {evaluate_frames}")
        if self.sampling == "dense":
            words.append(f"{self.clips} clip{'s' if self.clips > 1 else ''}")
        if self.crop == "none" and self.size != stored_size:
            words.append(f"{stored_size} px resized to {self.size}")
        if self.crop == "centre" and self.size != stored_size:
            words.append(f"centre {self.size} of {stored_size} px")
        if self.crop == "three":
            words.append(f"3 crops of {self.size} px")
        if not payload:
            from ..settings import NO_PAYLOAD  # not needed to list models, and loads OpenCV

            words = [*(words or [f"uniform {evaluate_frames}"]), NO_PAYLOAD]
        return ", ".join(words) or "benchmark"


def complete_input(model: str, own: InputSpec | None, given: Mapping[str, Any]) -> InputSpec:
    """Return the input that a model declares, with the values given in params.yaml.

    Parameters
    ----------
    model
        Name for messages.
    own
        Input that the model declares; None if it declares none.
    given
        Fields of `InputSpec` that replace or complete it.

    Returns
    -------
    InputSpec
        The input of the model.

    Raises
    ------
    SettingsError
        If a field without default is neither declared nor given, or a value is invalid.

    """
    values = {} if own is None else asdict(own)
    scale = [key for key in ("mean", "std", "value_range") if key in given]
    if scale and not {"mean", "std"} <= set(scale):
        raise SettingsError(
            f"model {model!r}: input.{scale[0]} is given, but mean and std belong together; give "
            "input.mean and input.std (value_range is 0..1 if it is not given)."
        )
    if scale:
        values["value_range"] = "0..1"
    values |= {key: tuple(item) if isinstance(item, list) else item for key, item in given.items()}
    missing = [
        field.name
        for field in fields(InputSpec)
        if field.default is MISSING and field.name not in values
    ]
    if missing:
        raise SettingsError(
            f"model {model!r} does not declare its input; give it in params.yaml: "
            f"input.{', input.'.join(missing)}, and if they differ from the defaults layout, "
            "channels and value_range."
        )
    try:
        return InputSpec(**values)
    except ValueError as error:
        raise SettingsError(f"model {model!r}: {error}") from error


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
