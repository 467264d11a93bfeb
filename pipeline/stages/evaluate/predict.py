"""Batched inference: run the models on decoded frames and build rows of predictions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from ... import models
from ...errors import SettingsError
from ...models.device import ComputeDevice
from ...models.spec import channels_last
from ...models.view_times import ViewTimes
from ...models.views import count_views, merge_views, split_views
from ...params import Params
from ...storage.rows import PredictionRow
from .batches import Batch
from .cells import EvaluationCell
from .scores import softmax_statistics
from .times import shown_times

if TYPE_CHECKING:
    import torch


def move(model: models.LoadedModel, device: ComputeDevice, compiled: bool) -> models.LoadedModel:
    """Return the model on the device, with weights in the memory order of the frames."""
    if not model.movable:
        from ...models.adapters import OnnxModel

        for part in model.module.modules():
            if isinstance(part, OnnxModel):
                part.use(device.name)
        return model
    module = channels_last(model.module.to(device.name))
    if compiled and not model.timed:  # prompts differ in length
        import torch

        module = torch.compile(module)  # type: ignore[assignment] # called like a module
    return replace(model, module=module)


def predict(
    loaded: dict[str, models.LoadedModel],
    batches: Sequence[Batch],
    read: Iterator[torch.Tensor],
    params: Params,
    device: ComputeDevice,
    advance: Callable[[int], None],
) -> tuple[dict[str, torch.Tensor], dict[str, SettingsError]]:
    """Return the logits (N, classes) of each model for the clips of one cell, and failed models.

    The next items of `read` are the frames of `batches`. A model that fails gets no further batch.
    """
    scores: dict[str, list[torch.Tensor]] = {name: [] for name in loaded}
    failed: dict[str, SettingsError] = {}
    for batch in batches:
        frames = next(read).to(device.name, non_blocking=True)
        for name, model in loaded.items():
            if name in failed:
                continue
            own = batch.select(model.input, params.evaluate.frames)
            whole = own == list(range(frames.shape[1]))
            taken = frames if whole else frames[:, own]
            try:
                times = shown_times(batch.rows, model, params)
                size = params.machine.batch_size
                scores[name].append(clip_logits(model, taken, device, size, times))
            except SettingsError as error:
                failed[name] = error
        advance(len(batch.rows))
    joined = {name: join_logits(some) for name, some in scores.items() if name not in failed}
    return joined, failed


def join_logits(parts: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return the logits (N, classes) of several batches as one; (0, 1) of none."""
    import torch

    return torch.cat(list(parts)) if parts else torch.empty(0, 1)


def clip_logits(
    model: models.LoadedModel,
    frames: torch.Tensor,
    device: ComputeDevice,
    batch_size: int,
    times: Sequence[ViewTimes] = (),
) -> torch.Tensor:
    """Return the logits (N, classes) of clips, merged over their views, on the CPU.

    `frames` (N, clips * frames, H, W, 3), uint8 RGB, are those of `model.input`; at most
    `batch_size` views are run at once. `times` has one item per view if the model is `timed`.
    """
    import torch

    views = split_views(frames, model.input)
    if not model.movable:
        views = views.cpu()
    mixed = model.movable and model.dtype == "fp32"
    with torch.inference_mode(), device.autocast(mixed):
        parts = [
            models.logits(
                model,
                views[start : start + batch_size],
                model.torch_dtype,
                times[start : start + batch_size],
            )
            for start in range(0, len(views), batch_size)
        ]
        return merge_views(torch.cat(parts), count_views(model.input)).cpu()


def prediction_rows(
    cell: EvaluationCell, model: str, protocol: str, scores: torch.Tensor
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
            "protocol": protocol,
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
