"""Check that remote workers have the same code, library versions and paths as the driver.

Recipes are computed where the run starts. A worker with another numpy, or with older code in
memory, would write other bytes under the same recipe; one that does not see the project's folder
would write to another place.
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
        """Return the environment of this process."""
        return cls(_versions(), paths)

    def mismatch(self) -> str | None:
        """Return how the calling process differs from this environment; None if it does not."""
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
def check_environment(environment: Environment) -> None:
    """Raise StageError if this worker's environment differs from the driver's.

    Checked once per process and run.
    """
    mismatch = environment.mismatch()
    if mismatch is not None:
        raise StageError(mismatch)


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    """Return the versions in this process; read once, since code in memory does not change."""
    python = ".".join(platform.python_version_tuple()[:2])
    return (("Python", python), *library_versions().items(), ("the project's code", _code()))


def _code() -> str:
    digest = sha256()
    for folder in (PACKAGE, PIPELINE):
        for file in sorted(folder.rglob("*.py")):
            digest.update(file.relative_to(folder.parent).as_posix().encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
