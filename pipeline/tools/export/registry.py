"""Registry of the export formats: the modules of the folder `formats`.

Each module has

- a docstring whose first line describes the format and its readers;
- `FOLDER`: folder of its clips below the export. Formats with the same folder share its files;
- `UNIT`: "clip" (one file or folder per clip), "pack" (several clips per file) or "shard" (whole
  shards);
- `write_shard(task)`: write the clips of one shard and return the files written;
- `index(export)`: return lists and similar files of the whole export, by path: text, or a file to
  copy;
- optionally `ABOUT`: "needed" or, if they exist, "used": the statements of people about the
  dataset.
"""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, cast

from ...errors import SettingsError
from ...messages import did_you_mean

if TYPE_CHECKING:
    from .task import Export, ExportTask, File

_FOLDER = Path(__file__).parent / "formats"

Link = Literal["hard", "symbolic", "copy"]
"""How shards are placed in an export: a hard link, a symbolic link or a copy."""


class Format(Protocol):
    """Interface of a module of `formats`."""

    FOLDER: str
    UNIT: Literal["clip", "pack", "shard"]

    def write_shard(self, task: "ExportTask") -> "list[File]":
        """Write the task's clips below `task.folder` and return the files written."""

    def index(self, export: "Export") -> Mapping[str, str | Path]:
        """Return text, or files to copy, by their path below the export's folder."""


def names() -> tuple[str, ...]:
    """Return the names of all formats."""
    return tuple(
        sorted(file.stem for file in _FOLDER.glob("*.py") if not file.stem.startswith("_"))
    )


def load(name: str) -> Format:
    """Import the module of a format."""
    if name not in names():
        raise SettingsError(
            f"unknown export format {name!r}{did_you_mean(name, names())}; choose from "
            f"{', '.join(names())}."
        )
    return cast(Format, importlib.import_module(f".formats.{name}", __package__))


def describe(name: str) -> str:
    """Return the one-line description of a format."""
    text = load(name).__doc__ or name  # python -OO removes docstrings
    return text.strip().splitlines()[0]
