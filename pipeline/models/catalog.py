"""Parameter counts, multiply-adds and inputs of the zoo, for `python -m pipeline models`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

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
    checkpoints: tuple[str, ...]
    """Published forms of weights that load."""
    published: str
    """Row of the published leaderboard that the network stands for; empty if none."""


STORED = Path(__file__).with_name("catalog.json")
"""The rows for 400 classes, since counting takes seconds; a test compares them with a count."""


def rows() -> list[ModelRow]:
    """Return one row per model of the zoo, with 400 outputs; models not stored are counted.

    After a change of a model: `python -c "from pipeline.models import catalog; catalog.store()"`.
    """
    stored = {one["name"]: _parsed(one) for one in json.loads(STORED.read_text(encoding="utf-8"))}
    return [stored.get(name) or row(registry.load(name)) for name in registry.names()]


def store() -> None:
    """Count all models of the zoo and write the stored rows."""
    counted = [asdict(row(registry.load(name))) for name in registry.names()]
    STORED.write_text(json.dumps(counted, indent=1) + "\n")


def _parsed(values: dict[str, Any]) -> ModelRow:
    tuples: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    }
    return ModelRow(**tuples)


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
        checkpoints=entry.checkpoints,
        published=entry.published,
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
