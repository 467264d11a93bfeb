"""Forward passes of a model that adapts: frames of its input, and logits with gradients."""

from copy import deepcopy
from dataclasses import replace

import torch

from ...datasets.frame_rules import DenseFrames, FrameRule, SegmentFrames, UniformFrames
from ...errors import SettingsError
from ...models import InputSpec, LoadedModel, logits
from ...models.device import ComputeDevice
from ...models.spec import channels_last
from ...models.views import count_views, merge_views, split_views
from ...params import Params


def model_frames(spec: InputSpec, params: Params) -> FrameRule:
    """Return the rule of the frames that the evaluate stage gives to a model."""
    if spec.sampling == "uniform":
        return UniformFrames(spec.frames, of=params.evaluate.frames)
    if spec.sampling == "segments":
        return SegmentFrames(spec.frames)
    return DenseFrames(spec.frames, spec.stride, spec.clips)


def class_logits(
    model: LoadedModel, clips: torch.Tensor, device: ComputeDevice | None = None
) -> torch.Tensor:
    """Return the logits of clips, with gradients where they are enabled.

    Parameters
    ----------
    model
        Model on the device.
    clips
        Frames (N, T, H, W, 3), uint8 RGB, or (N, windows, T, H, W, 3), of square pictures, as
        `model_frames` takes them.
    device
        Device and precision; None means the CPU in float32.

    Returns
    -------
    torch.Tensor
        (N, classes), float32, merged over the model's views as in the evaluate stage.

    """
    place = device or ComputeDevice("cpu", "fp32")
    frames = clips.flatten(1, 2) if clips.ndim == 6 else clips
    views = split_views(frames.to(place.name), model.input)
    with place.autocast(model.movable):
        return merge_views(logits(model, views, torch.float32), count_views(model.input))


def on_device(model: LoadedModel, device: ComputeDevice) -> LoadedModel:
    """Return a copy of the model on the device; adapting it does not change the model.

    Raise SettingsError for a model without parameters in torch, such as an ONNX file.
    """
    if not model.movable:
        raise SettingsError(
            f"model {model.name!r}: cannot adapt, its weights are not parameters of torch; use a "
            "model of the zoo, a factory or a Hugging Face folder."
        )
    return replace(model, module=channels_last(deepcopy(model.module).to(device.name)))
