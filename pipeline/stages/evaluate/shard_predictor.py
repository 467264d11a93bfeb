"""Evaluation of the clips of one shard in a worker process of a cluster.

A worker loads the models once per run, and runs them with one thread of torch: cores are used by
side-by-side shards. It refuses to work with models that are not those of the process that started
the run, since their predictions would be written under the recipes of others.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from ...errors import SettingsError, StageError
from ...models import LoadedModel
from ...models.device import ComputeDevice
from ...models.factory_code import factory_code
from ...params import Params
from ...provenance import recipe_hash
from ...storage import schemas
from ...storage.paths import DatasetPaths
from .batches import Batch, BatchReader
from .cells import EvaluationCell
from .load import load_models, prediction_recipe
from .predict import move, predict

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class ShardTask:
    """Clips of one shard and the models to run on them."""

    batches: tuple[Batch, ...]
    names: tuple[str, ...]

    @property
    def shard(self) -> str:
        return self.batches[0].rows[0]["shard"]

    @property
    def num_clips(self) -> int:
        return sum(len(batch.rows) for batch in self.batches)


@dataclass(frozen=True)
class ShardPredictor:
    """Evaluator of shards that loads the models where it is called; picklable."""

    params: Params = field(hash=False)
    """With the needed models only."""
    paths: DatasetPaths
    device: ComputeDevice
    stored_size: int
    identity: str
    """Hash of the models, their code and weights, see `_identity`."""

    @classmethod
    def of(
        cls,
        loaded: Mapping[str, LoadedModel],
        params: Params,
        paths: DatasetPaths,
        device: ComputeDevice,
        stored_size: int,
    ) -> ShardPredictor:
        """Return the evaluator of some of the dataset's models."""
        settings = {name: params.models[paths.dataset][name] for name in loaded}
        chosen = params.model_copy(update={"models": {paths.dataset: settings}})
        identity = _identity(loaded, chosen, paths, device)
        return cls(chosen, paths, device, stored_size, identity)

    def __call__(self, task: ShardTask) -> tuple[dict[str, torch.Tensor], dict[str, SettingsError]]:
        """Return the logits (clips, classes) of each model, and the errors of those that failed."""
        loaded = _load(self)
        return predict(
            {name: loaded[name] for name in task.names},
            task.batches,
            map(BatchReader(self.params, self.paths.root), task.batches),
            self.params,
            self.device,
            lambda count: None,
        )


@lru_cache(maxsize=1)
def _load(predictor: ShardPredictor) -> dict[str, LoadedModel]:
    """Return the models; raise StageError if they are not those of the run."""
    import torch

    torch.set_num_threads(1)
    params, paths = predictor.params, predictor.paths
    who = f"the worker {socket.gethostname()}:{os.getpid()}"
    for name, settings in params.models[paths.dataset].items():
        network = settings.model or name
        if _code_at_first_load(network) != factory_code(network):
            raise StageError(
                f"{who} loaded the code of model {name!r} before it was edited; restart the "
                "workers after every change of code."
            )
    loaded, failed = load_models(paths.dataset, params, paths, predictor.stored_size)
    if failed:
        raise StageError(
            f"{who} cannot load a model that loads here: {next(iter(failed.values()))}"
        )
    if _identity(loaded, params, paths, predictor.device) != predictor.identity:
        raise StageError(
            f"{who} has other weights, code or packages of {', '.join(loaded)} than the process "
            "that started the run, or they changed since: it would write other predictions. Give "
            "all machines the same packages and files, restart the workers, and run the command "
            "again. Models with random weights of their own need a file of weights."
        )
    compiled = params.machine.compile
    return {name: move(model, predictor.device, compiled) for name, model in loaded.items()}


@cache
def _code_at_first_load(network: str) -> str | None:
    """Return the hash of a factory's code as it was when this process first imported it."""
    return factory_code(network)


def _identity(
    loaded: Mapping[str, LoadedModel],
    params: Params,
    paths: DatasetPaths,
    device: ComputeDevice,
) -> str:
    """Return the hash of all that predictions depend on, without the clips."""
    import torch

    no_clips = EvaluationCell(schemas.CLEAN, 0, ())
    return recipe_hash(
        {"torch": torch.__version__}
        | {
            name: prediction_recipe(name, model, no_clips, params, device, paths)
            for name, model in loaded.items()
        }
    )
