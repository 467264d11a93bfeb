"""Shared memory that is too small for tensors is one clear error, not a dead worker."""

import subprocess
import sys
from functools import partial

from pipeline.execution import shared_memory
from tests.support.namespaces import require_namespaces, small_shared_memory
from tests.support.project import REPOSITORY

SCRIPT = """
import torch
from pipeline.errors import StageError
from pipeline.execution.prefetch import read_ahead

def read(number):
    return torch.zeros(4_000_000, dtype=torch.uint8)

try:
    list(read_ahead(read, range(4), 2))
except StageError as error:
    print(error)
"""


def test_batches_that_do_not_fit() -> None:
    require_namespaces()
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=REPOSITORY,
        preexec_fn=partial(small_shared_memory, "1m"),
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    assert done.stdout.startswith(f"{shared_memory.FOLDER}: too small for the batches")
    assert "--shm-size 2g), or set machine.loader_workers to 0" in done.stdout
    assert len(done.stdout.splitlines()) == 1


def test_where_there_are_semaphores_all_workers_work() -> None:
    assert [shared_memory.usable(number, 0) for number in (0, 1, 3)] == [0, 1, 3]
