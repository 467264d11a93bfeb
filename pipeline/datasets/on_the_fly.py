"""Torch datasets that corrupt clips when they are indexed, without corrupted shards.

The pixels are those that a reader of the stored shards sees, payload included: the code is the same
and the random numbers belong to the clip, not to the run. Clean clips come from the clean shards,
or from the source videos if the decode stage has not run.

    from pipeline.datasets.on_the_fly import CorruptedClips
    foggy = CorruptedClips("demo", "fog", 3, num_frames=16)
    foggy[0]["clip"]  # uint8 (16, H, W, 3), RGB
"""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset, IterableDataset, default_collate, get_worker_info

from ..errors import ClipError, SettingsError
from .example_maker import CLEAN, ExampleMaker, Transform, checked
from .frame_rules import FrameChoice
from .stream_order import CellName, Mix, Place, StreamOrder

__all__ = ["CLEAN", "CellName", "CorruptedClips", "CorruptedStream", "Transform"]

log = logging.getLogger(__name__)


class CorruptedClips(Dataset[dict[str, Any]]):
    """Map-style dataset of the clips of one cell.

    An example is a dictionary: `clip` (uint8 tensor (T, H, W, 3), RGB; (V, T, H, W, 3) for rules of
    V windows; a dictionary of them for several views; or the results of `transform`), `label`
    (class index), `key`, `corruption`, `severity`, and `cell_start`, which is True for clip 0.

    Parameters
    ----------
    dataset
        A dataset that params.yaml describes and whose filter stage has run.
    corruption, severity
        The cell; "clean" and 0 are the clean set.
    num_frames
        Frames spread over the clip as the evaluate stage does; None means all stored ones.
    frames
        Frames to take instead: indices, a rule of `frame_rules`, or a dictionary of them for
        several views of the clip. Random rules take the same frames of a clip every time.
    cropped
        False keeps the whole picture with the dataset's short side. Sides then differ between
        clips, pixel corruptions act on the whole picture, and the source videos are read.
    stored
        True reads the cell from its shards, which the decode and corrupt stages have written, and
        computes nothing; the pixels are the same.
    split
        None means the split that is corrupted, `corrupt.split` of params.yaml.
    transform
        Called with every clip, or with each view.
    params
        The project's params.yaml; its folder is the project.

    Raises
    ------
    SettingsError
        If params.yaml does not describe the dataset, or the cell does not exist, or an argument is
        invalid; when indexed, if a clip has fewer frames than `frames` names.
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
        frames: FrameChoice | None = None,
        cropped: bool = True,
        stored: bool = False,
        split: str | None = None,
        transform: Transform | None = None,
        params: Path | str = "params.yaml",
    ) -> None:
        self._maker = ExampleMaker.open(
            dataset, params, num_frames, frames, cropped=cropped, stored=stored
        )
        self._cell = checked((corruption, severity))
        self._rows = self._maker.rows(split)
        self._transform = transform

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, number: int) -> dict[str, Any]:
        row = self._rows[number]
        start = row is self._rows[0]
        return self._maker.example(row, self._cell, self._transform, cell_start=start)

    def recipe(self) -> dict[str, Any]:
        """Return what determines the clips: dataset, cell, frames, picture, payload and sources."""
        return self._maker.recipe(self._cell, self._rows)


class CorruptedStream(IterableDataset[dict[str, Any]]):
    """Iterable dataset of the clips of several cells, one cell after the other or mixed.

    For test-time adaptation to a changing distribution. Examples are those of `CorruptedClips` with
    `epoch`, and `cell_start` is True for the first example of a cell, of all its epochs, and for
    the first of a mixed stream: where a model is reset. Workers of a DataLoader and ranks of
    torch.distributed share the examples; with `DataLoader(stream, batch_size=None)` their order is
    the same for any number of workers. A clip that cannot be made is skipped with a warning, and
    the next one has its mark (only the order of workers can differ afterwards).

    Parameters
    ----------
    dataset, num_frames, frames, cropped, stored, split, transform, params
        As for `CorruptedClips`. Random rules of frames draw again in every epoch.
    cells
        Pairs of corruption and severity, in the order in which they come; a cell can come again.
    batch_size
        Yield batches, collated as a DataLoader does, for `DataLoader(stream, batch_size=None)`. No
        batch spans two cells (unless mixed) or epochs; the last one of an epoch is smaller.
    shuffle_seed
        Order of the clips in every cell and epoch, and random frames; None keeps the order of the
        manifest and draws frames with the seed of params.yaml.
    mix
        True: every clip in every cell, in one random order of clips and cells. "one": every clip
        once per epoch, in a cell that is drawn for it. Both need `shuffle_seed`.
    epochs
        Passes over each cell before the next one, or over the mixed stream.

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
        frames: FrameChoice | None = None,
        cropped: bool = True,
        stored: bool = False,
        split: str | None = None,
        batch_size: int | None = None,
        shuffle_seed: int | None = None,
        mix: Mix = False,
        epochs: int = 1,
        transform: Transform | None = None,
        params: Path | str = "params.yaml",
    ) -> None:
        if mix not in (False, True, "one"):
            raise SettingsError(f'mix: unknown (got {mix!r}); choose False, True or "one".')
        if mix and shuffle_seed is None:
            raise SettingsError(f"shuffle_seed: None with mix = {mix!r}; give a seed, such as 0.")
        for name, value in (("epochs", epochs), ("batch_size", batch_size)):
            if value is not None and value < 1:
                raise SettingsError(f"{name}: must be at least 1 (got {value}).")
        if not cells:
            raise SettingsError(f"cells: none (got {cells!r}); give pairs such as ('fog', 3).")
        self._maker = ExampleMaker.open(
            dataset, params, num_frames, frames, cropped=cropped, stored=stored, seed=shuffle_seed
        )
        self._rows = self._maker.rows(split)
        known = tuple(checked(cell) for cell in cells)
        self._order = StreamOrder(dataset, len(self._rows), known, epochs, mix, shuffle_seed)
        self._batch_size = batch_size
        self._transform = transform

    @property
    def num_clips(self) -> int:
        """Number of clips of every cell."""
        return len(self._rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        rank, ranks = _rank()
        info = get_worker_info()
        worker, workers = (0, 1) if info is None else (info.id, info.num_workers)
        number = -1
        for run in self._order.runs(self._batch_size or 1):
            started = False  # whether this rank has got an example of the run
            for batch in run:
                number += 1
                if number % ranks != rank:
                    continue
                own = number // ranks % workers == worker
                if own:
                    examples = list(self._examples(batch, started))
                    started = started or bool(examples)
                    if examples:
                        single = self._batch_size is None
                        yield examples[0] if single else default_collate(examples)
                elif not started:  # does another worker have the first example, or can it not?
                    started = next(self._examples(batch, started), None) is not None

    def _examples(self, batch: Sequence[Place], started: bool) -> Iterator[dict[str, Any]]:
        """Yield the examples of a batch; the first one has the mark unless the run has started."""
        for place in batch:
            row = self._rows[place.clip]
            try:
                example = self._maker.example(
                    row, place.cell, self._transform, cell_start=not started, epoch=place.epoch
                )
            except ClipError as error:
                log.warning("%s, %s %d: skipped: %s", row["key"], *place.cell, error)
                continue
            started = True
            yield example | {"epoch": place.epoch}


def _rank() -> tuple[int, int]:
    """Return the rank of this process in torch.distributed and the number of ranks."""
    distributed = torch.distributed
    if not (distributed.is_available() and distributed.is_initialized()):
        return 0, 1
    return distributed.get_rank(), distributed.get_world_size()
