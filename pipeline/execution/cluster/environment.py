"""What a worker on another machine must have in common with the process that started the run.

Recipes are made where the run starts. A worker with another numpy, or with yesterday's code still
in its memory, would write other bytes under the same recipe; one that does not see the project's
folder would write them to nowhere.
"""

import os
import platform
import socket
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path

from ...errors import StageError
from ...provenance import PACKAGE, PIPELINE, library_versions


@dataclass(frozen=True)
class Environment:
    """Versions, code and paths of the process that started the run."""

    versions: tuple[tuple[str, str], ...]
    paths: tuple[Path, ...]

    @classmethod
    def here(cls, paths: tuple[Path, ...]) -> "Environment":
        """What this process has."""
        return cls(_versions(), paths)

    def problem(self) -> str | None:
        """What is different in the process that asks; None if nothing is."""
        found = dict(_versions())
        who = f"the worker {socket.gethostname()}:{os.getpid()}"
        for name, version in self.versions:
            if found[name] != version:
                return (
                    f"{who} has {name} {found[name]}, but here it is {version}: it would write "
                    "other bytes. Give all machines the same packages and the same code, and "
                    "restart the workers after every change of them."
                )
        for path in self.paths:
            if not path.exists():
                return (
                    f"{who} does not see {path.parent}, or not the same folder: mount it at this "
                    "path on every machine."
                )
        return None


@lru_cache(maxsize=8)
def check_environment(alike: Environment) -> None:
    """Stop if this worker is not alike; asked once a process and run."""
    problem = alike.problem()
    if problem is not None:
        raise StageError(problem)


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    """Versions as they are in this process: read once, since code in memory does not change."""
    python = ".".join(platform.python_version_tuple()[:2])
    return (("Python", python), *library_versions().items(), ("the project's code", _code()))


def _code() -> str:
    digest = sha256()
    for folder in (PACKAGE, PIPELINE):
        for file in sorted(folder.rglob("*.py")):
            digest.update(file.relative_to(folder.parent).as_posix().encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
