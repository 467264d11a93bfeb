"""Shards are WebDataset tars: same bytes every time, random access by offset."""

import io
import tarfile
from pathlib import Path

import pytest

from pipeline.errors import StageError
from pipeline.storage.shards import Member, ShardWriter, read_member, shard_name, walk


def write(path: Path) -> list[Member]:
    with ShardWriter(path) as shard:
        return [
            shard.add(f"key-{n}", "mp4", bytes([n]) * (700 * n + 1), n, {"key": f"key-{n}", "é": n})
            for n in range(3)
        ]


def test_same_samples_same_bytes(tmp_path: Path) -> None:
    write(tmp_path / "one.tar")
    write(tmp_path / "two.tar")
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()


def test_members_are_where_the_rows_say(tmp_path: Path) -> None:
    path = tmp_path / "shard.tar"
    for n, member in enumerate(write(path)):
        data = read_member(path, member.offset, member.size, member.sha256)
        assert data == bytes([n]) * (700 * n + 1)
    with pytest.raises(StageError, match="differs from its manifest"):
        read_member(path, member.offset + 1, member.size - 1, member.sha256)
    with pytest.raises(StageError, match="ends before byte"):
        read_member(path, member.offset, 10_000_000)


def test_plain_tar_and_webdataset_read_them(tmp_path: Path) -> None:
    import webdataset

    path = tmp_path / shard_name("demo", "fog", 3, 7)
    assert path.name == "demo-fog-3-000007.tar"
    write(path)
    with tarfile.open(path) as tar:
        infos = tar.getmembers()
    assert [info.name for info in infos][:3] == ["key-0.mp4", "key-0.cls", "key-0.json"]
    assert {(info.mtime, info.uid, info.gid, info.uname, info.mode) for info in infos} == {
        (0, 0, 0, "", 0o644)
    }
    samples = list(webdataset.WebDataset(str(path), shardshuffle=False).decode())
    assert [sample["__key__"] for sample in samples] == ["key-0", "key-1", "key-2"]
    assert [sample["cls"] for sample in samples] == [0, 1, 2]
    assert samples[1]["json"] == {"key": "key-1", "é": 1}
    assert {member.name: data for member, data in walk(path)}["key-2.cls"] == b"2"


def test_a_file_that_is_no_tar_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "shard.tar"
    path.write_bytes(io.BytesIO(b"no tar" * 1000).getvalue())
    with pytest.raises(StageError, match="cannot be read as tar"):
        list(walk(path))
