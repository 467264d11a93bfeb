"""One flipped byte in a stored file: the next reader or `verify` reports it, no number changes."""

import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipeline.errors import StageError
from pipeline.stages.evaluate.evaluate import evaluate
from pipeline.stages.report.report import report
from pipeline.storage import manifest, schemas
from pipeline.storage.clip_reader import StoredClip, read_clip
from pipeline.tools.verify.stored import StoredShard, check_shard
from tests.hostile.command import pipeline, refused
from tests.hostile.stored import CHANGES, MANIFEST, PART, PREDICTIONS, rows_of
from tests.support.project import REPOSITORY, write_params


def flip(path: Path, at: int, bit: int = 0) -> None:
    """Change one bit of a file; the file is replaced, as a copy may share it by a link."""
    data = bytearray(path.read_bytes())
    data[at] ^= 1 << bit
    path.unlink()
    path.write_bytes(data)


def flips(path: Path, number: int) -> Iterator[int]:
    """Yield offsets of a file; the byte there is flipped until the next one is requested."""
    data = path.read_bytes()
    rng = np.random.Generator(np.random.Philox(len(data)))
    for at in rng.choice(len(data), min(number, len(data)), replace=False).tolist():
        flip(path, at, int(rng.integers(8)))
        yield at
        path.write_bytes(data)


def test_a_clip_is_not_shown_to_a_model(root: Path) -> None:
    row = rows_of(root)[0]
    shard = root / row["shard"]
    clip = StoredClip.of(row, root)
    wanted = [0, row["num_frames"] - 1]
    data = shard.read_bytes()
    for at in range(row["offset"], row["offset"] + row["size"], row["size"] // 100):
        flip(shard, at)
        with pytest.raises(StageError, match="differs from its manifest"):
            read_clip(clip, wanted)
        shard.write_bytes(data)


@pytest.mark.parametrize("kind", ["clean", "corrupted"])
def test_evaluate_and_verify_notice_it_in_a_shard(root: Path, kind: str) -> None:
    row = rows_of(root)[0]
    if kind == "clean":
        path = root / "manifests/demo/clean.parquet"
        row = manifest.read_rows(path, schemas.CELLS)[0]
    flip(root / row["shard"], row["offset"] + row["size"] // 2)
    message = refused(root, "evaluate", "-d", "demo", code=1)
    assert f"{row['shard']}: the clip at byte" in message
    assert "delete this shard and run the stage again" in message
    done = pipeline(root, "verify", "-d", "demo", "--recompute", "0")
    assert done.code == 1
    assert "damaged member" in done.said


def test_verify_notices_every_byte_of_a_shard_but_its_padding(root: Path) -> None:
    path = (root / PART).with_suffix(".tar")
    rows = manifest.read_rows(root / PART, schemas.CELLS)
    shard = StoredShard(path, path.relative_to(root).as_posix(), "clean", len(rows))
    assert check_shard(shard) == []
    with tarfile.open(path) as tar:
        data = [range(one.offset_data, one.offset_data + one.size) for one in tar]
        names = [range(one.offset, one.offset + 100) for one in tar]
    noticed = 0
    for at in flips(path, 300):
        if any(at in one for one in (*data, *names)):
            assert check_shard(shard), at
            noticed += 1
    assert noticed > 200


@pytest.mark.parametrize("name", [PART, MANIFEST, PREDICTIONS])
def test_rows_stay_or_are_refused(root: Path, name: str) -> None:
    schema = schemas.CELLS
    if name == PREDICTIONS:
        evaluate(write_params(root, **CHANGES), root, "demo")
        schema = schemas.PREDICTIONS
    path = root / name
    rows = manifest.read_rows(path, schema)
    refusals = 0
    for at in flips(path, 1000):
        try:
            assert manifest.read_rows(path, schema) == rows, at
        except StageError as error:
            assert str(path) in str(error)
            refusals += 1
    assert refusals > 500


def last_byte(path: Path, name: str) -> int:
    """Return the place of the last byte of a column."""
    group = pq.read_metadata(path).row_group(0)
    columns = [group.column(index) for index in range(group.num_columns)]
    (column,) = [one for one in columns if one.path_in_schema == name]
    start = column.dictionary_page_offset or column.data_page_offset
    return int(start) + int(column.total_compressed_size) - 1


def test_the_next_command_names_the_file(root: Path) -> None:
    params = write_params(root, **CHANGES)
    evaluate(params, root, "demo")
    flip(root / PREDICTIONS, last_byte(root / PREDICTIONS, "correct1"))
    with pytest.raises(StageError, match=r"tiny_r2plus1d\.parquet"):
        report(params, root)
    flip(root / MANIFEST, last_byte(root / MANIFEST, "sha256"))
    assert MANIFEST in refused(root, "evaluate", "-d", "demo", code=1)
    done = pipeline(root, "verify", "-d", "demo", "--recompute", "0")
    assert done.code == 1
    assert MANIFEST in done.said


def dvc(root: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "dvc", *arguments, "-q"], cwd=root, check=True)


@pytest.mark.parametrize("kind", ["shard", "part", "manifest"])
def test_an_object_of_dvcs_cache(root: Path, kind: str) -> None:
    """DVC trusts its cache, and checks the damaged file out."""
    row = rows_of(root)[0]
    name = {
        "shard": row["shard"],
        "part": str(Path(row["shard"]).with_suffix(".parquet")),
        "manifest": MANIFEST,
    }[kind]
    dvc(root, "init", "--no-scm")
    config = (REPOSITORY / ".dvc/config").read_text()
    (root / ".dvc/config").write_text(config.replace("[core]", "[core]\n    no_scm = true", 1))
    dvc(root, "add", name)
    (cached,) = [path for path in (root / ".dvc/cache").rglob("*") if path.is_file()]
    at = row["offset"] + 1000 if kind == "shard" else last_byte(cached, "sha256")
    cached.chmod(0o644)
    flip(cached, at)
    cached.chmod(0o444)
    (root / name).unlink()
    dvc(root, "checkout")
    assert (root / name).read_bytes() == cached.read_bytes()
    if kind != "part":
        assert Path(name).name in refused(root, "evaluate", "-d", "demo", code=1)
    done = pipeline(root, "verify", "-d", "demo", "--recompute", "0")
    assert done.code == 1
    assert Path(name).name in done.said or row["key"] in done.said
