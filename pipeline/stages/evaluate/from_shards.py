"""Evaluation from stored shards: models share one read of the clips of a cell.

On a GPU, or without a cluster, the models run in this process, and batches are read ahead. On the
CPUs of a cluster its workers read and evaluate one shard of a cell each, and return the logits. The
part of a model in a cell is written here, so that a killed run loses at most the cells in flight.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import SettingsError
from ...execution.pool import run_tasks
from ...execution.prefetch import read_ahead
from ...execution.progress import progress_bar
from ...execution.ranks import Ranks
from ...models import LoadedModel
from ...models.device import ComputeDevice
from ...params import Params
from ...storage import manifest, schemas
from ...storage.paths import DatasetPaths
from .batches import Batch, BatchReader, batches_of
from .cells import EvaluationCell
from .load import hardware_columns, prediction_recipe
from .predict import join_logits, move, predict, prediction_rows
from .shard_predictor import ShardPredictor, ShardTask

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class PendingCell:
    """Cell that some models have no predictions of."""

    cell: EvaluationCell
    recipes: Mapping[str, str]
    """By model: recipes of the missing predictions."""
    batches: tuple[Batch, ...]

    @property
    def tasks(self) -> list[ShardTask]:
        """The batches of each shard."""
        return [
            ShardTask(tuple(batches), tuple(self.recipes))
            for _, batches in groupby(self.batches, lambda batch: batch.rows[0]["shard"])
        ]


@dataclass(frozen=True)
class ShardEvaluation:
    """Evaluation of one dataset from its shards."""

    params: Params
    paths: DatasetPaths
    device: ComputeDevice
    loaded: Mapping[str, LoadedModel]
    ranks: Ranks
    cells: Sequence[EvaluationCell]
    stored_size: int
    failed: dict[str, SettingsError] = field(default_factory=dict)
    """Models that failed; they get no further clips."""

    def parts(self) -> dict[str, list[Path]]:
        """Return the parts of each model."""
        return {
            name: [self.paths.answers(name, cell.corruption, cell.severity) for cell in self.cells]
            for name in self.loaded
        }

    def complete(self) -> dict[str, SettingsError]:
        """Compute this process's share of the missing parts; return the errors of failed models."""
        pending = [one for cell in self.cells if (one := self._pending(cell)).recipes]
        self.ranks.wait()  # until all have listed the same cells: a part changes the shares
        pending = list(self.ranks.share(pending))
        needed = {name for one in pending for name in one.recipes}
        if self.params.machine.backend == "loky" or self.device.is_gpu:
            logits = self._logits_here(pending, needed)
        else:
            logits = self._logits_of_cluster(pending, needed)
        with closing(logits):
            for one, found in zip(pending, logits, strict=True):
                for name, scores in found.items():
                    self._write(one, name, scores)
                if needed <= self.failed.keys():
                    break
        return self.failed

    def _pending(self, cell: EvaluationCell) -> PendingCell:
        recipes = {}
        for name, model in self.loaded.items():
            recipe = prediction_recipe(name, model, cell, self.params, self.device, self.paths)
            part = self.paths.answers(name, cell.corruption, cell.severity)
            if not manifest.has_recipe(part, recipe):
                recipes[name] = recipe
        batches = batches_of(cell, [self.loaded[name] for name in recipes], self.params)
        return PendingCell(cell, recipes, batches if recipes else ())

    def _logits_here(
        self, pending: Sequence[PendingCell], needed: set[str]
    ) -> Generator[dict[str, torch.Tensor], None, None]:
        """Yield the logits of each model for each cell, computed in this process."""
        machine = self.params.machine
        moved = {name: move(self.loaded[name], self.device, machine.compile) for name in needed}
        read = read_ahead(
            BatchReader(self.params, self.paths.root),
            [batch for one in pending for batch in one.batches],
            machine.loader_workers,
            pinned=self.device.is_gpu,
        )
        total = sum(len(cell.rows) for cell in self.cells)
        done = total - sum(len(one.cell.rows) for one in pending)
        with progress_bar(self._label, total, done) as advance:
            for one in pending:
                alive = {name: moved[name] for name in one.recipes if name not in self.failed}
                found, errors = predict(alive, one.batches, read, self.params, self.device, advance)
                advance(len(one.cell.rows) - sum(len(batch.rows) for batch in one.batches))
                self.failed.update(errors)
                yield found

    def _logits_of_cluster(
        self, pending: Sequence[PendingCell], needed: set[str]
    ) -> Generator[dict[str, torch.Tensor], None, None]:
        """Yield the logits of each model for each cell, computed by workers, shard by shard."""
        tasks = [task for one in pending for task in one.tasks]
        loaded = {name: self.loaded[name] for name in self.loaded if name in needed}
        results = run_tasks(
            ShardPredictor.of(loaded, self.params, self.paths, self.device, self.stored_size),
            tasks,
            self.params.machine,
            self._label,
            size=lambda task: task.num_clips,
            done=sum(len(cell.rows) for cell in self.cells) - sum(task.num_clips for task in tasks),
            name=lambda task: task.shard,
            shared=(self.paths.data,),
        )
        for one in pending:
            parts = []
            for _ in one.tasks:
                found, errors = next(results)
                self.failed.update(errors)
                parts.append(found)
            yield {
                name: join_logits([part[name] for part in parts])
                for name in one.recipes
                if name not in self.failed
            }

    @property
    def _label(self) -> str:
        return f"evaluate {self.paths.dataset}"

    def _write(self, one: PendingCell, name: str, logits: torch.Tensor) -> None:
        """Write the part of a model in a cell."""
        cell, recipe = one.cell, {"recipe_hash": one.recipes[name]}
        protocol = self.loaded[name].input.protocol(self.params.evaluate.frames, self.stored_size)
        stated = hardware_columns(self.loaded[name], self.device)
        manifest.write(
            self.paths.answers(name, cell.corruption, cell.severity),
            [{**row, **stated, **recipe} for row in prediction_rows(cell, name, protocol, logits)],
            schemas.PREDICTIONS,
            recipe,
        )
