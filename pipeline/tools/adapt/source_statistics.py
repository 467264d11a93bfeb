"""Source statistics: mean and variance of a model's layers over clean training clips.

Methods of test-time adaptation align the layers' statistics on corrupted clips with these, without
any training clip at test time. They are saved with the recipe that made them: model, weights,
layers, code and clips.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Subset

from ...datasets.example_maker import CLEAN
from ...datasets.on_the_fly import CorruptedClips
from ...errors import SettingsError
from ...io.atomic import atomic
from ...media.sampling import clip_indices
from ...models import LoadedModel
from ...models.device import ComputeDevice
from ...models.layer_statistics import as_channels, norm_layers, outputs_of
from ...provenance import code_of, recipe_hash
from .forward import class_logits, on_device

log = logging.getLogger(__name__)

Floats = NDArray[np.float32]

RECIPE = "recipe"
"""Name of the recipe in a file of statistics; a layer's arrays are `<layer>/mean` and `/var`."""


@dataclass(frozen=True)
class SourceStatistics:
    """Mean and variance per channel of the outputs of some layers."""

    mean: Mapping[str, Floats]
    """Mean over clips and positions, (channels,) by layer."""
    var: Mapping[str, Floats]
    """Population variance over clips and positions, (channels,) by layer."""
    recipe: Mapping[str, Any]
    """Everything that determines the numbers."""

    @property
    def layers(self) -> tuple[str, ...]:
        return tuple(self.mean)

    def save(self, path: Path) -> None:
        """Write the statistics and their recipe as one `.npz` file."""
        arrays: dict[str, Any] = {RECIPE: np.array(json.dumps(self.recipe, sort_keys=True))}
        for layer in self.layers:
            arrays |= {f"{layer}/mean": self.mean[layer], f"{layer}/var": self.var[layer]}
        with atomic(path) as temporary, temporary.open("wb") as file:
            np.savez(file, **arrays)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file that `save` wrote; raise SettingsError for any other."""
        try:
            with np.load(path, allow_pickle=False) as arrays:
                recipe = json.loads(str(arrays[RECIPE]))
                layers = [name.removesuffix("/mean") for name in arrays if name.endswith("/mean")]
                return cls(
                    mean={layer: arrays[f"{layer}/mean"] for layer in layers},
                    var={layer: arrays[f"{layer}/var"] for layer in layers},
                    recipe=recipe,
                )
        except (OSError, KeyError, ValueError, TypeError) as error:
            raise SettingsError(
                f"{path}: not a file of source statistics ({error}); delete it to compute it again."
            ) from error


def source_statistics(
    model: LoadedModel,
    clips: CorruptedClips,
    *,
    layers: Sequence[str] | None = None,
    max_clips: int | None = None,
    batch_size: int = 16,
    device: ComputeDevice | None = None,
    path: Path | None = None,
) -> SourceStatistics:
    """Return mean and variance of layers over clean training clips.

    Parameters
    ----------
    model
        Model, in evaluation mode.
    clips
        Clean clips of the training split with the frames that the model takes
        (`forward.model_frames`): `CorruptedClips(dataset, "clean", 0, split="train", frames=...)`.
    layers
        Names of layers; None means all normalisation layers.
    max_clips
        Number of clips, spread over the dataset; None means all.
    batch_size
        Clips per forward pass; it does not change the statistics beyond rounding.
    device
        Device and precision; None means the CPU in float32.
    path
        File (`.npz`) to read the statistics from if it has this recipe, and to write otherwise.

    Returns
    -------
    SourceStatistics
        Of the layers' outputs; sums are computed in float64.

    Raises
    ------
    SettingsError
        If the clips are not clean, a layer is unknown, or the model does not fit the clips.

    """
    names = list(layers) if layers is not None else norm_layers(model.module)
    if not names:
        raise SettingsError(
            f"model {model.name!r}: no normalisation layer (got {type(model.module).__name__}); "
            "give `layers`."
        )
    count = len(clips) if max_clips is None else min(max_clips, len(clips))
    chosen = clip_indices(len(clips), count).tolist()
    recipe = _recipe(model, clips, names, chosen, device)
    if path is not None and path.is_file():
        known = SourceStatistics.load(path)
        if recipe_hash(known.recipe) == recipe_hash(recipe):
            return known
        log.info("%s: of another recipe; computed again.", path)
    loader: DataLoader[dict[str, Any]] = DataLoader(Subset(clips, chosen), batch_size)
    found = _computed(model, loader, names, recipe, device)
    if path is not None:
        found.save(path)
    return found


def _recipe(
    model: LoadedModel,
    clips: CorruptedClips,
    layers: Sequence[str],
    chosen: Sequence[int],
    device: ComputeDevice | None,
) -> dict[str, Any]:
    recipe = clips.recipe()
    if (recipe["corruption"], recipe["severity"]) != CLEAN:
        raise SettingsError(
            "clips: source statistics are of clean training clips (got "
            f"{recipe['corruption']} {recipe['severity']}); use the cell {CLEAN}."
        )
    recipe["clips"] = [recipe["clips"][number] for number in chosen]
    return {
        "statistics": "mean and population variance per channel of the outputs of layers",
        "code": code_of(Path(__file__)),
        "model": model.name,
        "model_code": dict(model.code),
        "weights_sha256": model.weights_sha256,
        "input": json.loads(json.dumps(asdict(model.input))),
        "precision": "fp32" if device is None else device.precision,
        "layers": list(layers),
        "num_clips": len(chosen),
        "source": recipe,
    }


def _computed(
    model: LoadedModel,
    loader: "DataLoader[dict[str, Any]]",
    layers: Sequence[str],
    recipe: Mapping[str, Any],
    device: ComputeDevice | None,
) -> SourceStatistics:
    place = device or ComputeDevice("cpu", "fp32")
    model = on_device(model, place)
    modules = dict(model.module.named_modules())
    sums: dict[str, torch.Tensor] = {}
    squares: dict[str, torch.Tensor] = {}
    counts = dict.fromkeys(layers, 0)
    for batch in loader:
        with torch.inference_mode(), outputs_of(model.module, layers) as outputs:
            class_logits(model, batch["clip"], place)
        for name in layers:
            values = as_channels(modules[name], outputs[name]).double()
            sums[name] = sums.get(name, 0) + values.sum(dim=0)
            squares[name] = squares.get(name, 0) + values.square().sum(dim=0)
            counts[name] += len(values)
    mean = {name: sums[name] / counts[name] for name in layers}
    var = {
        name: (squares[name] / counts[name] - mean[name].square()).clamp_min(0) for name in layers
    }
    return SourceStatistics(_arrays(mean), _arrays(var), recipe)


def _arrays(values: Mapping[str, torch.Tensor]) -> dict[str, Floats]:
    return {name: value.cpu().numpy().astype(np.float32) for name, value in values.items()}
