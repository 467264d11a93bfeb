"""Data-parallel training: processes that torchrun started share every batch.

    torchrun --nproc-per-node 8 -m pipeline train --dataset mini_kinetics

GPUs communicate through NCCL, CPUs through gloo. Without torchrun the group has one member and no
communication takes place.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from ...models.device import ComputeDevice

T = TypeVar("T")


@dataclass(frozen=True)
class ProcessGroup:
    """Rank of this process and number of the processes that train one model."""

    rank: int = 0
    """Number of this process, from 0; process 0 writes the files."""
    size: int = 1

    def share(self, items: Sequence[T]) -> Sequence[T]:
        """Return the items that this process works on."""
        return items[self.rank :: self.size]

    def total(self, numbers: torch.Tensor) -> torch.Tensor:
        """Return the sum of `numbers` over all processes."""
        if self.size > 1:
            distributed.all_reduce(numbers)
        return numbers

    def averaging(self, module: nn.Module) -> nn.Module:
        """Return the module wrapped so that gradients are averaged over all processes."""
        return DistributedDataParallel(module) if self.size > 1 else module

    def share_buffers(self, module: nn.Module) -> None:
        """Copy the buffers of process 0 (statistics of batch normalisation) to all processes."""
        if self.size > 1:
            for buffer in module.buffers():
                distributed.broadcast(buffer, src=0)


@contextmanager
def process_group(device: ComputeDevice) -> Iterator[ProcessGroup]:
    """Join the group of processes that torchrun started; leave it at the end of the context."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield ProcessGroup()
        return
    if device.is_gpu:
        torch.cuda.set_device(device.name)
    distributed.init_process_group("nccl" if device.is_gpu else "gloo")
    try:
        yield ProcessGroup(distributed.get_rank(), distributed.get_world_size())
    finally:
        distributed.destroy_process_group()
