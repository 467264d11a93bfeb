"""Prefetching of batches, so that decoding and model arithmetic overlap."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, TypeVar

from ..errors import StageError
from .shared_memory import passed, share, usable

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 2
"""Batches that a reader keeps ready."""

WITHOUT = "machine.loader_workers to 0 (machine.workers to 1 where evaluate reads videos)"
"""Settings that need no shared memory."""


def read_ahead(
    read: Callable[[T], R], batches: Sequence[T], workers: int, pinned: bool = False
) -> Iterator[R]:
    """Return `read(batch)` of every batch, in order, computed ahead of the caller.

    `read` returns tensors. It runs in `workers` processes, or in one thread of this process if
    `workers` is 0 (JPEG decoding and torch both release the GIL). `pinned` copies the tensors of
    processes to pinned memory, from which transfers to a GPU are asynchronous.
    """
    workers = usable(workers, 0)
    if workers == 0:
        return _from_thread(read, batches)
    return _from_processes(read, batches, workers, pinned)


def _from_thread(read: Callable[[T], R], batches: Sequence[T]) -> Iterator[R]:
    with ThreadPoolExecutor(1, thread_name_prefix="loader") as pool:
        waiting = deque(pool.submit(read, batch) for batch in batches[:AHEAD])
        try:
            for following in range(len(batches)):
                ready = waiting.popleft().result()
                if following + AHEAD < len(batches):
                    waiting.append(pool.submit(read, batches[following + AHEAD]))
                yield ready
        finally:
            for future in waiting:
                future.cancel()


def _from_processes(
    read: Callable[[T], R], batches: Sequence[T], workers: int, pinned: bool
) -> Iterator[R]:
    from torch.utils.data import DataLoader

    made: Any = DataLoader(
        _Batches(read, batches),  # type: ignore[arg-type] # it has the methods of a torch dataset
        batch_size=None,
        num_workers=min(workers, max(1, len(batches))),
        prefetch_factor=AHEAD,
        pin_memory=pinned,
    )
    for batch in passed(made, WITHOUT):
        if isinstance(batch, StageError):
            raise batch
        yield batch


class _Batches(Generic[T, R]):
    """Batches as a torch dataset; a StageError is returned instead of raised, without traceback."""

    def __init__(self, read: Callable[[T], R], batches: Sequence[T]) -> None:
        self._read, self._batches = read, batches

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, number: int) -> R | StageError:
        try:
            return share(self._read(self._batches[number]))
        except StageError as error:
            return error
