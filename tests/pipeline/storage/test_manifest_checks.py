"""A value that no stage writes is refused where a manifest is read, and names column and file."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline.errors import StageError
from pipeline.storage.manifest_checks import check
from pipeline.storage.schemas import CELLS

PATH = Path("fog.parquet")
GOOD: dict[str, Any] = {
    "key": "a", "dataset": "demo", "split": "val", "corruption": "fog", "severity": 1,
    "status": "ok", "shard": "data/demo/a.tar", "member": "a.mp4", "sha256": "0", "offset": 512,
    "size": 9, "num_frames": 1, "width": 1, "height": 1, "fps_num": 25, "fps_den": 1,
    "source_path": "x/ä.mp4",
}  # fmt: skip


def table(**changes: object) -> pa.Table:
    columns = GOOD | changes
    fields = [CELLS.arrow.field(name) for name in columns]
    return pa.table({name: [value] for name, value in columns.items()}, schema=pa.schema(fields))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"status": "failed", "shard": None, "member": None, "size": None, "num_frames": None},
        {"source_path": None},
        {"source_path": "folder/with space/..x.mp4"},
    ],
)
def test_what_stages_write_passes(changes: dict[str, object]) -> None:
    check(PATH, table(**changes), CELLS.arrow)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"key": None}, "column key is empty in 1 rows"),
        ({"key": "../a"}, "column key has the value '../a'"),
        ({"key": "a" * 201}, "column key has the value 'aaa"),
        ({"dataset": "a/b"}, "column dataset has the value 'a/b'"),
        ({"shard": "/etc/passwd"}, "column shard has the value '/etc/passwd'"),
        ({"shard": "data/../../x"}, "column shard has the value"),
        ({"member": "a/b.mp4"}, "column member has the value"),
        ({"source_path": "../x.mp4"}, "column source_path has the value"),
        ({"source_path": "/x.mp4"}, "column source_path has the value"),
        ({"status": "fine"}, "column status has the value 'fine'"),
        ({"size": 0}, r"column size has the value 0, outside 1\.\."),
        ({"offset": -1}, "column offset has the value -1, outside 0"),
        ({"width": 1 << 20}, "column width has the value 1048576, outside 1..32768"),
        ({"fps_den": None}, "column fps_den is empty for a clip with status ok"),
        ({"sha256": None}, "column sha256 is empty for a clip with status ok"),
    ],
)
def test_a_value_that_no_stage_writes_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(StageError, match=f"fog.parquet: {message}"):
        check(PATH, table(**changes), CELLS.arrow)


def test_a_column_of_another_type_is_refused() -> None:
    other = pa.table({"severity": pa.array(["1"])})
    with pytest.raises(StageError, match="column severity is string, not int32"):
        check(PATH, other, CELLS.arrow)
