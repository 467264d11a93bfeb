"""Selection of the cells and clips to export, from the manifests."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow.compute as pc

from ...errors import StageError
from ...storage import manifest, schemas
from ...storage.paths import DatasetPaths

CLEAN = "clean"

_COLUMNS = ["key", "split", "label_id", "severity", "status", "shard", "member", "offset", "size"]
_COLUMNS += ["sha256", "num_frames", "fps_num", "fps_den", "recipe_hash"]


@dataclass(frozen=True, slots=True)
class ExportClip:
    """One stored clip: a video file of `size` bytes from byte `offset` of its shard."""

    key: str
    label: int
    extension: str
    num_frames: int
    fps: float
    offset: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ExportShard:
    """A shard and its usable clips."""

    path: Path
    clips: tuple[ExportClip, ...]
    recipe: str
    """Hash of everything that determines its bytes."""


@dataclass(frozen=True)
class ExportCell:
    """One corruption at one severity in one split; the clean set has severity 0."""

    split: str
    corruption: str
    severity: int
    shards: tuple[ExportShard, ...]
    num_failed: int
    paired: frozenset[str] | None = None
    """Keys of the clips in every selected cell, if only those are exported."""

    @property
    def name(self) -> str:
        """Name of the cell in file names, such as "fog-3"."""
        return f"{self.corruption}-{self.severity}"

    @property
    def folder(self) -> PurePosixPath:
        """Relative folder of the cell's files."""
        return PurePosixPath(self.split, self.corruption, str(self.severity))

    def chosen(self, shard: ExportShard) -> tuple[ExportClip, ...]:
        """Return the clips of a shard that belong to the export."""
        if self.paired is None:
            return shard.clips
        return tuple(clip for clip in shard.clips if clip.key in self.paired)

    @property
    def clips(self) -> Iterator[ExportClip]:
        """Clips of all shards that belong to the export."""
        for shard in self.shards:
            yield from self.chosen(shard)


def select(
    paths: DatasetPaths,
    split: str,
    corruptions: Sequence[str],
    severities: Sequence[int],
    *,
    clean: bool,
    paired: bool,
) -> list[ExportCell]:
    """Return the selected cells, clean first; with `paired`, only clips that all of them have."""
    cells = _cells(paths, split, CLEAN, [0]) if clean else []
    for corruption in corruptions:
        cells.extend(_cells(paths, split, corruption, severities))
    if not paired or not cells:
        return cells
    keys = [{clip.key for clip in cell.clips} for cell in cells]
    common = frozenset[str].intersection(*map(frozenset, keys))
    return [replace(cell, paired=common) for cell in cells]


def _cells(
    paths: DatasetPaths, split: str, corruption: str, severities: Sequence[int]
) -> list[ExportCell]:
    path = paths.manifest(corruption)
    table = manifest.read(path, schemas.CELLS, _COLUMNS)
    table = table.filter(pc.equal(table["split"], split))
    found: dict[int, list[dict[str, Any]]] = {}
    for row in table.to_pylist():
        found.setdefault(row["severity"], []).append(row)
    missing = [str(severity) for severity in severities if severity not in found]
    if missing:
        raise StageError(
            f"{path}: no clips of split {split!r} at severity {', '.join(missing)}; choose from "
            f"{', '.join(map(str, sorted(found))) or 'none'}, or run the corrupt stage for the "
            "others."
        )
    return [_cell(paths, split, corruption, severity, found[severity]) for severity in severities]


def _cell(
    paths: DatasetPaths,
    split: str,
    corruption: str,
    severity: int,
    rows: Sequence[dict[str, Any]],
) -> ExportCell:
    shards: dict[str, list[ExportClip]] = {}
    recipes: dict[str, str] = {}
    good = [row for row in rows if row["status"] == "ok"]
    for row in good:
        clip = ExportClip(
            key=row["key"],
            label=row["label_id"],
            extension=row["member"].rpartition(".")[2],
            num_frames=row["num_frames"],
            fps=row["fps_num"] / row["fps_den"],
            offset=row["offset"],
            size=row["size"],
            sha256=row["sha256"],
        )
        shards.setdefault(row["shard"], []).append(clip)
        recipes[row["shard"]] = row["recipe_hash"]
    return ExportCell(
        split=split,
        corruption=corruption,
        severity=severity,
        shards=tuple(
            ExportShard(paths.root / name, tuple(clips), recipes[name])
            for name, clips in shards.items()
        ),
        num_failed=len(rows) - len(good),
    )
