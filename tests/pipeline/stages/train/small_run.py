"""A small training run, and handles to interrupt it and to see which epochs it trains."""

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipeline.params import Params
from pipeline.stages.train.train import train
from pipeline.storage.paths import DatasetPaths
from tests.support.project import tree, write_params

MODEL = "tiny_r2plus1d"
TRAINING = "manifests/demo/training.json"
SETTINGS = {
    "epochs": 3,
    "batch_size": 2,
    "learning_rate": 0.01,
    "momentum": 0.9,
    "weight_decay": 0.0005,
    "warmup_epochs": 1,
    "scales": [1.0, 0.75],
    "flip": False,
    "threads": 1,
}
SMALL: dict[str, Any] = {
    "decode": {"pictures": {"demo": {"short_side": 120, "crop": 112}}},
    "machine": {"device": "cpu", "precision": "fp32"},
}


def changed(**changes: Any) -> dict[str, Any]:
    sections = {key: changes.pop(key) for key in tuple(changes) if key in SMALL}
    return SMALL | {"train": {"demo": {MODEL: SETTINGS | changes}}} | sections


def params_of(root: Path, **changes: Any) -> Params:
    return write_params(root, **changed(**changes))


def results(root: Path, params: Params, model: str = MODEL) -> dict[str, bytes]:
    train(params, root, "demo", [model])
    return tree(DatasetPaths(root, "demo").trained(model))


def forget(root: Path) -> None:
    shutil.rmtree(DatasetPaths(root, "demo").trained(MODEL), ignore_errors=True)


class Epochs(logging.Handler):
    """Numbers of the epochs that the loop reports; `kill` interrupts one before it is saved."""

    def __init__(self, kill: int | None = None) -> None:
        super().__init__()
        self.kill = kill
        self.trained: list[int] = []

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.args, tuple) and isinstance(record.args[-1], dict):
            self.trained.append(record.args[-1]["epoch"])
            if self.trained[-1] == self.kill:
                raise KeyboardInterrupt


@contextmanager
def epochs(kill: int | None = None) -> Iterator[list[int]]:
    """Yield the list of the epochs that are trained inside."""
    handler, logger = Epochs(kill), logging.getLogger("pipeline.stages.train.loop")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield handler.trained
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def interrupt(root: Path, params: Params, epoch: int) -> None:
    """Train until an epoch is over but not yet saved."""
    with pytest.raises(KeyboardInterrupt, match="^$"), epochs(kill=epoch):
        train(params, root, "demo", [MODEL])
