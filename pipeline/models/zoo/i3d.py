"""I3D: Inception-v1 with every filter inflated to three dimensions.

| layer            | kernel    | stride  | output channels                            |
|------------------|-----------|---------|--------------------------------------------|
| Conv3d_1a_7x7    | 7 x 7 x 7 | 2, 2, 2 | 64                                         |
| MaxPool3d_2a_3x3 | 1 x 3 x 3 | 1, 2, 2 |                                            |
| Conv3d_2b_1x1    | 1 x 1 x 1 | 1       | 64                                         |
| Conv3d_2c_3x3    | 3 x 3 x 3 | 1       | 192                                        |
| MaxPool3d_3a_3x3 | 1 x 3 x 3 | 1, 2, 2 |                                            |
| Mixed_3b, 3c     | inception | 1       | 256, 480                                   |
| MaxPool3d_4a_3x3 | 3 x 3 x 3 | 2, 2, 2 |                                            |
| Mixed_4b to 4f   | inception | 1       | 512, 512, 512, 528, 832                    |
| MaxPool3d_5a_2x2 | 2 x 2 x 2 | 2, 2, 2 |                                            |
| Mixed_5b, 5c     | inception | 1       | 832, 1024                                  |
| logits           | mean of 2 frames and all places, dropout 0.5, 1 x 1 x 1, mean over time |

Padding is "same" as in TensorFlow (zeros, the odd one at the end); batch normalisation has eps
1e-3. Inputs are in [-1, 1]. The keys of the state dict are those of the widely used PyTorch port of
the authors' weights (pytorch-i3d); Kinetics-I3D ports with `branch_1.0` names load too.
"""

import torch
from torch import nn
from torch.nn import functional

from ..checkpoints import Renaming
from ..spec import InputSpec
from ._init import he_initialise

