"""Cells of the grid that models are evaluated on: the clean set and every corruption x severity."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ...errors import StageError
from ...params import Params
from ...provenance import recipe_hash
from ...storage import manifest, schemas
from ...storage.paths import DatasetPaths
from ...storage.schemas import Row

if TYPE_CHECKING:
    pass


COLUMNS = [
    "key", "dataset", "split", "label_id", "severity", "status",
    "shard", "offset", "size", "sha256", "num_frames", "width", "height",
]  # fmt: skip
"""What is read of the manifests: all cells together are many rows."""


@dataclass(frozen=True)
class EvaluationCell:
    """One cell of the grid, or the clean set (severity 0), and its clips."""

    corruption: str
    severity: int
    rows: tuple[Row, ...]

    @cached_property
    def identity(self) -> str:
        """Hash of what the models are asked; the same for all of them."""
        return recipe_hash(
            {"clips": [[row[name] for name in ("key", "label_id", "status", "sha256")]
                       for row in self.rows]}
        )  # fmt: skip


def read_cells(dataset: str, params: Params, layout: DatasetPaths) -> list[EvaluationCell]:
    """The clean set and every cell of the grid, with the clips of the evaluated split."""
    split = params.evaluate.split
    cells = []
    for corruption in ("clean", *params.corruptions):
        rows = [
            row
            for row in manifest.read_rows(layout.manifest(corruption), schemas.CELLS, COLUMNS)
            if row["split"] == split
        ]
        for severity in (0,) if corruption == "clean" else params.severities:
            chosen = tuple(row for row in rows if row["severity"] == severity)
            if not chosen:
                raise StageError(
                    f"{layout.manifest(corruption)}: no clips of split {split!r} at severity "
                    f"{severity}; run the stage that makes them first."
                )
            cells.append(EvaluationCell(corruption, severity, chosen))
    return cells
