"""Evaluation of a test-time adaptation method over the grid, and its result file.

A method is called with batches of clips without labels and returns their logits. It may change its
copy of the model meanwhile. The same loop, metrics and result file serve every method, so that
their numbers can be compared.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from ... import metrics
from ...datasets.on_the_fly import CLEAN, CorruptedStream
from ...datasets.stream_order import CellName
from ...errors import SettingsError, StageError
from ...execution.progress import progress_bar
from ...execution.shared_memory import passed, share, usable
from ...io.atomic import write_text
from ...messages import did_you_mean
from ...metrics.answers import Predictions
from ...models.device import select_device
from ...params import Params
from ...stages.evaluate.load import load_models
from ...stages.report import submissions
from ...stages.report.protocols import as_protocol
from ...stages.report.result import Adaptation, Hardware, Result
from ...stages.report.values import as_metrics
from ...storage import manifest, schemas
from ...storage.paths import DatasetPaths
from .forward import model_frames, on_device
from .method import AdaptationMethod, AdaptationSource, Adapting

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AdaptationRequest:
    """One method, one model, one dataset."""

    method: AdaptationMethod
    dataset: str
    model: str
    """Name in params.yaml."""
    from_shards: bool = False
    """Read the stored cells instead of computing them."""
    seed: int = 0
    """Order of the clips, random frames, and whatever the method draws from torch."""


def adapt(request: AdaptationRequest, params: Params, root: Path) -> Result:
    """Evaluate a model that adapts to the clean set and to every cell of params.yaml.

    Parameters
    ----------
    request
        Method, model and dataset.
    params, root
        Parameters and project folder; corruptions and severities are those of the grid.

    Returns
    -------
    Result
        Result file of version 2 with the adaptation, its batch size, order and reset rule.

    Raises
    ------
    SettingsError
        If the model is unknown, or cannot adapt.
    StageError
        If clips are missing, or no clip is right when clean.

    """
    source = _source(request, params, root)
    method = request.method
    cells = [CLEAN, *((name, s) for name in params.corruptions for s in params.severities)]
    stream = CorruptedStream(
        request.dataset,
        cells,
        frames=method.frames(source) if method.frames else source.frames,
        stored=request.from_shards,
        split=params.evaluate.split,
        batch_size=method.batch_size,
        shuffle_seed=request.seed,
        mix=method.order == "mixed",
        params=root / "params.yaml",
    )
    torch.manual_seed(request.seed)
    predictions = _predictions(request, source, stream, cells)
    accounting, resamples = params.evaluate.accounting, params.report.bootstrap_resamples
    try:
        summary = metrics.summarize(
            predictions, accounting, resamples, chance=100 / source.model.num_classes
        )
    except ValueError as error:
        raise StageError(f"{request.dataset}: {error}") from error
    if not summary.clean_top1:
        raise StageError(
            f"{request.dataset}, {request.model} with {method.name}: no clip is right when clean, "
            "so that rPC is not defined; check the method and the weights."
        )
    picture = params.decode.pictures[request.dataset]
    spec = source.model.input
    words = spec.protocol(params.evaluate.frames, picture.crop)
    protocol = as_protocol(words, spec.frames, picture)
    return submissions.as_result(
        request.dataset,
        request.model,
        as_metrics(summary, params.set_name),
        "unpublished",
        params,
        protocol,
        Hardware(device=source.device.hardware, precision=source.device.precision),
        _adaptation(request),
    )


def save_result(result: Result, root: Path) -> Path:
    """Write a result to `data/<dataset>/adapt`; return its path."""
    folder = DatasetPaths(root, result.dataset).data / "adapt"
    path = folder / submissions.file_name(result)
    folder.mkdir(parents=True, exist_ok=True)
    write_text(path, submissions.as_json(result))
    return path


def _source(request: AdaptationRequest, params: Params, root: Path) -> AdaptationSource:
    dataset, name = request.dataset, request.model
    params.check_dataset(dataset)
    known = params.models.get(dataset, {})
    if name not in known:
        raise SettingsError(
            f"model {name!r}{did_you_mean(name, known)} is not in models.{dataset} of params.yaml; "
            f"choose from {', '.join(known) or 'none: add one'}."
        )
    only = params.model_copy(update={"models": params.models | {dataset: {name: known[name]}}})
    size = params.decode.pictures[dataset].crop
    loaded, failed = load_models(dataset, only, DatasetPaths(root, dataset), size)
    if failed:
        raise failed[name]
    model, device = loaded[name], select_device(params.machine)
    frames = model_frames(model.input, params)
    return AdaptationSource(model, device, frames, dataset, name, params, root, request.seed)


class _Shared(IterableDataset[dict[str, Any]]):
    """Batches of a stream, whose tensors a process of a loader moves to shared memory."""

    def __init__(self, stream: CorruptedStream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(share if get_worker_info() else dict, self._stream)


def _predictions(
    request: AdaptationRequest,
    source: AdaptationSource,
    stream: CorruptedStream,
    cells: list[CellName],
) -> Predictions:
    """Run the method over the stream; return its correct answers for all listed clips."""
    params, paths = source.params, DatasetPaths(source.root, request.dataset)
    clips = manifest.read(paths.clips, schemas.CLIPS, ["key", "split"])
    keys = clips.filter(pc.equal(clips["split"], params.evaluate.split))["key"].to_pylist()
    place = {key: number for number, key in enumerate(keys)}
    column = {cell: number for number, cell in enumerate(cells)}
    found = {name: np.zeros((len(keys), len(cells)), np.bool_) for name in ("ok", "top1", "top5")}
    label = f"adapt {request.dataset}, {request.method.name}"
    loader: DataLoader[dict[str, Any]] = DataLoader(
        _Shared(stream), batch_size=None, num_workers=usable(params.machine.loader_workers, 0)
    )
    adapting: Adapting | None = None
    with progress_bar(label, stream.num_clips * len(cells)) as advance:
        for batch in passed(loader, "machine.loader_workers to 0"):
            if adapting is None or _resets(request.method, batch):
                copy = replace(source, model=on_device(source.model, source.device))
                adapting = request.method.make(copy)
            logits = adapting(batch["clip"]).detach().float().cpu()
            best = logits.topk(min(5, logits.shape[1]), dim=1).indices
            right = best == batch["label"][:, None]
            rows = [place[key] for key in batch["key"]]
            names = zip(batch["corruption"], batch["severity"].tolist(), strict=True)
            columns = [column[cell] for cell in names]
            found["ok"][rows, columns] = True
            found["top1"][rows, columns] = right[:, 0].numpy()
            found["top5"][rows, columns] = right.any(dim=1).numpy()
            advance(len(rows))
    shape = (len(keys), len(params.corruptions), len(params.severities))
    return Predictions(
        corruptions=params.corruptions,
        severities=params.severities,
        **{f"clean_{name}": array[:, 0] for name, array in found.items()},
        **{name: array[:, 1:].reshape(shape) for name, array in found.items()},
    )


def _resets(method: AdaptationMethod, batch: dict[str, Any]) -> bool:
    if method.reset == "batch":
        return True
    return method.reset == "cell" and bool(batch["cell_start"][0])


def _adaptation(request: AdaptationRequest) -> Adaptation | None:
    """Return what the result states; nothing for the evaluation without adaptation."""
    method = request.method
    if not method.adapts:
        return None
    order = "cell after cell" if method.order == "cells" else "mixed over cells"
    return Adaptation(
        method=method.name,
        source=method.source,
        batch_size=method.batch_size,
        order=f"{order}, clips shuffled with seed {request.seed}",
        reset=method.reset,
    )
