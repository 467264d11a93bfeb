"""Registry of the model zoo: the folder `zoo` is the list of models.

A model is one file of that folder; files whose names begin with `_` hold shared parts. Its module
defines

- `SOURCE`: where the definition comes from (paper, section);
- `INPUT`: the InputSpec that it is evaluated with;
- `HEAD`: name of the layer that computes the logits, as in its state dict;
- `build(num_classes, **options) -> nn.Module`: the network, freshly initialised; it maps a batch
  in `INPUT.layout` to logits (N, num_classes). Options have defaults; options named `frames` and
  `size` follow the input in params.yaml.
- `RENAMINGS` (see `checkpoints`), if weights are published under other names;
- `CHECKPOINTS`: the published forms of weights that load;
- `LIBRARIES`: packages that define the network, if any;
- `PUBLISHED`: the row of the published leaderboard that it stands for, if any;
- `INPUT_OF(state) -> dict`: frames and size that a checkpoint determines, if any;
- `START(state, own) -> dict`: tensors of images adapted to start training from, if needed;
- `NEEDS_INPUT(num_outputs, given) -> str`: why weights need an input in params.yaml, if they do.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SettingsError
from ..messages import did_you_mean
from .spec import InputSpec

if TYPE_CHECKING:
    from torch import nn

HOOKS = (("input_of", "INPUT_OF"), ("start", "START"), ("needs_input", "NEEDS_INPUT"))
"""Fields of an entry and the names of optional functions of its module."""

ZOO = Path(__file__).parent / "zoo"
"""Folder of the models."""


@dataclass(frozen=True)
class ModelEntry:
    """One model of the zoo, as its module describes it."""

    name: str
    source: str
    input: InputSpec
    head: str
    build: Callable[..., nn.Module]
    renamings: tuple[Any, ...]
    """`checkpoints.Renaming` values, tried in order."""
    file: Path
    """The model's module, for provenance."""
    checkpoints: tuple[str, ...] = ()
    """Published forms of weights that load."""
    libraries: tuple[str, ...] = ()
    """Packages that define the network, whose versions belong to its results."""
    published: str = ""
    """Row of the published leaderboard that the model stands for; empty if none."""
    input_of: Callable[[Mapping[str, Any]], dict[str, int]] = lambda _: {}
    """Frames and size that the tensors of a checkpoint determine."""
    start: Callable[[dict[str, Any], Mapping[str, Any]], dict[str, Any]] = lambda state, _: state
    """Adapts tensors to start training from to the network's own tensors."""
    needs_input: Callable[[int, Collection[str]], str] = lambda *_: ""
    """Why weights with this number of outputs need an input in params.yaml."""

    def make(
        self, num_classes: int, spec: InputSpec | None, options: Mapping[str, Any]
    ) -> nn.Module:
        """Build the network for an input.

        Parameters
        ----------
        num_classes
            Number of outputs.
        spec
            Input in params.yaml, whose `frames` and `size` are options of some networks; None for
            the model's own.
        options
            Keyword arguments of `build`.

        Returns
        -------
        nn.Module
            The network with freshly initialised weights (the caller seeds torch).

        Raises
        ------
        SettingsError
            If the model does not have one of the options.

        """
        unknown = sorted(set(options) - set(self.options))
        if unknown:
            raise SettingsError(
                f"model {self.name!r} has no options {unknown}; choose from {list(self.options)}."
            )
        values = dict(options)
        for key in ("frames", "size"):
            if spec is not None and key in self.options:
                values.setdefault(key, getattr(spec, key))
        try:
            return self.build(num_classes, **values)
        except ValueError as error:
            raise SettingsError(f"model {self.name!r}: options: {error}") from error

    def keys(self) -> tuple[str, ...]:
        """Return the names of the network's tensors, without allocating them."""
        import torch

        with torch.device("meta"):
            return tuple(self.build(1).state_dict())

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the keyword options of `build`."""
        return tuple(inspect.signature(self.build).parameters)[1:]


@cache
def names() -> tuple[str, ...]:
    """Return the names of all models, sorted."""
    return tuple(sorted(file.stem for file in ZOO.glob("*.py") if not file.stem.startswith("_")))


@cache
def load(name: str) -> ModelEntry:
    """Import the module of one model; this imports torch.

    Parameters
    ----------
    name
        One of `names()`.

    Returns
    -------
    ModelEntry
        Source, input and `build` function of the model.

    Raises
    ------
    ValueError
        If there is no such model.

    """
    if name not in names():
        raise ValueError(
            f"unknown model {name!r}"
            f"{did_you_mean(name, names())}; "
            f"choose from: {', '.join(names())}."
        )
    module = importlib.import_module(f".zoo.{name}", __package__)
    return ModelEntry(
        name=name,
        source=module.SOURCE,
        input=module.INPUT,
        head=module.HEAD,
        build=module.build,
        renamings=tuple(getattr(module, "RENAMINGS", ())),
        file=ZOO / f"{name}.py",
        checkpoints=tuple(getattr(module, "CHECKPOINTS", ())),
        libraries=tuple(getattr(module, "LIBRARIES", ())),
        published=getattr(module, "PUBLISHED", ""),
        **{field: getattr(module, name) for field, name in HOOKS if hasattr(module, name)},
    )
