"""A worker of a cluster works only with the models of the process that started the run."""

from pathlib import Path

import pytest
import torch

from pipeline.errors import StageError
from pipeline.models.device import ComputeDevice
from pipeline.params import Params
from pipeline.stages.evaluate.load import load_models
from pipeline.stages.evaluate.shard_predictor import ShardPredictor, ShardTask
from pipeline.storage.paths import DatasetPaths
from tests.pipeline.stages.evaluate.test_evaluate import write_weights
from tests.support.project import write_classes, write_params

torch.set_num_threads(1)

NO_CLIPS = ShardTask((), ())


def predictor_of(params: Params, root: Path) -> ShardPredictor:
    """What the process that starts a run sends to the workers."""
    paths = DatasetPaths(root, "demo")
    loaded, failed = load_models("demo", params, paths, 112)
    assert not failed
    return ShardPredictor.of(loaded, params, paths, ComputeDevice("cpu", "fp32"), 112)


def test_weights_that_changed_since_the_run_began(tmp_path: Path) -> None:
    write_classes(tmp_path)
    write_weights(tmp_path, "tiny_r2plus1d", 1)
    params = write_params(tmp_path)
    predictor = predictor_of(params, tmp_path)
    write_weights(tmp_path, "tiny_r2plus1d", 2)
    with pytest.raises(StageError, match="has other weights, code or packages of tiny_r2plus1d"):
        predictor(NO_CLIPS)
    write_weights(tmp_path, "tiny_r2plus1d", 1)
    assert predictor(NO_CLIPS) == ({}, {})
    DatasetPaths(tmp_path, "demo").weights("tiny_r2plus1d").unlink()
    assert predictor(NO_CLIPS) == ({}, {}), "models are loaded once per run"


def test_a_model_that_does_not_load_in_the_worker(tmp_path: Path) -> None:
    write_classes(tmp_path)
    write_weights(tmp_path, "tiny_r2plus1d", 3)
    predictor = predictor_of(write_params(tmp_path), tmp_path)
    DatasetPaths(tmp_path, "demo").weights("tiny_r2plus1d").unlink()
    with pytest.raises(StageError, match="cannot load a model that loads here: .*no such weights"):
        predictor(NO_CLIPS)


def test_code_that_was_edited_after_a_worker_had_imported_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers of Dask keep imported code: the edit would have its hash, but not its effect."""
    monkeypatch.syspath_prepend(tmp_path)
    write_classes(tmp_path)
    code = tmp_path / "edited_factory.py"
    code.write_text("from tests.support.own_model import Brightness\nfactory = Brightness\n")
    spec = {"frames": 4, "size": 112, "mean": [0.45] * 3, "std": [0.2] * 3}
    write_weights(tmp_path, "tiny_r2plus1d", 4)
    own = {"own": {"model": "edited_factory:factory", "input": spec}}
    params = write_params(tmp_path, models={"demo": own})
    assert predictor_of(params, tmp_path)(NO_CLIPS) == ({}, {})
    code.write_text(code.read_text() + "EDITED = True\n")
    with pytest.raises(StageError, match="loaded the code of model 'own' before it was edited"):
        predictor_of(params, tmp_path)(NO_CLIPS)
