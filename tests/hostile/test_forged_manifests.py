"""Forged or damaged manifests, parts and predictions: one clear error, no other file is read."""

import io
import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import StageError
from pipeline.stages.evaluate.evaluate import evaluate
from pipeline.stages.report.report import report
from pipeline.storage import manifest, schemas
from tests.hostile.command import files, refused
from tests.hostile.stored import CHANGES, MANIFEST, PART
from tests.support.project import write_params


def rewrite(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    """Change a Parquet file and keep its metadata, so that a part is still recorded as complete."""
    table = pq.read_table(path)
    metadata = table.schema.metadata
    pq.write_table(change(table).replace_schema_metadata(metadata), path)


def column(name: str, value: object, kind: pa.DataType | None = None) -> Callable[..., pa.Table]:
    """Every row says `value` in a column."""

    def change(table: pa.Table) -> pa.Table:
        place = table.schema.get_field_index(name)
        values = pa.array([value] * len(table), kind or table.schema.field(name).type)
        return table.set_column(place, name, values)

    return change


SPOILED: dict[str, tuple[Callable[[pa.Table], pa.Table], str]] = {
    "column less": (lambda table: table.drop_columns(["sha256"]), "columns are missing: sha256"),
    "only keys": (lambda table: table.select(["key"]), "columns are missing: clip_id, .*sha256"),
    "column twice": (
        lambda table: table.append_column("key", table["key"]),
        "duplicate column names",
    ),
    "number as text": (column("offset", "512", pa.string()), "offset is string, not int64"),
    "text as number": (column("shard", 7, pa.int64()), "shard is int64, not string"),
    "list": (column("key", ["a"], pa.list_(pa.string())), "key is list<.*, not string"),
    "binary": (column("key", b"\xff\xfe", pa.binary()), "key is binary, not string"),
    "no key": (column("key", None), "key is empty in [34] rows"),
    "no status": (column("status", None), "status is empty in [34] rows"),
    "no shard": (column("shard", None), "shard is empty for a clip with status ok"),
    "no offset": (column("offset", None), "offset is empty for a clip with status ok"),
    "shard above": (
        column("shard", "../../etc/passwd"),
        r"column shard has the value '\.\./\.\./etc/passwd';",
    ),
    "shard above inside": (
        column("shard", "data/../../secret.tar"),
        r"column shard has the value 'data/\.\./\.\./secret\.tar';",
    ),
    "shard absolute": (column("shard", "/etc/passwd"), "column shard has the value '/etc/passwd';"),
    "shard of the web": (
        column("shard", "http://127.0.0.1/x.tar"),
        r"column shard has the value 'http://127\.0\.0\.1/x\.tar';",
    ),
    "shard for FFmpeg": (
        column("shard", "concat:/etc/passwd|/etc/group"),
        r"column shard has the value 'concat:/etc/passwd\|/etc/group';",
    ),
    "shard with nul": (
        column("shard", "data/\0x.tar"),
        r"column shard has the value 'data/\\x00x\.tar';",
    ),
    "member above": (column("member", "../x.mp4"), r"column member has the value '\.\./x\.mp4';"),
    "member absolute": (column("member", "/x.mp4"), r"column member has the value '/x\.mp4';"),
    "source above": (
        column("source_path", "../../../etc/passwd"),
        r"column source_path has the value '\.\./\.\./\.\./etc/passwd';",
    ),
    "source absolute": (
        column("source_path", "/etc/passwd"),
        "column source_path has the value '/etc/passwd';",
    ),
    "key with slash": (column("key", "a/b"), "column key has the value 'a/b';"),
    "key above": (column("key", ".."), r"column key has the value '\.\.';"),
    "key empty": (column("key", ""), "column key has the value '';"),
    "key with new line": (column("key", "a\n"), r"column key has the value 'a\\n';"),
    "long key": (column("key", "a" * 1_000_000), "column key has the value 'aaaa"),
    "split above": (column("split", "../val"), r"column split has the value '\.\./val';"),
    "other status": (column("status", "fine"), "column status has the value 'fine';"),
    "offset negative": (column("offset", -512), "column offset has the value -512, outside"),
    "size negative": (column("size", -1), "column size has the value -1, outside"),
    "size zero": (column("size", 0), "column size has the value 0, outside"),
    "no frames": (column("num_frames", 0), "column num_frames has the value 0, outside"),
    "rate of nothing": (column("fps_den", 0), "column fps_den has the value 0, outside"),
    "height negative": (column("height", -1), "column height has the value -1, outside"),
    "height huge": (column("height", 2**31 - 1), "column height has the value 2147483647, outside"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_forged_manifest_is_refused_where_it_is_read(root: Path, name: str) -> None:
    change, words = SPOILED[name]
    for path in (root / MANIFEST, root / PART):
        rewrite(path, change)
        with pytest.raises(StageError, match=words) as caught:
            manifest.read_rows(path, schemas.CELLS)
        assert str(path) in str(caught.value)
        assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("name", ["shard above", "column less"])
def test_every_command_refuses_it(root: Path, name: str) -> None:
    change, words = SPOILED[name]
    for path in (MANIFEST, PART, "manifests/demo/clean.parquet"):
        rewrite(root / path, change)
    before = files(root)
    for command in ("corrupt", "evaluate", "verify"):
        message = refused(root, command, "-d", "demo", code=1)
        assert re.search(rf"\.parquet: .*{words}", message), message
    assert files(root) == before
    assert [path.name for path in root.parent.iterdir()] == ["project"]


def test_damaged_parquet(root: Path) -> None:
    path = root / MANIFEST
    data = path.read_bytes()
    files = [b"", b"PAR1", b"PAR1" * 99, data[: len(data) // 2], data[len(data) // 2 :], data[:-9]]
    rng = np.random.Generator(np.random.Philox(0))
    for number in range(300):
        changed = bytearray(data)
        for _ in range(1 + number % 8):
            last = len(data) if number % 2 else 4000  # the footer is at the end
            changed[-1 - int(rng.integers(last))] ^= 1 << int(rng.integers(8))
        files.append(bytes(changed))
    refusals = 0
    for content in files:
        path.write_bytes(content)
        try:
            manifest.read_rows(path, schemas.CELLS)
        except StageError as error:
            assert str(path) in str(error)
            refusals += 1
        manifest.has_recipe(path, "recipe")
    assert refusals > len(files) / 4


def test_what_is_no_file_is_refused(root: Path) -> None:
    path = root / MANIFEST
    for make in (os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")):
        path.rmdir() if path.is_dir() else path.unlink()
        make(path)
        with pytest.raises(StageError, match="not a regular file"):
            manifest.read_rows(path, schemas.CELLS)


def test_more_rows_than_any_benchmark_has(root: Path) -> None:
    table = pa.table({"key": pa.array(["a"]).take(pa.array(np.zeros(6_000_000, np.int8)))})
    pq.write_table(table, root / MANIFEST)
    with pytest.raises(StageError, match="declares 6000000 rows"):
        manifest.read_rows(root / MANIFEST, schemas.CELLS)


def test_predictions(root: Path) -> None:
    params = write_params(root, **CHANGES)
    evaluate(params, root, "demo")
    path = root / "manifests/demo/predictions/tiny_r2plus1d.parquet"
    data = path.read_bytes()
    for change, words in (
        (lambda table: table.drop_columns(["correct1"]), "columns are missing: correct1"),
        (column("correct1", None), "column correct1 is empty in 8 rows"),
        (column("correct5", "yes", pa.string()), "column correct5 is string, not bool"),
        (column("key", "../x"), "column key has the value '../x'"),
        (column("severity", None), "column severity is empty in 8 rows"),
        (column("status", "fine"), "column status has the value 'fine'"),
    ):
        path.write_bytes(data)
        rewrite(path, change)
        with pytest.raises(StageError, match=rf"tiny_r2plus1d\.parquet: {words}"):
            report(params, root)
    path.write_bytes(io.BytesIO(data).getvalue()[:-40])
    with pytest.raises(StageError, match=r"tiny_r2plus1d\.parquet: cannot be read as Parquet"):
        report(params, root)
