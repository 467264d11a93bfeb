"""Parameter counts, multiply-adds and inputs of the zoo, for `python -m pipeline models`."""

from __future__ import annotations

from dataclasses import dataclass

from . import registry
from .registry import ModelEntry
from .spec import AxisOrder, Channels, Triple, ValueRange


@dataclass(frozen=True)
class ModelRow:
    """One row of the catalog; `dataclasses.asdict` converts it for JSON."""

    name: str
    params: int
    gmac: float
    """10^9 multiply-adds per clip: convolutions, linear layers, attention products.

    Papers on video models call these GFLOPs; a count of single operations is twice as high.
    """
    frames: int
    size: int
    """Height and width in pixels."""
    mean: Triple
    std: Triple
    layout: AxisOrder
    channels: Channels
    value_range: ValueRange
    options: tuple[str, ...]
    source: str


def rows(num_classes: int = 400) -> list[ModelRow]:
    """Return one row per model of the zoo, with `num_classes` outputs; allocates no weights."""
    return [row(registry.load(name), num_classes) for name in registry.names()]


def row(entry: ModelEntry, num_classes: int = 400, **options: object) -> ModelRow:
    """Return the row of one model, built with `options`."""
    spec = entry.input
    params, macs = count(entry, num_classes, spec.frames, spec.size, **options)
    return ModelRow(
        name=entry.name,
        params=params,
        gmac=macs / 1e9,
        frames=spec.frames,
        size=spec.size,
        mean=spec.mean,
        std=spec.std,
        layout=spec.layout,
        channels=spec.channels,
        value_range=spec.value_range,
        options=entry.options,
        source=entry.source,
    )


def count(
    entry: ModelEntry, num_classes: int, frames: int, size: int, **options: object
) -> tuple[int, int]:
    """Count the parameters of a model and the multiply-adds of one clip.

    Parameters
    ----------
    entry
        The model.
    num_classes
        Number of outputs.
    frames, size
        Frames of the clip, and their height and width in pixels.
    options
        Options of the model's `build`.

    Returns
    -------
    tuple[int, int]
        Number of parameters; number of multiply-adds.

    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    for key, value in (("frames", frames), ("size", size)):
        if key in entry.options:
            options.setdefault(key, value)
    middle = (3, frames) if entry.input.layout == "NCTHW" else (frames, 3)
    with torch.device("meta"), torch.inference_mode():
        network = entry.build(num_classes, **options).eval()
        clip = torch.empty((1, *middle, size, size))
        with FlopCounterMode(display=False) as counter:
            network(clip)
    params = sum(parameter.numel() for parameter in network.parameters())
    return params, counter.get_total_flops() // 2
