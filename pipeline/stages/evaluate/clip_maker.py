"""Clips for models, made from their videos: one decode of a source for all its cells."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ...datasets.cell_frames import CellClip, CellFrames
from ...errors import ClipError
from ...execution.worker import run_on_one_core
from ...media.retry import retry_once
from ...params import Params
from ...storage import schemas
from ...storage.rows import ClipRow
from .batches import Batch


@dataclass(frozen=True)
class ClipTask:
    """One listed clip and the corruptions in which it is made; "clean" is the clean set."""

    row: ClipRow
    corruptions: tuple[str, ...]


@dataclass(frozen=True)
class BatchFrames:
    """Frames of a clip that a batch takes; picklable."""

    params: Params
    batch: Batch

    def __call__(self, num_frames: int) -> np.ndarray[Any, np.dtype[np.intp]]:
        return self.batch.indices(num_frames, self.params)


@dataclass(frozen=True)
class ClipMaker:
    """Maker of a clip in all cells of some corruptions, from one decode of its source."""

    frames: CellFrames
    take: BatchFrames

    def __call__(self, task: ClipTask) -> list[CellClip]:
        """Return the clip in every cell: by corruption, then by severity."""
        return run_on_one_core(self._make, task)

    def _make(self, task: ClipTask) -> list[CellClip]:
        severities = self.frames.params.severities
        made: list[CellClip] = []
        clean: Any
        try:
            clean = retry_once(partial(self.frames.clean, task.row), task.row["source_path"])
        except ClipError as error:
            clean = error
        for corruption in task.corruptions:
            if corruption == schemas.CLEAN:
                made.append(self.frames.take_clean(task.row, clean, self.take))
            else:
                made += self.frames.take_corrupted(
                    task.row, clean, corruption, severities, self.take
                )
        return made
