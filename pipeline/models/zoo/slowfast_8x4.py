"""SlowFast 8x4, ResNet-50: a slow pathway of 8 frames and a fast, narrow one of 32 frames.

| stage | slow pathway                     | fast pathway                   | frames x size out |
|-------|----------------------------------|--------------------------------|-------------------|
| s1    | 1 x 7 x 7, stride 1, 2, 2, 64    | 5 x 7 x 7, stride 1, 2, 2, 8   | 8 and 32 x 112    |
|       | max-pool 1 x 3 x 3, stride 1, 2, 2 | the same                     | 8 and 32 x 56     |
| s2    | 3 of (1x1x1, 1x3x3, 1x1x1), 256  | 3 of (3x1x1, 1x3x3, 1x1x1), 32 | 8 and 32 x 56     |
| s3    | 4 of (1x1x1, 1x3x3, 1x1x1), 512  | 4 of (3x1x1, ...), 64          | 8 and 32 x 28     |
| s4    | 6 of (3x1x1, 1x3x3, 1x1x1), 1024 | 6 of (3x1x1, ...), 128         | 8 and 32 x 14     |
| s5    | 3 of (3x1x1, 1x3x3, 1x1x1), 2048 | 3 of (3x1x1, ...), 256         | 8 and 32 x 7      |
| head  | means of both joined, dropout 0.5, linear                          |                   |

After s1 to s4 the fast pathway goes to the slow one through a 7 x 1 x 1 convolution of stride 4 to
twice its channels (the paper says 5 x 1 x 1; the published 8-frame weights and parameter counts
have 7). alpha = 4, beta = 1/8. The slow pathway takes 8 of the 32 frames as the authors do, spread
from the first to the last: 0, 4, 8, 13, 17, 22, 26, 31.

Keys are those of the SlowFast repository (`s2.pathway0_res0.branch2.a`); PyTorchVideo's load too.
"""

import torch
from torch import nn
from torch.nn import functional

from ..checkpoints import Renaming
from ..spec import InputSpec
from ._init import he_initialise

SOURCE = "Feichtenhofer et al. 2019, SlowFast Networks for Video Recognition (table 1)"
INPUT = InputSpec(frames=32, size=224, mean=(0.45, 0.45, 0.45), std=(0.225, 0.225, 0.225))
HEAD = "head.projection"
PUBLISHED = "SlowFast 8x4 (ResNet-50, 32 frames)"
CHECKPOINTS = (
    "SlowFast model zoo: .pkl (Caffe2) and .pyth",
    "PyTorchVideo: .pyth",
    "model_best.pth.tar of the benchmark's framework",
)

ALPHA = 4
"""Ratio of the frame rates of the fast and the slow pathway."""
FUSION_KERNEL = 7

