"""Frames of clips in cells, as a reader of their shards sees them, without shards.

The payload's round trip is part of these frames, so that they are equal to those from shards,
unless `with_payload` is False. Only the frames that are requested are made, unless frames of the
payload depend on each other.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Self, cast

import numpy as np
from numpy.typing import NDArray

from corruptions.types import Clip

from ..errors import ClipError
from ..params import Params
from ..settings import NO_PAYLOAD
from ..storage import payload, schemas
from ..storage.cell_rows import cell_row
from ..storage.frame_times import tick_columns, times_of
from ..storage.rows import CellRow, ClipRow
from . import clean_frames
from .corrupted_clips import ClipCorruptor, CorruptedClip, Frames, stored_frames
from .source_clips import Sources

Indices = NDArray[np.intp]

Taker = Callable[[int], Indices]
"""Function from the number of frames that a shard would hold to those to take, in any order."""


@dataclass(frozen=True)
class CellClip:
    """Taken frames of one clip in one cell, or the reason why there are none."""

    row: CellRow
    """Row of the clip: `num_frames` is that of the shard's clip, `frames_sha256` and `psnr` are of
    the frames `made`."""
    made: Indices
    """Frames that were made, as positions in the shard's clip, ascending."""
    order: Indices
    """Taken frames in their order, as positions in `made`."""
    data: payload.Encoded | Clip
    """The frames `made`: encoded, or themselves."""
    error: ClipError | None = None

    def read(self) -> Clip:
        """Return the taken frames: (len(order), H, W, 3), uint8 RGB.

        Raises
        ------
        ClipError
            If the clip cannot be made.

        """
        if self.error is not None:
            raise self.error
        frames = self.data if isinstance(self.data, np.ndarray) else payload.decode(self.data)
        return frames[self.order]


