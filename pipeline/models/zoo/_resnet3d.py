"""3D ResNets: the form of Hara et al. and the inflated form of the benchmark's own code.

| layer   | hara                                   | inflated                              |
|---------|----------------------------------------|---------------------------------------|
| conv1   | 7 x 7 x 7, stride 1, 2, 2, 64 channels | 3 x 7 x 7, stride 1, 2, 2, 64 channels |
| maxpool | 3 x 3 x 3, stride 2, 2, 2              | 1 x 3 x 3, stride 1, 2, 2             |
| layer1  | blocks of 64 channels                  | the same                              |
| layer2  | blocks of 128, first one stride 2, 2, 2 | the same                              |
| layer3  | blocks of 256, first one stride 2, 2, 2 | the same                              |
| layer4  | blocks of 512, first one stride 2, 2, 2 | the same                              |
| head    | mean over T, H, W; linear              | dropout 0.5 before the linear layer   |

A basic block is 3 x 3 x 3 twice; a bottleneck is 1 x 1 x 1, 3 x 3 x 3 (with the stride), 1 x 1 x 1
to four times the channels. Shortcuts that change shape are 1 x 1 x 1 convolutions with batch
normalisation. The keys of the state dict are those of Hara et al. in both forms.

`resnet3d_18` and `resnet3d_50` are the form of Hara et al., for which public weights exist. The
inflated form (3D convolutions that start from 2D ImageNet weights, Carreira and Zisserman 2017,
section 2.4) costs half as much again, since it keeps all frames up to layer1: `i3d_resnet18` and
`i3d_resnet50`, the networks of the published leaderboard. Their option `temporal_stride: false`
makes the strides of layer2 to layer4 1, 2, 2.
"""

from collections.abc import Collection, Sequence
from typing import Literal, get_args

import torch
from torch import nn

from ..spec import InputSpec
from ._init import he_initialise

Stem = Literal["hara", "inflated"]
Stride = tuple[int, int, int]

HARA_INPUT = InputSpec(
    frames=32,
    size=224,
    # Statistics of Kinetics that are published with the weights of 2020.
    mean=(0.4345, 0.4051, 0.3775),
    std=(0.2768, 0.2713, 0.2737),
)


class BasicBlock(nn.Module):
    """Two 3 x 3 x 3 convolutions beside a shortcut."""

    expansion = 1

    def __init__(self, channels_in: int, channels: int, stride: Stride) -> None:
        super().__init__()
        self.conv1 = _conv(channels_in, channels, 3, stride)
        self.bn1 = nn.BatchNorm3d(channels)
        self.conv2 = _conv(channels, channels, 3)
        self.bn2 = nn.BatchNorm3d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(channels_in, channels, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        joined: torch.Tensor = self.relu(out + self.downsample(x))
        return joined


class Bottleneck(nn.Module):
    """1 x 1 x 1, 3 x 3 x 3, 1 x 1 x 1 convolutions beside a shortcut."""

    expansion = 4

    def __init__(self, channels_in: int, channels: int, stride: Stride) -> None:
        super().__init__()
        channels_out = channels * self.expansion
        self.conv1 = _conv(channels_in, channels, 1)
        self.bn1 = nn.BatchNorm3d(channels)
        self.conv2 = _conv(channels, channels, 3, stride)
        self.bn2 = nn.BatchNorm3d(channels)
        self.conv3 = _conv(channels, channels_out, 1)
        self.bn3 = nn.BatchNorm3d(channels_out)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(channels_in, channels_out, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        joined: torch.Tensor = self.relu(out + self.downsample(x))
        return joined


class ResNet3D(nn.Module):
    """Maps clips (N, 3, T, H, W) to logits (N, classes)."""

    def __init__(
        self,
        block: type[BasicBlock] | type[Bottleneck],
        num_blocks: Sequence[int],
        num_classes: int,
        stem: Stem = "hara",
        temporal_stride: bool = True,
    ) -> None:
        super().__init__()
        if stem not in get_args(Stem):
            raise ValueError(f"{stem = } must be one of {get_args(Stem)}.")
        time = 7 if stem == "hara" else 3
        self.conv1 = nn.Conv3d(
            3, 64, (time, 7, 7), stride=(1, 2, 2), padding=(time // 2, 3, 3), bias=False
        )
        self.bn1 = nn.BatchNorm3d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = (
            nn.MaxPool3d(3, stride=2, padding=1)
            if stem == "hara"
            else nn.MaxPool3d((1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1))
        )
        wide = block.expansion
        halving = (2 if temporal_stride else 1, 2, 2)
        self.layer1 = _layer(block, 64, 64, num_blocks[0], stride=(1, 1, 1))
        self.layer2 = _layer(block, 64 * wide, 128, num_blocks[1], stride=halving)
        self.layer3 = _layer(block, 128 * wide, 256, num_blocks[2], stride=halving)
        self.layer4 = _layer(block, 256 * wide, 512, num_blocks[3], stride=halving)
        self.dropout = nn.Dropout(0.0 if stem == "hara" else 0.5)
        self.fc = nn.Linear(512 * wide, num_classes)
        he_initialise(self, self.fc)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(clips))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        logits: torch.Tensor = self.fc(self.dropout(x.mean(dim=(2, 3, 4))))
        return logits


def hara_input(num_outputs: int, given: Collection[str]) -> str:
    """Return why weights with `num_outputs` outputs need an input in params.yaml; empty if not.

    The weights of 2018 take 0..255 minus a mean, those of 2020 values of unit variance: nothing in
    the files tells them apart.
    """
    if num_outputs != 400 or "mean" in given:
        return ""
    return (
        "weights of Hara et al. for Kinetics-400 exist for two inputs; give input.mean, input.std "
        "and input.value_range: mean [114.7748, 107.7354, 99.475], std [1, 1, 1], value_range "
        "0..255 for those of 2018 (CVPR), or mean [0.4345, 0.4051, 0.3775], std [0.2768, 0.2713, "
        "0.2737], value_range 0..1 for those of 2020."
    )


def _layer(
    block: type[BasicBlock] | type[Bottleneck],
    channels_in: int,
    channels: int,
    num_blocks: int,
    stride: Stride,
) -> nn.Sequential:
    later = [block(channels * block.expansion, channels, (1, 1, 1)) for _ in range(num_blocks - 1)]
    return nn.Sequential(block(channels_in, channels, stride), *later)


def _conv(channels_in: int, channels_out: int, size: int, stride: Stride = (1, 1, 1)) -> nn.Conv3d:
    return nn.Conv3d(channels_in, channels_out, size, stride, padding=size // 2, bias=False)


def _shortcut(channels_in: int, channels_out: int, stride: Stride) -> nn.Sequential:
    if channels_in == channels_out and stride == (1, 1, 1):
        return nn.Sequential()
    return nn.Sequential(_conv(channels_in, channels_out, 1, stride), nn.BatchNorm3d(channels_out))
