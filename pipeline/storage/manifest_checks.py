"""Validation of manifests read from disk: types, names, paths, ranges.

Manifests may come from other users. Their rows name files, offsets and array sizes, so they are
checked once, where a manifest is read.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from ..errors import StageError
from ..messages import quoted

MAX_ROWS = 5_000_000
"""Limit on the rows of a manifest: a few bytes of Parquet can encode any number of equal rows."""

NEVER_EMPTY = ("key", "status", "corruption", "severity", "correct1")
NAMES = ("key", "dataset", "split", "corruption", "model")
"""Columns that become names of files and of members of shards."""

NAME = "^[A-Za-z0-9_-]{1,200}$"
PATHS = {
    "shard": r"^[A-Za-z0-9_-][A-Za-z0-9_./-]*$",
    "member": r"^[A-Za-z0-9_-]+\.[a-z0-9]+$",
    "source_path": r"^[^/\x00][^\x00]*$",
}
UPWARDS = r"(^|/)\.\.(/|$)"

STATUSES = ("ok", "missing", "broken", "failed")

RANGES = {
    "offset": (0, 1 << 62),
    "size": (1, 1 << 62),
    "num_frames": (1, 1 << 31),
    "width": (1, 1 << 15),
    "height": (1, 1 << 15),
    "fps_num": (1, 1 << 31),
    "fps_den": (1, 1 << 31),
}
"""Smallest and largest value of a column for a clip with status "ok"."""


NULLABLE_RANGES = {
    "confidence": (0.0, 1.0001),
    "entropy": (0.0, 1e9),
    "logsumexp": (-1e30, 1e30),
    "nll": (0.0, 1e30),
    "sum_p2": (0.0, 1.0001),
    "segment_start": (0.0, 1e6),
    "segment_end": (0.0, 1e6),
}
"""Least and greatest value of softmax statistics, up to rounding, and of bounds of segments in
seconds; null where they are unknown."""


def check(path: Path, table: pa.Table, schema: pa.Schema) -> None:
    """Raise StageError if a column has another type, or a value that no stage writes."""
    for name in table.column_names:
        found, expected = table.schema.field(name).type, schema.field(name).type
        if found != expected:
            _refuse(path, f"column {name} is {found}, not {expected}")
        if name in NEVER_EMPTY and table[name].null_count:
            _refuse(path, f"column {name} is empty in {table[name].null_count} rows")
    for name in set(NAMES) & set(table.column_names):
        _match(path, name, table[name], NAME)
    for name in set(PATHS) & set(table.column_names):
        _match(path, name, table[name], PATHS[name])
        _match(path, name, table[name], UPWARDS, wanted=False)
    _check_nullable(path, table)
    if "status" in table.column_names:
        _match(path, "status", table["status"], f"^({'|'.join(STATUSES)})$")
        usable = table.filter(pc.equal(table["status"], "ok"))
        for name in set(RANGES) & set(table.column_names):
            _range(path, name, usable[name])
        for name in {"shard", "member", "sha256"} & set(table.column_names):
            if usable[name].null_count:
                _refuse(path, f"column {name} is empty for a clip with status ok")


def _match(
    path: Path, name: str, column: pa.ChunkedArray, pattern: str, wanted: bool = True
) -> None:
    fits = pc.fill_null(pc.match_substring_regex(column, pattern), wanted)
    odd = column.filter(pc.not_equal(fits, wanted))
    if len(odd):
        _refuse(path, f"column {name} has the value {quoted(odd[0].as_py())}")


def _range(path: Path, name: str, column: pa.ChunkedArray) -> None:
    least, greatest = RANGES[name]
    if column.null_count:
        _refuse(path, f"column {name} is empty for a clip with status ok")
    for value in pc.min_max(column).as_py().values() if len(column) else ():
        if not least <= value <= greatest:
            _refuse(path, f"column {name} has the value {value}, outside {least}..{greatest}")


def _check_nullable(path: Path, table: pa.Table) -> None:
    for name in set(NULLABLE_RANGES) & set(table.column_names):
        least, greatest = NULLABLE_RANGES[name]
        column = table[name]
        # A comparison with nan is False, one with null is null, which the filter drops.
        inside = pc.and_(pc.greater_equal(column, least), pc.less_equal(column, greatest))
        outside = column.filter(pc.invert(inside))
        if len(outside):
            value = outside[0].as_py()
            _refuse(path, f"column {name} has the value {value}, outside {least}..{greatest}")


def _refuse(path: Path, words: str) -> None:
    raise StageError(
        f"{path}: {words}; no stage writes this. Delete the file and run the stage that writes it."
    )
