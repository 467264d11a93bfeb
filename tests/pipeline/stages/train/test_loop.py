"""Training loop: resumable to the same weights, deterministic, with a loss that is a number."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.errors import StageError
from pipeline.model_settings import TrainSettings
from pipeline.models import registry
from pipeline.stages.train import loop
from pipeline.stages.train.loop import learning_rate, make_optimizer
from pipeline.stages.train.train import train
from pipeline.storage.paths import DatasetPaths
from tests.pipeline.stages.train.small_run import (
    MODEL,
    SETTINGS,
    changed,
    epochs,
    forget,
    interrupt,
    params_of,
    results,
)
from tests.support.project import write_params


def test_a_killed_run_resumes_to_the_same_weights(project: Path) -> None:
    params = params_of(project)
    forget(project)
    unbroken = results(project, params)
    forget(project)
    interrupt(project, params, 3)
    files = DatasetPaths(project, "demo").trained(MODEL).iterdir()
    assert [path.name for path in files] == ["checkpoint.pt"]
    with epochs() as trained:
        assert results(project, params) == unbroken
    assert trained == [3]


def test_a_checkpoint_of_another_recipe_is_not_used(project: Path) -> None:
    forget(project)
    interrupt(project, params_of(project, learning_rate=0.02), 2)
    with epochs() as trained:
        results(project, params_of(project))
    assert trained == [1, 2, 3]


def test_frames_decoded_in_every_epoch_give_the_same_weights(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = params_of(project)
    kept = results(project, params)
    forget(project)
    monkeypatch.setattr(loop, "KEEP_BYTES", 0)
    assert results(project, params) == kept


def test_threads_and_determinism_are_as_before_afterwards(project: Path) -> None:
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    results(project, params_of(project, epochs=1, threads=before[0] + 1))
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == before


def test_a_loss_that_is_no_number_names_the_learning_rate(project: Path) -> None:
    with pytest.raises(StageError, match=r"lower train\.demo\.tiny_r2plus1d\.learning_rate"):
        results(project, params_of(project, learning_rate=1e30))


def test_learning_rate_rises_then_falls_to_zero() -> None:
    settings = TrainSettings(**(SETTINGS | {"epochs": 10, "warmup_epochs": 2}))
    rates = [learning_rate(settings, epoch) for epoch in np.linspace(0, 10, 101)]
    assert 0 < rates[0] < rates[10] < rates[19] <= rates[20] == settings.learning_rate
    assert all(later <= earlier for earlier, later in zip(rates[20:], rates[21:], strict=False))
    assert math.isclose(rates[60], settings.learning_rate / 2)
    assert rates[-1] == 0


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_mixed_precision_trains_nearly_the_same(project: Path, precision: str) -> None:
    exact = json.loads(results(project, params_of(project))["metrics.json"])
    forget(project)
    params = write_params(project, **(changed() | {"machine": {"device": "cpu"}}))
    machine = params.machine.model_copy(update={"precision": precision})
    found = results(project, params.model_copy(update={"machine": machine}))
    assert json.loads(found["recipe.json"])["precision"] == precision
    mixed = json.loads(found["metrics.json"])
    assert mixed["train_loss"] != exact["train_loss"]
    assert mixed["train_loss"] == pytest.approx(exact["train_loss"], rel=0.05)
    forget(project)


def test_a_run_that_is_resumed_in_another_precision_says_so(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    forget(project)
    params = params_of(project)
    interrupt(project, params, 2)
    machine = params.machine.model_copy(update={"precision": "bf16"})
    train(params.model_copy(update={"machine": machine}), project, "demo", [MODEL])
    assert "weights will not equal those of an uninterrupted run" in caplog.text
    forget(project)


def test_adamw_leaves_vectors_and_embeddings_without_weight_decay() -> None:
    network = registry.load("timesformer").build(3, frames=2, size=32)
    settings = TrainSettings(**(SETTINGS | {"optimizer": "adamw", "weight_decay": 0.05}))
    decayed, plain = make_optimizer(network, settings).param_groups
    assert (decayed["weight_decay"], plain["weight_decay"]) == (0.05, 0.0)
    assert decayed["betas"] == (0.9, 0.999)
    names = {id(value): name for name, value in network.named_parameters()}
    assert len(decayed["params"]) + len(plain["params"]) == len(names)
    without = {names[id(value)] for value in plain["params"]}
    assert {"timesformer.embeddings.cls_token", "classifier.bias"} <= without
    assert {
        "timesformer.embeddings.position_embeddings",
        "timesformer.embeddings.time_embeddings",
    } <= without
    assert "classifier.weight" not in without


def test_adamw_with_clipped_gradients_and_offsets_resumes_to_the_same_weights(
    project: Path,
) -> None:
    params = params_of(
        project,
        optimizer="adamw",
        learning_rate=0.001,
        clip_gradient=1.0,
        temporal_offset=True,
        crops="benchmark",
        epochs=2,
    )
    forget(project)
    unbroken = results(project, params)
    forget(project)
    interrupt(project, params, 2)
    assert results(project, params) == unbroken
    forget(project)
