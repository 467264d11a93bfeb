"""Checkpoints as their authors publish them: names written down here, apart from our renamings."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import nn

KEYS = Path(__file__).parent / "keys"
NORM = ("weight", "bias", "running_mean", "running_var")


def randomised(module: nn.Module, seed: int = 1) -> nn.Module:
    """The module with weights and statistics that make every parameter matter."""
    random = torch.Generator().manual_seed(seed)
    for key, value in module.state_dict().items():
        if not value.is_floating_point():
            continue
        if key.endswith("running_var") or (value.ndim == 1 and key.endswith("weight")):
            value.copy_(0.5 + torch.rand(value.shape, generator=random))
        elif value.ndim == 1:
            value.copy_(0.1 * torch.randn(value.shape, generator=random))
        elif not bool(value.any()):
            value.copy_(0.02 * torch.randn(value.shape, generator=random))
    return module.eval()


def weights(module: nn.Module) -> dict[str, torch.Tensor]:
    """Tensors of a state dict without the counts of seen batches."""
    state = module.state_dict()
    return {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}


def listed_names(file: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes of a file in `keys`; "norm" stands for the four tensors of a batch norm."""
    for line in (KEYS / file).read_text().splitlines():
        *name, shape = line.split()
        size = tuple(int(number) for number in shape.split("x"))
        if name[1:] == ["norm"]:
            yield from ((f"{name[0]}.{leaf}", size) for leaf in NORM)
        else:
            yield name[0], size


def norm(name: str) -> list[str]:
    return [f"{name}.{leaf}" for leaf in NORM]


def resnet_names(num_blocks: Sequence[int], convolutions: int, tam: bool = False) -> Iterator[str]:
    """Keys of ResNets as torchvision, Hara et al. and TAM write them."""
    yield from ["conv1.weight", *norm("bn1")]
    for layer, blocks in enumerate(num_blocks, start=1):
        for index in range(blocks):
            block = f"layer{layer}.{index}"
            if tam:
                yield from (
                    f"{block}.tam.{part}_se.fc1.weight" for part in ("prev", "curr", "next")
                )
            for number in range(1, convolutions + 1):
                yield from [f"{block}.conv{number}.weight", *norm(f"{block}.bn{number}")]
            if index == 0 and (layer > 1 or convolutions == 3):
                yield from [f"{block}.downsample.0.weight", *norm(f"{block}.downsample.1")]
    yield from ["fc.weight", "fc.bias"]


def i3d_names(
    unit: str, mixed: str, branches: Sequence[str], batch_norm: str, logits: str
) -> Iterator[str]:
    """Keys of an I3D port: naming of units, of mixed layers, of the six branch convolutions."""
    for name in ("1a_7x7", "2b_1x1", "2c_3x3"):
        yield from [f"{unit}{name}.conv3d.weight", *norm(f"{unit}{name}.{batch_norm}")]
    for name in ("3b", "3c", "4b", "4c", "4d", "4e", "4f", "5b", "5c"):
        for branch in branches:
            place = f"{mixed}{name}.{branch}"
            yield from [f"{place}.conv3d.weight", *norm(f"{place}.{batch_norm}")]
    yield from [f"{logits}.conv3d.weight", f"{logits}.conv3d.bias"]


def pytorch_i3d_names() -> Iterator[str]:
    branches = ("b0", "b1a", "b1b", "b2a", "b2b", "b3b")
    return i3d_names("Conv3d_", "Mixed_", branches, "bn", "logits")


def kinetics_i3d_names() -> Iterator[str]:
    branches = ("branch_0", "branch_1.0", "branch_1.1", "branch_2.0", "branch_2.1", "branch_3.1")
    return i3d_names("conv3d_", "mixed_", branches, "batch3d", "conv3d_0c_1x1")


def timesformer_names() -> Iterator[str]:
    """Keys of the authors' TimeSformer, in the order in which transformers holds the same parts."""
    pair = ("weight", "bias")
    yield from (f"model.{name}" for name in ("cls_token", "pos_embed", "time_embed"))
    yield from (f"model.patch_embed.proj.{leaf}" for leaf in pair)
    parts = (
        *("attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2", "norm1", "norm2"),
        *("temporal_norm1", "temporal_attn.qkv", "temporal_attn.proj", "temporal_fc"),
    )
    for block in range(12):
        for part in parts:
            yield from (f"model.blocks.{block}.{part}.{leaf}" for leaf in pair)
    yield from (f"model.{name}.{leaf}" for name in ("norm", "head") for leaf in pair)
