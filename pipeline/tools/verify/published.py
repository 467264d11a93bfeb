"""Comparison of local manifests with published ones, clip by clip, by hash."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ...errors import SettingsError
from ...storage import manifest, schemas
from ...storage.rows import CellRow, ClipRow
from .findings import Discrepancy, cell_name

SETTINGS = ("seed", "dialect", "encoder")

PublishedCell = tuple[str, int]
"""Corruption and severity; the clean set is ("clean", 0)."""


def read_published(paths: Sequence[Path], dataset: str) -> dict[PublishedCell, dict[str, CellRow]]:
    """Read the rows of published manifests, by cell and key."""
    cells: dict[PublishedCell, dict[str, CellRow]] = {}
    for path in paths:
        if not path.exists():
            raise SettingsError(f"--against {path}: no such file; give a published manifest.")
        for row in manifest.read_rows(path, schemas.CELLS):
            if row["dataset"] != dataset:
                raise SettingsError(
                    f"--against {path}: manifest of another dataset (got {row['dataset']!r}, "
                    f"expected {dataset!r}); give manifests of {dataset}."
                )
            cell = cells.setdefault((row["corruption"], row["severity"]), {})
            if row["key"] in cell:
                raise SettingsError(
                    f"--against {path}: duplicate clip {row['key']!r} in "
                    f"{cell_name(row['corruption'], row['severity'])}; give every manifest once."
                )
            cell[row["key"]] = row
    return cells


def compare(
    cell: PublishedCell, published: Mapping[str, CellRow], local: Mapping[str, CellRow]
) -> Iterator[Discrepancy]:
    """Yield the differences between the local and the published rows of one cell."""
    name = cell_name(*cell)
    for key in sorted(published.keys() - local.keys()):
        yield Discrepancy(name, "missing locally", key)
    for key in sorted(local.keys() - published.keys()):
        yield Discrepancy(name, "not in the published manifest", key)
    for key in sorted(published.keys() & local.keys()):
        for kind, detail in difference(published[key], local[key]):
            yield Discrepancy(name, kind, key, detail)


def compare_sources(
    cells: Mapping[PublishedCell, Mapping[str, CellRow]], clips: Sequence[ClipRow]
) -> Iterator[Discrepancy]:
    """Check that the local videos are those from which the published clips were made.

    Needs no shards: `clips` are the rows of clips.parquet.
    """
    local = {row["key"]: row for row in clips}
    published = {key: row for rows in cells.values() for key, row in rows.items()}
    for key, row in sorted(published.items()):
        found = local.get(key)
        if found is None:
            yield Discrepancy("clips", "published, not listed locally", key)
        elif found["source_sha256"] != row["source_sha256"]:
            reason = found["reason"] or "different SHA-256"
            yield Discrepancy("clips", "source video missing or different", key, reason)


def difference(expected: CellRow, found: CellRow) -> Iterator[tuple[str, str]]:
    """Yield the kind and details of the first difference between two rows; nothing if equal."""
    if found["source_sha256"] != expected["source_sha256"]:
        detail = f"{found['source_sha256']}, expected {expected['source_sha256']}"
        yield "different source video", detail
    elif found["status"] != expected["status"]:
        reason = found["reason"] or expected["reason"]
        yield "different status", f"{found['status']}, expected {expected['status']} ({reason})"
    elif found["status"] == "ok" and found["sha256"] != expected["sha256"]:
        same = found["frames_sha256"] == expected["frames_sha256"]
        other = [
            f"{name} is {here}, expected {wanted}"
            for name in SETTINGS
            if (here := found.get(name)) != (wanted := expected.get(name))
        ]
        levels = [_level(row) for row in (found, expected)]
        if levels[0] != levels[1]:
            other.append(f"level is {levels[0]}, expected {levels[1]}")
        kind = "same pixels, different encoding" if same else "different pixels"
        yield kind, "; ".join(other) or f"{found['sha256']}, expected {expected['sha256']}"


def _level(row: CellRow) -> object:
    """Return the level in a row's parameters, or their text if it is not the JSON of a stage."""
    try:
        return json.loads(row["params"])["level"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return row["params"]
