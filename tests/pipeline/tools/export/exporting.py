"""Run exports in tests, and say what their readers must find."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from corruptions.types import Clip
from pipeline.params import Params
from pipeline.storage import manifest, schemas
from pipeline.storage.clip_reader import StoredClip, read_clip
from pipeline.storage.paths import DatasetPaths
from pipeline.storage.rows import CellRow
from pipeline.tools.export import export

CELLS = (("clean", 0), ("fog", 2), ("fog", 4), ("frame_rate", 2), ("frame_rate", 4))
"""Clips of the test project's split val."""


@dataclass(frozen=True)
class Project:
    """A dataset that went through filter, decode and corrupt."""

    root: Path
    params: Params

    def export(self, name: str, output: Path, workers: int = 1, **options: Any) -> Path:
        """Export; gives the folder of the dataset's exports."""
        chosen = export.prepare(name, "demo", output, self.params, self.root, **options)
        export.write(chosen, self.params.machine.model_copy(update={"workers": workers}))
        return chosen.folder

    def rows(self, corruption: str, severity: int, split: str = "val") -> list[CellRow]:
        """Clips of a cell that could be made."""
        path = DatasetPaths(self.root, "demo").manifest(corruption)
        return [
            row
            for row in manifest.read_rows(path, schemas.CELLS)
            if (row["severity"], row["split"], row["status"]) == (severity, split, "ok")
        ]

    def pixels(self, row: CellRow) -> Clip:
        """All frames of a stored clip."""
        return read_clip(StoredClip.of(row, self.root), range(row["num_frames"]))

    def edit(self, corruption: str, change: Callable[[CellRow], CellRow]) -> None:
        """Change the rows of a manifest."""
        path = DatasetPaths(self.root, "demo").manifest(corruption)
        rows = [change(row) for row in manifest.read_rows(path, schemas.CELLS)]
        manifest.write(path, rows, schemas.CELLS)


def same(frames: Any, ours: Clip, tolerance: int = 3) -> bool:
    """Whether a reader's frames are ours; FFmpeg's JPEG decoder rounds otherwise than libjpeg's."""
    theirs = np.asarray(frames)
    return theirs.shape == ours.shape and bool(np.abs(theirs.astype(int) - ours).max() <= tolerance)
