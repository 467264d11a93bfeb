"""Torch datasets that corrupt clips when they are indexed, without corrupted shards.

The pixels are those that a reader of the stored shards sees, payload included: the code is the same
and the random numbers belong to the clip, not to the run. Clean clips come from the clean shards,
or from the source videos if the decode stage has not run.

    from pipeline.datasets.on_the_fly import CorruptedClips
    foggy = CorruptedClips("demo", "fog", 3, num_frames=16)
    foggy[0]["clip"]  # uint8 (16, H, W, 3), RGB
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset, IterableDataset, get_worker_info

import corruptions
from corruptions.registry import SEVERITIES
from corruptions.types import Clip

from ..errors import ClipError, SettingsError, StageError
from ..media.sampling import clip_indices
from ..params import Params, load
from ..storage import manifest, schemas
from ..storage.paths import DatasetPaths
from ..storage.rows import CellRow, ClipRow
from .cell_frames import CellFrames, Indices

log = logging.getLogger(__name__)

CLEAN = (schemas.CLEAN, 0)
"""The uncorrupted cell."""

CellName = tuple[str, int]
"""Corruption and severity."""

Transform = Callable[[torch.Tensor], Any]
"""Function from a clip (T, H, W, 3), uint8 RGB, to the input of the model."""

SourceRow = ClipRow | CellRow


class CorruptedClips(Dataset[dict[str, Any]]):
    """Map-style dataset of the clips of one cell.

    An example is a dictionary: `clip` (uint8 tensor (T, H, W, 3), RGB, or the result of
    `transform`), `label` (class index), `key`, `corruption` and `severity`.

    Parameters
    ----------
    dataset
        A dataset of params.yaml whose filter stage has run.
    corruption, severity
        The cell; "clean" and 0 are the clean set.
    num_frames
        Frames spread over the clip as the evaluate stage does; None means all stored ones.
    split
        None means the split that is corrupted, `corrupt.split` of params.yaml.
    transform
        Called with every clip.
    params
        The project's params.yaml; its folder is the project.

    Raises
    ------
    SettingsError
        If params.yaml does not describe the dataset, or the cell does not exist.
    StageError
        If the split has no usable clip; when indexed, if a shard or source video has changed.
    ClipError
        When indexed: the clip cannot be made, for example because it is damaged beyond decoding.

    """

    def __init__(
        self,
        dataset: str,
        corruption: str,
        severity: int,
        *,
        num_frames: int | None = None,
        split: str | None = None,
        transform: Transform | None = None,
        params: Path | str = "params.yaml",
    ) -> None:
        self._maker = _ClipMaker.open(dataset, Path(params), num_frames)
        self._cell = _checked((corruption, severity))
        self._rows = self._maker.rows(split)
        self._transform = transform

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, number: int) -> dict[str, Any]:
        return self._maker.example(self._rows[number], self._cell, self._transform)


class CorruptedStream(IterableDataset[dict[str, Any]]):
    """Iterable dataset of the clips of several cells, one cell after the other.

    For test-time adaptation to a changing distribution. Examples are those of `CorruptedClips`.
    Workers of a DataLoader and ranks of torch.distributed share the clips of every cell among them.
    A clip that cannot be made is skipped with a warning.

    Parameters
    ----------
    dataset, num_frames, split, transform, params
        As for `CorruptedClips`.
    cells
        Pairs of corruption and severity, in the order in which they come.
    shuffle_seed
        Order of the clips in every cell; None keeps that of the manifest.

    Raises
    ------
    SettingsError, StageError
        As for `CorruptedClips`.

    """

    def __init__(
        self,
        dataset: str,
        cells: Sequence[CellName],
        *,
        num_frames: int | None = None,
        split: str | None = None,
        shuffle_seed: int | None = None,
        transform: Transform | None = None,
        params: Path | str = "params.yaml",
    ) -> None:
        self._maker = _ClipMaker.open(dataset, Path(params), num_frames)
        self._cells = [_checked(cell) for cell in cells]
        self._rows = self._maker.rows(split)
        self._shuffle_seed = shuffle_seed
        self._transform = transform

    def __iter__(self) -> Iterator[dict[str, Any]]:
        share, shares = _share()
        for cell in self._cells:
            order = np.arange(len(self._rows))
            if self._shuffle_seed is not None:
                names = [self._shuffle_seed, cell[1], *cell[0].encode()]
                order = np.random.default_rng(names).permutation(order)
            for number in order[share::shares]:
                row = self._rows[number]
                try:
                    yield self._maker.example(row, cell, self._transform)
                except ClipError as error:
                    log.warning("%s, %s %d: skipped: %s", row["key"], *cell, error)


def _share() -> tuple[int, int]:
    """Return the index of this worker among the workers of all ranks, and their number."""
    worker = get_worker_info()
    inside, workers = (0, 1) if worker is None else (worker.id, worker.num_workers)
    distributed = torch.distributed
    if not (distributed.is_available() and distributed.is_initialized()):
        return inside, workers
    return distributed.get_rank() * workers + inside, distributed.get_world_size() * workers


def _checked(cell: CellName) -> CellName:
    corruption, severity = cell
    if cell == CLEAN:
        return cell
    if corruption not in corruptions.names() or severity not in SEVERITIES:
        raise SettingsError(
            f"unknown cell {cell!r}; severities are 1 to 5, the clean set is {CLEAN!r}, and "
            f"corruptions are {', '.join(corruptions.names())}."
        )
    return cell


@dataclass(frozen=True)
class _ClipMaker:
    """Clips of any cell of one dataset; picklable, for the workers of a DataLoader."""

    dataset: str
    params: Params
    root: Path
    num_frames: int | None

    @classmethod
    def open(cls, dataset: str, params: Path, num_frames: int | None) -> "_ClipMaker":
        values = load(params)
        values.check_dataset(dataset)
        if num_frames is not None and num_frames < 1:
            raise SettingsError(f"{num_frames = } must be at least 1, or None for all frames.")
        return cls(dataset, values, params.resolve().parent, num_frames)

    def rows(self, split: str | None) -> list[SourceRow]:
        """Return the usable clips of a split, from the clean shards or else from clips.parquet."""
        wanted = self.params.corrupt.split if split is None else split
        paths = DatasetPaths(self.root, self.dataset)
        path, found = paths.manifest(schemas.CLEAN), list[SourceRow]()
        if path.is_file():
            found += manifest.read_rows(path, schemas.CELLS)
        else:
            path = paths.clips
            found += manifest.read_rows(path, schemas.CLIPS)
        rows = [row for row in found if row["split"] == wanted and row["status"] == "ok"]
        if not rows:
            raise StageError(
                f"{path}: no usable clip of split {wanted!r}; choose another split, or run the "
                "filter stage on complete videos."
            )
        side = self.params.decode.pictures[self.dataset].crop
        if any((row["height"], row["width"]) != (side, side) for row in rows if "shard" in row):
            raise SettingsError(
                f"{path}: clips of split {wanted!r} are whole pictures, which cannot be corrupted; "
                f"set decode.pictures.{self.dataset}.training to crop and run the decode stage "
                "again."
            )
        return rows

    def example(
        self, row: SourceRow, cell: CellName, transform: Transform | None
    ) -> dict[str, Any]:
        """Return one clip as a dictionary."""
        clip: Any = torch.from_numpy(self.clip(row, cell))
        return {
            "clip": clip if transform is None else transform(clip),
            "label": row["label_id"],
            "key": row["key"],
            "corruption": cell[0],
            "severity": cell[1],
        }

    def clip(self, row: SourceRow, cell: CellName) -> Clip:
        """Return the frames of one clip in one cell, as a reader of its shard sees them."""
        maker = CellFrames(self.dataset, self.params, self.root)
        clean = maker.clean(row)
        if cell == CLEAN:
            return clean[self._take(len(clean))]
        (made,) = maker.take_corrupted(row, clean, cell[0], [cell[1]], self._take)
        return made.read()

    def _take(self, num_frames: int) -> Indices:
        if self.num_frames is None:
            return np.arange(num_frames)
        return clip_indices(num_frames, self.num_frames, self.params.dialect)
