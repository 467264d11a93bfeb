"""Training data: the frames that a model takes, randomly cropped and mirrored in every epoch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import default_collate

from corruptions.types import Clip, ClipRandom, random_uniforms

from ...errors import SettingsError, StageError
from ...media.sampling import clip_indices
from ...models.spec import InputSpec
from ...params import Params
from ...storage import manifest, schemas
from ...storage.clip_reader import StoredClip, read_clip
from ...storage.paths import DatasetPaths

KEEP_BYTES = 4 << 30
"""Decoded training frames up to this size are kept in memory; otherwise each epoch decodes."""

PLACES = (
    *((0, 0), (0, 4), (4, 0), (4, 4), (2, 2)),
    *((2, 0), (2, 4), (4, 2), (0, 2)),
    *((1, 1), (1, 3), (3, 1), (3, 3)),
)
"""Rows and columns of the benchmark's crops, in quarters of the free space."""

Batch = tuple[int, Sequence[int]]
"""An epoch and the numbers of the clips."""


@dataclass(frozen=True)
class Examples:
    """Clips of one split, their classes and the frames that the model takes."""

    clips: tuple[StoredClip, ...]
    labels: tuple[int, ...]
    indices: tuple[NDArray[np.intp], ...]
    hashes: tuple[str, ...]
    """SHA-256 of each stored clip, for the recipe."""
    check: bool
    """Compare that hash whenever a clip is read."""
    num_bytes: int
    """Size of all decoded frames."""

    def read(self, number: int, offset: float | None = None) -> Clip:
        """Read the frames of a clip; with an offset in [0, 1) those at it in their segments."""
        clip, indices = self.clips[number], self.indices[number]
        if offset is not None:
            steps = np.arange(len(indices)) + offset
            indices = (steps * clip.num_frames / len(indices)).astype(np.intp)
        return read_clip(clip, indices, check=self.check)


def read_examples(
    paths: DatasetPaths,
    split: str,
    params: Params,
    spec: InputSpec,
    model: str,
    larger: bool = False,
) -> Examples:
    """Return the stored clips of a split; refuse clips of another size than the model takes.

    With `larger`, clips may be larger than the model's and of any shape: they are cropped.
    """
    path = paths.manifest("clean")
    listed = manifest.read_rows(path, schemas.CELLS)
    rows = [row for row in listed if row["split"] == split and row["status"] == "ok"]
    if not rows:
        raise StageError(f"{path}: no usable clip of split {split!r}; run the decode stage first.")
    sizes = {(row["height"], row["width"]) for row in rows}
    sides = {side for size in sizes for side in size}
    ends = sorted({min(sizes), max(sizes)})
    if min(sides) < spec.size or (max(sides) > spec.size and not larger):
        raise SettingsError(
            f"{path}: clips are {' to '.join(f'{w} x {h}' for h, w in ends)}, but "
            f"{model} takes {spec.size} x {spec.size}; set decode.pictures.{paths.dataset}.crop "
            f"to {spec.size}, the model's input in models.{paths.dataset}.{model}, or, to crop "
            f"larger pictures, train.{paths.dataset}.{model}.crops to benchmark."
        )
    taken = clip_indices(params.evaluate.frames, spec.frames)
    clips = tuple(StoredClip.of(row, paths.root) for row in rows)
    return Examples(
        clips=clips,
        labels=tuple(row["label_id"] for row in rows),
        indices=tuple(
            clip_indices(clip.num_frames, params.evaluate.frames, params.dialect)[taken]
            for clip in clips
        ),
        hashes=tuple(row["sha256"] for row in rows),
        check=params.machine.check_payloads,
        num_bytes=sum(spec.frames * row["height"] * row["width"] * 3 for row in rows),
    )


@dataclass(frozen=True)
class Augmentation:
    """Random crops, mirroring and temporal offsets of training clips."""

    scales: tuple[float, ...]
    flip: bool
    size: int
    """Side of the model's pictures, pixels."""
    crops: str = "square"
    temporal_offset: bool = False

    def __call__(self, clip: Clip, random: ClipRandom) -> Clip:
        """Return a crop of the model's size; all frames get the same crop."""
        if self.crops == "benchmark":
            return benchmark_crop(clip, self.scales, self.flip, self.size, random)
        if self.scales == (1.0,) and not self.flip:
            return clip
        return augment(clip, self.scales, self.flip, random)


