"""Batched inference: decode the frames of a batch, run the models, build rows of predictions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from ... import models
from ...media.sampling import clip_indices
from ...models.device import ComputeDevice
from ...models.spec import channels_last
from ...params import Params
from ...storage.clip_reader import StoredClip, read_clip
from ...storage.rows import CellRow, PredictionRow
from .cells import EvaluationCell
from .scores import softmax_statistics

if TYPE_CHECKING:
    import torch


def move(model: models.LoadedModel, device: ComputeDevice, compiled: bool) -> models.LoadedModel:
    """Return the model on the device, with weights in the memory order of the frames."""
    if not model.movable:
        return model
    module = channels_last(model.module.to(device.name))
    if compiled:
        import torch

        module = torch.compile(module)  # type: ignore[assignment] # called like a module
    return replace(model, module=module)


@dataclass(frozen=True)
class Batch:
    """Clips of one cell and the frames of them that are decoded."""

    rows: tuple[CellRow, ...]
    positions: tuple[int, ...]
    """Positions among the frames of the protocol, ascending."""

    def indices(self, num_frames: int, params: Params) -> NDArray[np.intp]:
        """Return the frames to decode of a clip of `num_frames` frames."""
        protocol = clip_indices(num_frames, params.evaluate.frames, params.dialect)
        return protocol[list(self.positions)]


@dataclass(frozen=True)
class BatchReader:
    """Decoder of the frames of a batch."""

    params: Params
    root: Path

    def __call__(self, batch: Batch) -> torch.Tensor:
        """Return frames (N, len(positions), H, W, 3), uint8 RGB."""
        from torch.utils.data import default_collate

        clips = [StoredClip.of(row, self.root) for row in batch.rows]
        frames = [
            read_clip(
                clip,
                batch.indices(clip.num_frames, self.params),
                check=self.params.machine.check_payloads,
            )
            for clip in clips
        ]
        stacked: torch.Tensor = default_collate(frames)  # shared memory in a worker process
        return stacked


def frames_of_models(pending: Sequence[models.LoadedModel], params: Params) -> Batch:
    """Return a batch of no clips with the union of the frames that the pending models take."""
    taken = (clip_indices(params.evaluate.frames, model.input.frames).tolist() for model in pending)
    positions = tuple(sorted({position for some in taken for position in some}))
    return Batch((), positions)


def batches_of(
    cell: EvaluationCell, pending: Sequence[models.LoadedModel], params: Params
) -> tuple[Batch, ...]:
    """Return batches of a cell's usable clips, with the union of the frames of pending models.

    A batch has clips of one shard, so that it is the same however the work is divided.
    """
    batch = frames_of_models(pending, params)
    usable = [row for row in cell.rows if row["status"] == "ok"]
    size = params.machine.batch_size
    return tuple(
        replace(batch, rows=tuple(some[start : start + size]))
        for some in (list(group) for _, group in groupby(usable, lambda row: row["shard"]))
        for start in range(0, len(some), size)
    )


def predict(
    loaded: dict[str, models.LoadedModel],
    batches: Sequence[Batch],
    read: Iterator[torch.Tensor],
    params: Params,
    device: ComputeDevice,
    advance: Callable[[int], None],
) -> dict[str, torch.Tensor]:
    """Return the logits (N, classes) of each model for the clips of one cell.

    The next items of `read` are the frames of `batches`.
    """
    import torch

    scores: dict[str, list[torch.Tensor]] = {name: [] for name in loaded}
    for batch in batches:
        frames = next(read).to(device.name, non_blocking=True)
        for name, model in loaded.items():
            taken = clip_indices(params.evaluate.frames, model.input.frames).tolist()
            own = [batch.positions.index(position) for position in taken]
            whole = own == list(range(len(batch.positions)))
            scores[name].append(_logits(model, frames if whole else frames[:, own], device))
        advance(len(batch.rows))
    return {name: torch.cat(some) if some else torch.empty(0, 1) for name, some in scores.items()}


def _logits(model: models.LoadedModel, frames: torch.Tensor, device: ComputeDevice) -> torch.Tensor:
    import torch

    if not model.movable:
        frames = frames.cpu()
    with torch.inference_mode(), device.autocast(model.movable):
        return models.logits(model, frames, torch.float32).cpu()


def prediction_rows(
    cell: EvaluationCell, model: str, scores: torch.Tensor
) -> Iterator[PredictionRow]:
    """Yield one row per clip of the cell, in the order of the cell."""
    best = scores.topk(min(5, scores.shape[1]), dim=1)
    predicted = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    usable = [row["label_id"] for row in cell.rows if row["status"] == "ok"]
    statistics = softmax_statistics(scores, usable) if usable else {}
    columns = iter(zip(*statistics.values(), strict=True))
    for row in cell.rows:
        prediction: PredictionRow = {
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
            labels, values = next(predicted)
            prediction |= {
                "top5": labels,
                "top5_logits": values,
                "correct1": labels[0] == row["label_id"],
                "correct5": row["label_id"] in labels,
            }
            values_of_clip = dict(zip(statistics, next(columns), strict=True))
            prediction |= cast(PredictionRow, values_of_clip)
        yield prediction
