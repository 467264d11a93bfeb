"""Worker pool: runs tasks in parallel, here or on a cluster, with a progress bar.

Tasks and results are small and picklable (paths, numbers, rows): workers read and write the data.
Results do not depend on the number of workers.
"""

import logging
import os
import pickle
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import joblib
from joblib.externals.loky.process_executor import BrokenProcessPool, TerminatedWorkerError

from ..errors import StageError
from ..messages import one_line
from ..settings import MachineSettings
from . import ticks
from .cluster.cluster import Cluster, open_cluster
from .cluster.environment import Environment, check_environment
from .progress import progress_bar
from .shared_memory import usable
from .watchdog import end_with_parent
from .worker import run_on_one_core, run_packed

log = logging.getLogger(__name__)


T = TypeVar("T")


R = TypeVar("R")


def run_tasks(
    function: Callable[[T], R],
    tasks: Sequence[T],
    machine: MachineSettings,
    label: str,
    size: Callable[[T], int] = lambda task: 1,
    done: int = 0,
    name: Callable[[T], str] | None = None,
    shared: Sequence[Path] = (),
) -> Iterator[R]:
    """Return the results of `function` over `tasks`, in the order of the tasks.

    Parameters
    ----------
    function, tasks
        Picklable; they run in other processes.
    machine
        Backend, address and number of workers.
    label
        Title of the progress bar.
    size
        Function from a task to its number of clips, for the progress bar.
    done
        Clips that were complete before this run.
    name
        Function from a task to a label, so that an input that crashes a library can be identified.
    shared
        Folders of the tasks, first the one that they write to. Without them tasks run on this
        machine also if a cluster is configured.

    Raises
    ------
    StageError
        If a local worker dies or a task cannot start. Completed work is kept. A cluster repeats the
        tasks of a lost worker on others.

    """
    total = done + sum(size(task) for task in tasks)
    start = time.monotonic()
    pending: dict[int, R] = {}
    following = 0
    running: dict[int, T] = {}
    with ExitStack() as stack:
        counter = None
        if machine.backend == "loky" or not shared or not tasks:
            counter = stack.enter_context(ticks.counter())
            results = _run_here(function, tasks, machine, running, counter)
        else:
            cluster = stack.enter_context(open_cluster(machine, shared))
            results = _run_there(function, tasks, machine, cluster)
        advance = stack.enter_context(progress_bar(label, total, done, counter))
        try:
            for index, result in results:
                running.pop(index, None)
                advance(size(tasks[index]))
                pending[index] = result
                while following in pending:
                    yield pending.pop(following)
                    following += 1
        except TerminatedWorkerError as error:
            names = ", ".join(map(name, running.values())) if name else ""
            raise StageError(
                f"{label}: a worker was killed (out of memory?). Completed work is kept; run "
                "the same command again, with a smaller machine.workers if memory was short."
                + (
                    f" If it happens again, one of these inputs crashes a library: {names}."
                    if names
                    else ""
                )
            ) from error
        except (BrokenProcessPool, ImportError) as error:  # without memory not even a library loads
            raise StageError(
                f"{label}: a worker failed to start its task ({one_line(error)}). If memory was "
                "short, run the same command again with a smaller machine.workers."
            ) from error
    seconds = time.monotonic() - start
    log.info("%s: %d clips in %.1f s", label, total - done, seconds)


def _run_here(
    function: Callable[[T], R],
    tasks: Sequence[T],
    machine: MachineSettings,
    running: dict[int, T],
    counter: Path | None,
) -> Iterator[tuple[int, R]]:
    """Return results from processes of this machine, unordered; record running tasks."""

    def take() -> Iterator[Any]:
        for index, task in enumerate(tasks):
            running[index] = task
            if workers == 1:  # this process
                yield joblib.delayed(_run_one)((function, index, task, counter))
            else:
                yield joblib.delayed(run_packed)(pickle.dumps((function, index, task, counter)))

    workers = usable(max(1, min(machine.num_workers, len(tasks))), 1)
    parallel = joblib.Parallel(
        n_jobs=workers,
        backend="loky",
        batch_size=1,
        pre_dispatch="2*n_jobs",
        return_as="generator_unordered",
        initializer=end_with_parent,
        initargs=(os.getpid(), signal.SIGKILL),
    )
    results: Iterator[tuple[int, R]] = parallel(take())
    return results


def _run_there(
    function: Callable[[T], R], tasks: Sequence[T], machine: MachineSettings, cluster: Cluster
) -> Iterator[tuple[int, R]]:
    """Return results from a cluster, unordered.

    All tasks are submitted at once, so that workers that join later receive some, or at most
    `machine.workers` at a time.
    """
    parallel = joblib.Parallel(
        n_jobs=-1,
        backend=cluster.backend,
        batch_size=1,
        pre_dispatch=machine.workers or "all",
        return_as="generator_unordered",
    )
    # One tuple: joblib would spread larger arguments over Dask workers, and lose them with one.
    results: Iterator[tuple[int, R]] = parallel(
        joblib.delayed(_run_far)((function, index, task, cluster.environment))
        for index, task in enumerate(tasks)
    )
    return results


def _run_one(work: tuple[Callable[[T], R], int, T, Path | None]) -> tuple[int, R]:
    function, index, task, counter = work
    return index, run_on_one_core(function, task, counter)


def _run_far(work: tuple[Callable[[T], R], int, T, Environment]) -> tuple[int, R]:
    function, index, task, environment = work
    check_environment(environment)
    return index, run_on_one_core(function, task)
