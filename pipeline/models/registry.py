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
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pipeline.models.spec import InputSpec

if TYPE_CHECKING:
    from torch import nn

TOOLS = frozenset(
    {"bring", "catalog", "checkpoints", "labels", "loaded", "opening", "registry", "spec"}
)
"""Files of this folder that are no models; so is every file whose name begins with `_`."""


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
    files: tuple[Path, ...]
    """The model's file, then the files of this folder that it imports, for provenance."""

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the keyword options of `build`."""
        return tuple(inspect.signature(self.build).parameters)[1:]


@cache
def names() -> tuple[str, ...]:
    """Names of all models, sorted."""
    files = Path(__file__).parent.glob("*.py")
    stems = (file.stem for file in files)
    return tuple(sorted(stem for stem in stems if stem not in TOOLS and not stem.startswith("_")))


@cache
def load(name: str) -> ModelEntry:
    """Import one model by name; this imports torch."""
    if name not in names():
        raise ValueError(f"unknown model {name!r}; there are: {', '.join(names())}.")
    module = importlib.import_module(f"pipeline.models.{name}")
    return ModelEntry(
        name=name,
        source=module.SOURCE,
        input=module.INPUT,
        head=module.HEAD,
        build=module.build,
        renamings=tuple(getattr(module, "RENAMINGS", ())),
        files=tuple(Path(inspect.getfile(part)) for part in _with_imports(module)),
    )


def _with_imports(module: ModuleType) -> list[ModuleType]:
    """The module and those of this folder that it takes names from, by way of others as well."""
    found = [module]
    for part in found:
        origins = {getattr(value, "__module__", None) for value in vars(part).values()}
        for name in sorted(origin for origin in origins if isinstance(origin, str)):
            imported = sys.modules.get(name)
            if name.startswith(f"{__package__}.") and imported and imported not in found:
                found.append(imported)
    return found
