"""Processes that torchrun started for one stage: each computes its share of independent units.

Without torchrun there is one process and no communication takes place. The processes meet through
gloo at the beginning and at the end; the work between does not communicate.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from ..io.locks import file_lock

T = TypeVar("T")

PATIENCE = timedelta(days=30)
"""Time for which the first process to finish waits for the last one."""


@dataclass(frozen=True)
class Ranks:
    """The processes of a stage, as seen from one of them."""

    rank: int = 0
    """Number of this process; process 0 joins the results."""
    size: int = 1
    on_this_machine: int = 1
    """Processes that share this machine's cores."""

    def share(self, units: Sequence[T]) -> Sequence[T]:
        """Return the units of this process."""
        return units[self.rank :: self.size]

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.size > 1:
            from torch import distributed

            distributed.barrier()


@contextmanager
def ranks_of_torchrun(lock: Path) -> Iterator[Ranks]:
    """Yield the processes that torchrun started; process 0 holds `lock`, and the others wait."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    rank = int(os.environ.get("RANK", "0")) if size > 1 else 0
    with file_lock(lock) if rank == 0 else nullcontext():
        if size == 1:
            yield Ranks()
            return
        from torch import distributed

        distributed.init_process_group("gloo", timeout=PATIENCE)
        try:
            yield Ranks(rank, size, int(os.environ.get("LOCAL_WORLD_SIZE", size)))
        finally:
            distributed.destroy_process_group()
