"""Records of a mirror: one small file per output, written just before it appears, and recipes."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from ...datasets import native_video
from ...datasets.native_video import NativeCell
from ...io.atomic import write_text
from ...provenance import code_of, corruption_code, library_versions, recipe_hash
from ...storage import manifest
from ...storage.mirror_manifest import MIRRORED, MirrorRow

FOLDER = ".mirror"


def record_path(output: Path, cell_folder: str, relative: str) -> Path:
    """Return the path of the record of a video in a cell."""
    return output / FOLDER / cell_folder / f"{relative}.json"


def write_record(path: Path, row: MirrorRow) -> None:
    """Write the row of an output as its record."""
    write_text(path, json.dumps(row, sort_keys=True) + "\n")


def finished_row(path: Path, output: Path, source: Path, recipe: str) -> MirrorRow | None:
    """Return the row of an output that is complete; None if it must be written.

    Complete means: of the same recipe, made from the same source (by size and time of change), and
    there in its recorded size.
    """
    try:
        row = json.loads(path.read_text(encoding="utf-8"))
        made = (output / row["output_path"]).stat()
        status = source.stat()
    except (OSError, ValueError, KeyError, TypeError):
        return None
    recorded = (row.get("source_size"), row.get("source_mtime_ns"))
    if row.get("recipe_hash") != recipe or made.st_size != row.get("size"):
        return None
    return cast(MirrorRow, row) if recorded == (status.st_size, status.st_mtime_ns) else None


def read_rows(path: Path) -> list[MirrorRow]:
    """Return the rows of the manifest of earlier runs; none if there is no manifest."""
    rows: list[MirrorRow] = manifest.read_rows(path, MIRRORED) if path.is_file() else []
    return rows


def not_replaced(earlier: Sequence[MirrorRow], rows: Sequence[MirrorRow]) -> list[MirrorRow]:
    """Return the rows of earlier runs that the rows of this run do not replace."""
    replaced = {_identity(row) for row in rows}
    names = {row.get("output_path") for row in rows} - {None}
    return [
        row
        for row in earlier
        if _identity(row) not in replaced and row.get("output_path") not in names
    ]


def _identity(row: MirrorRow) -> tuple[object, ...]:
    names = ("source_path", "corruption", "severity", "params", "dialect", "table", "seed")
    return tuple(row.get(name) for name in names)


def cell_recipe(cell: NativeCell, lossless: bool) -> str:
    """Return the hash of everything that determines the outputs of a cell besides their sources."""
    corruption, _ = cell.load()
    return recipe_hash(
        {
            "code": code_of(Path(native_video.__file__), library=False),
            "corruption": corruption_code(corruption),
            "cell": cell.columns(""),
            "lossless": lossless,
            "libraries": library_versions(),
        }
    )
