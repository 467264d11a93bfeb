"""A loaded model and its forward pass; errors name the model and the setting to change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import SettingsError
from .external import Dtype
from .spec import InputSpec, prepare
from .view_times import ViewTimes

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
    """SHA-256 of the weights file, or of the weights of a model that brings its own; None for
    freshly initialised weights."""
    movable: bool = True
    """False for backends with a device and dtype of their own (ONNX): float32 input on the CPU."""
    code: Mapping[str, str] = field(default_factory=dict)
    """What determines the output besides weights and input: hashes of files, versions."""
    dtype: Dtype = "fp32"
    """Type of the weights and of the input."""
    timed: bool = False
    """True if `module` takes the times of the frames, one ViewTimes per clip, as well."""

    @property
    def torch_dtype(self) -> torch.dtype:
        """The type of the weights and of the input, as torch names it."""
        return torch_type(self.dtype)


def torch_type(dtype: Dtype) -> torch.dtype:
    """Return a type as torch names it."""
    import torch

    return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[dtype]


def logits(
    model: LoadedModel,
    batch: torch.Tensor,
    dtype: torch.dtype,
    times: Sequence[ViewTimes] = (),
) -> torch.Tensor:
    """Run a model on a batch of clips.

    Parameters
    ----------
    model
        A model of `load_model`, on the same device as `batch`.
    batch
        Frames (N, T, H, W, 3), uint8 RGB, 0..255, with T, H and W of `model.input`.
    dtype
        Type of the model's input: float32 (also under autocast), or the type that the weights were
        cast to.
    times
        Times of the frames of each clip, for models that are `timed`.

    Returns
    -------
    torch.Tensor
        Logits (N, num_classes), float32.

    Raises
    ------
    SettingsError
        For a wrong shape, logits that are NaN or infinite, and lack of memory; the message names
        the model and the setting to change.

    """
    import torch

    try:
        frames = prepare(batch, model.input, dtype, model=f"model {model.name!r}")
        out = model.module(frames, times) if model.timed else model.module(frames)
    except torch.OutOfMemoryError as error:
        raise SettingsError(
            f"model {model.name!r} ran out of memory on {batch.device} with a batch of "
            f"{len(batch)} clips; lower machine.batch_size, or set machine.precision to bf16."
        ) from error
    except (RuntimeError, AssertionError, IndexError, TypeError, ValueError) as error:
        if isinstance(error, torch.AcceleratorError):
            raise
        if "not enough memory" in str(error):
            raise SettingsError(
                f"model {model.name!r} ran out of memory with a batch of {len(batch)} clips; "
                "lower machine.batch_size."
            ) from error
        raise SettingsError(
            f"model {model.name!r} failed on {len(batch)} clips of {model.input.frames} frames of "
            f"{model.input.size} x {model.input.size} as {model.input.layout}; check its input in "
            "params.yaml, and that a file was exported for batches of any size. "
            f"The error was: {error}"
        ) from error
    expected = (len(batch), model.num_classes)
    if not isinstance(out, torch.Tensor) or tuple(out.shape) != expected:
        got = tuple(out.shape) if isinstance(out, torch.Tensor) else type(out).__name__
        raise SettingsError(
            f"model {model.name!r}: expected logits of shape (clips, classes) = {expected} (got "
            f"{got}); check its input.layout, its number of classes and its labels."
        )
    out = out.float()
    if not bool(torch.isfinite(out).all()):
        raise SettingsError(
            f"model {model.name!r}: logits are NaN or infinite for {dtype} inputs; check its "
            "weights, input.mean, input.std and input.value_range, or evaluate in float32."
        )
    return out
