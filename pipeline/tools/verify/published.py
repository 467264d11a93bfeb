"""What is here against what somebody published: clip by clip, by the hashes in manifests."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ...errors import SettingsError
from ...storage import manifest, schemas
from ...storage.schemas import Row
from .findings import Discrepancy, cell_name

SETTINGS = ("seed", "dialect", "encoder")

PublishedCell = tuple[str, int]
"""Corruption and severity; the clean set is ("clean", 0)."""


def read_published(paths: Sequence[Path], dataset: str) -> dict[PublishedCell, dict[str, Row]]:
    """Rows of published manifests, by cell and key."""
    cells: dict[PublishedCell, dict[str, Row]] = {}
    for path in paths:
        for row in manifest.read_rows(path, schemas.CELLS):
            if row["dataset"] != dataset:
                raise SettingsError(
                    f"--against {path}: it is of dataset {row['dataset']!r}, not {dataset!r}."
                )
            cell = cells.setdefault((row["corruption"], row["severity"]), {})
            if row["key"] in cell:
                raise SettingsError(
                    f"--against {path}: clip {row['key']!r} stands twice in "
                    f"{cell_name(row['corruption'], row['severity'])}."
                )
            cell[row["key"]] = row
    return cells


def compare(
    cell: PublishedCell, theirs: Mapping[str, Row], ours: Mapping[str, Row]
) -> Iterator[Discrepancy]:
    """How one cell of ours differs from the published one."""
    name = cell_name(*cell)
    for key in sorted(theirs.keys() - ours.keys()):
        yield Discrepancy(name, "published, not here", key)
    for key in sorted(ours.keys() - theirs.keys()):
        yield Discrepancy(name, "here, not published", key)
    for key in theirs.keys() & ours.keys():
        for kind, detail in difference(theirs[key], ours[key]):
            yield Discrepancy(name, kind, key, detail)


def compare_sources(
    cells: Mapping[PublishedCell, Mapping[str, Row]], clips: Sequence[Row]
) -> Iterator[Discrepancy]:
    """The videos here must be those that the published clips were made from.

    This needs no shards: `clips` are the rows of clips.parquet.
    """
    here = {row["key"]: row for row in clips}
    theirs = {key: row for rows in cells.values() for key, row in rows.items()}
    for key, row in sorted(theirs.items()):
        found = here.get(key)
        if found is None:
            yield Discrepancy("clips", "published, not listed here", key)
        elif found["source_sha256"] != row["source_sha256"]:
            reason = found["reason"] or "its SHA-256 is another"
            yield Discrepancy("clips", "published, another or no source video here", key, reason)


def difference(expected: Row, found: Row) -> Iterator[tuple[str, str]]:
    """In what a clip differs: the first cause that can be told, and its details; or nothing."""
    if found["source_sha256"] != expected["source_sha256"]:
        yield "another source video", f"{found['source_sha256']}, not {expected['source_sha256']}"
    elif found["status"] != expected["status"]:
        reason = found["reason"] or expected["reason"]
        yield "another status", f"{found['status']}, not {expected['status']} ({reason})"
    elif found["status"] == "ok" and found["sha256"] != expected["sha256"]:
        same = found["frames_sha256"] == expected["frames_sha256"]
        other = [
            f"{name} is {found[name]}, not {expected[name]}"
            for name in SETTINGS
            if found[name] != expected[name]
        ]
        levels = [_level(row) for row in (found, expected)]
        if levels[0] != levels[1]:
            other.append(f"level is {levels[0]}, not {levels[1]}")
        kind = "same pixels, other bytes" if same else "other pixels"
        yield kind, "; ".join(other) or f"{found['sha256']}, not {expected['sha256']}"


def _level(row: Row) -> object:
    """The level that a row's parameters say, or the text as it is where a stranger wrote it."""
    try:
        return json.loads(row["params"])["level"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return row["params"]
