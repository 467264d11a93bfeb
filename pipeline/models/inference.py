"""A model that is ready to be asked, and asking it so that what goes wrong names its cause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import SettingsError
from .spec import InputSpec, prepare

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class LoadedModel:
    """One model with its weights, in evaluation mode, on the CPU."""

    name: str
    module: nn.Module
    """Maps a batch in `input.layout` to logits (N, num_classes) of the benchmark's classes."""
    input: InputSpec
    num_classes: int
    weights_sha256: str | None
    """Of the weights file; None for freshly initialised or self-made weights."""
    movable: bool = True
    """False for backends with a device and dtype of their own (ONNX): float32 on the CPU only."""


def logits(model: LoadedModel, batch: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Logits (N, num_classes), float32, of a batch (N, T, H, W, 3) of uint8 RGB frames.

    `batch` lies on the device of the model's weights; `dtype` is the type of the input, usually
    float32 (also under autocast) or the type the weights were cast to. Raises SettingsError, naming
    the model and what to change, for wrong shapes, logits that are not numbers and lack of memory.
    """
    import torch

    try:
        out = model.module(prepare(batch, model.input, dtype, model=f"model {model.name!r}"))
    except torch.OutOfMemoryError as error:
        raise SettingsError(
            f"model {model.name!r} ran out of memory on {batch.device} with a batch of "
            f"{len(batch)} clips; lower the batch size of evaluate, or use bf16."
        ) from error
    except (RuntimeError, AssertionError, IndexError, TypeError, ValueError) as error:
        if isinstance(error, torch.AcceleratorError):
            raise
        if "not enough memory" in str(error):
            raise SettingsError(
                f"model {model.name!r} ran out of memory with a batch of {len(batch)} clips; "
                "lower the batch size of evaluate."
            ) from error
        raise SettingsError(
            f"model {model.name!r} failed on {len(batch)} clips of {model.input.frames} frames of "
            f"{model.input.size} x {model.input.size} as {model.input.layout}; check its input in "
            "params.yaml, and that a file was exported for batches of any size. "
            f"It said: {error}"
        ) from error
    expected = (len(batch), model.num_classes)
    if not isinstance(out, torch.Tensor) or tuple(out.shape) != expected:
        got = tuple(out.shape) if isinstance(out, torch.Tensor) else type(out).__name__
        raise SettingsError(
            f"model {model.name!r} gave {got} where logits of shape (clips, classes) = {expected} "
            "were expected; check its input.layout, its number of classes and its labels."
        )
    out = out.float()
    if not bool(torch.isfinite(out).all()):
        raise SettingsError(
            f"model {model.name!r} gave logits that are NaN or infinite for {dtype} inputs; check "
            "its weights, input.mean, input.std and input.value_range, or evaluate in float32."
        )
    return out


def channels_last(module: nn.Module) -> nn.Module:
    """Lay the weights of convolutions out with channels last, as `prepare` lays out the frames.

    In place; networks of both 2D and 3D convolutions are served, which `nn.Module.to` is not.
    """
    import torch

    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    for parameter in module.parameters():
        if parameter.ndim in formats:
            parameter.data = parameter.data.contiguous(memory_format=formats[parameter.ndim])
    return module
