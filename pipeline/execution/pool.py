"""Run tasks in parallel workers, with a progress bar; results are the same for any number of them.

Tasks and results are small and picklable (paths, numbers, rows): workers read and write the data
themselves.
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
from .cluster.cluster import Cluster, open_cluster
from .cluster.environment import Environment, check_environment
from .progress import progress_bar
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
    """Results of `function` over `tasks`, in the order of the tasks.

    `size` gives the number of clips in a task, for the progress bar; `done` clips were there
    before this run. `shared` are the folders of the tasks, first the one they write to; without
    them tasks run here, cluster or not. A local worker that dies ends the run with a StageError;
    nothing finished is lost. `name` says for that message what a task works on: a file that crashes
    a library can be found. A cluster gives the tasks of a lost worker to others.
    """
    total = done + sum(size(task) for task in tasks)
    start = time.monotonic()
    pending: dict[int, R] = {}
    following = 0
    in_hand: dict[int, T] = {}
    with ExitStack() as stack:
        if machine.backend == "loky" or not shared or not tasks:
            results = _run_here(function, tasks, machine, in_hand)
        else:
            cluster = stack.enter_context(open_cluster(machine, shared))
            results = _run_there(function, tasks, machine, cluster)
        advance = stack.enter_context(progress_bar(label, total, done))
        try:
            for index, result in results:
                in_hand.pop(index, None)
                advance(size(tasks[index]))
                pending[index] = result
                while following in pending:
                    yield pending.pop(following)
                    following += 1
        except TerminatedWorkerError as error:
            names = ", ".join(map(name, in_hand.values())) if name else ""
            raise StageError(
                f"{label}: a worker was killed (out of memory?). What was finished is kept: run "
                "the same command again, with a smaller machine.workers if memory was short."
                + (
                    f" If it happens again, a file crashes a library; in hand: {names}."
                    if names
                    else ""
                )
            ) from error
        except (BrokenProcessPool, ImportError) as error:  # without memory not even a library loads
            raise StageError(
                f"{label}: a worker could not take its task ({one_line(error)}). If memory was "
                "short, run the same command again with a smaller machine.workers."
            ) from error
    seconds = time.monotonic() - start
    log.info("%s: %d clips in %.1f s", label, total - done, seconds)


def _run_here(
    function: Callable[[T], R],
    tasks: Sequence[T],
    machine: MachineSettings,
    in_hand: dict[int, T],
) -> Iterator[tuple[int, R]]:
    """Results from processes of this machine, as they come; enters the tasks into `in_hand`."""

    def take() -> Iterator[Any]:
        for index, task in enumerate(tasks):
            in_hand[index] = task
            if workers == 1:  # this process
                yield joblib.delayed(_run_one)((function, index, task))
            else:
                yield joblib.delayed(run_packed)(pickle.dumps((function, index, task)))

    workers = max(1, min(machine.num_workers, len(tasks)))
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
    """Results from a cluster, as they come.

    All tasks are handed over at once, so that workers that join later find some, or never more
    than `machine.workers`.
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
        joblib.delayed(_run_far)((function, index, task, cluster.alike))
        for index, task in enumerate(tasks)
    )
    return results


def _run_one(work: tuple[Callable[[T], R], int, T]) -> tuple[int, R]:
    function, index, task = work
    return index, run_on_one_core(function, task)


def _run_far(work: tuple[Callable[[T], R], int, T, Environment]) -> tuple[int, R]:
    function, index, task, alike = work
    check_environment(alike)
    return index, run_on_one_core(function, task)