class Reader:
    """Reader of batches of clips; `random` returns the generators of a clip in an epoch by name."""

    def __init__(
        self,
        examples: Examples,
        random: Callable[[str], ClipRandom],
        *,
        augmentation: Augmentation | None = None,
        keep: bool,
    ) -> None:
        self._examples, self._random = examples, random
        self._augmentation = augmentation
        self.keeps = keep and not (augmentation and augmentation.temporal_offset)
        self._kept: dict[int, Clip] = {}

    def __len__(self) -> int:
        return len(self._examples.clips)

    def __call__(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Return frames (N, T, H, W, 3), uint8, and labels (N,) of a batch."""
        epoch, numbers = batch
        clips = [(self._read(epoch, number), self._examples.labels[number]) for number in numbers]
        frames, labels = default_collate(clips)
        return frames, labels

    def _read(self, epoch: int, number: int) -> Clip:
        random = self._random(f"epoch {epoch}, clip {self._examples.clips[number].key}")
        offset = None
        if self._augmentation and self._augmentation.temporal_offset:
            offset = float(random_uniforms(random.clip(), 5)[4])
        clip = self._kept.get(number)
        if clip is None:
            clip = self._examples.read(number, offset)
            if self.keeps:
                self._kept[number] = clip
        return clip if self._augmentation is None else self._augmentation(clip, random)


def augment(clip: Clip, scales: Sequence[float], flip: bool, random: ClipRandom) -> Clip:
    """Crop a square at a random place and scale, and mirror it with probability 0.5.

    The side of the square is one of `scales` times the side of the picture. The crop is resized to
    the size of the clip; all frames get the same crop. Without `flip` nothing is mirrored.
    """
    pick, top, left, mirror = random_uniforms(random.clip(), 4)
    size = clip.shape[1]
    side = round(size * scales[int(pick * len(scales))])
    rows, columns = int(top * (size - side + 1)), int(left * (size - side + 1))
    part = clip[:, rows : rows + side, columns : columns + side]
    if flip and mirror < 0.5:
        part = part[:, :, ::-1]
    if side == size:
        return np.ascontiguousarray(part)
    frames = (cv2.resize(np.ascontiguousarray(frame), (size, size)) for frame in part)
    return np.stack(list(frames)).astype(np.uint8, copy=False)


def benchmark_crop(
    clip: Clip, scales: Sequence[float], flip: bool, size: int, random: ClipRandom
) -> Clip:
    """Crop as the published models were trained, and mirror with probability 0.5.

    Height and width are neighbouring scales of the shorter side (or the same), at one of 13 places:
    corners, centre, centres of the sides, and centres of the quarters. Source: multi-scale crop of
    temporal segment networks (Wang et al. 2016), with the distortion of at most one scale.
    """
    pick, place, mirror = random_uniforms(random.clip(), 3)
    height, width = clip.shape[1:3]
    sides = [round_to(int(min(height, width) * scale), size) for scale in scales]
    count = range(len(sides))
    pairs = [(sides[i], sides[j]) for i in count for j in count if abs(i - j) <= 1]
    high, wide = pairs[int(pick * len(pairs))]
    down, right = PLACES[int(place * len(PLACES))]
    top, left = down * ((height - high) // 4), right * ((width - wide) // 4)
    part = clip[:, top : top + high, left : left + wide]
    if flip and mirror < 0.5:
        part = part[:, :, ::-1]
    if (high, wide) == (size, size):
        return np.ascontiguousarray(part)
    frames = (cv2.resize(np.ascontiguousarray(frame), (size, size)) for frame in part)
    return np.stack(list(frames)).astype(np.uint8, copy=False)


def round_to(side: int, size: int) -> int:
    """Return the model's side for a crop that differs by less than 3 pixels."""
    return size if abs(side - size) < 3 else side
