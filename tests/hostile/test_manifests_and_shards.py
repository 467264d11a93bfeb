"""Forged or damaged manifests, parts and shards: one clear error, and nothing is read elsewhere."""

import io
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from pipeline import models
from pipeline.errors import ClipError, StageError
from pipeline.stages.corrupt import corrupt
from pipeline.stages.decode import decode
from pipeline.stages.evaluate.evaluate import evaluate
from pipeline.stages.filter import filter_clips
from pipeline.stages.report.report import report
from pipeline.storage import manifest, schemas
from pipeline.storage.clip_reader import StoredClip, read_clip
from pipeline.storage.paths import DatasetPaths
from pipeline.storage.rows import CellRow
from pipeline.storage.shards import read_member, walk
from tests.hostile.command import files, pipeline, refused
from tests.support.project import make_project, write_params

CHANGES: dict[str, Any] = {
    "corruptions": ["fog"],
    "severities": [3],
    "decode": {"pictures": {"demo": {"short_side": 112, "crop": 112}}},
    "machine": {"workers": 1},
    "report": {"bootstrap_resamples": 100},
}
MANIFEST = "manifests/demo/fog.parquet"
PART = "data/demo/clean/val/demo-clean-0-000000.parquet"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has been through filter, decode and corrupt, with random weights."""
    root = tmp_path_factory.mktemp("made") / "project"
    root.mkdir()
    params = make_project(root, num_clips=4, num_train=0, **CHANGES)
    filter_clips(params, root, "demo")
    decode(params, root, "demo")
    corrupt(params, root, "demo", "fog")
    weights = DatasetPaths(root, "demo").weights("tiny_r2plus1d")
    weights.parent.mkdir(parents=True)
    torch.save(models.load("tiny_r2plus1d").build(2).state_dict(), weights)
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    """A copy of it to spoil."""
    return Path(shutil.copytree(made, tmp_path / "project"))


def rewrite(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    """Change a Parquet file; its metadata stay, so that a part goes on saying that it is done."""
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


SPOILED: dict[str, Callable[[pa.Table], pa.Table]] = {
    "column less": lambda table: table.drop_columns(["sha256"]),
    "only keys": lambda table: table.select(["key"]),
    "column twice": lambda table: table.append_column("key", table["key"]),
    "number as text": column("offset", "512", pa.string()),
    "text as number": column("shard", 7, pa.int64()),
    "list": column("key", ["a"], pa.list_(pa.string())),
    "binary": column("key", b"\xff\xfe", pa.binary()),
    "no key": column("key", None),
    "no status": column("status", None),
    "no shard": column("shard", None),
    "no offset": column("offset", None),
    "shard above": column("shard", "../../etc/passwd"),
    "shard above inside": column("shard", "data/../../secret.tar"),
    "shard absolute": column("shard", "/etc/passwd"),
    "shard of the web": column("shard", "http://127.0.0.1/x.tar"),
    "shard for FFmpeg": column("shard", "concat:/etc/passwd|/etc/group"),
    "shard with nul": column("shard", "data/\0x.tar"),
    "member above": column("member", "../x.mp4"),
    "member absolute": column("member", "/x.mp4"),
    "source above": column("source_path", "../../../etc/passwd"),
    "source absolute": column("source_path", "/etc/passwd"),
    "key with slash": column("key", "a/b"),
    "key above": column("key", ".."),
    "key empty": column("key", ""),
    "key with new line": column("key", "a\n"),
    "long key": column("key", "a" * 1_000_000),
    "split above": column("split", "../val"),
    "other status": column("status", "fine"),
    "offset negative": column("offset", -512),
    "size negative": column("size", -1),
    "size zero": column("size", 0),
    "no frames": column("num_frames", 0),
    "rate of nothing": column("fps_den", 0),
    "height negative": column("height", -1),
    "height huge": column("height", 2**31 - 1),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_forged_manifest_is_refused_where_it_is_read(root: Path, name: str) -> None:
    for path in (root / MANIFEST, root / PART):
        rewrite(path, SPOILED[name])
        with pytest.raises(StageError) as caught:
            manifest.read_rows(path, schemas.CELLS)
        assert str(path) in str(caught.value)
        assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("name", ["shard above", "column less"])
def test_every_command_refuses_it(root: Path, name: str) -> None:
    rewrite(root / MANIFEST, SPOILED[name])
    rewrite(root / PART, SPOILED[name])
    rewrite(root / "manifests/demo/clean.parquet", SPOILED[name])
    before = files(root)
    for command in ("corrupt", "evaluate", "verify"):
        assert ".parquet" in refused(root, command, "-d", "demo", code=1)
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


def rows_of(root: Path) -> list[CellRow]:
    return manifest.read_rows(root / MANIFEST, schemas.CELLS)


def test_places_outside_of_the_shard(root: Path) -> None:
    row = rows_of(root)[0]
    shard = root / row["shard"]
    for offset, size in ((-1, 10), (0, 2**62), (2**62, 10), (2**61, 2**61), (0, 0)):
        if size:
            with pytest.raises(StageError, match="ends before byte"):
                read_member(shard, offset, size)
        clip = StoredClip.of(row | {"offset": offset, "size": size}, root)
        with pytest.raises(StageError, match="cannot be read"):
            read_clip(clip, [0])


def test_a_stored_clip_that_is_a_playlist_opens_nothing(root: Path) -> None:
    row = rows_of(root)[0]
    shard = root / row["shard"]
    text = b"ffconcat version 1.0\nfile '" + os.fsencode(shard) + b"'\n"
    data = bytearray(shard.read_bytes())
    data[row["offset"] : row["offset"] + row["size"]] = text.ljust(row["size"])
    shard.write_bytes(data)
    with pytest.raises(StageError, match="cannot be read"):
        read_clip(StoredClip.of(row, root), [0])


def test_damaged_clips_are_refused_by_the_reader_of_models(root: Path) -> None:
    row = rows_of(root)[0]
    shard = root / row["shard"]
    data = shard.read_bytes()
    rng = np.random.Generator(np.random.Philox(1))
    start, end = row["offset"], row["offset"] + row["size"]
    for number in range(400):
        changed = bytearray(data)
        for _ in range(1 + number % 16):
            changed[int(rng.integers(start, end))] = int(rng.integers(256))
        shard.write_bytes(changed)
        try:
            frames = read_clip(StoredClip.of(row, root), range(row["num_frames"]))
        except StageError as error:
            assert str(shard) in str(error)
        else:
            assert frames.shape == (row["num_frames"], 112, 112, 3)


def test_evaluate_names_the_shard(root: Path) -> None:
    row = rows_of(root)[0]
    with (root / row["shard"]).open("r+b") as file:
        file.truncate(row["offset"] + 100)
    with pytest.raises(StageError, match="delete this shard"):
        evaluate(write_params(root, **CHANGES), root, "demo")


def member(name: str, data: bytes = b"x", **changes: object) -> bytes:
    """One member of a tar file."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in changes.items():
        setattr(info, key, value)
    return info.tobuf(tarfile.GNU_FORMAT) + data.ljust(-len(data) % 512 + len(data), b"\0")


