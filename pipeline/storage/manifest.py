"""Manifests: Parquet files with an explicit schema, one row per clip and cell; see schemas.py."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import StageError
from ..io.atomic import atomic
from ..messages import one_line, quoted
from ..resources import memory_is_short, out_of_memory
from .manifest_checks import MAX_ROWS, check
from .rows import Row
from .schemas import OPTIONAL, Schema


def write(
    path: Path,
    rows: Iterable[Mapping[str, Any]],
    schema: Schema[Any],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write rows as one Parquet file, atomically; ValueError for a column that the schema lacks."""
    rows = list(rows)
    unknown = {key for row in rows for key in row} - set(schema.names)
    if unknown:
        raise ValueError(f"{path}: rows have columns that the schema lacks: {sorted(unknown)}.")
    columns = {
        name: pa.array([row.get(name) for row in rows], schema.arrow.field(name).type)
        for name in schema.names
    }
    _write(path, pa.table(columns, schema=schema.arrow.with_metadata(dict(metadata or {}))))


def join(path: Path, parts: Iterable[Path], schema: Schema[Any]) -> None:
    """Write the rows of several files as one; the bytes are those of `write`."""
    tables = [read(part, schema, schema.names).replace_schema_metadata(None) for part in parts]
    _write(path, pa.concat_tables(tables).cast(schema.arrow.with_metadata({})).combine_chunks())


def join_ordered(
    path: Path, parts: Iterable[Path], schema: Schema[Any], cells: Iterable[tuple[str, int]]
) -> None:
    """Write the rows of several files as one, by cell, then in the order of the files.

    `cells` are corruptions and severities. Each file is read once; it may hold several cells.
    """
    tables: dict[tuple[str, int], list[pa.Table]] = {cell: [] for cell in cells}
    for part in parts:
        table = read(part, schema, schema.names).replace_schema_metadata(None)
        found = zip(table["corruption"].to_pylist(), table["severity"].to_pylist(), strict=True)
        for cell, group in groupby(enumerate(found), lambda one: one[1]):
            rows = list(group)
            tables[cell].append(table.slice(rows[0][0], len(rows)))
    empty = schema.arrow.empty_table()
    whole = pa.concat_tables([empty, *(table for some in tables.values() for table in some)])
    _write(path, whole.cast(schema.arrow.with_metadata({})).combine_chunks())


def _write(path: Path, table: pa.Table) -> None:
    metadata = (table.schema.metadata or {}) | {b"pandas": _for_pandas(table.schema)}
    with atomic(path) as temporary:
        pq.write_table(
            table.replace_schema_metadata(metadata),
            temporary,
            compression="zstd",
            write_page_checksum=True,
        )


def _for_pandas(schema: pa.Schema) -> bytes:
    """Return metadata by which pandas reads whole numbers as such where a row lacks some."""
    columns = [
        {
            "name": field.name,
            "field_name": field.name,
            "pandas_type": str(field.type),
            "numpy_type": str(field.type).capitalize(),  # Int64 has missing values, int64 none
            "metadata": None,
        }
        for field in schema
        if pa.types.is_integer(field.type)
    ]
    about = {"index_columns": [], "column_indexes": [], "pandas_version": "1.0.0"}
    return as_json({**about, "columns": columns}).encode()


def read(
    path: Path,
    schema: Schema[Any],
    columns: list[str] | None = None,
    keep: Callable[[pa.Table], pa.ChunkedArray] | None = None,
) -> pa.Table:
    """Read a manifest and validate it, see manifest_checks.py.

    Parameters
    ----------
    path, schema
        File and what it holds.
    columns
        Columns to read; None means all.
    keep
        Function from rows of these columns to a mask of those to return. All rows are validated,
        but only those of one row group are in memory besides the returned ones.

    Raises
    ------
    StageError
        If the file is missing, damaged or holds what no stage writes.

    """
    if not path.exists():
        raise StageError(f"{path}: no such manifest; run the stage that writes it first.")
    wanted = schema.names if columns is None else columns
    found: list[pa.Table] = []
    try:
        for group in _row_groups(path, schema, columns):
            table = _validated(path, group, schema, wanted)
            found.append(table if keep is None else table.filter(keep(table)))
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        if memory_is_short():  # also the cause where Arrow cannot start a thread
            raise out_of_memory() from error
        raise StageError(f"{path}: cannot be read as Parquet: {one_line(error)}") from error
    return pa.concat_tables(found)


def _validated(path: Path, table: pa.Table, schema: Schema[Any], wanted: Sequence[str]) -> pa.Table:
    for name in OPTIONAL.intersection(wanted) - set(table.column_names):
        nulls = pa.nulls(table.num_rows, schema.arrow.field(name).type)
        table = table.append_column(name, nulls)
    missing = set(wanted) - set(table.column_names)
    if missing:
        raise StageError(f"{path}: columns are missing: {', '.join(sorted(missing))}.")
    if len(set(table.column_names)) < table.num_columns:
        raise StageError(f"{path}: duplicate column names.")
    table = table.select(wanted).replace_schema_metadata(None)
    check(path, table, schema.arrow)
    return table


def _row_groups(path: Path, schema: Schema[Any], columns: list[str] | None) -> Iterator[pa.Table]:
    if not path.is_file():
        raise ValueError("not a regular file")
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        if file.metadata.num_rows > MAX_ROWS:
            raise ValueError(f"it declares {file.metadata.num_rows} rows, more than {MAX_ROWS}")
        names = set(file.schema_arrow.names)
        unknown = names.difference(schema.names)
        if unknown and OPTIONAL.intersection(schema.names) - names:
            # An optional column whose name is damaged must not be read as null.
            raise ValueError(f"unknown columns: {', '.join(map(quoted, sorted(unknown)))}")
        if file.num_row_groups == 0:
            yield file.read(columns=columns)
        for number in range(file.num_row_groups):
            table = file.read_row_group(number, columns=columns)
            table.validate(full=True)
            yield table


def read_rows(path: Path, schema: Schema[Row], columns: list[str] | None = None) -> list[Row]:
    """Read the rows of a manifest as dictionaries, with all or some of its columns."""
    rows: list[Row] = read(path, schema, columns).to_pylist()
    return rows


def has_recipe(path: Path, recipe: str) -> bool:
    """Return True if a Parquet file exists and was written with this recipe."""
    return read_metadata(path).get("recipe_hash") == recipe


def read_metadata(path: Path) -> dict[str, str]:
    """Return the metadata of a Parquet file; empty if it is missing or damaged."""
    if not path.is_file():
        return {}
    try:
        found = pq.read_schema(path).metadata or {}
        return {key.decode(): value.decode() for key, value in found.items()}
    except (pa.ArrowException, OSError, ValueError):
        return {}


def as_json(value: Any) -> str:
    """Return a small value as canonical JSON, as in the column `params`."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
