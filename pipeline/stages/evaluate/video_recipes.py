"""Recipes of units that are evaluated from videos: everything that their predictions depend on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from corruptions.registry import load

from ...models import LoadedModel
from ...models.device import ComputeDevice
from ...params import Params
from ...provenance import code_of, describe, library_versions, recipe_hash
from ...storage import schemas
from ...storage.paths import DatasetPaths
from ...storage.rows import CellRow
from .cells import EvaluationCell
from .load import prediction_recipe
from .units import Unit

MODULE = Path(__file__).with_name("from_videos.py")
"""Code that makes the clips; loaded by name, so that shards do not depend on it."""


def code() -> str:
    """Return the hash of the code that makes clips, without the library of corruptions."""
    return code_of(MODULE, library=False)


@dataclass(frozen=True)
class UnitRecipes:
    """Recipe hashes of the units of one dataset."""

    params: Params
    paths: DatasetPaths
    device: ComputeDevice
    loaded: Mapping[str, LoadedModel]
    _known: dict[tuple[str, int], str] = field(default_factory=dict)
    _of_models: dict[tuple[str, int], str] = field(default_factory=dict)

    def clips(self, corruption: str, unit: Unit) -> str:
        """Return the recipe of a unit's clips."""
        key = (corruption, unit.index)
        if key not in self._known:
            self._known[key] = self._clips(corruption, unit)
        return self._known[key]

    def prediction(self, name: str, corruption: str, unit: Unit) -> str:
        """Return the recipe of a model's predictions for a unit."""
        key = (name, unit.index)
        if key not in self._of_models:
            rows: tuple[CellRow, ...] = tuple(
                {
                    "key": row["key"],
                    "dataset": row["dataset"],
                    "label_id": row["label_id"],
                    "status": row["status"],
                    "sha256": row["source_sha256"],
                }
                for row in unit.rows
            )
            listed = EvaluationCell(schemas.CLEAN, 0, rows)
            self._of_models[key] = prediction_recipe(
                name, self.loaded[name], listed, self.params, self.device, self.paths
            )
        return recipe_hash({"model": self._of_models[key], "clips": self.clips(corruption, unit)})

    def _clips(self, corruption: str, unit: Unit) -> str:
        params, dataset = self.params, self.paths.dataset
        parts = {
            "stage": "evaluate from videos",
            "code": code(),
            "libraries": library_versions(),
            "picture": params.decode.pictures[dataset].model_dump(
                exclude={"clips_per_shard", "training"}
            ),
            "payload": params.payload.model_dump() if params.evaluate.has_payload else None,
            "max_frames": params.decode.max_frames,
            "max_pixels": params.filter.max_pixels,
            "dataset": dataset,
            "clips": [[row.get(name) for name in schemas.CLIP_IDENTITY] for row in unit.rows],
        }
        if corruption != schemas.CLEAN:
            chosen = load(corruption, params.dialect)
            table = params.corrupt.levels[dataset]
            parts |= {
                "corruption": describe(chosen),
                "levels": [
                    [severity, str(chosen.level(severity, table))] for severity in params.severities
                ],
                "frames": params.corrupt.frames,
                "seed": params.seed,
            }
        return recipe_hash(parts)
