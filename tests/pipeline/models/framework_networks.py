"""Networks of the benchmark's framework by their definitions, as functions of published tensors.

They are written with functional operations on the keys of the framework's checkpoints, apart from
the modules of the zoo, and compute one logit vector per frame that is averaged, as the framework.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

State = dict[str, Tensor]


def _norm(x: Tensor, state: State, name: str, eps: float = 1e-5) -> Tensor:
    values = [state[f"{name}.{key}"] for key in ("running_mean", "running_var", "weight", "bias")]
    return F.batch_norm(x, *values, eps=eps)


def i3d_resnet(clips: Tensor, state: State, blocks: Sequence[int], temporal_stride: bool) -> Tensor:
    """Inflated ResNet of basic blocks (two convolutions) or bottlenecks (three)."""
    x = F.conv3d(clips, state["conv1.weight"], stride=(1, 2, 2), padding=(1, 3, 3))
    x = F.max_pool3d(F.relu(_norm(x, state, "bn1")), (1, 3, 3), (1, 2, 2), (0, 1, 1))
    deep = "layer1.0.conv3.weight" in state
    for layer, count in enumerate(blocks, start=1):
        for index in range(count):
            name = f"layer{layer}.{index}"
            halves = layer > 1 and index == 0
            stride = ((2 if temporal_stride else 1), 2, 2) if halves else (1, 1, 1)
            out = x
            strides = [(1, 1, 1), stride, (1, 1, 1)] if deep else [stride, (1, 1, 1)]
            for number, step in enumerate(strides, start=1):
                weight = state[f"{name}.conv{number}.weight"]
                out = F.conv3d(out, weight, stride=step, padding=weight.shape[-1] // 2)
                out = _norm(out, state, f"{name}.bn{number}")
                out = out if number == len(strides) else F.relu(out)
            if f"{name}.downsample.0.weight" in state:
                x = F.conv3d(x, state[f"{name}.downsample.0.weight"], stride=stride)
                x = _norm(x, state, f"{name}.downsample.1")
            x = F.relu(out + x)
    return _per_frame(x.mean(dim=(3, 4)).transpose(1, 2), state)


def i3d_v2(clips: Tensor, state: State, temporal_stride: bool, pooling: str) -> Tensor:
    """Inception-v1 inflated, all frames kept by the stem."""
    pool = F.max_pool3d if pooling == "max" else F.avg_pool3d
    time = 2 if temporal_stride else 1

    def unit(x: Tensor, name: str, stride: int = 1) -> Tensor:
        weight = state[f"{name}.conv.weight"]
        x = F.conv3d(x, weight, stride=(1, stride, stride), padding=weight.shape[-1] // 2)
        return F.relu(_norm(x, state, f"{name}.bn", eps=1e-3))

    def halved(x: Tensor) -> Tensor:
        return pool(x, 3, (time, 2, 2), 1)

    x = pool(unit(clips, "conv1", 2), (1, 3, 3), (1, 2, 2), (0, 1, 1))
    x = halved(unit(unit(x, "conv2"), "conv3"))
    for name in ("3a", "3b", None, "4a", "4b", "4c", "4d", "4e", None, "5a", "5b"):
        if name is None:
            x = halved(x)
            continue
        block = f"inception{name}"
        x = torch.cat(
            [
                unit(x, f"{block}.branch1"),
                unit(unit(x, f"{block}.branch2.0"), f"{block}.branch2.1"),
                unit(unit(x, f"{block}.branch3.0"), f"{block}.branch3.1"),
                unit(F.max_pool3d(x, 3, 1, 1, ceil_mode=True), f"{block}.branch4.1"),
            ],
            dim=1,
        )
    return _per_frame(x.mean(dim=(3, 4)).transpose(1, 2), state)


def tam_resnet50(
    clips: Tensor, state: State, temporal_stride: bool, pooling: str, blending: str
) -> Tensor:
    """ResNet-50 on frames, each block after a blend of three frames."""
    number, frames = clips.shape[0], clips.shape[2]
    x = clips.transpose(1, 2).flatten(0, 1)
    x = F.relu(_norm(F.conv2d(x, state["conv1.weight"], stride=2, padding=3), state, "bn1"))
    x = F.max_pool2d(x, 3, 2, 1)
    for layer, count in enumerate((3, 4, 6, 3), start=1):
        for index in range(count):
            name = f"layer{layer}.{index}"
            stride = 2 if layer > 1 and index == 0 else 1
            out = _blend(x, state, f"{name}.tam", frames, blending)
            for conv, step in ((1, 1), (2, stride), (3, 1)):
                weight = state[f"{name}.conv{conv}.weight"]
                out = F.conv2d(out, weight, stride=step, padding=weight.shape[-1] // 2)
                out = _norm(out, state, f"{name}.bn{conv}")
                out = out if conv == 3 else F.relu(out)
            if f"{name}.downsample.0.weight" in state:
                x = F.conv2d(x, state[f"{name}.downsample.0.weight"], stride=stride)
                x = _norm(x, state, f"{name}.downsample.1")
            x = F.relu(out + x)
        if layer < 4 and temporal_stride:
            pool = F.max_pool3d if pooling == "max" else F.avg_pool3d
            moving = x.unflatten(0, (number, frames)).transpose(1, 2)
            moving = pool(moving, (3, 1, 1), (2, 1, 1), (1, 0, 0)).transpose(1, 2)
            frames, x = moving.shape[1], moving.flatten(0, 1)
    return _per_frame(x.mean(dim=(2, 3)).unflatten(0, (number, frames)), state)


def _blend(x: Tensor, state: State, name: str, frames: int, blending: str) -> Tensor:
    parts = []
    for part, shift in (("prev", 1), ("curr", 0), ("next", -1)):
        weight = state[f"{name}.{part}_se.fc1.weight"]
        y = F.conv2d(x, weight, groups=len(weight)).unflatten(0, (-1, frames))
        moved = torch.zeros_like(y)
        for index in range(frames):
            if 0 <= index - shift < frames:
                moved[:, index] = y[:, index - shift]
        parts.append(moved)
    stack = torch.stack(parts)
    out = stack.sum(0) if blending == "sum" else stack.max(0).values
    return F.relu(out).flatten(0, 1)


def _per_frame(features: Tensor, state: State) -> Tensor:
    """Mean over time of the linear layer's outputs for features (N, T, C)."""
    return F.linear(features, state["fc.weight"], state["fc.bias"]).mean(dim=1)
