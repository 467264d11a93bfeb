"""Evaluation straight from the source videos: no shards are written or read.

A source is decoded once for all cells, and only the frames that the models take are made. The
frames are those that a reader of the shards sees, payload included, so that predictions are equal.
The unit of work is (clips of one clean shard, corruption): its predictions and the record of its
clips are files of their own, so that a killed run loses at most the units in flight.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from ...datasets.cell_frames import CellClip, CellFrames
from ...errors import SettingsError, StageError, TransientClipError
from ...execution.pool import run_tasks
from ...execution.prefetch import read_ahead
from ...execution.progress import progress_bar, without_bars
from ...execution.ranks import Ranks
from ...models import LoadedModel
from ...models.device import ComputeDevice
from ...params import Params
from ...storage import manifest, schemas
from ...storage.paths import DatasetPaths
from ...storage.rows import EvaluatedRow
from .batches import Batch, frames_of_models
from .cells import EvaluationCell
from .clip_maker import BatchFrames, ClipMaker, ClipTask
from .load import hardware_columns
from .predict import move, predict, prediction_rows
from .units import Unit, read_units
from .video_recipes import UnitRecipes

if TYPE_CHECKING:
    import torch

Cell = tuple[str, int]


@dataclass
class UnitResults:
    """Clips and logits of the cells of one unit, as far as they are computed."""

    waiting: dict[Cell, list[CellClip]]
    """Usable clips that do not fill a batch yet."""
    rows: dict[Cell, list[CellClip]]
    """All clips, without their frames."""
    logits: dict[tuple[str, Cell], list[torch.Tensor]]
    """By model."""


def complete(
    params: Params,
    paths: DatasetPaths,
    device: ComputeDevice,
    loaded: Mapping[str, LoadedModel],
    ranks: Ranks,
) -> tuple[dict[str, list[Path]], dict[str, SettingsError]]:
    """Compute this process's share of the missing units; return all parts, and failed models."""
    return VideoEvaluation(params, paths, device, loaded, ranks).complete()


