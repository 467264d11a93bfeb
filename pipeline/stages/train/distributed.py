"""Several processes train one model: started by torchrun, each with its share of every batch.

    torchrun --nproc-per-node 8 -m pipeline train --dataset mini_kinetics

On GPUs they talk through NCCL, on CPUs through gloo. A process that torchrun did not start is alone
and talks to nobody.
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
    """The processes that train one model, as one of them sees itself among them."""

    rank: int = 0
    """Number of this process; process 0 writes the files."""
    size: int = 1

    def share(self, items: Sequence[T]) -> Sequence[T]:
        """The items that are this process's own."""
        return items[self.rank :: self.size]

    def total(self, numbers: torch.Tensor) -> torch.Tensor:
        """The sum of all processes' numbers."""
        if self.size > 1:
            distributed.all_reduce(numbers)
        return numbers

    def averaging(self, module: nn.Module) -> nn.Module:
        """The module with gradients that are the mean of all processes'."""
        return DistributedDataParallel(module) if self.size > 1 else module

    def agree_on_buffers(self, module: nn.Module) -> None:
        """Give everyone the statistics that process 0 saw (of batch normalisation)."""
        if self.size > 1:
            for buffer in module.buffers():
                distributed.broadcast(buffer, src=0)


@contextmanager
def process_group(place: ComputeDevice) -> Iterator[ProcessGroup]:
    """Meet the processes that torchrun started beside this one."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield ProcessGroup()
        return
    if place.is_gpu:
        torch.cuda.set_device(place.device)
    distributed.init_process_group("nccl" if place.is_gpu else "gloo")
    try:
        yield ProcessGroup(distributed.get_rank(), distributed.get_world_size())
    finally:
        distributed.destroy_process_group()
