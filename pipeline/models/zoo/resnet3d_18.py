"""3D ResNet-18: basic blocks (2, 2, 2, 2) of 3 x 3 x 3 convolutions; layers in `_resnet3d`."""

from torch import nn

from ._resnet3d import HARA_INPUT, BasicBlock, ResNet3D, Stem, hara_input

SOURCE = "Hara et al. 2018, Can Spatiotemporal 3D CNNs Retrace the History of 2D CNNs (table 1)"
INPUT = HARA_INPUT
HEAD = "fc"
CHECKPOINTS = ("3D-ResNets-PyTorch (Hara et al.): .pth with module. keys, 2018 and 2020",)
NEEDS_INPUT = hara_input


def build(num_classes: int, stem: Stem = "hara") -> nn.Module:
    return ResNet3D(BasicBlock, (2, 2, 2, 2), num_classes, stem)
