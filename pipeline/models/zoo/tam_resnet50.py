"""TAM ResNet-50: a 2D ResNet with temporal aggregation of neighbouring frames in each block.

| layer        | kernel                             | frames and size out at 32 x 224   |
|--------------|------------------------------------|-----------------------------------|
| conv1        | 7 x 7, stride 2, 64 channels       | 32 x 112                          |
| maxpool      | 3 x 3, stride 2                    | 32 x 56                           |
| layer1       | 3 bottlenecks of 64                | 32 x 56, maximum over 3 frames: 16 |
| layer2       | 4 bottlenecks of 128, stride 2     | 16 x 28, maximum over 3 frames: 8  |
| layer3       | 6 bottlenecks of 256, stride 2     | 8 x 14, maximum over 3 frames: 4   |
| layer4       | 3 bottlenecks of 512, stride 2     | 4 x 7                             |
| head         | mean, dropout 0.5, linear; the logits of the frames are averaged        |

Before the first convolution of a block comes the temporal aggregation module: each channel becomes
ReLU(p x[t-1] + c x[t] + n x[t+1]) with three weights of its own (zeros beyond the ends); the
shortcut takes x as it was. Keys are those of 2D ResNets with `layerL.B.tam.prev_se.fc1`
and so on.

Options: `temporal_stride: false` leaves the pooling over time out, `pooling: avg` averages,
`blending: max` takes the maximum of the three weighted frames in place of their sum.
"""

from typing import Literal, get_args

import torch
from torch import nn
from torch.nn import functional

from ..spec import IMAGENET_MEAN, IMAGENET_STD, InputSpec
from ._init import he_initialise

SOURCE = "Fan et al. 2019, More Is Less: Learning Efficient Video Representations (section 3.2)"
INPUT = InputSpec(frames=32, size=224, mean=IMAGENET_MEAN, std=IMAGENET_STD)
HEAD = "fc"
PUBLISHED = "TAM (ResNet-50, 32 frames)"
CHECKPOINTS = (
    "model_best.pth.tar of the benchmark's framework (TAM-b3-sum-resnet-50)",
    "IBM/bLVNet-TAM: .pth.tar with module. keys",
)

Pooling = Literal["max", "avg"]
Blending = Literal["sum", "max"]


class Blend(nn.Module):
    """One weight per channel, as the 1 x 1 depth-wise convolution that the authors store."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels, 1, groups=channels, bias=False)


class TemporalAggregation(nn.Module):
    """Depth-wise temporal aggregation of the frames t-1, t and t+1."""

    def __init__(self, channels: int, blending: Blending = "sum") -> None:
        super().__init__()
        self.blending = blending
        self.prev_se = Blend(channels)
        self.curr_se = Blend(channels)
        self.next_se = Blend(channels)

    def forward(self, frames: torch.Tensor, num_frames: int) -> torch.Tensor:
        x = frames.reshape(-1, num_frames, *frames.shape[1:])
        before, now, after = (
            blend.fc1.weight.flatten()[:, None, None].to(x.dtype)
            for blend in (self.prev_se, self.curr_se, self.next_se)
        )
        out = x * now
        if self.blending == "max":
            # Beyond the ends are zeros, which take part in the maximum.
            earlier = functional.pad(x[:, :-1] * before, (0, 0, 0, 0, 0, 0, 1, 0))
            later = functional.pad(x[:, 1:] * after, (0, 0, 0, 0, 0, 0, 0, 1))
            out = torch.maximum(torch.maximum(out, earlier), later)
        else:
            out[:, 1:] += x[:, :-1] * before
            out[:, :-1] += x[:, 1:] * after
        return functional.relu(out).flatten(0, 1)


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3, 1 x 1 convolutions on blended frames, beside a shortcut."""

    def __init__(self, channels_in: int, channels: int, stride: int, blending: Blending) -> None:
        super().__init__()
        channels_out = 4 * channels
        self.tam = TemporalAggregation(channels_in, blending)
        self.conv1 = nn.Conv2d(channels_in, channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = nn.Conv2d(channels, channels_out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels_out)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = nn.Sequential()
        if channels_in != channels_out or stride != 1:
            self.downsample.append(nn.Conv2d(channels_in, channels_out, 1, stride, bias=False))
            self.downsample.append(nn.BatchNorm2d(channels_out))

    def forward(self, frames: torch.Tensor, num_frames: int) -> torch.Tensor:
        out = self.relu(self.bn1(self.conv1(self.tam(frames, num_frames))))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        joined: torch.Tensor = self.relu(out + self.downsample(frames))
        return joined


class TamResNet50(nn.Module):
    """Maps clips (N, 3, T, H, W) to logits (N, classes)."""

    def __init__(
        self, num_classes: int, temporal_stride: bool, pooling: Pooling, blending: Blending
    ) -> None:
        super().__init__()
        for name, value, choices in (
            ("pooling", pooling, get_args(Pooling)),
            ("blending", blending, get_args(Blending)),
        ):
            if value not in choices:
                raise ValueError(f"{name} = {value!r} must be one of {choices}.")
        self.temporal_stride, self.pooling = temporal_stride, pooling
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = _layer(64, 64, num_blocks=3, stride=1, blending=blending)
        self.layer2 = _layer(256, 128, num_blocks=4, stride=2, blending=blending)
        self.layer3 = _layer(512, 256, num_blocks=6, stride=2, blending=blending)
        self.layer4 = _layer(1024, 512, num_blocks=3, stride=2, blending=blending)
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(2048, num_classes)
        he_initialise(self, self.fc)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        num_clips, _, num_frames = clips.shape[:3]
        frames = clips.transpose(1, 2).flatten(0, 1)
        frames = self.maxpool(self.relu(self.bn1(self.conv1(frames))))
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            for block in layer:
                frames = block(frames, num_frames)
            if layer is not self.layer4 and self.temporal_stride:
                frames = halve_time(frames, num_frames, self.pooling)
                num_frames = len(frames) // num_clips
        logits: torch.Tensor = self.fc(self.dropout(frames.mean(dim=(2, 3))))
        return logits.reshape(num_clips, num_frames, -1).mean(dim=1)


def halve_time(frames: torch.Tensor, num_frames: int, pooling: Pooling = "max") -> torch.Tensor:
    """Pool frames t-1, t, t+1 at every other t: (N T, ...) to (N ceil(T / 2), ...).

    An average is over three frames also at the ends, where zeros are beyond them.
    """
    clips = frames.reshape(-1, num_frames, *frames.shape[1:]).transpose(1, 2)
    pool = functional.max_pool3d if pooling == "max" else functional.avg_pool3d
    pooled = pool(clips, (3, 1, 1), (2, 1, 1), (1, 0, 0))
    return pooled.transpose(1, 2).flatten(0, 1)


def _layer(
    channels_in: int, channels: int, num_blocks: int, stride: int, blending: Blending
) -> nn.ModuleList:
    later = [Bottleneck(4 * channels, channels, 1, blending) for _ in range(num_blocks - 1)]
    return nn.ModuleList([Bottleneck(channels_in, channels, stride, blending), *later])


def build(
    num_classes: int,
    temporal_stride: bool = True,
    pooling: Pooling = "max",
    blending: Blending = "sum",
) -> nn.Module:
    return TamResNet50(num_classes, temporal_stride, pooling, blending)
