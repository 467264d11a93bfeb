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

    def read(self, number: int) -> Clip:
        return read_clip(self.clips[number], self.indices[number], check=self.check)


def read_examples(
    paths: DatasetPaths, split: str, params: Params, spec: InputSpec, model: str
) -> Examples:
    """Return the stored clips of a split; refuse clips of another size than the model takes."""
    path = paths.manifest("clean")
    listed = manifest.read_rows(path, schemas.CELLS)
    rows = [row for row in listed if row["split"] == split and row["status"] == "ok"]
    if not rows:
        raise StageError(f"{path}: no usable clip of split {split!r}; run the decode stage first.")
    sizes = {(row["height"], row["width"]) for row in rows}
    if sizes != {(spec.size, spec.size)}:
        raise SettingsError(
            f"{path}: clips are {' and '.join(f'{w} x {h}' for h, w in sorted(sizes))}, but "
            f"{model} takes {spec.size} x {spec.size}; set decode.pictures.{paths.dataset}.crop "
            f"to {spec.size}, or the model's input in models.{paths.dataset}.{model}."
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
        num_bytes=len(rows) * spec.frames * spec.size**2 * 3,
    )


class Reader:
    """Reader of batches of clips; `random` returns the generators of a clip in an epoch by name."""

    def __init__(
        self,
        examples: Examples,
        random: Callable[[str], ClipRandom],
        *,
        scales: Sequence[float] = (1.0,),
        flip: bool = False,
        keep: bool,
    ) -> None:
        self._examples, self._random = examples, random
        self._scales, self._flip = tuple(scales), flip
        self.keeps = keep
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
        clip = self._kept.get(number)
        if clip is None:
            clip = self._examples.read(number)
            if self.keeps:
                self._kept[number] = clip
        if self._scales == (1.0,) and not self._flip:
            return clip
        random = self._random(f"epoch {epoch}, clip {self._examples.clips[number].key}")
        return augment(clip, self._scales, self._flip, random)


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