_RES = r"blocks\.([1-4])\.multipathway_blocks\.([01])\.res_blocks\.(\d+)\."
_OURS = r"s<\1>.pathway\2_res\3."
_LEAVES = (
    # Caffe2: s, b, rm, riv of batch normalisation; w, b of others (riv is a variance).
    (r"bn[._]s$", "bn.weight"),
    (r"bn[._]b$", "bn.bias"),
    (r"bn[._]rm$", "bn.running_mean"),
    (r"bn[._]riv$", "bn.running_var"),
    (r"[._]w$", ".weight"),
    (r"[._]b$", ".bias"),
)
_SUBSAMPLE = r"t_res(\d)_\d_branch2c_bn_subsample_"
RENAMINGS = (
    Renaming(
        "Caffe2",
        marker=r"t_res_conv1_bn_|t_conv1_w",
        rules=(
            (r"t_pool1_subsample_bn_(\w+)", r"s1_fuse.bn.\1"),
            (r"t_pool1_subsample_(\w+)", r"s1_fuse.conv_f2s.\1"),
            (rf"{_SUBSAMPLE}bn_(\w+)", r"s\1_fuse.bn.\2"),
            (rf"{_SUBSAMPLE}(\w+)", r"s\1_fuse.conv_f2s.\2"),
            (r"res_conv1_bn_(\w+)", r"s1.pathway0_stem.bn.\1"),
            (r"t_res_conv1_bn_(\w+)", r"s1.pathway1_stem.bn.\1"),
            (r"conv1_(\w+)", r"s1.pathway0_stem.conv.\1"),
            (r"t_conv1_(\w+)", r"s1.pathway1_stem.conv.\1"),
            (r"res(\d)_(\d+)_branch2([abc])_(\w+)", r"s\1.pathway0_res\2.branch2.\3_\4"),
            (r"t_res(\d)_(\d+)_branch2([abc])_(\w+)", r"s\1.pathway1_res\2.branch2.\3_\4"),
            (r"res(\d)_(\d+)_branch1_(\w+)", r"s\1.pathway0_res\2.branch1_\3"),
            (r"t_res(\d)_(\d+)_branch1_(\w+)", r"s\1.pathway1_res\2.branch1_\3"),
            (r"pred_(\w)", r"head.projection.\1"),
        ),
        after=_LEAVES,
    ),
    Renaming(
        "mmaction2",
        marker=r"(backbone\.)?(slow_path|fast_path)\.",
        rules=(),
        refusal="mmaction2's SlowFast is another network: its slow pathway takes other frames "
        "and its lateral connections have a kernel of 5, so that logits differ; use the weights of "
        "the SlowFast model zoo or of PyTorchVideo.",
    ),
    Renaming(
        "PyTorchVideo",
        marker=r"blocks\.0\.multipathway_blocks\.",
        rules=(
            (
                r"blocks\.0\.multipathway_blocks\.([01])\.conv\.(\w+)",
                r"s<0>.pathway\1_stem.conv.\2",
            ),
            (r"blocks\.0\.multipathway_blocks\.([01])\.norm\.(\w+)", r"s<0>.pathway\1_stem.bn.\2"),
            (
                r"blocks\.([0-3])\.multipathway_fusion\.conv_fast_to_slow\.(\w+)",
                r"s<\1>_fuse.conv_f2s.\2",
            ),
            (r"blocks\.([0-3])\.multipathway_fusion\.norm\.(\w+)", r"s<\1>_fuse.bn.\2"),
            (rf"{_RES}branch1_conv\.(\w+)", rf"{_OURS}branch1.\4"),
            (rf"{_RES}branch1_norm\.(\w+)", rf"{_OURS}branch1_bn.\4"),
            (rf"{_RES}branch2\.conv_([abc])\.(\w+)", rf"{_OURS}branch2.\4.\5"),
            (rf"{_RES}branch2\.norm_([abc])\.(\w+)", rf"{_OURS}branch2.\4_bn.\5"),
            (r"blocks\.6\.proj\.(\w+)", r"head.projection.\1"),
        ),
        # PyTorchVideo counts stages from 0, SlowFast from 1.
        after=tuple((rf"s<{stage}>", f"s{stage + 1}") for stage in range(5)),
    ),
)