@dataclass(frozen=True)
class VideoEvaluation:
    """Evaluation of one dataset from its videos."""

    params: Params
    paths: DatasetPaths
    device: ComputeDevice
    loaded: Mapping[str, LoadedModel]
    ranks: Ranks
    failed: dict[str, SettingsError] = field(default_factory=dict)
    """Models that failed; they get no further clips."""

    @property
    def corruptions(self) -> tuple[str, ...]:
        """Return the clean set and the corruptions, in the order of the predictions."""
        return (schemas.CLEAN, *self.params.corruptions)

    def complete(self) -> tuple[dict[str, list[Path]], dict[str, SettingsError]]:
        """Compute the missing units of this process's share; return parts and failed models."""
        units = read_units(self.params, self.paths)
        recipes = UnitRecipes(self.params, self.paths, self.device, self.loaded)
        pending = {unit.index: self._pending(unit, recipes) for unit in units}
        self.ranks.wait()  # until all have listed the same units: a part changes the shares
        mine = self.ranks.share([unit for unit in units if pending[unit.index]])
        needed = {name for some in pending.values() for names in some.values() for name in names}
        compiled = self.params.machine.compile
        moved = {
            name: move(self.loaded[name], self.device, compiled)
            for name in self.loaded
            if name in needed
        }
        batch = frames_of_models(list(self.loaded.values()), self.params)
        tasks = [ClipTask(row, tuple(pending[unit.index])) for unit in mine for row in unit.rows]
        maker = ClipMaker(
            CellFrames(
                self.paths.dataset, self.params, self.paths.root, self.params.evaluate.has_payload
            ),
            BatchFrames(self.params, batch),
        )
        total = sum(len(unit.rows) for unit in self.ranks.share(units))
        cells = 1 + len(self.params.corruptions) * len(self.params.severities)
        label = f"evaluate {self.paths.dataset}, {cells} cells per clip"
        with (
            progress_bar(label, total, total - len(tasks)) as advance,
            closing(self._made(maker, tasks)) as made,
        ):
            for unit in mine:
                if needed <= set(self.failed):
                    break
                results = UnitResults({}, {}, {})
                for _ in unit.rows:
                    for clip in next(made):
                        self._add(results, clip, batch, pending[unit.index], moved)
                    advance(1)
                for cell in list(results.waiting):
                    self._run(results, cell, batch, pending[unit.index], moved)
                self._write(unit, results, pending[unit.index], recipes)
        parts = {
            name: [
                self.paths.unit_answers(name, corruption, unit.index)
                for corruption in self.corruptions
                for unit in units
            ]
            for name in self.loaded
        }
        return parts, self.failed

    def _pending(self, unit: Unit, recipes: UnitRecipes) -> dict[str, list[str]]:
        """Return the models whose predictions are missing, by corruption.

        All of them are missing if the record of the clips is.
        """
        found = {}
        for corruption in self.corruptions:
            record = self.paths.unit_clips(corruption, unit.index)
            recorded = manifest.has_recipe(record, recipes.clips(corruption, unit))
            names = [
                name
                for name in self.loaded
                if not recorded
                or not manifest.has_recipe(
                    self.paths.unit_answers(name, corruption, unit.index),
                    recipes.prediction(name, corruption, unit),
                )
            ]
            if names:
                found[corruption] = names
        return found

    def _made(
        self, maker: ClipMaker, tasks: Sequence[ClipTask]
    ) -> Generator[list[CellClip], None, None]:
        """Return the clips of the tasks in order, made ahead in other processes."""
        machine = self.params.machine
        if machine.backend == "loky":
            workers = max(1, machine.num_workers // self.ranks.on_this_machine)
            try:
                yield from read_ahead(maker, tasks, 0 if workers == 1 else workers)
            except RuntimeError as error:
                if "DataLoader worker" not in str(error):
                    raise
                raise StageError(
                    f"evaluate {self.paths.dataset}: a worker was killed (out of memory?). "
                    "Completed work is kept; run the same command again, with a smaller "
                    "machine.workers if memory was short."
                ) from error
            return
        step = 4 * max(1, machine.workers or 16)  # bounds the clips in memory
        videos = self.paths.root / self.params.filter.sources[self.paths.dataset].videos
        for start in range(0, len(tasks), step):
            with without_bars():
                yield from run_tasks(
                    maker,
                    tasks[start : start + step],
                    machine,
                    f"evaluate {self.paths.dataset}",
                    name=lambda task: task.row["key"],
                    shared=(self.paths.data, videos),
                )

    def _add(
        self,
        results: UnitResults,
        clip: CellClip,
        batch: Batch,
        pending: Mapping[str, Sequence[str]],
        moved: Mapping[str, LoadedModel],
    ) -> None:
        cell = (clip.row["corruption"], clip.row["severity"])
        results.rows.setdefault(cell, []).append(replace(clip, data=b""))
        waiting = results.waiting.setdefault(cell, [])
        if clip.error is None:
            waiting.append(clip)
        if len(waiting) == self.params.machine.batch_size:
            self._run(results, cell, batch, pending, moved)

    def _run(
        self,
        results: UnitResults,
        cell: Cell,
        batch: Batch,
        pending: Mapping[str, Sequence[str]],
        moved: Mapping[str, LoadedModel],
    ) -> None:
        """Run the pending models on the waiting clips of a cell."""
        import torch

        clips = results.waiting.pop(cell)
        if not clips:
            return
        with ThreadPoolExecutor(self.params.machine.num_workers) as pool:
            frames = torch.from_numpy(np.stack(list(pool.map(CellClip.read, clips))))
        rows = tuple(clip.row for clip in clips)
        models = {name: moved[name] for name in pending[cell[0]] if name not in self.failed}
        found, errors = predict(
            models,
            [replace(batch, rows=rows)],
            iter([frames]),
            self.params,
            self.device,
            lambda count: None,
        )
        self.failed.update(errors)
        for name, logits in found.items():
            results.logits.setdefault((name, cell), []).append(logits)

    def _write(
        self,
        unit: Unit,
        results: UnitResults,
        pending: Mapping[str, Sequence[str]],
        recipes: UnitRecipes,
    ) -> None:
        """Write the record of the unit's clips, then the predictions, which mark it as complete."""
        import torch

        for corruption, names in pending.items():
            cells = {cell: clips for cell, clips in results.rows.items() if cell[0] == corruption}
            settled = not any(
                isinstance(clip.error, TransientClipError)
                for clips in cells.values()
                for clip in clips
            )
            recipe = recipes.clips(corruption, unit)
            manifest.write(
                self.paths.unit_clips(corruption, unit.index),
                [_evaluated_row(clip, recipe) for clips in cells.values() for clip in clips],
                schemas.EVALUATED,
                {"recipe_hash": recipe},
            )
            for name in names:
                if name in self.failed:
                    continue
                recipe = recipes.prediction(name, corruption, unit)
                protocol = self.loaded[name].input.protocol(
                    self.params.evaluate.frames,
                    self.params.decode.pictures[self.paths.dataset].crop,
                    self.params.evaluate.has_payload,
                )
                stated = hardware_columns(self.loaded[name], self.device)
                rows = []
                for cell, clips in cells.items():
                    some = results.logits.get((name, cell), [])
                    scores = torch.cat(some) if some else torch.empty(0, 1)
                    described = EvaluationCell(*cell, tuple(clip.row for clip in clips))
                    rows += [
                        {**row, **stated, "recipe_hash": recipe}
                        for row in prediction_rows(described, name, protocol, scores)
                    ]
                manifest.write(
                    self.paths.unit_answers(name, corruption, unit.index),
                    rows,
                    schemas.PREDICTIONS,
                    {"recipe_hash": recipe if settled else f"unsettled {recipe}"},
                )


def _evaluated_row(clip: CellClip, recipe: str) -> EvaluatedRow:
    columns = {name: value for name, value in clip.row.items() if name in schemas.EVALUATED.names}
    return {
        **cast(EvaluatedRow, columns),
        "frames": clip.made.tolist(),
        "recipe_hash": recipe,
    }
