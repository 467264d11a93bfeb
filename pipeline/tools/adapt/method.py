"""Test-time adaptation methods: what a method is given, and what it states about itself."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ...errors import SettingsError
from ...messages import did_you_mean
from ...storage.paths import DatasetPaths

if TYPE_CHECKING:
    import torch

    from ...datasets.frame_rules import FrameChoice, FrameRule
    from ...models import LoadedModel
    from ...models.device import ComputeDevice
    from ...params import Params
    from .source_statistics import SourceStatistics

Order = Literal["cells", "mixed"]
Reset = Literal["cell", "batch", "never"]


class Adapting(Protocol):
    """A model that adapts while it predicts."""

    def __call__(self, clips: Any) -> torch.Tensor:
        """Return the logits (N, classes) of a batch without labels, and adapt to it.

        `clips` are the frames of the method's views: a uint8 tensor, or a dictionary of them.
        """
        ...


@dataclass(frozen=True)
class AdaptationSource:
    """What a method starts from."""

    model: LoadedModel
    """A copy of the model on the device, in evaluation mode; the method may change it."""
    device: ComputeDevice
    frames: FrameRule
    """Frames that the evaluate stage gives to the model."""
    dataset: str
    name: str
    """Name of the model in params.yaml."""
    params: Params
    root: Path
    seed: int

    def logits(self, clips: torch.Tensor) -> torch.Tensor:
        """Return logits (N, classes) of frames of the model's input; see `forward.class_logits`."""
        from .forward import class_logits

        return class_logits(self.model, clips, self.device)

    def statistics(
        self, layers: Sequence[str] | None = None, max_clips: int | None = None
    ) -> SourceStatistics:
        """Return the source statistics over the clean training clips; computed once and kept."""
        from ...datasets.on_the_fly import CorruptedClips
        from .source_statistics import source_statistics

        clips = CorruptedClips(
            self.dataset,
            "clean",
            0,
            frames=self.frames,
            split="train",
            params=self.root / "params.yaml",
        )
        path = DatasetPaths(self.root, self.dataset).data / "adapt" / f"{self.name}.npz"
        return source_statistics(
            self.model,
            clips,
            layers=layers,
            max_clips=max_clips,
            batch_size=self.params.machine.batch_size,
            device=self.device,
            path=path,
        )


@dataclass(frozen=True)
class AdaptationMethod:
    """A method with the protocol of its paper; results state all of it."""

    name: str
    source: str
    """Paper or code, and settings that matter."""
    make: Callable[[AdaptationSource], Adapting]
    """Called for the first batch and after every reset."""
    frames: Callable[[AdaptationSource], FrameChoice] | None = None
    """Views of a clip; None means the frames that the evaluate stage gives to the model."""
    batch_size: int = 16
    order: Order = "cells"
    """Cell after cell with its clips in random order ("cells"), or all in one order ("mixed")."""
    reset: Reset = "cell"
    """When the model is again what it was before: for each cell, each batch, or never."""
    adapts: bool = True
    """False for the baseline, whose result has no adaptation and is ranked with other models."""


def read_method(name: str) -> AdaptationMethod:
    """Import a method: `package.module`, whose METHOD it is, or `package.module:attribute`."""
    module_name, _, attribute = name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except (ModuleNotFoundError, ValueError) as error:
        package = module_name.rpartition(".")[0]
        beside = pkgutil.iter_modules(getattr(sys.modules.get(package), "__path__", []))
        hint = did_you_mean(module_name, [f"{package}.{one.name}" for one in beside])
        raise SettingsError(
            f"method {name!r}: {error}{hint}; the module must be importable from where the "
            "pipeline runs, as examples.tent is in a clone."
        ) from error
    found = getattr(module, attribute or "METHOD", None)
    if not isinstance(found, AdaptationMethod):
        raise SettingsError(
            f"method {name!r}: {attribute or 'METHOD'} must be an AdaptationMethod (got "
            f"{type(found).__name__}); see examples/tent.py."
        )
    return found
