"""Rows of Parquet, CSV and JSON Lines files, with their places for messages."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ...datasets.class_list import read_csv
from ...errors import SettingsError
from ...io.text import read_text
from ...messages import one_line, quoted
from ...storage.manifest_checks import MAX_ROWS

HINT = "correct the path"
BATCH = 4096


def parquet_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield place and columns of each row."""
    number = 0
    try:
        with pq.ParquetFile(path) as file:
            if file.metadata.num_rows > MAX_ROWS:
                raise ValueError(f"more than {MAX_ROWS} rows")
            for batch in file.iter_batches(BATCH):
                for row in batch.to_pylist():
                    number += 1
                    yield f"{path}, row {number}", row
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SettingsError(
            f"{path}: cannot be read as Parquet ({one_line(error)}); {HINT} or the file."
        ) from error


def csv_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield place and columns of each row."""
    for number, row in enumerate(read_csv(path, (), HINT), 2):
        yield f"{path}, line {number}", row


def json_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield place and columns of each row."""
    for number, line in enumerate(read_text(path, HINT).split("\n"), 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise SettingsError(f"{where}: invalid JSON: {one_line(error)}.") from error
        if not isinstance(row, dict):
            raise SettingsError(f"{where}: is {quoted(row)}; it must be an object.")
        yield where, row
