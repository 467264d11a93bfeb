"""Dask backend: runs tasks on the workers of a running scheduler, through joblib's dask backend.

The scheduler repeats the task of a lost worker on another one, and abandons a task that has killed
more workers than its `allowed-failures`.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from distributed import Client
from joblib._dask import DaskDistributedBackend

from ...errors import SettingsError, StageError
from ...messages import one_line
from .environment import Environment

CONNECT_SECONDS = 10
WORKERS_SECONDS = 60
"""Time limit for the first worker of a cluster; batch systems start them late."""


class Backend(DaskDistributedBackend):  # type: ignore[misc]  # joblib has no types
    """joblib's Dask backend with two corrections for long runs on unreliable machines.

    joblib is not notified of a task that Dask abandoned (all its workers died, or none can import
    it) and waits indefinitely: here it is an error. With a cluster of one core joblib would run the
    tasks in the driver.
    """

    def submit(self, func: Any, callback: Callable[[Any], None] | None = None) -> Any:
        """Submit a task; `callback` gets its result, or the error of a task that Dask abandoned."""
        future = super().submit(func, callback)

        def tell(done: "Future[Any]") -> None:
            error = done.exception()
            if error is not None and callback is not None:
                callback(error)

        future.add_done_callback(tell)
        return future

    def retrieve_result_callback(self, out: Any) -> Any:
        """Return the task's result; raise its error, or StageError if Dask abandoned it."""
        if isinstance(out, BaseException):
            raise StageError(
                f"Dask abandoned a task: {one_line(out)} Completed work is kept; run the same "
                "command again, with more memory per worker if memory was short."
            )
        return super().retrieve_result_callback(out)

    def effective_n_jobs(self, n_jobs: int) -> int:
        """Return the cores of the cluster, at least two so that joblib submits the tasks to it."""
        cores: int = super().effective_n_jobs(n_jobs)
        return max(2, cores)


@dataclass(frozen=True)
class Engine:
    """A connected scheduler."""

    client: Client
    backend: Backend

    def check(self, environment: Environment) -> list[str]:
        """Return the problems of the workers."""
        threads = self.client.nthreads()
        problems = [
            f"the worker {name} has {count} threads in one process; start workers with "
            "`--nthreads 1 --nworkers N`, one process per core."
            for name, count in threads.items()
            if count != 1
        ]
        if problems:
            return problems
        answers = self.client.run(environment.mismatch, on_error="return")
        for name, answer in answers.items():
            if isinstance(answer, BaseException):
                problems.append(
                    f"the worker {name} cannot run the project's code ({one_line(answer)}): start "
                    "workers in the project's folder with PYTHONPATH set to it."
                )
            elif answer is not None:
                problems.append(answer)
        return problems


@contextmanager
def connect(address: str) -> Iterator[Engine]:
    """Connect to a scheduler that has workers."""
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except ValueError as error:
        raise SettingsError(f"machine.address: {one_line(error)} (value: {address!r})") from error
    except OSError as error:
        raise StageError(
            f"machine.address: no Dask scheduler answers at {address} ({one_line(error)}); start "
            "one with `dask scheduler`, or correct the address."
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=WORKERS_SECONDS)
        except TimeoutError as error:
            raise StageError(
                f"machine.address: the Dask scheduler at {address} has no workers after "
                f"{WORKERS_SECONDS} s; start some with `dask worker {address} --nthreads 1`."
            ) from error
        yield Engine(client, Backend(client=client))
