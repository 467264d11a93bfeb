"""Batches of clips: the frames that pending models take, decoded once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...media.sampling import clip_indices, dense_indices, segment_indices
from ...models import InputSpec, LoadedModel
from ...params import Params
from ...storage.clip_reader import StoredClip, read_clip
from ...storage.rows import CellRow
from .cells import EvaluationCell

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Sampler:
    """Frames that some models take of a clip in another way than uniformly."""

    sampling: str
    frames: int
    stride: int
    clips: int

    @classmethod
    def of(cls, spec: InputSpec) -> Sampler | None:
        """Return the sampler of an input; None for uniform sampling."""
        if spec.sampling == "uniform":
            return None
        return cls(spec.sampling, spec.frames, spec.stride, spec.clips)

    @property
    def count(self) -> int:
        """Number of frames of all windows."""
        return self.frames * self.clips

    def indices(self, num_frames: int) -> NDArray[np.intp]:
        """Return the frames of a clip of `num_frames` frames, window after window."""
        if self.sampling == "segments":
            return segment_indices(num_frames, self.frames)
        return dense_indices(num_frames, self.frames, self.stride, self.clips)


@dataclass(frozen=True)
class Batch:
    """Clips of one cell and the frames of them that are decoded."""

    rows: tuple[CellRow, ...]
    positions: tuple[int, ...]
    """Positions among the uniform frames of the protocol, ascending."""
    samplers: tuple[Sampler, ...] = ()
    """Their frames follow those of `positions`, in this order."""

    def indices(self, num_frames: int, params: Params) -> NDArray[np.intp]:
        """Return the frames to decode of a clip of `num_frames` frames."""
        uniform = clip_indices(num_frames, params.evaluate.frames, params.dialect)
        others = [sampler.indices(num_frames) for sampler in self.samplers]
        return np.concatenate([uniform[list(self.positions)], *others])

    def select(self, spec: InputSpec, protocol_frames: int) -> list[int]:
        """Return where the frames of a model's input are among the decoded ones."""
        sampler = Sampler.of(spec)
        if sampler is None:
            taken = clip_indices(protocol_frames, spec.frames).tolist()
            return [self.positions.index(position) for position in taken]
        before = self.samplers[: self.samplers.index(sampler)]
        start = len(self.positions) + sum(one.count for one in before)
        return list(range(start, start + sampler.count))


@dataclass(frozen=True)
class BatchReader:
    """Decoder of the frames of a batch."""

    params: Params
    root: Path

    def __call__(self, batch: Batch) -> torch.Tensor:
        """Return frames (N, number of decoded frames, H, W, 3), uint8 RGB."""
        from torch.utils.data import default_collate

        clips = [StoredClip.of(row, self.root) for row in batch.rows]
        check = self.params.machine.check_payloads
        frames = [
            read_clip(clip, batch.indices(clip.num_frames, self.params), check=check)
            for clip in clips
        ]
        stacked: torch.Tensor = default_collate(frames)  # shared memory in a worker process
        return stacked


def frames_of_models(pending: Sequence[LoadedModel], params: Params) -> Batch:
    """Return a batch of no clips with all frames that the pending models take."""
    inputs = [model.input for model in pending]
    uniform = (
        clip_indices(params.evaluate.frames, spec.frames).tolist()
        for spec in inputs
        if spec.sampling == "uniform"
    )
    positions = tuple(sorted({position for some in uniform for position in some}))
    samplers = tuple(dict.fromkeys(one for spec in inputs if (one := Sampler.of(spec))))
    return Batch((), positions, samplers)


def batches_of(
    cell: EvaluationCell, pending: Sequence[LoadedModel], params: Params
) -> tuple[Batch, ...]:
    """Return batches of a cell's usable clips, with all frames that the pending models take.

    A batch has clips of one shard, so that it is the same however the work is divided.
    """
    batch = frames_of_models(pending, params)
    usable = [row for row in cell.rows if row["status"] == "ok"]
    size = params.machine.batch_size
    return tuple(
        replace(batch, rows=tuple(some[start : start + size]))
        for some in (list(group) for _, group in groupby(usable, lambda row: row["shard"]))
        for start in range(0, len(some), size)
    )
