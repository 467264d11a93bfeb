"""Forged or damaged shards: one clear error, nothing is read or written elsewhere."""

import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ClipError, StageError
from pipeline.stages.corrupt import corrupt
from pipeline.stages.evaluate.evaluate import evaluate
from pipeline.storage.clip_reader import StoredClip, read_clip
from pipeline.storage.shards import read_member, walk
from tests.hostile.command import files, pipeline
from tests.hostile.stored import CHANGES, PART, rows_of
from tests.support.project import write_params


def test_places_outside_of_the_shard(root: Path) -> None:
    row = rows_of(root)[0]
    shard = root / row["shard"]
    for offset, size in ((-1, 10), (0, 2**62), (2**62, 10), (2**61, 2**61), (0, 0)):
        if size:
            with pytest.raises(StageError, match="ends before byte"):
                read_member(shard, offset, size)
        clip = StoredClip.of(row | {"offset": offset, "size": size}, root)
        with pytest.raises(StageError, match="cannot be read"):
            read_clip(clip, [0], check=False)


def test_a_stored_clip_that_is_a_playlist_opens_nothing(root: Path) -> None:
    row = rows_of(root)[0]
    shard = root / row["shard"]
    text = b"ffconcat version 1.0\nfile '" + os.fsencode(shard) + b"'\n"
    data = bytearray(shard.read_bytes())
    data[row["offset"] : row["offset"] + row["size"]] = text.ljust(row["size"])
    shard.write_bytes(data)
    with pytest.raises(StageError, match="cannot be read"):
        read_clip(StoredClip.of(row, root), [0], check=False)


def test_a_damaged_clip_whose_hash_is_forged_is_refused_or_read_in_its_size(root: Path) -> None:
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
            frames = read_clip(StoredClip.of(row, root), range(row["num_frames"]), check=False)
        except StageError as error:
            assert str(shard) in str(error)
        else:
            assert frames.shape == (row["num_frames"], 112, 112, 3)


def test_evaluate_names_the_shard(root: Path) -> None:
    row = rows_of(root)[0]
    with (root / row["shard"]).open("r+b") as file:
        file.truncate(row["offset"] + 100)
    with pytest.raises(StageError, match=r"demo-fog-3-000000\.tar: ends before byte"):
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
