"""Clusters: joblib backends that run tasks on Dask or Ray workers of many machines.

Before work starts, every worker is checked to write the same bytes to the same folder (see
environment.py); a worker that joins later is checked before its first task.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...errors import SettingsError, StageError
from ...io.atomic import neighbour
from ...settings import MachineSettings
from .environment import Environment

PACKAGES = {"dask": "distributed", "ray": "ray"}
"""Package that each backend needs."""


@dataclass(frozen=True)
class Cluster:
    """A connected cluster with checked workers."""

    backend: Any
    """joblib backend that runs tasks on it."""
    environment: Environment


@contextmanager
def open_cluster(machine: MachineSettings, shared: Sequence[Path]) -> Iterator[Cluster]:
    """Connect to `machine.address` and check all workers.

    `shared` are the folders of the tasks: first the one that they write to, in which a token shows
    whether the workers see the same folder, then those that they read.
    """
    backend, address = machine.backend, machine.address
    if find_spec(PACKAGES[backend]) is None:
        raise SettingsError(
            f"machine.backend: {backend!r} needs the package {PACKAGES[backend]!r}, which is not "
            "installed here; docs/scale_out.md has the pip line. Or set machine.backend to loky."
        )
    engines = import_module(f".{backend}_backend", __package__)  # needs an optional package
    with engines.connect(address) as engine, _seen_by_all(shared) as paths:
        environment = Environment.here(paths)
        problems = engine.check(environment)
        if problems:
            more = (
                f" ({len(problems) - 1} more workers reported problems)"
                if len(problems) > 1
                else ""
            )
            raise StageError(f"machine.address: {address}: {problems[0]}{more}")
        yield Cluster(engine.backend, environment)


@contextmanager
def _seen_by_all(shared: Sequence[Path]) -> Iterator[tuple[Path, ...]]:
    """Yield paths that identify the folders: a new token in the first, any entry of the others."""
    first, *others = shared
    first.mkdir(parents=True, exist_ok=True)
    token = neighbour(first / "seen-by-workers")
    token.touch()
    try:
        entries = (next(folder.iterdir(), folder) for folder in others if folder.is_dir())
        yield (token, *entries)
    finally:
        token.unlink(missing_ok=True)
