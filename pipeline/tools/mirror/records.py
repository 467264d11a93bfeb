"""Completion records of a mirror: one small file per output, written just before it appears."""

import json
from pathlib import Path
from typing import cast

from ...io.atomic import write_text
from ...storage.mirror_manifest import MirrorRow

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