class Stem(nn.Module):
    """First convolution and pooling of one pathway."""

    def __init__(self, channels: int, time: int) -> None:
        super().__init__()
        self.conv = nn.Conv3d(
            3, channels, (time, 7, 7), stride=(1, 2, 2), padding=(time // 2, 3, 3), bias=False
        )
        self.bn = nn.BatchNorm3d(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.relu(self.bn(self.conv(x)))
        return functional.max_pool3d(x, (1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1))


class Fuse(nn.Module):
    """Lateral connection: fast features appended to the slow pathway, at its frame rate."""

    def __init__(self, fast: int) -> None:
        super().__init__()
        self.conv_f2s = nn.Conv3d(
            fast,
            2 * fast,
            (FUSION_KERNEL, 1, 1),
            stride=(ALPHA, 1, 1),
            padding=(FUSION_KERNEL // 2, 0, 0),
            bias=False,
        )
        self.bn = nn.BatchNorm3d(2 * fast)

    def forward(self, slow: torch.Tensor, fast: torch.Tensor) -> torch.Tensor:
        return torch.cat((slow, functional.relu(self.bn(self.conv_f2s(fast)))), dim=1)


class Bottleneck(nn.Module):
    """Three convolutions: over time, over space with the stride, to the output channels."""

    def __init__(self, channels_in: int, inner: int, time: int, stride: int) -> None:
        super().__init__()
        self.a = nn.Conv3d(channels_in, inner, (time, 1, 1), padding=(time // 2, 0, 0), bias=False)
        self.a_bn = nn.BatchNorm3d(inner)
        self.b = nn.Conv3d(
            inner, inner, (1, 3, 3), stride=(1, stride, stride), padding=(0, 1, 1), bias=False
        )
        self.b_bn = nn.BatchNorm3d(inner)
        self.c = nn.Conv3d(inner, 4 * inner, 1, bias=False)
        self.c_bn = nn.BatchNorm3d(4 * inner)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.relu(self.a_bn(self.a(x)))
        x = functional.relu(self.b_bn(self.b(x)))
        out: torch.Tensor = self.c_bn(self.c(x))
        return out


class Block(nn.Module):
    """A bottleneck beside a shortcut, which is a convolution where the shape changes."""

    def __init__(self, channels_in: int, inner: int, time: int, stride: int) -> None:
        super().__init__()
        self.projects = channels_in != 4 * inner or stride != 1
        if self.projects:
            self.branch1 = nn.Conv3d(
                channels_in, 4 * inner, 1, stride=(1, stride, stride), bias=False
            )
            self.branch1_bn = nn.BatchNorm3d(4 * inner)
        self.branch2 = Bottleneck(channels_in, inner, time, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shortcut = self.branch1_bn(self.branch1(x)) if self.projects else x
        return functional.relu(shortcut + self.branch2(x))


class Stage(nn.Module):
    """Blocks of both pathways, named pathway0_res0, pathway0_res1, ..., pathway1_res0, ..."""

    def __init__(
        self, channels_in: tuple[int, int], inner: int, num_blocks: int, slow_time: int, stride: int
    ) -> None:
        super().__init__()
        self.num_blocks = num_blocks
        pathways = (channels_in[0], inner, slow_time), (channels_in[1], inner // 8, 3)
        for pathway, (first_in, width, time) in enumerate(pathways):
            for index in range(num_blocks):
                block = (
                    Block(4 * width, width, time, 1)
                    if index
                    else Block(first_in, width, time, stride)
                )
                self.add_module(f"pathway{pathway}_res{index}", block)

    def forward(self, *pathways: torch.Tensor) -> list[torch.Tensor]:
        out = []
        for pathway, x in enumerate(pathways):
            for index in range(self.num_blocks):
                x = self.get_submodule(f"pathway{pathway}_res{index}")(x)
            out.append(x)
        return out


class SlowFast(nn.Module):
    """Maps clips (N, 3, T, H, W) to logits (N, classes); T is a multiple of 4."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.s1 = nn.ModuleDict({"pathway0_stem": Stem(64, 1), "pathway1_stem": Stem(8, 5)})
        self.s1_fuse = Fuse(8)
        self.s2 = Stage((64 + 16, 8), 64, num_blocks=3, slow_time=1, stride=1)
        self.s2_fuse = Fuse(32)
        self.s3 = Stage((256 + 64, 32), 128, num_blocks=4, slow_time=1, stride=2)
        self.s3_fuse = Fuse(64)
        self.s4 = Stage((512 + 128, 64), 256, num_blocks=6, slow_time=3, stride=2)
        self.s4_fuse = Fuse(128)
        self.s5 = Stage((1024 + 256, 128), 512, num_blocks=3, slow_time=3, stride=2)
        self.dropout = nn.Dropout(0.5)
        projection = nn.Linear(2048 + 256, num_classes)
        self.head = nn.ModuleDict({"projection": projection})
        he_initialise(self, projection)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        slow = self.s1["pathway0_stem"](clips[:, :, slow_frames(clips.shape[2])])
        fast = self.s1["pathway1_stem"](clips)
        slow, fast = self.s2(self.s1_fuse(slow, fast), fast)
        slow, fast = self.s3(self.s2_fuse(slow, fast), fast)
        slow, fast = self.s4(self.s3_fuse(slow, fast), fast)
        slow, fast = self.s5(self.s4_fuse(slow, fast), fast)
        means = torch.cat((slow.mean(dim=(2, 3, 4)), fast.mean(dim=(2, 3, 4))), dim=1)
        logits: torch.Tensor = self.head["projection"](self.dropout(means))
        return logits


def slow_frames(num_frames: int) -> list[int]:
    """Return the frames of the slow pathway: a quarter of all, from the first to the last."""
    count = num_frames // ALPHA
    return [index * (num_frames - 1) // max(count - 1, 1) for index in range(count)]


def build(num_classes: int) -> nn.Module:
    return SlowFast(num_classes)
