"""One task in a worker process: unpack it, run it on one core, name what the machine lacks.

Few imports: a worker that lacks memory must be able to say so. The libraries of a task are loaded
where their errors are translated.
"""

import pickle
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from ..errors import ClipError, SettingsError, StageError
from ..messages import RESUME_HINT
from ..resources import memory_is_short, out_of_memory
from . import ticks

T = TypeVar("T")
R = TypeVar("R")


def run_packed(work: bytes) -> tuple[int, Any]:
    """Return the index and the result of a pickled (function, index, task, counter)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C and ends its workers
    with machine_errors():
        function, index, task, counter = pickle.loads(work)  # noqa: S301 - packed by our own parent process
    return index, run_on_one_core(function, task, counter)


def run_on_one_core(function: Callable[[T], R], task: T, counter: Path | None = None) -> R:
    """Return `function(task)`, with the errors of `machine_errors`; `counter` counts clips."""
    with machine_errors(), ticks.counting(counter):
        import cv2

        cv2.setNumThreads(1)  # loky, Dask and Ray pin BLAS but not OpenCV
        try:
            return function(task)
        except cv2.error as error:
            if error.code == cv2.Error.StsNoMem:
                raise out_of_memory() from error
            raise


@contextmanager
def machine_errors() -> Iterator[None]:
    """Raise StageError for errors that the machine causes: no memory, no room, no rights."""
    try:
        yield
    except MemoryError as error:
        raise out_of_memory() from error
    except OSError as error:
        if memory_is_short():  # such as a program that cannot be started
            raise out_of_memory() from error
        raise StageError(f"{error}. {RESUME_HINT}") from error
    except (SettingsError, ClipError, StageError):
        raise
    except Exception as error:  # without memory a half-loaded library can fail in any way
        if memory_is_short():
            raise out_of_memory() from error
        raise
