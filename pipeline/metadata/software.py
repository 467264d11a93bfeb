"""Version of the project that writes a dataset: release, commit and libraries."""

import platform
from dataclasses import dataclass
from functools import cache

from dulwich.errors import NotGitRepository
from dulwich.repo import Repo

from .. import __title__, __version__
from ..provenance import PIPELINE, library_versions


@dataclass(frozen=True)
class Software:
    """Everything besides parameters and videos that bytes depend on."""

    name: str
    version: str
    commit: str
    """Commit of the clone that runs; empty for an installed package."""
    python: str
    libraries: dict[str, str]
    """Version by package, of those that can change a pixel or a byte."""


@cache
def software() -> Software:
    """Return the version of the running project."""
    return Software(
        __title__, __version__, _commit(), platform.python_version(), library_versions()
    )


def _commit() -> str:
    root = PIPELINE.parent
    if not (root / ".git").exists():  # else a repository around an installed package is found
        return ""
    try:
        return Repo(str(root)).head().decode()
    except (NotGitRepository, KeyError):
        return ""
