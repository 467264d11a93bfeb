"""Parts: the manifest of one shard, written beside it last, as its completion record.

The metadata of a part hold the recipe of the shard and the shard's size.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..io.atomic import is_being_written
from . import manifest, schemas
from .rows import CellRow


def part_path(shard: Path) -> Path:
    """Return the path of the part of a shard."""
    return shard.with_suffix(".parquet")


def write_part(shard: Path, rows: Iterable[Mapping[str, Any]], recipe: str) -> None:
    """Write the rows and the recipe of a shard, which marks it as complete."""
    metadata = {"recipe_hash": recipe, "shard_size": str(shard.stat().st_size)}
    manifest.write(part_path(shard), rows, schemas.CELLS, metadata)


def is_whole(shard: Path) -> bool:
    """Return True if a shard has a part and the size that the part records."""
    recorded = manifest.read_metadata(part_path(shard)).get("shard_size")
    return shard.is_file() and recorded == str(shard.stat().st_size)


def part_is_done(shard: Path, recipe: str) -> bool:
    """Return True if a shard is complete and was written with this recipe."""
    return is_whole(shard) and manifest.has_recipe(part_path(shard), recipe)


def remove_others(folder: Path, shards: Iterable[Path]) -> None:
    """Delete all files of a folder except these shards and their parts.

    A temporary file beside the shards stays while its writer may be alive: a worker that a cluster
    reported as lost, or a second run.
    """
    wanted = {path for shard in shards for path in (shard, part_path(shard))}
    for path in folder.iterdir() if folder.is_dir() else ():
        if path not in wanted and not (wanted and is_being_written(path)):
            path.unlink(missing_ok=True)


def gather(shards: Iterable[Path]) -> list[CellRow]:
    """Read the rows of all parts, in the order of the shards."""
    rows: list[CellRow] = []
    for shard in shards:
        rows.extend(manifest.read_rows(part_path(shard), schemas.CELLS))
    return rows
