"""Corrupted clips without corrupted shards: torch datasets that make them when they are asked for.

The pixels are those that a reader of the stored shards sees, payload included: the code is the same
and the random numbers belong to the clip, not to the run. Clean clips come from the clean shards,
or straight from the source videos where the decode stage has not run.

    from pipeline.on_the_fly import CorruptedClips
    foggy = CorruptedClips("demo", "fog", 3, num_frames=16)
    foggy[0]["clip"]  # uint8 (16, H, W, 3), RGB
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
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
from ..storage import manifest, payload, schemas
from ..storage.paths import DatasetPaths
from ..storage.schemas import Row
from ..storage.shards import read_member
from .corrupted_clips import ClipCorruptor, stored_frames
from .source_clips import Sources

log = logging.getLogger(__name__)

CLEAN = ("clean", 0)
"""Name of the uncorrupted cell."""

CellName = tuple[str, int]
"""Corruption and severity."""

Transform = Callable[[torch.Tensor], Any]
"""From a clip (T, H, W, 3), uint8 RGB, to what the model takes."""


class CorruptedClips(Dataset[dict[str, Any]]):
    """The clips of one cell, made when they are asked for.

    An example is a dictionary: `clip` (uint8 tensor (T, H, W, 3), RGB, or what `transform` makes of
    it), `label` (class index), `key`, `corruption` and `severity`. A clip that cannot be made (say,
    damaged beyond decoding) raises `pipeline.errors.ClipError`.

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
        self._maker = _Maker.open(dataset, Path(params), num_frames)
        self._cell = _checked((corruption, severity))
        self._rows = self._maker.rows(split)
        self._transform = transform

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, number: int) -> dict[str, Any]:
        return self._maker.example(self._rows[number], self._cell, self._transform)


class CorruptedStream(IterableDataset[dict[str, Any]]):
    """The clips of several cells, one cell after the other: a world that changes, for adaptation.

    Examples are those of `CorruptedClips`. Workers of a DataLoader and ranks of torch.distributed
    share the clips of every cell among them. A clip that cannot be made is left out, with a
    warning.

    Parameters
    ----------
    dataset, num_frames, split, transform, params
        As for `CorruptedClips`.
    cells
        Pairs of corruption and severity, in the order in which they come.
    shuffle_seed
        Order of the clips in every cell; None keeps that of the manifest.

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
        self._maker = _Maker.open(dataset, Path(params), num_frames)
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
                    log.warning("%s, %s %d: left out: %s", row["key"], *cell, error)


def _share() -> tuple[int, int]:
    """Number of this worker among all workers of all ranks, and how many there are."""
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
            f"no cell {cell!r}: severities are 1 to 5, the clean set is {CLEAN!r}, and corruptions "
            f"are {', '.join(corruptions.names())}."
        )
    return cell


@dataclass(frozen=True)
class _Maker:
    """Makes clips of any cell of one dataset; crosses to worker processes."""

    dataset: str
    params: Params
    root: Path
    num_frames: int | None

    @classmethod
    def open(cls, dataset: str, params: Path, num_frames: int | None) -> "_Maker":
        values = load(params)
        values.check_dataset(dataset)
        if num_frames is not None and num_frames < 1:
            raise SettingsError(f"{num_frames = } must be at least 1, or None for all frames.")
        return cls(dataset, values, params.resolve().parent, num_frames)

    @property
    def _layout(self) -> DatasetPaths:
        return DatasetPaths(self.root, self.dataset)

    def rows(self, split: str | None) -> list[Row]:
        """The usable clips of a split: of the clean shards, or else of clips.parquet."""
        wanted = self.params.corrupt.split if split is None else split
        path, schema = self._layout.manifest("clean"), schemas.CELLS
        if not path.is_file():
            path, schema = self._layout.clips, schemas.CLIPS
        rows = [
            row
            for row in manifest.read_rows(path, schema)
            if row["split"] == wanted and row["status"] == "ok"
        ]
        if not rows:
            raise StageError(f"{path}: no usable clip of split {wanted!r}.")
        return rows

    def example(self, row: Row, cell: CellName, transform: Transform | None) -> dict[str, Any]:
        clip: Any = torch.from_numpy(self.clip(row, cell))
        return {
            "clip": clip if transform is None else transform(clip),
            "label": row["label_id"],
            "key": row["key"],
            "corruption": cell[0],
            "severity": cell[1],
        }

    def clip(self, row: Row, cell: CellName) -> Clip:
        """Frames of one clip in one cell, as a reader of its shard sees them."""
        clean = self._clean(row)
        if cell == CLEAN:
            return clean if self.num_frames is None else clean[self._spread(len(clean))]
        stored = stored_frames(
            None if self.params.corrupt.frames == "all" else self.params.corrupt.frames
        )
        whole = self.params.payload.codec == "h264"  # whose frames depend on each other
        order = np.empty(0, np.intp)

        def choose(num_output: int) -> np.ndarray | None:
            """Of the frames that would be stored, those that are asked for, each once."""
            nonlocal order
            kept = stored(num_output)
            kept = np.arange(num_output) if kept is None else kept
            taken = np.arange(len(kept)) if self.num_frames is None else self._spread(len(kept))
            if whole:
                order = taken
                return kept
            wanted, order = np.unique(kept[taken], return_inverse=True)
            return wanted

        cells = ClipCorruptor.of(self.dataset, cell[0], self.params, self.root)
        facts = row | {"num_frames": len(clean)}
        for made, frames in cells.make([cell[1]], facts, clean, choose):
            if isinstance(frames, ClipError):
                raise frames
            fps = Fraction(made["fps_num"], made["fps_den"])
            return self._as_stored(frames, fps)[order]
        raise AssertionError  # one severity was asked for

    def _spread(self, num_frames: int) -> np.ndarray:
        assert self.num_frames is not None  # noqa: S101 - the callers asked
        return clip_indices(num_frames, self.num_frames, self.params.dialect)

    def _clean(self, row: Row) -> Clip:
        if "shard" in row:
            shard = self.root / row["shard"]
            return payload.read_payload(
                read_member(shard, row["offset"], row["size"], row["sha256"])
            )
        sources = Sources.of(self.dataset, self.params, self.root)
        fps = Fraction(row["fps_num"], row["fps_den"])
        return self._as_stored(sources.pictures(row), fps)

    def _as_stored(self, frames: Any, fps: Fraction) -> Clip:
        """What comes out of the payload when frames went in."""
        return payload.read_payload(payload.write_payload(frames, fps, self.params.payload))