SOURCE = "Carreira and Zisserman 2017, Quo Vadis, Action Recognition? (figure 3), released form"
INPUT = InputSpec(frames=32, size=224, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
HEAD = "logits.conv3d"
CHECKPOINTS = ("pytorch-i3d: .pt", "kinetics_i3d_pytorch: .pth")

RENAMINGS = (
    Renaming(
        "kinetics_i3d_pytorch",
        marker=r"conv3d_1a_7x7\.",
        rules=tuple(
            (rf"mixed_(\d\w)\.{theirs}\.(.+)", rf"Mixed_\1.{ours}.\2")
            for theirs, ours in (
                (r"branch_0", "b0"),
                (r"branch_1\.0", "b1a"),
                (r"branch_1\.1", "b1b"),
                (r"branch_2\.0", "b2a"),
                (r"branch_2\.1", "b2b"),
                (r"branch_3\.1", "b3b"),
            )
        )
        + (
            (r"conv3d_0c_1x1\.conv3d\.(\w+)", r"logits.conv3d.\1"),
            (r"conv3d_(\w+?)\.(.+)", r"Conv3d_\1.\2"),
        ),
        after=((r"\.batch3d\.", ".bn."),),
    ),
)

Size = tuple[int, int, int]

INCEPTION = {
    # name: channels in; out of 1x1; 1x1 then 3x3; 1x1 then 3x3 (5x5 in 2D); pool then 1x1
    "Mixed_3b": (192, 64, 96, 128, 16, 32, 32),
    "Mixed_3c": (256, 128, 128, 192, 32, 96, 64),
    "Mixed_4b": (480, 192, 96, 208, 16, 48, 64),
    "Mixed_4c": (512, 160, 112, 224, 24, 64, 64),
    "Mixed_4d": (512, 128, 128, 256, 24, 64, 64),
    "Mixed_4e": (512, 112, 144, 288, 32, 64, 64),
    "Mixed_4f": (528, 256, 160, 320, 32, 128, 128),
    "Mixed_5b": (832, 256, 160, 320, 32, 128, 128),
    "Mixed_5c": (832, 384, 192, 384, 48, 128, 128),
}


class Unit3D(nn.Module):
    """Convolution with "same" padding, batch normalisation, ReLU."""

    def __init__(
        self, channels_in: int, channels_out: int, kernel: Size, stride: Size = (1, 1, 1)
    ) -> None:
        super().__init__()
        self.conv3d = nn.Conv3d(channels_in, channels_out, kernel, stride, bias=False)
        self.bn = nn.BatchNorm3d(channels_out, eps=1e-3, momentum=0.01)
        self.kernel = kernel
        self.stride = stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.relu(self.bn(self.conv3d(pad_same(x, self.kernel, self.stride))))


class MaxPoolSame(nn.Module):
    """Max pooling with "same" padding; zeros are neutral, since inputs are not negative."""

    def __init__(self, kernel: Size, stride: Size) -> None:
        super().__init__()
        self.kernel = kernel
        self.stride = stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.max_pool3d(
            pad_same(x, self.kernel, self.stride), self.kernel, self.stride
        )


class Inception(nn.Module):
    """Four branches side by side, joined along the channels."""

    def __init__(self, sizes: tuple[int, int, int, int, int, int, int]) -> None:
        super().__init__()
        channels_in, out0, mid1, out1, mid2, out2, out3 = sizes
        self.b0 = Unit3D(channels_in, out0, (1, 1, 1))
        self.b1a = Unit3D(channels_in, mid1, (1, 1, 1))
        self.b1b = Unit3D(mid1, out1, (3, 3, 3))
        self.b2a = Unit3D(channels_in, mid2, (1, 1, 1))
        self.b2b = Unit3D(mid2, out2, (3, 3, 3))
        self.b3a = MaxPoolSame((3, 3, 3), (1, 1, 1))
        self.b3b = Unit3D(channels_in, out3, (1, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        branches = (self.b0(x), self.b1b(self.b1a(x)), self.b2b(self.b2a(x)), self.b3b(self.b3a(x)))
        return torch.cat(branches, dim=1)


class Logits(nn.Module):
    """The 1 x 1 x 1 convolution that classifies, under the published name logits.conv3d."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.conv3d = nn.Conv3d(1024, num_classes, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.conv3d(x)
        return out


class I3D(nn.Module):
    """Maps clips (N, 3, T, H, W) to logits (N, classes); T at least 16."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.Conv3d_1a_7x7 = Unit3D(3, 64, (7, 7, 7), (2, 2, 2))
        self.MaxPool3d_2a_3x3 = MaxPoolSame((1, 3, 3), (1, 2, 2))
        self.Conv3d_2b_1x1 = Unit3D(64, 64, (1, 1, 1))
        self.Conv3d_2c_3x3 = Unit3D(64, 192, (3, 3, 3))
        self.MaxPool3d_3a_3x3 = MaxPoolSame((1, 3, 3), (1, 2, 2))
        pools = {
            "Mixed_4b": ("MaxPool3d_4a_3x3", MaxPoolSame((3, 3, 3), (2, 2, 2))),
            "Mixed_5b": ("MaxPool3d_5a_2x2", MaxPoolSame((2, 2, 2), (2, 2, 2))),
        }
        for name, sizes in INCEPTION.items():
            if name in pools:
                self.add_module(*pools[name])
            self.add_module(name, Inception(sizes))
        self.dropout = nn.Dropout(0.5)
        self.logits = Logits(num_classes)
        he_initialise(self, self.logits.conv3d)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        x = clips
        for name, layer in self.named_children():
            if name not in ("dropout", "logits"):
                x = layer(x)
        frames = x.mean(dim=(3, 4), keepdim=True)
        pairs = (frames[:, :, :-1] + frames[:, :, 1:]) / 2
        logits: torch.Tensor = self.logits(self.dropout(pairs))
        return logits.mean(dim=(2, 3, 4))


def pad_same(x: torch.Tensor, kernel: Size, stride: Size) -> torch.Tensor:
    """Pad (N, C, T, H, W) with zeros so that an axis of length n becomes ceil(n / stride)."""
    pads: list[int] = []
    for length, size, step in zip(x.shape[:1:-1], kernel[::-1], stride[::-1], strict=True):
        total = max(size - (length % step or step), 0)
        pads += [total // 2, total - total // 2]
    return functional.pad(x, pads) if any(pads) else x


def build(num_classes: int) -> nn.Module:
    return I3D(num_classes)
