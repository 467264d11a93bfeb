"""Small 2D network of single frames, for the demo: a baseline without temporal information.

| layer  | kernel, stride       | out: channels, H x W (every frame by itself) |
|--------|----------------------|----------------------------------------------|
| stem   | 7 x 7, 4             | 24, 28 x 28                                  |
| block1 | 3 x 3, 2             | 48, 14 x 14                                  |
| block2 | 3 x 3, 2             | 96, 7 x 7                                    |
| block3 | 3 x 3, 2             | 128, 4 x 4                                   |
| head   | mean, linear         | classes; the logits of the frames are averaged |

Every convolution is followed by batch normalisation and ReLU. It takes four frames of the clip.
"""

import torch
from torch import nn

from ..spec import InputSpec
from ._init import he_initialise

SOURCE = "after Karpathy et al. 2014, Large-scale Video Classification (single-frame), shrunk"
INPUT = InputSpec(frames=4, size=112, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
HEAD = "fc"


class TinyFrame2D(nn.Module):
    """Maps clips (N, 3, T, H, W) to logits (N, classes): the order of frames does not matter."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        widths = (3, 24, 48, 96, 128)
        self.layers = nn.Sequential(
            _layer(widths[0], widths[1], kernel=7, stride=4),
            _layer(widths[1], widths[2], kernel=3, stride=2),
            _layer(widths[2], widths[3], kernel=3, stride=2),
            _layer(widths[3], widths[4], kernel=3, stride=2),
        )
        self.fc = nn.Linear(widths[4], num_classes)
        he_initialise(self, self.fc)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        num_clips, _, num_frames = clips.shape[:3]
        frames = clips.transpose(1, 2).flatten(0, 1)
        logits: torch.Tensor = self.fc(self.layers(frames).mean(dim=(2, 3)))
        return logits.reshape(num_clips, num_frames, -1).mean(dim=1)


def _layer(channels_in: int, channels_out: int, kernel: int, stride: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


def build(num_classes: int) -> nn.Module:
    return TinyFrame2D(num_classes)
