"""Manifests: explicit schema, same bytes every time, parts that say when a shard is done."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from pipeline.errors import StageError
from pipeline.storage import manifest, parts, schemas

ROW = {"key": "a", "corruption": "fog", "severity": 3, "status": "failed", "psnr": None}


def test_rows_come_back(tmp_path: Path) -> None:
    path = tmp_path / "fog.parquet"
    manifest.write(path, [ROW], schemas.CELLS)
    (row,) = manifest.read_rows(path, schemas.CELLS)
    assert row == dict.fromkeys(schemas.CELLS.names) | ROW
    before = path.read_bytes()
    manifest.write(path, [ROW], schemas.CELLS)
    assert path.read_bytes() == before


def write_predictions(path: Path, **scores: float) -> None:
    row = {"key": "a", "corruption": "fog", "severity": 1, "status": "ok", "correct1": True}
    manifest.write(path, [row | {"correct5": True} | scores], schemas.PREDICTIONS)


def test_predictions_without_scores_are_read(tmp_path: Path) -> None:
    """Files of earlier versions lack the columns; their values are unknown, not 0."""
    path = tmp_path / "model.parquet"
    write_predictions(path, confidence=0.5)
    optional = schemas.OPTIONAL.intersection(schemas.PREDICTIONS.names)
    table = pq.read_table(path).drop_columns(list(optional))
    pq.write_table(table, path)
    (row,) = manifest.read_rows(path, schemas.PREDICTIONS)
    assert row["correct1"]
    assert {row[name] for name in optional} == {None}
    only = manifest.read(path, schemas.PREDICTIONS, ["key", "nll"])
    assert only.column_names == ["key", "nll"]


@pytest.mark.parametrize(
    ("name", "value"), [("confidence", 1.5), ("nll", -1.0), ("sum_p2", float("nan"))]
)
def test_impossible_scores_are_refused(tmp_path: Path, name: str, value: float) -> None:
    path = tmp_path / "model.parquet"
    write_predictions(path, **{name: value})
    with pytest.raises(StageError, match=f"column {name} has the value .*, outside"):
        manifest.read(path, schemas.PREDICTIONS)


def test_rows_are_chosen_by_row_group_and_all_of_them_are_validated(tmp_path: Path) -> None:
    path = tmp_path / "fog.parquet"
    names = ["a", "b", "c", "d", "e"]
    manifest.write(path, [{**ROW, "key": name} for name in names], schemas.CELLS)
    table = pq.read_table(path)
    pq.write_table(table, path, row_group_size=2)
    assert manifest.read(path, schemas.CELLS)["key"].to_pylist() == names
    chosen = pa.array(["b", "e"])
    found = manifest.read(
        path, schemas.CELLS, ["key", "severity"], lambda rows: pc.is_in(rows["key"], chosen)
    )
    assert found.to_pydict() == {"key": ["b", "e"], "severity": [3, 3]}
    at = table.column_names.index("key")
    damaged = table.set_column(at, table.field(at), pa.array([*names[:4], "../e"]))
    pq.write_table(damaged, path, row_group_size=2)
    with pytest.raises(StageError, match=r"column key has the value '\.\./e'"):
        manifest.read(path, schemas.CELLS, keep=lambda rows: pc.equal(rows["key"], "a"))


def test_joined_files_are_the_bytes_of_their_rows(tmp_path: Path) -> None:
    """Whatever the number of files and their metadata; null columns and lists as well."""
    rows = [
        {"key": f"clip{number}", "corruption": "fog", "severity": 1, "label_id": number}
        | {"status": "ok", "correct1": number % 2 == 0, "correct5": True}
        | ({"top5": list(range(number % 6)), "top5_logits": [0.5] * (number % 6)} if number else {})
        for number in range(500)
    ]
    parts = []
    for number, start in enumerate((0, 1, 7, 300)):
        end = (1, 7, 300, 500)[number]
        parts.append(tmp_path / f"{number}.parquet")
        metadata = {"recipe_hash": str(number)}
        manifest.write(parts[-1], rows[start:end], schemas.PREDICTIONS, metadata)
    manifest.join(tmp_path / "joined.parquet", parts, schemas.PREDICTIONS)
    manifest.write(tmp_path / "written.parquet", rows, schemas.PREDICTIONS)
    joined = (tmp_path / "joined.parquet").read_bytes()
    assert joined == (tmp_path / "written.parquet").read_bytes()
    keys = manifest.read_rows(tmp_path / "joined.parquet", schemas.PREDICTIONS, ["key"])
    assert keys == [{"key": row["key"]} for row in rows]


def test_wrong_files_and_columns_are_clear_errors(tmp_path: Path) -> None:
    path = tmp_path / "fog.parquet"
    with pytest.raises(ValueError, match="columns that the schema lacks: \\['severty'\\]"):
        manifest.write(path, [{"severty": 1}], schemas.CELLS)
    with pytest.raises(StageError, match="no such manifest"):
        manifest.read_rows(path, schemas.CELLS)
    path.write_bytes(b"no parquet")
    with pytest.raises(StageError, match="cannot be read as Parquet"):
        manifest.read_rows(path, schemas.CELLS)
    manifest.write(path, [], schemas.CLIPS)
    with pytest.raises(StageError, match="columns are missing: .*corruption"):
        manifest.read_rows(path, schemas.CELLS)


def test_a_shard_is_done_when_its_part_says_so(tmp_path: Path) -> None:
    shard = tmp_path / "shard.tar"
    assert not parts.part_is_done(shard, "today")
    shard.write_bytes(b"x" * 1024)
    assert not parts.part_is_done(shard, "today")
    parts.write_part(shard, [ROW], "today")
    assert parts.part_is_done(shard, "today")
    assert not parts.part_is_done(shard, "tomorrow")
    shard.write_bytes(b"x" * 512)
    assert not parts.part_is_done(shard, "today")
    shard.write_bytes(b"x" * 1024)
    part = parts.part_path(shard)
    part.write_bytes(part.read_bytes()[:-4])
    assert not parts.part_is_done(shard, "today")


def test_whole_numbers_stay_whole_in_pandas_where_a_row_failed(tmp_path: Path) -> None:
    path = tmp_path / "fog.parquet"
    stored = {"key": "a", "corruption": "fog", "severity": 1, "status": "ok", "shard": "a.tar",
              "sha256": "0", "member": "a.mp4", "offset": (1 << 53) + 1, "size": 7, "width": 8,
              "height": 8, "num_frames": 1, "fps_num": 25, "fps_den": 1}  # fmt: skip
    failed = {"key": "b", "corruption": "fog", "severity": 1, "status": "failed", "reason": "x"}
    manifest.write(path, [failed, stored], schemas.CELLS)
    for rows in (pd.read_parquet(path), pq.read_table(path).to_pandas()):
        row = rows[rows["status"] == "ok"].iloc[0]
        assert row["offset"] == (1 << 53) + 1  # which no float is
        assert isinstance(row["offset"], int | np.integer)
        assert rows["size"].isna().tolist() == [True, False]
