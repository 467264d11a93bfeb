"""Ray backend: every task is a Ray task of one core, so that Ray's scheduler places and repeats it.

Ray's own backend for joblib assigns tasks to a fixed pool of actors in turn: a slow or lost machine
delays its tasks, machines that join later are not used, and results cannot stream. Here joblib
submits each task to Ray's scheduler.
"""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import ray
from joblib._utils import (
    _retrieve_traceback_capturing_wrapped_call,
    _TracebackCapturingWrapper,
)
from joblib.parallel import ParallelBackendBase
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ...errors import StageError
from ...messages import one_line
from .environment import Environment

CONNECT_SECONDS = 10
CHECK_SECONDS = 120
"""Time limit for a machine to start a Python process and report its environment."""
RETRIES = 3
"""Retries of a task whose worker died."""


class Backend(ParallelBackendBase):  # type: ignore[misc]  # joblib has no types
    """joblib backend over Ray tasks."""

    supports_retrieve_callback = True

    def __init__(self) -> None:
        super().__init__()
        self._waiting: set[Any] = set()
        self._call = ray.remote(num_cpus=1, max_retries=RETRIES, scheduling_strategy="SPREAD")(
            _call
        )

    def configure(self, n_jobs: int = 1, parallel: Any = None, **options: Any) -> int:
        """Configure the backend for a `Parallel`."""
        self.parallel = parallel
        return self.effective_n_jobs(n_jobs)

    def effective_n_jobs(self, n_jobs: int) -> int:
        """Return the cores of the cluster, at least two so that joblib submits the tasks to it."""
        return max(2, num_cores())

    def submit(self, func: Any, callback: Callable[[Any], None] | None = None) -> Any:
        """Submit a task; `callback` gets its result, or Ray's error if it could not run."""
        reference = self._call.remote(_TracebackCapturingWrapper(func))
        self._waiting.add(reference)

        def tell(done: "Future[Any]") -> None:
            self._waiting.discard(reference)
            if callback is not None:
                callback(done.exception() or done.result())

        future = reference.future()
        future.add_done_callback(tell)
        return future

    def retrieve_result_callback(self, out: Any) -> Any:
        """Return the task's result; raise its error, or StageError if Ray abandoned it."""
        if isinstance(out, RayError):
            raise StageError(
                f"Ray abandoned a task: {one_line(out)} Completed work is kept; run the same "
                "command again, with fewer cores if memory was short (`ray start --num-cpus`)."
            )
        return _retrieve_traceback_capturing_wrapped_call(out)

    def abort_everything(self, ensure_ready: bool = True) -> None:
        """Cancel pending and running tasks; their shards stay incomplete."""
        for reference in list(self._waiting):
            ray.cancel(reference, force=True)


@dataclass(frozen=True)
class Engine:
    """A connected cluster."""

    backend: Backend

    def check(self, environment: Environment) -> list[str]:
        """Return the problems of the machines that have cores."""
        pending = [
            ray.remote(num_cpus=0, max_retries=0)(_call)
            .options(scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False))
            .remote(environment.mismatch)
            for node in ray.nodes()
            if node["Alive"] and node["Resources"].get("CPU", 0) > 0
        ]
        problems = []
        for answer in pending:
            try:
                problem = ray.get(answer, timeout=CHECK_SECONDS)
            except RayError as error:
                problem = (
                    f"a machine cannot run the project's code ({one_line(error)}): give all "
                    "machines the same packages, and the project's folder at the same path."
                )
            if problem is not None:
                problems.append(problem)
        return problems


def _call(function: Callable[[], Any]) -> Any:
    return function()


def num_cores() -> int:
    """Return the current number of cores of the cluster."""
    return int(ray.cluster_resources().get("CPU", 0))


@contextmanager
def connect(address: str) -> Iterator[Engine]:
    """Connect to a cluster that has cores; the connection stays until the process ends."""
    host, _, port = address.rpartition(":")
    try:  # Ray itself tries for minutes
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
        if not ray.is_initialized():
            ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (OSError, RuntimeError) as error:
        raise StageError(
            f"machine.address: no Ray cluster answers at {address} ({one_line(error)}); start one "
            "with `ray start --head`, or correct the address."
        ) from error
    if num_cores() < 1:
        raise StageError(
            f"machine.address: the Ray cluster at {address} has no cores; add machines with "
            f"`ray start --address={address}`."
        )
    yield Engine(Backend())
