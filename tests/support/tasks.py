"""Tasks for pools and clusters, some of which end badly."""

import os
import signal
import time

from pipeline.errors import StageError


def square(task: int) -> int:
    return task * task


def process_id(task: int) -> int:
    return os.getpid()


def fail(task: int) -> int:
    raise StageError(f"task {task} has something to say")


def die(task: int) -> int:
    """Kill the worker, every time."""
    if task == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def late_first(task: int) -> int:
    """Return the square; the first task takes longer than the others."""
    time.sleep(0.2 if task == 0 else 0)
    return task * task


def slow(task: int) -> int:
    """Return after 30 s, the first task at once."""
    time.sleep(0.1 if task == 0 else 30)
    return task


def span(task: int) -> tuple[float, float]:
    """Return when the task began and ended."""
    start = time.time()
    time.sleep(0.2)
    return start, time.time()
