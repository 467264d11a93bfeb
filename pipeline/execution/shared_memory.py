"""Shared memory: processes pass tensors and hold semaphores in it, and containers have little."""

import logging
import os
import shutil
from _multiprocessing import SemLock  # type: ignore[import-not-found] # of CPython, without stubs
from collections.abc import Iterable, Iterator
from pathlib import Path
from secrets import token_hex
from typing import TypeVar

from ..errors import StageError
from ..messages import RESUME_HINT

log = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")

FOLDER = Path("/dev/shm")  # noqa: S108 - where Linux has it

SEMAPHORES = 64
"""More than a pool of workers holds; each takes a page."""

ENLARGE = f"Free or enlarge {FOLDER} (Docker: --shm-size 2g)"


def usable(workers: int, serial: int) -> int:
    """Return `workers`; where processes cannot have semaphores, warn and return `serial`.

    The results are the same, and take longer.
    """
    if workers == serial:
        return workers
    try:
        names = (f"/pipeline-{os.getpid()}-{token_hex(4)}" for _ in range(SEMAPHORES))
        [SemLock(0, 0, 1, name, True) for name in names]  # noqa: FBT003 - removes the name
    except OSError as error:
        log.warning(
            "%s: no semaphores (%s), so one process does the work of %d. %s to use all cores.",
            FOLDER, error.strerror, max(workers, 1), ENLARGE,
        )  # fmt: skip
        return serial
    return workers


def passed(batches: Iterable[T], setting: str) -> Iterator[T]:
    """Return the batches of a loader's processes; raise StageError if they do not fit.

    `setting` says how to go on without processes.
    """
    try:
        yield from batches
    except RuntimeError as error:  # torch names the cause in words only
        if "shared memory" not in str(error):
            raise
        raise StageError(
            f"{FOLDER}: too small for the batches that processes pass ({_free()}). {ENLARGE}, or "
            f"set {setting}. {RESUME_HINT}"
        ) from error


def share(batch: R) -> R:
    """Move the tensors of a batch to shared memory, in a process of a loader.

    The process would do so in a thread, whose errors it prints and forgets, so that the other side
    waits for the batch indefinitely.
    """
    from torch import Tensor

    if isinstance(batch, Tensor):
        batch.share_memory_()  # type: ignore[no-untyped-call] # of torch
    elif isinstance(batch, tuple | list):
        for one in batch:
            share(one)
    elif isinstance(batch, dict):
        share(list(batch.values()))
    return batch


def _free() -> str:
    try:
        usage = shutil.disk_usage(FOLDER)
    except OSError as error:
        return str(error.strerror)
    return f"{usage.free / 1e6:.1f} of {usage.total / 1e6:.1f} MB free"
