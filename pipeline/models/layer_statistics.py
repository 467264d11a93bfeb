"""Mean and variance of the outputs of layers, per channel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import SettingsError
from ..messages import did_you_mean

if TYPE_CHECKING:
    import torch
    from torch import nn


def norm_layers(module: nn.Module) -> list[str]:
    """Return the names of the normalisation layers of a network, in the order of its modules."""
    return [name for name, layer in module.named_modules() if is_norm(layer)]


def is_norm(layer: nn.Module) -> bool:
    """Return True for batch, instance, group and layer normalisation."""
    from torch import nn
    from torch.nn.modules.batchnorm import _NormBase

    return isinstance(layer, _NormBase | nn.GroupNorm | nn.LayerNorm)


@contextmanager
def outputs_of(module: nn.Module, layers: Sequence[str]) -> Iterator[dict[str, torch.Tensor]]:
    """Keep the outputs of some layers during the forward passes of a block.

    Parameters
    ----------
    module
        Network.
    layers
        Names of its layers, as `named_modules` has them.

    Yields
    ------
    dict[str, torch.Tensor]
        Output of each layer in the last forward pass, with gradients if they were enabled. A layer
        that runs several times per pass has its last output.

    Raises
    ------
    SettingsError
        If there is no such layer, or a layer was not run.

    """
    known = dict(module.named_modules())
    for name in layers:
        if name not in known or not name:
            raise SettingsError(
                f"layers: unknown layer {name!r}{did_you_mean(name, known)}; choose from "
                f"{', '.join(norm_layers(module)) or 'the names of named_modules()'}."
            )
    found: dict[str, torch.Tensor] = {}

    def keep(name: str) -> Any:
        def hook(layer: nn.Module, inputs: Any, output: torch.Tensor) -> None:
            found[name] = output

        return hook

    handles = [known[name].register_forward_hook(keep(name)) for name in layers]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()
    missing = [name for name in layers if name not in found]
    if missing:
        raise SettingsError(
            f"layers: not run by the forward pass (got {', '.join(missing)}); choose others."
        )


def as_channels(layer: nn.Module, output: torch.Tensor) -> torch.Tensor:
    """Return the output of a layer as (positions, channels).

    Channels are the second axis, or the last one of layer normalisation and linear layers.
    """
    from torch import nn

    last = isinstance(layer, nn.LayerNorm | nn.Linear) or output.ndim < 3
    moved = output if last else output.movedim(1, -1)
    return moved.reshape(-1, moved.shape[-1])


def channel_moments(layer: nn.Module, output: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and population variance (channels,) of a layer's output."""
    values = as_channels(layer, output)
    return values.mean(dim=0), values.var(dim=0, unbiased=False)
