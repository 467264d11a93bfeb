"""Small (2+1)D network, for the demo: trains in about a minute on one core.

| layer  | kernel (T x H x W)         | stride  | out: channels, T x H x W |
|--------|----------------------------|---------|--------------------------|
| stem   | 3 x 7 x 7                  | 2, 4, 4 | 16, 8 x 28 x 28          |
| block1 | 1 x 3 x 3, then 3 x 1 x 1  | 1, 2, 2 | 32, 8 x 14 x 14          |
| block2 | the same                   | 1, 2, 2 | 64, 8 x 7 x 7            |
| block3 | the same                   | 2, 2, 2 | 96, 4 x 4 x 4            |
| head   | mean over T, H, W; linear  |         | classes                  |

Every convolution is followed by batch normalisation and ReLU. The convolution over space keeps the
number of channels, the one over time increases it. The stem spans three frames and halves their
number: three times faster than a stem of single frames, and the first layer encodes motion.
"""

import torch
from torch import nn

from ..spec import InputSpec
from ._init import he_initialise

SOURCE = (
    "after Tran et al. 2018, A Closer Look at Spatiotemporal Convolutions (section 3.5), shrunk"
)
INPUT = InputSpec(frames=16, size=112, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
HEAD = "fc"

Size = tuple[int, int, int]


class ConvNormReLU(nn.Sequential):
    """Convolution without bias, batch normalisation, ReLU."""

    def __init__(self, channels_in: int, channels_out: int, kernel: Size, stride: Size) -> None:
        super().__init__(
            nn.Conv3d(
                channels_in,
                channels_out,
                kernel,
                stride,
                padding=(kernel[0] // 2, kernel[1] // 2, kernel[2] // 2),
                bias=False,
            ),
            nn.BatchNorm3d(channels_out),
            nn.ReLU(inplace=True),
        )


class TinyR2Plus1D(nn.Module):
    """Maps clips (N, 3, T, H, W) to logits (N, classes)."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.stem = ConvNormReLU(3, 16, (3, 7, 7), (2, 4, 4))
        self.blocks = nn.Sequential(
            _block(16, 32, time_stride=1),
            _block(32, 64, time_stride=1),
            _block(64, 96, time_stride=2),
        )
        self.fc = nn.Linear(96, num_classes)
        he_initialise(self, self.fc)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = self.blocks(self.stem(clips))
        logits: torch.Tensor = self.fc(features.mean(dim=(2, 3, 4)))
        return logits


def _block(channels_in: int, channels_out: int, time_stride: int) -> nn.Module:
    return nn.Sequential(
        ConvNormReLU(channels_in, channels_in, (1, 3, 3), (1, 2, 2)),
        ConvNormReLU(channels_in, channels_out, (3, 1, 1), (time_stride, 1, 1)),
    )


def build(num_classes: int) -> nn.Module:
    return TinyR2Plus1D(num_classes)
