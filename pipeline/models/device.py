"""Where the arithmetic of models runs, and in which numbers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..errors import SettingsError
from ..settings import MachineSettings

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class ComputeDevice:
    """A device and the precision of the arithmetic on it."""

    device: str
    precision: Literal["fp32", "bf16", "fp16"]

    @property
    def is_gpu(self) -> bool:
        return self.device.startswith("cuda")

    def autocast(self, enabled: bool = True) -> torch.autocast:
        """Mixed precision as the place says; weights stay float32."""
        import torch

        narrow = torch.float16 if self.precision == "fp16" else torch.bfloat16
        kind = self.device.split(":")[0]
        return torch.autocast(kind, narrow, enabled=enabled and self.precision != "fp32")


def select_device(machine: MachineSettings) -> ComputeDevice:
    """What `machine.device` and `machine.precision` stand for here.

    A process that torchrun started gets the GPU of its number (LOCAL_RANK).
    """
    import torch

    device = machine.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise SettingsError(
            f"params.yaml: machine.device: {device!r}, but no CUDA device can be used here; "
            "set it to cpu or auto."
        )
    if device.startswith("cuda") and "LOCAL_RANK" in os.environ:
        device = _own_gpu(device, int(os.environ["LOCAL_RANK"]), torch.cuda.device_count())
    precision = machine.precision
    if precision == "auto":
        precision = "bf16" if device.startswith("cuda") else "fp32"
    return ComputeDevice(device, precision)


def _own_gpu(device: str, local_rank: int, count: int) -> str:
    if device != "cuda":
        raise SettingsError(
            f"params.yaml: machine.device: {device!r}, but torchrun gives every process a GPU of "
            "its own; set it to cuda or auto."
        )
    if local_rank >= count:
        raise SettingsError(
            f"torchrun started process {local_rank} on this machine, which has {count} GPUs; "
            f"start it with --nproc-per-node {count}."
        )
    return f"cuda:{local_rank}"
