"""Comparison of the stored shards with the manifests: every cell, every clip, every byte."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from ...errors import StageError
from ...execution.ticks import clip_done
from ...storage import manifest, parts, schemas
from ...storage.paths import DatasetPaths
from ...storage.rows import CellRow, ClipRow
from ...storage.shards import Member, walk
from .findings import Discrepancy, cell_name


@dataclass(frozen=True)
class StoredShard:
    """One shard to read completely."""

    path: Path
    relative: str
    cell: str
    num_clips: int


def check_clips(clips: Sequence[ClipRow], clean: Sequence[CellRow]) -> Iterator[Discrepancy]:
    """Check that the clean set has every usable clip of `clips.parquet` and no other."""
    yield from _duplicates("clips", [row["key"] for row in clips])
    for split in sorted({row["split"] for row in (*clips, *clean)}):
        expected = [row["key"] for row in clips if row["split"] == split and row["status"] == "ok"]
        found = [row["key"] for row in clean if row["split"] == split]
        yield from check_keys(f"clean {split}", expected, found)


def check_keys(cell: str, expected: Sequence[str], found: Sequence[str]) -> Iterator[Discrepancy]:
    """Check that the clips are those expected, each once."""
    for key in sorted(set(expected) - set(found)):
        yield Discrepancy(cell, "missing clip", key)
    for key in sorted(set(found) - set(expected)):
        yield Discrepancy(cell, "extra clip", key)
    yield from _duplicates(cell, found)


def _duplicates(cell: str, keys: Sequence[str]) -> Iterator[Discrepancy]:
    for key, count in Counter(keys).items():
        if count > 1:
            yield Discrepancy(cell, "duplicate clip", key, f"{count} rows")


def find_shards(
    paths: DatasetPaths, folder: Path, cell: str, rows: Sequence[CellRow]
) -> tuple[list[StoredShard], list[Discrepancy]]:
    """Return the shards of one cell, and the differences between their parts and the manifest."""
    shards, problems = [], []
    listed: list[CellRow] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix == ".tar":
            try:
                part = manifest.read_rows(parts.part_path(path), schemas.CELLS)
            except StageError as error:
                problems.append(Discrepancy(cell, "shard without a part", path.name, str(error)))
                continue
            listed.extend(part)
            shards.append(StoredShard(path, paths.relative(path), cell, len(part)))
        elif path.suffix != ".parquet" or not path.with_suffix(".tar").is_file():
            problems.append(Discrepancy(cell, "file that belongs to no shard", path.name))
    by_key = {row["key"]: row for row in listed}
    for row in rows:
        if row["key"] not in by_key:
            problems.append(Discrepancy(cell, "clip in no shard", row["key"]))
        elif by_key[row["key"]] != row:
            names = [name for name in row if by_key[row["key"]].get(name) != row.get(name)]
            detail = f"the part differs in {', '.join(names)}"
            problems.append(Discrepancy(cell, "part and manifest differ", row["key"], detail))
    for key in sorted(by_key.keys() - {row["key"] for row in rows}):
        problems.append(Discrepancy(cell, "clip in no manifest", key))
    return shards, problems


def check_shard(shard: StoredShard) -> list[Discrepancy]:
    """Read one shard completely: check members, offsets, sizes, hashes, labels and rows."""
    rows = manifest.read_rows(parts.part_path(shard.path), schemas.CELLS)
    if not parts.is_whole(shard.path):
        return [Discrepancy(shard.cell, "size differs from its part", shard.path.name)]
    try:
        return list(_check_members(shard, [row for row in rows if row["status"] == "ok"]))
    except StageError as error:
        return [Discrepancy(shard.cell, "unreadable shard", shard.path.name, str(error))]


def _check_members(shard: StoredShard, rows: Sequence[CellRow]) -> Iterator[Discrepancy]:
    expected = [
        (row, name)
        for row in rows
        for name in (row["member"], f"{row['key']}.cls", f"{row['key']}.json")
    ]
    for wanted, found in zip_longest(expected, walk(shard.path)):
        if wanted is None or found is None or wanted[1] != found[0].name:
            member_name = "no member" if found is None else repr(found[0].name)
            expected_name = "none" if wanted is None else repr(wanted[1])
            detail = f"{member_name}, its part has {expected_name}"
            yield Discrepancy(shard.cell, "different members", shard.path.name, detail)
            return  # all members after it would differ as well
        (row, name), (member, data) = wanted, found
        detail = _difference(shard, row, name, member, data)
        if name.endswith(".json"):  # the last member of a clip
            clip_done()
        if detail:
            yield Discrepancy(shard.cell, "damaged member", row["key"], f"{name}: {detail}")


def _difference(shard: StoredShard, row: CellRow, name: str, member: Member, data: bytes) -> str:
    """Return how a member differs from its row; empty if it does not."""
    if name == row["member"]:
        if row["shard"] != shard.relative:
            return f"its row names shard {row['shard']!r}"
        if (member.offset, member.size) != (row["offset"], row["size"]):
            return f"its row has {row['size']} bytes from offset {row['offset']}"
        return "" if member.sha256 == row["sha256"] else "wrong hash"
    if name.endswith(".cls"):
        return "" if data == str(row["label_id"]).encode() else "different label"
    try:
        stored = json.loads(data)
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, nested too deeply
        return f"invalid JSON: {error}"
    if not isinstance(stored, dict):
        return "not a JSON object"
    other = [key for key, value in stored.items() if row.get(key) != value]
    return f"differs from its row in {', '.join(other)}" if other else ""


def check_cells(
    rows: Sequence[CellRow], clean: Sequence[CellRow], severities: Sequence[int], corruption: str
) -> Iterator[Discrepancy]:
    """Check that a corruption's manifest has the clean clips at every severity."""
    expected = [row["key"] for row in clean]
    for severity in severities:
        found = [row["key"] for row in rows if row["severity"] == severity]
        yield from check_keys(cell_name(corruption, severity), expected, found)
    for severity in sorted({row["severity"] for row in rows} - set(severities)):
        yield Discrepancy(cell_name(corruption, severity), "severity not in params.yaml", "")
