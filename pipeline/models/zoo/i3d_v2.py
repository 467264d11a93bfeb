"""I3D of the benchmark's framework (`i3d_v2`): Inception-v1, inflated, with symmetric padding.

| layer           | kernel    | stride         | output channels               |
|-----------------|-----------|----------------|-------------------------------|
| conv1           | 7 x 7 x 7 | 1, 2, 2        | 64                            |
| pool            | 1 x 3 x 3 | 1, 2, 2        |                               |
| conv2           | 1 x 1 x 1 | 1              | 64                            |
| conv3           | 3 x 3 x 3 | 1              | 192                           |
| pool            | 3 x 3 x 3 | 2, 2, 2        |                               |
| inception3a, 3b | inception | 1              | 256, 480                      |
| pool            | 3 x 3 x 3 | 2, 2, 2        |                               |
| inception4a-4e  | inception | 1              | 512, 512, 512, 528, 832       |
| pool            | 3 x 3 x 3 | 2, 2, 2        |                               |
| inception5a, 5b | inception | 1              | 832, 1024                     |
| head            | mean over places, dropout 0.5, linear; mean over time          |

Unlike the released I3D (`i3d`), the first convolution keeps all frames, the second pooling halves
time, and padding is symmetric. Option `temporal_stride: false` keeps all frames to the end;
`pooling: avg` averages (over the padding as well) where the default takes the maximum. The keys are
those of the framework's checkpoints; weights of GoogLeNet (ImageNet) have the same keys in 2D.
"""

from collections.abc import Mapping
from typing import Literal, get_args

import torch
from torch import nn
from torch.nn import functional

from ..spec import InputSpec
from ._init import he_initialise

SOURCE = "Chen et al. 2021, Deep Analysis of CNN-based Spatio-temporal Representations (i3d_v2)"
INPUT = InputSpec(frames=32, size=224, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
HEAD = "fc"
PUBLISHED = "I3D (InceptionV1, 32 frames)"
CHECKPOINTS = ("model_best.pth.tar of the benchmark's framework (i3d_v2)",)

Pooling = Literal["max", "avg"]

INCEPTION = {
    # name: channels in; out of 1x1; 1x1 then 3x3; 1x1 then 3x3 (5x5 in 2D); pool then 1x1
    "inception3a": (192, 64, 96, 128, 16, 32, 32),
    "inception3b": (256, 128, 128, 192, 32, 96, 64),
    "inception4a": (480, 192, 96, 208, 16, 48, 64),
    "inception4b": (512, 160, 112, 224, 24, 64, 64),
    "inception4c": (512, 128, 128, 256, 24, 64, 64),
    "inception4d": (512, 112, 144, 288, 32, 64, 64),
    "inception4e": (528, 256, 160, 320, 32, 128, 128),
    "inception5a": (832, 256, 160, 320, 32, 128, 128),
    "inception5b": (832, 384, 192, 384, 48, 128, 128),
}


def START(  # noqa: N802 - as INPUT
    state: dict[str, torch.Tensor], _: Mapping[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Leave the auxiliary classifiers of GoogLeNet out."""
    return {key: value for key, value in state.items() if not key.startswith(("aux1.", "aux2."))}


class Unit3D(nn.Module):
    """Convolution with symmetric padding, batch normalisation (epsilon 1e-3), ReLU."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv3d(
            channels_in,
            channels_out,
            kernel,
            stride=(1, stride, stride),
            padding=kernel // 2,
            bias=False,
        )
        self.bn = nn.BatchNorm3d(channels_out, eps=1e-3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.relu(self.bn(self.conv(x)))


class Inception(nn.Module):
    """Four branches side by side, joined along the channels."""

    def __init__(self, sizes: tuple[int, int, int, int, int, int, int]) -> None:
        super().__init__()
        channels_in, out1, mid2, out2, mid3, out3, out4 = sizes
        self.branch1 = Unit3D(channels_in, out1, 1)
        self.branch2 = nn.Sequential(Unit3D(channels_in, mid2, 1), Unit3D(mid2, out2, 3))
        self.branch3 = nn.Sequential(Unit3D(channels_in, mid3, 1), Unit3D(mid3, out3, 3))
        self.branch4 = nn.Sequential(
            nn.MaxPool3d(3, stride=1, padding=1), Unit3D(channels_in, out4, 1)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        branches = (self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x))
        return torch.cat(branches, dim=1)


class I3DV2(nn.Module):
    """Maps clips (N, 3, T, H, W) to logits (N, classes)."""

    def __init__(self, num_classes: int, temporal_stride: bool, pooling: Pooling) -> None:
        super().__init__()
        if pooling not in get_args(Pooling):
            raise ValueError(f"{pooling = } must be one of {get_args(Pooling)}.")
        self.pool = functional.max_pool3d if pooling == "max" else functional.avg_pool3d
        self.time = 2 if temporal_stride else 1
        self.conv1 = Unit3D(3, 64, 7, stride=2)
        self.conv2 = Unit3D(64, 64, 1)
        self.conv3 = Unit3D(64, 192, 3)
        for name, sizes in INCEPTION.items():
            self.add_module(name, Inception(sizes))
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(1024, num_classes)
        he_initialise(self, self.fc)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        x = self.pool(self.conv1(clips), (1, 3, 3), (1, 2, 2), (0, 1, 1))
        x = self.halve(self.conv3(self.conv2(x)))
        for name in INCEPTION:
            if name in ("inception4a", "inception5a"):
                x = self.halve(x)
            x = self.get_submodule(name)(x)
        frames = x.mean(dim=(3, 4)).transpose(1, 2)
        logits: torch.Tensor = self.fc(self.dropout(frames))
        return logits.mean(dim=1)

    def halve(self, x: torch.Tensor) -> torch.Tensor:
        """Pool over 3 x 3 x 3 with stride 2, in time only with temporal stride."""
        return self.pool(x, (3, 3, 3), (self.time, 2, 2), (1, 1, 1))


def build(num_classes: int, temporal_stride: bool = True, pooling: Pooling = "max") -> nn.Module:
    return I3DV2(num_classes, temporal_stride, pooling)
