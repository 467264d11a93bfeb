"""X3D-M: a small 2D network expanded along time, depth and width, with channel-wise convolutions.

| stage | blocks: 1x1x1 out to `inner`, channel-wise 3x3x3, 1x1x1 back | frames x size out |
|-------|---------------------------------------------------------------|-------------------|
| s1    | 1 x 3 x 3 of stride 1, 2, 2, then channel-wise 5 x 1 x 1: 24   | 16 x 112          |
| s2    | 3 of inner 54, out 24, first one stride 1, 2, 2                | 16 x 56           |
| s3    | 5 of inner 108, out 48, first one stride 1, 2, 2               | 16 x 28           |
| s4    | 11 of inner 216, out 96, first one stride 1, 2, 2              | 16 x 14           |
| s5    | 7 of inner 432, out 192, first one stride 1, 2, 2              | 16 x 7            |
| head  | 1 x 1 x 1 to 432, mean over T, H, W, linear to 2048, ReLU, dropout 0.5, linear |  |

Blocks 0, 2, 4, ... of a stage have squeeze-and-excitation (ratio 1/16) after the channel-wise
convolution; its activation is swish.

Keys are those of the SlowFast repository (`s2.pathway0_res0.branch2.a`); those of PyTorchVideo and
mmaction2 load too. SlowFast and mmaction2 normalise the shortcut of the first block of s2;
PyTorchVideo, whose parameter count is the one usually quoted, does not. We build the latter. The
former's normalisation is folded into its neighbours when its weights are loaded, which changes no
output in evaluation.
"""

import torch
from torch import nn
from torch.nn import functional

from ..checkpoints import Renaming
from ..spec import InputSpec
from ._init import he_initialise

SOURCE = (
    "Feichtenhofer 2020, X3D: Expanding Architectures for Efficient Video Recognition (table 3)"
)
INPUT = InputSpec(frames=16, size=224, mean=(0.45, 0.45, 0.45), std=(0.225, 0.225, 0.225))
HEAD = "head.projection"
PUBLISHED = "X3D-M (ran on 32 frames: input.frames: 32)"
CHECKPOINTS = (
    "SlowFast model zoo: .pyth",
    "PyTorchVideo: .pyth",
    "mmaction2: .pth",
    "model_best.pth.tar of the benchmark's framework",
)

EPS = 1e-5
"""Epsilon of batch normalisation."""


