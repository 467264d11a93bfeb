"""Batched inference: decode the frames of a batch, run the models, return their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ... import models
from ...media.sampling import clip_indices, take_frames
from ...models.device import ComputeDevice
from ...models.inference import channels_last
from ...params import Params
from ...storage.clip_reader import StoredClip, read_clip
from ...storage.schemas import Row
from .cells import EvaluationCell

if TYPE_CHECKING:
    import torch


def move(model: models.LoadedModel, place: ComputeDevice, compiled: bool) -> models.LoadedModel:
    """The model on the device, laid out as the frames are."""
    if not model.movable:
        return model
    module = channels_last(model.module.to(place.device))
    if compiled:
        import torch

        module = torch.compile(module)  # type: ignore[assignment] # called like a module
    return replace(model, module=module)


@dataclass(frozen=True)
class Batch:
    """Some clips of one cell and the frames that its models take of them."""

    rows: tuple[Row, ...]
    positions: tuple[int, ...]
    """Among the frames of the protocol, ascending."""


@dataclass(frozen=True)
class BatchReader:
    """Decodes the wanted frames of batches."""

    params: Params
    root: Path

    def __call__(self, batch: Batch) -> torch.Tensor:
        """Frames (N, len(positions), H, W, 3), uint8 RGB."""
        from torch.utils.data import default_collate

        wanted, dialect = self.params.evaluate.frames, self.params.dialect
        clips = [StoredClip.of(row, self.root) for row in batch.rows]
        frames = [
            read_clip(clip, clip_indices(clip.num_frames, wanted, dialect)[list(batch.positions)])
            for clip in clips
        ]
        stacked: torch.Tensor = default_collate(frames)  # in a process: in shared memory
        return stacked


def batches_of(
    cell: EvaluationCell, waiting: Sequence[models.LoadedModel], params: Params
) -> tuple[Batch, ...]:
    """The usable clips of a cell with the frames that the waiting models take together."""
    taken = (take_frames(params.evaluate.frames, model.input.frames) for model in waiting)
    positions = tuple(sorted({position for some in taken for position in some}))
    usable = [row for row in cell.rows if row["status"] == "ok"]
    size = params.machine.batch_size
    return tuple(
        Batch(tuple(usable[start : start + size]), positions)
        for start in range(0, len(usable), size)
    )


def predict(
    opened: dict[str, models.LoadedModel],
    batches: Sequence[Batch],
    read: Iterator[torch.Tensor],
    params: Params,
    place: ComputeDevice,
    advance: Callable[[int], None],
) -> dict[str, torch.Tensor]:
    """Logits of some models for the clips of one cell, by model; `read` gives its batches next."""
    import torch

    scores: dict[str, list[torch.Tensor]] = {name: [] for name in opened}
    for batch in batches:
        frames = next(read).to(place.device, non_blocking=True)
        for name, model in opened.items():
            taken = take_frames(params.evaluate.frames, model.input.frames)
            own = [batch.positions.index(position) for position in taken]
            whole = own == list(range(len(batch.positions)))
            scores[name].append(_logits(model, frames if whole else frames[:, own], place))
        advance(len(batch.rows))
    return {name: torch.cat(some) if some else torch.empty(0, 1) for name, some in scores.items()}


def _logits(model: models.LoadedModel, frames: torch.Tensor, place: ComputeDevice) -> torch.Tensor:
    import torch

    if not model.movable:
        frames = frames.cpu()
    with torch.inference_mode(), place.autocast(model.movable):
        return models.logits(model, frames, torch.float32).cpu()


def prediction_rows(cell: EvaluationCell, model: str, scores: torch.Tensor) -> Iterator[Row]:
    """One row per clip of the cell, in its order."""
    best = scores.topk(min(5, scores.shape[1]), dim=1)
    answers = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    for row in cell.rows:
        made: Row = {
            "dataset": row["dataset"],
            "model": model,
            "key": row["key"],
            "corruption": cell.corruption,
            "severity": cell.severity,
            "label_id": row["label_id"],
            "status": row["status"],
            "correct1": False,
            "correct5": False,
        }
        if row["status"] == "ok":
            labels, values = next(answers)
            made |= {
                "top5": labels,
                "top5_logits": values,
                "correct1": labels[0] == row["label_id"],
                "correct5": row["label_id"] in labels,
            }
        yield made
