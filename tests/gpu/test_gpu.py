"""Paths that need a CUDA device: run with `pytest -m gpu`; without a device they are skipped."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

from pipeline.errors import SettingsError
from pipeline.execution.prefetch import read_ahead
from pipeline.models import LoadedModel, load_model, logits
from pipeline.models.adapters import CUDA, OnnxModel
from pipeline.models.device import ComputeDevice
from pipeline.stages.decode import decode
from pipeline.stages.evaluate.load import hardware_columns
from pipeline.stages.evaluate.predict import clip_logits, move
from pipeline.stages.filter import filter_clips
from pipeline.storage.paths import DatasetPaths
from tests.pipeline.models.factories import SPEC
from tests.pipeline.models.test_loading import batch, onnx
from tests.pipeline.stages.train.small_run import MODEL, TRAINING, changed
from tests.pipeline.stages.train.test_distributed import finish, start
from tests.support.project import make_project

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]

CPU = ComputeDevice("cpu", "fp32")


def network() -> LoadedModel:
    torch.manual_seed(0)
    return load_model("tiny_r2plus1d", num_classes=4, weights=None)


def assert_logits_of_the_cpu(device: ComputeDevice, compiled: bool, tolerance: float) -> None:
    clips = batch(3, network().input)
    expected = clip_logits(network(), clips, CPU, batch_size=2)
    model = move(network(), device, compiled)
    found = clip_logits(model, clips.to(device.name), device, batch_size=2)
    assert found.device.type == "cpu"
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("precision", "tolerance"), [("fp32", 0.01), ("fp16", 0.02), ("bf16", 0.1)]
)
def test_logits_are_those_of_the_cpu_up_to_the_precision(precision: str, tolerance: float) -> None:
    device = ComputeDevice("cuda", precision)  # type: ignore[arg-type] # one of its names
    assert_logits_of_the_cpu(device, compiled=False, tolerance=tolerance)


def test_a_compiled_model_gives_the_logits_of_the_cpu() -> None:
    pytest.importorskip("triton", reason="torch.compile on GPUs needs triton")
    if shutil.which("cc") is None and shutil.which("gcc") is None:
        pytest.skip("torch.compile on GPUs needs a C compiler")
    assert_logits_of_the_cpu(ComputeDevice("cuda", "fp32"), compiled=True, tolerance=0.01)


def random_batch(seed: int) -> torch.Tensor:
    return torch.randint(0, 256, (2, 3), generator=torch.Generator().manual_seed(seed))


def test_batches_of_processes_are_in_pinned_memory() -> None:
    (made,) = read_ahead(random_batch, [7], workers=1, pinned=True)
    assert made.is_pinned()
    assert torch.equal(made.to("cuda", non_blocking=True).cpu(), random_batch(7))


class Greedy(nn.Module):
    """Takes a petabyte."""

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        return torch.empty(2**50, dtype=torch.uint8, device=clips.device)


def test_lack_of_memory_names_the_model_and_the_setting() -> None:
    model = LoadedModel("greedy", Greedy(), SPEC, num_classes=3, weights_sha256=None)
    words = r"'greedy' ran out of memory on cuda:0 with a batch of 2 clips; lower machine.batch_siz"
    with pytest.raises(SettingsError, match=words):
        logits(model, batch(2).to("cuda"), torch.float32)


def test_an_onnx_model_runs_on_the_gpu(tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    if CUDA not in onnxruntime.get_available_providers():
        pytest.skip(f"onnxruntime has no {CUDA}; install onnxruntime-gpu")
    onnx(tmp_path / "model.onnx")
    model = load_model(str(tmp_path / "model.onnx"), num_classes=3, weights=None, input=SPEC)
    expected = clip_logits(model, batch(3), CPU, batch_size=2)
    device = ComputeDevice("cuda", "fp32")
    moved = move(model, device, compiled=False)
    assert isinstance(moved.module, OnnxModel)
    assert moved.module.session.get_providers()[0] == CUDA
    assert hardware_columns(moved, device)["device"] == device.hardware
    found = clip_logits(moved, batch(3).to("cuda"), device, batch_size=2)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="NCCL needs two CUDA devices")
def test_two_gpus_train_through_nccl(tmp_path: Path) -> None:
    root = tmp_path
    changes = changed(epochs=1) | {"machine": {"device": "cuda", "precision": "bf16"}}
    params = make_project(root, num_clips=3, num_train=4, **changes)
    filter_clips(params, root, "demo")
    decode(params, root, "demo")
    finish(start(root, processes=2))
    paths = DatasetPaths(root, "demo")
    recipe = json.loads((paths.trained(MODEL) / "recipe.json").read_text())
    assert recipe["processes"] == 2
    assert paths.weights(MODEL).is_file()
    assert MODEL in json.loads((root / TRAINING).read_text())
