"""3D ResNet-18: basic blocks (2, 2, 2, 2) of 3 x 3 x 3 convolutions; layers in `_resnet3d`."""

from torch import nn

from ..spec import InputSpec
from ._resnet3d import BasicBlock, ResNet3D, Stem

SOURCE = "Hara et al. 2018, Can Spatiotemporal 3D CNNs Retrace the History of 2D CNNs (table 1)"
INPUT = InputSpec(
    frames=32,
    size=224,
    # Of Kinetics, as published with the weights.
    mean=(0.4345, 0.4051, 0.3775),
    std=(0.2768, 0.2713, 0.2737),
)
HEAD = "fc"


def build(num_classes: int, stem: Stem = "hara") -> nn.Module:
    return ResNet3D(BasicBlock, (2, 2, 2, 2), num_classes, stem)
