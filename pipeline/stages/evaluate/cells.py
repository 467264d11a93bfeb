"""Cells of the grid that models are evaluated on: the clean set and every corruption x severity."""

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
