"""Inflated 3D ResNet-50 of the benchmark's framework (`i3d-resnet-50`); layers in `_resnet3d`.

The published leaderboard calls it "3D ResNet-50". Stem of 3 x 7 x 7, bottlenecks (3, 4, 6, 3); all
frames are kept up to layer1, with option `temporal_stride: false` to the end.
"""

from torch import nn

from ..spec import IMAGENET_MEAN, IMAGENET_STD, InputSpec
from ._resnet3d import Bottleneck, ResNet3D

SOURCE = "Chen et al. 2021, Deep Analysis of CNN-based Spatio-temporal Representations (I3D-ResNet)"
INPUT = InputSpec(frames=32, size=224, mean=IMAGENET_MEAN, std=IMAGENET_STD)
HEAD = "fc"
PUBLISHED = "3D ResNet-50 (32 frames)"
CHECKPOINTS = ("model_best.pth.tar of the benchmark's framework (i3d-resnet-50)",)


def build(num_classes: int, temporal_stride: bool = True) -> nn.Module:
    return ResNet3D(Bottleneck, (3, 4, 6, 3), num_classes, "inflated", temporal_stride)