def fold_shortcut_norm(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Fold batch normalisation of the first shortcut into its convolution and the norm beside it.

    The block adds norm(branch1) and c_bn(branch2), so the shift of one can be carried by the other.
    """
    block = "s2.pathway0_res0."
    norm = f"{block}branch1_bn."
    if f"{norm}weight" not in state:
        return state
    folded = {key: value for key, value in state.items() if not key.startswith(norm)}
    scale = state[f"{norm}weight"] / torch.sqrt(state[f"{norm}running_var"] + EPS)
    shift = state[f"{norm}bias"] - scale * state[f"{norm}running_mean"]
    weight, bias = f"{block}branch1.weight", f"{block}branch2.c_bn.bias"
    folded[weight] = state[weight] * scale[:, None, None, None, None]
    folded[bias] = state[bias] + shift
    return folded


_RES = r"blocks\.([1-4])\.res_blocks\.(\d+)\."
_OURS = r"s<\1>.pathway0_res\2."
_MM = r"(?:backbone\.)?layer([1-4])\.(\d+)\."
_MM_OURS = r"s<\1>.pathway0_res\2."


def from_mmaction2(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Give the first linear layer of mmaction2's head the shape of our convolution, and fold."""
    weight = state.get("head.lin_5.weight")
    if weight is not None and weight.ndim == 2:
        state = state | {"head.lin_5.weight": weight[:, :, None, None, None]}
    return fold_shortcut_norm(state)


RENAMINGS = (
    Renaming("SlowFast", marker=r"s1\.pathway0_stem", rules=(), convert=fold_shortcut_norm),
    Renaming(
        "mmaction2",
        marker=r"(backbone\.)?conv1_s\.",
        rules=(
            (r"(?:backbone\.)?conv1_s\.conv\.(\w+)", r"s1.pathway0_stem.conv_xy.\1"),
            (r"(?:backbone\.)?conv1_t\.conv\.(\w+)", r"s1.pathway0_stem.conv.\1"),
            (r"(?:backbone\.)?conv1_t\.bn\.(\w+)", r"s1.pathway0_stem.bn.\1"),
            (rf"{_MM}downsample\.conv\.(\w+)", rf"{_MM_OURS}branch1.\3"),
            (rf"{_MM}downsample\.bn\.(\w+)", rf"{_MM_OURS}branch1_bn.\3"),
            (rf"{_MM}conv1\.conv\.(\w+)", rf"{_MM_OURS}branch2.a.\3"),
            (rf"{_MM}conv1\.bn\.(\w+)", rf"{_MM_OURS}branch2.a_bn.\3"),
            (rf"{_MM}conv2\.conv\.(\w+)", rf"{_MM_OURS}branch2.b.\3"),
            (rf"{_MM}conv2\.bn\.(\w+)", rf"{_MM_OURS}branch2.b_bn.\3"),
            (rf"{_MM}conv3\.conv\.(\w+)", rf"{_MM_OURS}branch2.c.\3"),
            (rf"{_MM}conv3\.bn\.(\w+)", rf"{_MM_OURS}branch2.c_bn.\3"),
            (rf"{_MM}se_module\.fc([12])\.(\w+)", rf"{_MM_OURS}branch2.se.fc\3.\4"),
            (r"(?:backbone\.)?conv5\.conv\.(\w+)", r"head.conv_5.\1"),
            (r"(?:backbone\.)?conv5\.bn\.(\w+)", r"head.conv_5_bn.\1"),
            (r"cls_head\.fc1\.(\w+)", r"head.lin_5.\1"),
            (r"cls_head\.fc2\.(\w+)", r"head.projection.\1"),
        ),
        # mmaction2 counts stages from 1, SlowFast from 2.
        after=tuple((rf"s<{stage}>", f"s{stage + 1}") for stage in range(1, 5)),
        convert=from_mmaction2,
    ),
    Renaming(
        "PyTorchVideo",
        marker=r"blocks\.0\.conv\.conv_t",
        rules=(
            # Their conv_t is the one over space, their conv_xy the one over time.
            (r"blocks\.0\.conv\.conv_t\.(\w+)", r"s1.pathway0_stem.conv_xy.\1"),
            (r"blocks\.0\.conv\.conv_xy\.(\w+)", r"s1.pathway0_stem.conv.\1"),
            (r"blocks\.0\.norm\.(\w+)", r"s1.pathway0_stem.bn.\1"),
            (rf"{_RES}branch1_conv\.(\w+)", rf"{_OURS}branch1.\3"),
            (rf"{_RES}branch1_norm\.(\w+)", rf"{_OURS}branch1_bn.\3"),
            (rf"{_RES}branch2\.conv_([abc])\.(\w+)", rf"{_OURS}branch2.\3.\4"),
            (rf"{_RES}branch2\.norm_([ac])\.(\w+)", rf"{_OURS}branch2.\3_bn.\4"),
            (rf"{_RES}branch2\.norm_b\.0\.(\w+)", rf"{_OURS}branch2.b_bn.\3"),
            (rf"{_RES}branch2\.norm_b\.1\.block\.0\.(\w+)", rf"{_OURS}branch2.se.fc1.\3"),
            (rf"{_RES}branch2\.norm_b\.1\.block\.2\.(\w+)", rf"{_OURS}branch2.se.fc2.\3"),
            (r"blocks\.5\.pool\.pre_conv\.(\w+)", r"head.conv_5.\1"),
            (r"blocks\.5\.pool\.pre_norm\.(\w+)", r"head.conv_5_bn.\1"),
            (r"blocks\.5\.pool\.post_conv\.(\w+)", r"head.lin_5.\1"),
            (r"blocks\.5\.proj\.(\w+)", r"head.projection.\1"),
        ),
        # PyTorchVideo counts stages from 0, SlowFast from 1.
        after=tuple((rf"s<{stage}>", f"s{stage + 1}") for stage in range(5)),
    ),
)


class Stem(nn.Module):
    """Convolution over space, then channel-wise over time."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_xy = nn.Conv3d(
            3, channels, (1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1), bias=False
        )
        self.conv = nn.Conv3d(
            channels, channels, (5, 1, 1), padding=(2, 0, 0), groups=channels, bias=False
        )
        self.bn = nn.BatchNorm3d(channels, eps=EPS)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.relu(self.bn(self.conv(self.conv_xy(x))))


class SqueezeExcite(nn.Module):
    """Squeeze-and-excitation: scale each channel by a function of the means over the clip."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = squeezed_channels(channels)
        self.fc1 = nn.Conv3d(channels, inner, 1)
        self.fc2 = nn.Conv3d(inner, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        means = x.mean(dim=(2, 3, 4), keepdim=True)
        return x * torch.sigmoid(self.fc2(functional.relu(self.fc1(means))))


class Bottleneck(nn.Module):
    """Expansion to the inner channels, channel-wise 3 x 3 x 3 convolution, projection."""

    def __init__(
        self, channels_in: int, inner: int, channels_out: int, stride: int, excited: bool
    ) -> None:
        super().__init__()
        self.a = nn.Conv3d(channels_in, inner, 1, bias=False)
        self.a_bn = nn.BatchNorm3d(inner, eps=EPS)
        self.b = nn.Conv3d(
            inner, inner, 3, stride=(1, stride, stride), padding=1, groups=inner, bias=False
        )
        self.b_bn = nn.BatchNorm3d(inner, eps=EPS)
        self.se = SqueezeExcite(inner) if excited else nn.Identity()
        self.c = nn.Conv3d(inner, channels_out, 1, bias=False)
        self.c_bn = nn.BatchNorm3d(channels_out, eps=EPS)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.relu(self.a_bn(self.a(x)))
        x = functional.silu(self.se(self.b_bn(self.b(x))))
        out: torch.Tensor = self.c_bn(self.c(x))
        return out


class Block(nn.Module):
    """A bottleneck beside a shortcut, which is a convolution where the shape changes."""

    def __init__(
        self, channels_in: int, inner: int, channels_out: int, stride: int, excited: bool
    ) -> None:
        super().__init__()
        self.projects = channels_in != channels_out or stride != 1
        self.normalises = channels_in != channels_out
        if self.projects:
            self.branch1 = nn.Conv3d(
                channels_in, channels_out, 1, stride=(1, stride, stride), bias=False
            )
        if self.normalises:
            self.branch1_bn = nn.BatchNorm3d(channels_out, eps=EPS)
        self.branch2 = Bottleneck(channels_in, inner, channels_out, stride, excited)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shortcut = self.branch1(x) if self.projects else x
        if self.normalises:
            shortcut = self.branch1_bn(shortcut)
        return functional.relu(shortcut + self.branch2(x))


class Head(nn.Module):
    """Head: the last feature map to logits."""

    def __init__(self, channels: int, inner: int, wide: int, num_classes: int) -> None:
        super().__init__()
        self.conv_5 = nn.Conv3d(channels, inner, 1, bias=False)
        self.conv_5_bn = nn.BatchNorm3d(inner, eps=EPS)
        self.lin_5 = nn.Conv3d(inner, wide, 1, bias=False)
        self.dropout = nn.Dropout(0.5)
        self.projection = nn.Linear(wide, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.relu(self.conv_5_bn(self.conv_5(x)))
        x = functional.relu(self.lin_5(x.mean(dim=(2, 3, 4), keepdim=True)))
        logits: torch.Tensor = self.projection(self.dropout(x.flatten(1)))
        return logits


class X3D(nn.Module):
    """Maps clips (N, 3, T, H, W) to logits (N, classes)."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.s1 = nn.ModuleDict({"pathway0_stem": Stem(24)})
        self.s2 = _stage(24, 24, num_blocks=3)
        self.s3 = _stage(24, 48, num_blocks=5)
        self.s4 = _stage(48, 96, num_blocks=11)
        self.s5 = _stage(96, 192, num_blocks=7)
        self.head = Head(192, 432, 2048, num_classes)
        he_initialise(self, self.head.projection)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        x = self.s1["pathway0_stem"](clips)
        for stage in (self.s2, self.s3, self.s4, self.s5):
            for block in stage.values():
                x = block(x)
        logits: torch.Tensor = self.head(x)
        return logits


def _stage(channels_in: int, channels_out: int, num_blocks: int) -> nn.ModuleDict:
    inner = channels_out * 9 // 4
    blocks = {}
    for index in range(num_blocks):
        first = index == 0
        blocks[f"pathway0_res{index}"] = Block(
            channels_in if first else channels_out,
            inner,
            channels_out,
            stride=2 if first else 1,
            excited=index % 2 == 0,
        )
    return nn.ModuleDict(blocks)


def squeezed_channels(channels: int) -> int:
    """Return a sixteenth of the channels as a multiple of 8, at most 10 % below it."""
    wanted = channels / 16
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded


def build(num_classes: int) -> nn.Module:
    return X3D(num_classes)
