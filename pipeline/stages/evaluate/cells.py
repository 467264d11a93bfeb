"""Cells of the grid that models are evaluated on: the clean set and every corruption x severity."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ...errors import StageError
from ...params import Params
from ...provenance import recipe_hash
from ...storage import manifest, schemas
from ...storage.paths import DatasetPaths
from ...storage.rows import CellRow

COLUMNS = [
    "key", "dataset", "split", "label_id", "severity", "status",
    "shard", "offset", "size", "sha256", "num_frames", "width", "height",
    "fps_num", "fps_den", "ticks_per_second", "frame_ticks",
]  # fmt: skip
"""Columns that are read of the manifests; all cells together have many rows."""


@dataclass(frozen=True)
class EvaluationCell:
    """One cell of the grid, or the clean set (severity 0), and its clips."""

    corruption: str
    severity: int
    rows: tuple[CellRow, ...]

    @cached_property
    def clips_hash(self) -> str:
        """Hash of the clips, their classes and their payloads; part of every recipe."""
        return recipe_hash(
            {"clips": [[row[name] for name in ("key", "label_id", "status", "sha256")]
                       for row in self.rows]}
        )  # fmt: skip


def read_cells(dataset: str, params: Params, paths: DatasetPaths) -> list[EvaluationCell]:
    """Read the clean set and every cell of the grid: the clips of the evaluated split."""
    split = params.evaluate.split
    cells = []
    for corruption in ("clean", *params.corruptions):
        path = paths.manifest(corruption)
        rows = [
            row for row in manifest.read_rows(path, schemas.CELLS, COLUMNS) if row["split"] == split
        ]
        for severity in (0,) if corruption == "clean" else params.severities:
            chosen = tuple(row for row in rows if row["severity"] == severity)
            if not chosen:
                raise StageError(
                    f"{path}: no clips of split {split!r} at severity {severity}; run the stage "
                    "that writes them first."
                )
            cells.append(EvaluationCell(corruption, severity, chosen))
    return cells


def stored_size(cells: Sequence[EvaluationCell], default: int) -> int:
    """Return the side of the stored pictures in pixels; refuse pictures of several shapes."""
    sizes = {
        (row["height"], row["width"])
        for cell in cells
        for row in cell.rows
        if row["status"] == "ok"
    }
    if not sizes:
        return default
    if len(sizes) > 1 or any(height != width for height, width in sizes):
        raise StageError(
            "stored pictures must be squares of one size (got "
            f"{', '.join(f'{width} x {height}' for height, width in sorted(sizes))}); run the "
            "decode and corrupt stages again."
        )
    return int(sizes.pop()[0])
