"""Export: a dataset, or any part of its grid, as the files that other trainers read.

The folder `formats` is the registry: one file a format, whose module holds

- a docstring whose first line says what the format is and who reads it;
- `FOLDER`: where its clips lie below the export. Formats that name the same folder share its files;
- `UNIT`: "clip" (a file or folder a clip), "pack" (several clips in a file) or "shard" (as it is);
- `write_shard(task)`: write the clips of one shard, and say which files came out;
- `index(export)`: lists and the like that belong to the whole, by path.
"""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, cast

from ...errors import SettingsError

if TYPE_CHECKING:
    from .task import Export, ExportTask, File

_FOLDER = Path(__file__).parent / "formats"


class Format(Protocol):
    """What a module of `formats` holds."""

    FOLDER: str
    UNIT: Literal["clip", "pack", "shard"]

    def write_shard(self, task: "ExportTask") -> "list[File]":
        """Write the task's clips below `task.folder`."""

    def index(self, export: "Export") -> dict[str, str]:
        """Text files by their path below the export's folder."""


def names() -> tuple[str, ...]:
    """Names of all formats."""
    return tuple(
        sorted(file.stem for file in _FOLDER.glob("*.py") if not file.stem.startswith("_"))
    )


def load(name: str) -> Format:
    """The module of a format."""
    if name not in names():
        raise SettingsError(f"unknown export format {name!r}; there are: {', '.join(names())}.")
    return cast(Format, importlib.import_module(f".formats.{name}", __package__))


def describe(name: str) -> str:
    """What a format is, in one line."""
    words = load(name).__doc__ or ""
    return words.strip().splitlines()[0]
