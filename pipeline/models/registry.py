"""Find models: the folder is the registry.

A model is one file of this folder. Its module holds

- `SOURCE`: where the definition comes from (paper, section);
- `INPUT`: the InputSpec it is evaluated with;
- `HEAD`: name of the layer that gives the logits, as in its state dict;
- `build(num_classes, **options) -> nn.Module`: the network, freshly initialised; it maps a batch
  in `INPUT.layout` to logits (N, num_classes). Options have defaults; one named `frames` follows
  the input that the user asks for.
- where weights are published under other names, `RENAMINGS` (see `checkpoints`).
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .spec import InputSpec

if TYPE_CHECKING:
    from torch import nn

ZOO = Path(__file__).parent / "zoo"
"""Folder of the models; files whose names begin with `_` are shared parts of them."""


@dataclass(frozen=True)
class ModelEntry:
    """One model of the folder, as its module describes it."""

    name: str
    source: str
    input: InputSpec
    head: str
    build: Callable[..., nn.Module]
    renamings: tuple[Any, ...]
    """`checkpoints.Renaming` values, tried in order."""
    file: Path
    """The model's module, for provenance."""

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the keyword options of `build`."""
        return tuple(inspect.signature(self.build).parameters)[1:]


@cache
def names() -> tuple[str, ...]:
    """Names of all models, sorted."""
    return tuple(sorted(file.stem for file in ZOO.glob("*.py") if not file.stem.startswith("_")))


@cache
def load(name: str) -> ModelEntry:
    """Import one model by name; this imports torch."""
    if name not in names():
        raise ValueError(f"unknown model {name!r}; there are: {', '.join(names())}.")
    module = importlib.import_module(f".zoo.{name}", __package__)
    return ModelEntry(
        name=name,
        source=module.SOURCE,
        input=module.INPUT,
        head=module.HEAD,
        build=module.build,
        renamings=tuple(getattr(module, "RENAMINGS", ())),
        file=ZOO / f"{name}.py",
    )
