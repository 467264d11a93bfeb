"""Manifests: Parquet files with an explicit schema, one row a clip and cell.

`CLIPS` is what the filter stage says of every listed clip; `CELLS` is what the decode and corrupt
stages say of every stored clip. A part is the manifest of one shard, beside it, written last: its
metadata carry the recipe of the shard and the shard's size and hash.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import StageError
from ..io.atomic import atomic
from ..messages import one_line
from .manifest_checks import MAX_ROWS, check
from .schemas import OPTIONAL, Row


def write(
    path: Path,
    rows: Iterable[Mapping[str, Any]],
    schema: pa.Schema,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write rows as one Parquet file, atomically; keys that the schema lacks are an error."""
    rows = list(rows)
    unknown = {key for row in rows for key in row} - set(schema.names)
    if unknown:
        raise ValueError(f"{path}: rows have columns that the schema lacks: {sorted(unknown)}.")
    columns = {
        name: pa.array([row.get(name) for row in rows], schema.field(name).type)
        for name in schema.names
    }
    _write(path, pa.table(columns, schema=schema.with_metadata(dict(metadata or {}))))


def join(path: Path, parts: Iterable[Path], schema: pa.Schema) -> None:
    """Write the rows of some files as one: the same bytes as through `write`, in less memory."""
    tables = [read(part, schema, schema.names).replace_schema_metadata(None) for part in parts]
    _write(path, pa.concat_tables(tables).cast(schema.with_metadata({})).combine_chunks())


def _write(path: Path, table: pa.Table) -> None:
    with atomic(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def read(path: Path, schema: pa.Schema, columns: list[str] | None = None) -> pa.Table:
    """Read a manifest and check its columns and what they say; see pipeline/io/trust.py."""
    if not path.exists():
        raise StageError(f"{path}: no such manifest; run the stage that writes it first.")
    try:
        table = _table(path, columns)
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        raise StageError(f"{path}: no readable Parquet file: {one_line(error)}") from error
    expected = columns if columns is not None else schema.names
    for name in OPTIONAL.intersection(expected) - set(table.column_names):
        nulls = pa.nulls(table.num_rows, schema.field(name).type)
        table = table.append_column(name, nulls)
    missing = set(expected) - set(table.column_names)
    if missing:
        raise StageError(f"{path}: columns are missing: {', '.join(sorted(missing))}.")
    if len(set(table.column_names)) < table.num_columns:
        raise StageError(f"{path}: a column stands twice.")
    table = table.select(expected)
    check(path, table, schema)
    return table


def _table(path: Path, columns: list[str] | None) -> pa.Table:
    if not path.is_file():
        raise ValueError("it is no plain file")
    with pq.ParquetFile(path) as file:
        if file.metadata.num_rows > MAX_ROWS:
            raise ValueError(f"it declares {file.metadata.num_rows} rows, more than {MAX_ROWS}")
        table = file.read(columns=columns)
    table.validate(full=True)
    return table


def read_rows(path: Path, schema: pa.Schema, columns: list[str] | None = None) -> list[Row]:
    """Rows of a manifest as dictionaries, of some columns where not all are needed."""
    rows: list[Row] = read(path, schema, columns).to_pylist()
    return rows


def has_recipe(path: Path, recipe: str) -> bool:
    """Whether a Parquet file is there and was written by today's recipe."""
    return _metadata(path).get("recipe_hash") == recipe


def _metadata(path: Path) -> dict[str, str]:
    """What a Parquet file's metadata say; nothing if it is not there or not whole."""
    if not path.is_file():
        return {}
    try:
        found = pq.read_schema(path).metadata or {}
        return {key.decode(): value.decode() for key, value in found.items()}
    except (pa.ArrowException, OSError, ValueError):
        return {}


def as_json(value: Any) -> str:
    """Canonical JSON of a small value, as in the column `params`."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
