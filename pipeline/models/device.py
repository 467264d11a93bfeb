"""Device and numeric precision used to run the models."""

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
    """A device of torch and the precision of the arithmetic on it."""

    name: str
    """Name that torch knows: "cpu", "cuda" or "cuda:1"."""
    precision: Literal["fp32", "bf16", "fp16"]

    @property
    def kind(self) -> str:
        """The name without the device's number: "cpu" or "cuda"."""
        return self.name.split(":")[0]

    @property
    def is_gpu(self) -> bool:
        return self.kind == "cuda"

    @property
    def hardware(self) -> str:
        """Name of the hardware for results: "cpu", or that of the GPU."""
        if not self.is_gpu:
            return self.kind
        import torch

        return torch.cuda.get_device_name(self.name)

    def autocast(self, enabled: bool = True) -> torch.autocast:
        """Return the context of mixed precision; weights stay float32.

        Parameters
        ----------
        enabled
            False for a model that cannot run in mixed precision. In fp32 the context never changes
            anything.

        Returns
        -------
        torch.autocast
            Context manager for the forward pass.

        """
        import torch

        narrow = torch.float16 if self.precision == "fp16" else torch.bfloat16
        return torch.autocast(self.kind, narrow, enabled=enabled and self.precision != "fp32")


def select_device(machine: MachineSettings) -> ComputeDevice:
    """Resolve `machine.device` and `machine.precision` on this machine.

    Parameters
    ----------
    machine
        Section `machine` of params.yaml. `device: auto` is the GPU if there is one; `precision:
        auto` is bf16 on a GPU and fp32 on a CPU.

    Returns
    -------
    ComputeDevice
        In a process that torchrun started, the GPU with the process's local number (LOCAL_RANK).

    Raises
    ------
    SettingsError
        If a CUDA device is requested and none is available, or if torchrun started more processes
        than there are GPUs.

    """
    import torch

    name = machine.device
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise SettingsError(
            f"params.yaml: machine.device: {name!r}, but no CUDA device is available on this "
            "machine; set it to cpu or auto."
        )
    if name.startswith("cuda") and "LOCAL_RANK" in os.environ:
        name = _gpu_of_process(name, int(os.environ["LOCAL_RANK"]), torch.cuda.device_count())
    precision = machine.precision
    if precision == "auto":
        precision = "bf16" if name.startswith("cuda") else "fp32"
    return ComputeDevice(name, precision)


def _gpu_of_process(name: str, local_rank: int, count: int) -> str:
    if name != "cuda":
        raise SettingsError(
            f"params.yaml: machine.device: {name!r}, but torchrun gives every process a GPU of "
            "its own; set it to cuda or auto."
        )
    if local_rank >= count:
        raise SettingsError(
            f"torchrun started process {local_rank} on this machine, which has {count} GPUs; "
            f"start it with --nproc-per-node {count}."
        )
    return f"cuda:{local_rank}"