MEMBERS = {
    "above": member("../../x.mp4"),
    "absolute": member("/tmp/x.mp4"),  # noqa: S108 - a name that must not be written to
    "link": member("x.mp4", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "hard link": member("x.mp4", b"", type=tarfile.LNKTYPE, linkname="/etc/passwd"),
    "device": member("x.mp4", b"", type=tarfile.CHRTYPE, devmajor=1, devminor=5),
    "pipe": member("x.mp4", b"", type=tarfile.FIFOTYPE),
    "folder": member("x.mp4", b"", type=tarfile.DIRTYPE),
    "sparse": member("x.mp4", type=tarfile.GNUTYPE_SPARSE),
    "huge": member("x.mp4", size=2**62),
    "negative": member("x.mp4", size=-512),
    "twice": member("x.mp4") * 2,
    "no size": member("x.mp4").replace(b"00000000001\0", b"zzzzzzzzzzz\0", 1),
    "long name": member("x" * 100_000 + ".mp4"),
    "half a header": member("x.mp4")[:300],
}


def spoil_shard(root: Path, name: str) -> None:
    """The first stored clip of the clean shard becomes something else, all hashes as they were."""
    shard = (root / PART).with_suffix(".tar")
    rest = shard.read_bytes()
    shard.write_bytes((MEMBERS[name] + rest)[: len(rest)])


@pytest.mark.parametrize("name", MEMBERS)
def test_hostile_members(root: Path, name: str) -> None:
    spoil_shard(root, name)
    try:
        for _ in walk((root / PART).with_suffix(".tar")):
            pass
    except StageError as error:
        assert ".tar" in str(error)
    params = write_params(root, **CHANGES | {"seed": 1})  # another seed: shards are made again
    with pytest.raises(StageError, match="differs from its manifest"):
        corrupt(params, root, "demo", "fog")


def test_verify_finds_hostile_members_and_writes_nothing(root: Path) -> None:
    for name in MEMBERS:
        spoil_shard(root, name)
        before = files(root)
        if name in ("above", "huge"):
            done = pipeline(root, "verify", "-d", "demo")
            assert done.code == 1, (name, done.said)
            assert "clean" in done.said
        assert files(root) == before
    assert [path.name for path in root.parent.iterdir()] == ["project"]


def test_random_tar_files(tmp_path: Path, made: Path) -> None:
    data = (made / PART).with_suffix(".tar").read_bytes()
    path = tmp_path / "x.tar"
    rng = np.random.Generator(np.random.Philox(2))
    for number in range(300):
        changed = bytearray(data)
        for _ in range(1 + number % 8):
            block = 512 * int(rng.integers(len(data) // 512))
            header = number % 2 * (int(rng.integers(512)) + (0 if number % 4 else block))
            changed[header or int(rng.integers(len(data)))] = int(rng.integers(256))
        path.write_bytes(changed[: int(rng.integers(len(data)))] if number % 3 == 0 else changed)
        try:
            assert all(size.size == len(some) for size, some in walk(path))
        except (StageError, ClipError) as error:
            assert str(path) in str(error)


def test_predictions(root: Path) -> None:
    params = write_params(root, **CHANGES)
    evaluate(params, root, "demo")
    path = root / "manifests/demo/predictions/tiny_r2plus1d.parquet"
    data = path.read_bytes()
    for change in (
        lambda table: table.drop_columns(["correct1"]),
        column("correct1", None),
        column("correct5", "yes", pa.string()),
        column("key", "../x"),
        column("severity", None),
        column("status", "fine"),
    ):
        path.write_bytes(data)
        rewrite(path, change)
        with pytest.raises(StageError, match=r"tiny_r2plus1d\.parquet"):
            report(params, root)
    path.write_bytes(io.BytesIO(data).getvalue()[:-40])
    with pytest.raises(StageError, match=r"tiny_r2plus1d\.parquet"):
        report(params, root)
