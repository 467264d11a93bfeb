"""Device and precision of params.yaml, resolved on a machine with and without GPUs."""

from typing import Any

import pytest
import torch

from pipeline.errors import SettingsError
from pipeline.models.device import ComputeDevice, select_device
from pipeline.settings import MachineSettings


def machine(**changes: Any) -> MachineSettings:
    values = {
        "workers": 1,
        "backend": "loky",
        "device": "auto",
        "precision": "auto",
        "compile": False,
        "batch_size": 1,
        "loader_workers": 0,
        "check_payloads": True,
        "clip_timeout_seconds": 1,
    }
    return MachineSettings(**(values | changes))


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> int:
    """A machine with two GPUs, in a process that torchrun did not start."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    return 2


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.delenv("LOCAL_RANK", raising=False)


@pytest.mark.usefixtures("no_gpu")
def test_auto_is_fp32_on_a_cpu() -> None:
    assert select_device(machine()) == ComputeDevice("cpu", "fp32")
    assert select_device(machine(precision="bf16")) == ComputeDevice("cpu", "bf16")
    assert not select_device(machine()).is_gpu


@pytest.mark.usefixtures("no_gpu")
def test_a_gpu_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"machine\.device: 'cuda:1', but no CUDA device"):
        select_device(machine(device="cuda:1"))


@pytest.mark.usefixtures("gpus")
def test_auto_is_bf16_on_a_gpu() -> None:
    device = select_device(machine())
    assert device == ComputeDevice("cuda", "bf16")
    assert device.is_gpu
    assert select_device(machine(device="cpu")) == ComputeDevice("cpu", "fp32")
    named = select_device(machine(device="cuda:1", precision="fp16"))
    assert named == ComputeDevice("cuda:1", "fp16")
    assert named.kind == "cuda"


def test_a_process_of_torchrun_takes_the_gpu_of_its_local_rank(
    gpus: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for rank in range(gpus):
        monkeypatch.setenv("LOCAL_RANK", str(rank))
        assert select_device(machine()).name == f"cuda:{rank}"
        assert select_device(machine(device="cpu")).name == "cpu"
    monkeypatch.setenv("LOCAL_RANK", str(gpus))
    with pytest.raises(SettingsError, match="process 2 .* has 2 GPUs; .*--nproc-per-node 2"):
        select_device(machine())
    monkeypatch.setenv("LOCAL_RANK", "0")
    with pytest.raises(SettingsError, match="'cuda:0', but torchrun gives every process a GPU"):
        select_device(machine(device="cuda:0"))


@pytest.mark.parametrize(
    ("precision", "dtype"),
    [("fp32", torch.float32), ("bf16", torch.bfloat16), ("fp16", torch.float16)],
)
def test_autocast_computes_in_the_precision_and_keeps_the_weights(
    precision: Any, dtype: torch.dtype
) -> None:
    layer = torch.nn.Linear(3, 2)
    device = ComputeDevice("cpu", precision)
    with device.autocast():
        assert layer(torch.ones(1, 3)).dtype == dtype
    with device.autocast(enabled=False):
        assert layer(torch.ones(1, 3)).dtype == torch.float32
    assert layer.weight.dtype == torch.float32