@dataclass(frozen=True)
class CellFrames:
    """Maker of the clips of any cell of one dataset; picklable."""

    dataset: str
    params: Params
    root: Path
    with_payload: bool = True
    """False: clean and corrupted frames do not pass through the payload."""
    cropped: bool = True
    """False makes whole pictures, from the source videos, which no shard holds."""

    @classmethod
    def of(cls, dataset: str, params: Params, root: Path) -> Self:
        """Return the maker for a dataset of params.yaml."""
        params.check_dataset(dataset)
        return cls(dataset, params, root)

    def clean(self, row: ClipRow | CellRow) -> Clip:
        """Return the clean clip, of which each frame is computed when it is first read.

        They are read from the clean shard if `row` is of its manifest and pictures are cropped,
        else from the source video.

        Raises
        ------
        ClipError
            If the clip cannot be decoded.
        StageError
            If the shard or the source video is not what `row` describes.

        """
        if "shard" in row and self.cropped:
            stored = cast(CellRow, row)
            return clean_frames.from_shard(stored, self.root / stored["shard"])
        sources = Sources.of(self.dataset, self.params, self.root, cropped=self.cropped)
        settings = self.params.payload if self.with_payload else None
        return clean_frames.from_pictures(sources.deferred(row), row, settings)

    def take_clean(self, row: ClipRow | CellRow, clean: Clip | ClipError, take: Taker) -> CellClip:
        """Return frames of the clean clip, given all of them or the error, as `clean` has them."""
        described = cell_row(
            row,
            corruption=schemas.CLEAN,
            family=schemas.CLEAN,
            severity=0,
            params="{}",
            encoder=self._encoder,
        )
        if isinstance(clean, ClipError):
            return _failed(described, clean)
        made, order = np.unique(take(len(clean)), return_inverse=True)
        frames = np.ascontiguousarray(clean[made])
        digest = sha256(frames.data).hexdigest()
        done = _done(described, digest, len(clean), frames.shape[1:3])
        return CellClip(done, made, order, frames)

    def take_corrupted(
        self,
        row: ClipRow | CellRow,
        clean: Clip | ClipError,
        corruption: str,
        severities: Sequence[int],
        take: Taker,
    ) -> Iterator[CellClip]:
        """Return frames of the clip at each severity.

        Parameters
        ----------
        row
            Row of the clean clip or of the listed clip.
        clean
            Its frames as `clean` returns them, or the error that it raised.
        corruption, severities
            The cells.
        take
            Frames to take.

        """
        corruptor = replace(
            ClipCorruptor.of(
                self.dataset, corruption, self.params, self.root, cropped=self.cropped
            ),
            encoder=self._encoder,
        )
        if isinstance(clean, ClipError):
            clean = ClipError(f"clean clip: {clean}")

        def choose(num_output: int) -> Indices:
            stored, made, _ = self._selection(num_output, take)
            return stored[made]

        for one in corruptor.make(severities, row, clean, choose):
            try:
                yield self._through_payload(one, row, *self._selection(one.num_output, take))
            except ClipError as error:
                yield _failed(one.row, error)

    @property
    def _encoder(self) -> str:
        """Return the description of the payload, for the rows."""
        return payload.describe(self.params.payload) if self.with_payload else NO_PAYLOAD

    def _selection(self, num_output: int, take: Taker) -> tuple[Indices, Indices, Indices]:
        """Return the output frames that a shard holds, the positions in it to make, and the order.

        Frames of H.264 payloads depend on each other, so that all of them are made.
        """
        stored = stored_frames(self.params.corrupt.num_frames)(num_output)
        stored = np.arange(num_output) if stored is None else stored
        if len(stored) == 0:  # of a clip that cannot be made
            return stored, stored, stored
        taken = take(len(stored))
        if self.with_payload and self.params.payload.codec == "h264":
            return stored, np.arange(len(stored)), taken
        made, order = np.unique(taken, return_inverse=True)
        return stored, made, order

    def _through_payload(
        self,
        one: CorruptedClip,
        clean: ClipRow | CellRow,
        stored: Indices,
        made: Indices,
        order: Indices,
    ) -> CellClip:
        digest = sha256()
        sizes: list[tuple[int, ...]] = []

        def hashed(frames: Frames) -> Frames:
            for frame in frames:
                digest.update(np.ascontiguousarray(frame).data)
                sizes.append(frame.shape[:2])
                yield frame

        fps = Fraction(one.row["fps_num"], one.row["fps_den"])
        frames = hashed(one.frames)
        data: payload.Encoded | Clip
        if self.with_payload:
            data = payload.encode(frames, fps, self.params.payload, times_of(one.row))
        else:
            data = np.stack(list(frames))
        known: CellRow = {**_clocked(one.row, clean, stored, made), **one.facts()}
        return CellClip(_done(known, digest.hexdigest(), len(stored), sizes[0]), made, order, data)


def _clocked(row: CellRow, clean: ClipRow | CellRow, stored: Indices, made: Indices) -> CellRow:
    """Return the row of the frames `made`, with the clock of all `stored` ones."""
    rate = Fraction(row["fps_num"], row["fps_den"]) * len(stored) / len(made)
    row = {**row, "fps_num": rate.numerator, "fps_den": rate.denominator}
    times = times_of(clean)
    if row.get("frame_ticks") is not None and times is not None:
        row |= tick_columns([*(times[index] for index in stored.tolist()), times[-1]])
    return row


def _done(row: CellRow, digest: str, num_frames: int, size: tuple[int, ...]) -> CellRow:
    return {
        **row,
        "status": "ok",
        "reason": "",
        "frames_sha256": digest,
        "num_frames": num_frames,
        "height": size[0],
        "width": size[1],
    }


def _failed(row: CellRow, error: ClipError) -> CellClip:
    none = np.empty(0, np.intp)
    failed: CellRow = {**row, "status": "failed", "reason": str(error)}
    return CellClip(failed, none, none, b"", error)
