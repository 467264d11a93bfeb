"""Parts: the manifest of one shard, written beside it last, as its completion record.

The metadata of a part hold the recipe of the shard and the shard's size.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..io.atomic import is_being_written
from . import manifest, schemas
from .manifest import _metadata, has_recipe, write
from .schemas import CELLS, Row


def part_path(shard: Path) -> Path:
    """The part of a shard."""
    return shard.with_suffix(".parquet")


def write_part(shard: Path, rows: Iterable[Mapping[str, Any]], recipe: str) -> None:
    """Mark a shard as done: its rows and its recipe, in one file written last."""
    metadata = {"recipe_hash": recipe, "shard_size": str(shard.stat().st_size)}
    write(part_path(shard), rows, CELLS, metadata)


def is_whole(shard: Path) -> bool:
    """Whether a shard has its part and the size that the part says."""
    said = _metadata(part_path(shard)).get("shard_size")
    return shard.is_file() and said == str(shard.stat().st_size)


def part_is_done(shard: Path, recipe: str) -> bool:
    """Whether a shard was made wholly, by today's recipe."""
    return is_whole(shard) and has_recipe(part_path(shard), recipe)


def remove_others(folder: Path, shards: Iterable[Path]) -> None:
    """Delete what does not belong to the shards of today: older shards, parts and left-overs.

    A temporary beside today's shards stays while its writer may live: a worker that was given up
    as lost, or a second run.
    """
    wanted = {path for shard in shards for path in (shard, part_path(shard))}
    for path in folder.iterdir() if folder.is_dir() else ():
        if path not in wanted and not (wanted and is_being_written(path)):
            path.unlink(missing_ok=True)


def gather(shards: Iterable[Path]) -> list[Row]:
    """Rows of the parts, in the order of the shards."""
    rows: list[Row] = []
    for shard in shards:
        rows.extend(manifest.read_rows(part_path(shard), schemas.CELLS))
    return rows
