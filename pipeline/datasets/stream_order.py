"""Order of a stream of corrupted clips: cell after cell, or mixed, in one pass or several.

A run is a part of the stream during which a model adapts without being reset: the clips of one
cell in all epochs, or a whole mixed stream. All orders are drawn from raw random words, so that
they are the same on every machine.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from corruptions.types import ClipRandom

CellName = tuple[str, int]
"""Corruption and severity."""

Mix = bool | Literal["one"]
"""False: cell after cell. True: every clip in every cell, in one order over clips and cells. "one":
every clip once per epoch, in a cell that is drawn for it."""

Numbers = NDArray[np.intp]


@dataclass(frozen=True)
class Place:
    """One example of a stream."""

    clip: int
    """Number of the clip, from 0."""
    cell: CellName
    epoch: int
    """Number of the pass over the run, from 0."""


@dataclass(frozen=True)
class StreamOrder:
    """All examples of a stream in their order."""

    dataset: str
    num_clips: int
    cells: tuple[CellName, ...]
    epochs: int
    mix: Mix
    seed: int | None
    """None keeps the order of the clips; a mixed stream has a seed."""

    def runs(self, size: int) -> Iterator[Iterator[list[Place]]]:
        """Yield the runs, each as batches of `size` places; the last one of an epoch is smaller.

        No batch spans two runs or epochs.
        """
        if self.mix:
            yield self._batches(size, (self._mixed(epoch) for epoch in range(self.epochs)))
            return
        seen: dict[CellName, int] = {}
        for number, cell in enumerate(self.cells):
            visit = seen.get(cell, 0)
            seen[cell] = visit + 1
            passes = (self._of_cell(number, visit, epoch) for epoch in range(self.epochs))
            yield self._batches(size, passes)

    def _batches(
        self, size: int, passes: Iterator[tuple[Numbers, Numbers]]
    ) -> Iterator[list[Place]]:
        for epoch, (clips, cells) in enumerate(passes):
            for start in range(0, len(clips), size):
                stop = start + size
                pairs = zip(clips[start:stop].tolist(), cells[start:stop].tolist(), strict=True)
                yield [Place(clip, self.cells[cell], epoch) for clip, cell in pairs]

    def _of_cell(self, number: int, visit: int, epoch: int) -> tuple[Numbers, Numbers]:
        """Return the clips and cells of one pass; a cell that comes again has another order."""
        cells = np.full(self.num_clips, number)
        if self.seed is None:
            return np.arange(self.num_clips), cells
        corruption, severity = self.cells[number]
        words = self._words(f"visit {visit}", corruption, str(severity), epoch, self.num_clips)
        return np.argsort(words, kind="stable"), cells

    def _mixed(self, epoch: int) -> tuple[Numbers, Numbers]:
        """Return the clips and cells of one pass over a mixed stream."""
        count = len(self.cells)
        if self.mix == "one":
            words = self._words("clips", "mix", "one", epoch, self.num_clips)
            drawn = self._words("cells", "mix", "one", epoch, self.num_clips) % np.uint64(count)
            return np.argsort(words, kind="stable"), drawn.astype(np.intp)
        words = self._words("clips", "mix", "all", epoch, self.num_clips * count)
        places = np.argsort(words, kind="stable")
        return places // count, places % count

    def _words(
        self, key: str, corruption: str, severity: str, epoch: int, count: int
    ) -> NDArray[np.uint64]:
        seed = 0 if self.seed is None else self.seed
        random = ClipRandom(seed, self.dataset, f"order of {key}", corruption, severity)
        words: NDArray[np.uint64] = random.frame(epoch).random_raw(count)
        return words
