"""Shard writer: stores the clips of one cell in one shard, and their rows in its part.

A shard and its part are renamed into place when all their clips are written; the part comes last
and marks the shard as complete.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import __version__
from ..errors import ClipError, TransientClipError
from ..io.atomic import atomic
from ..settings import PayloadSettings
from . import parts, payload
from .frame_times import times_of
from .rows import CellRow
from .shards import ShardWriter

Facts = Callable[[], CellRow]
"""Function that returns the columns of a row that are known once all frames are read."""


def no_facts() -> CellRow:
    """Return no columns: for frames that add nothing to their row."""
    return {}


class ShardClipWriter:
    """Clips of one shard that is being written."""

    def __init__(
        self, writer: ShardWriter, shard: str, recipe: str, settings: PayloadSettings
    ) -> None:
        self._writer = writer
        self._shard = shard
        self._recipe = recipe
        self._settings = settings
        self.rows: list[CellRow] = []
        self.settled = True
        """True if no clip failed for a transient reason."""

    def store(
        self, row: CellRow, frames: Iterable[NDArray[np.uint8]], facts: Facts = no_facts
    ) -> None:
        """Write one clip, or record the ClipError that reading its frames raises."""
        try:
            self.add(row, frames, facts)
        except ClipError as error:
            self.fail(row, error)

    def add(
        self, row: CellRow, frames: Iterable[NDArray[np.uint8]], facts: Facts = no_facts
    ) -> None:
        """Write one clip frame by frame; after a ClipError the shard holds nothing of it.

        `row` has the columns that are known beforehand, among them `fps_num` and `fps_den`.
        `facts` is called after the last frame and adds to them.
        """
        fps, times = Fraction(row["fps_num"], row["fps_den"]), times_of(row)
        digest = sha256()
        writer: payload.PayloadWriter | None = None
        shape = (0, 0)
        for frame in frames:
            if writer is None:
                shape = (frame.shape[0], frame.shape[1])
                writer = payload.PayloadWriter(self._settings, fps, *shape, times)
            if times is not None and writer.num_frames + 1 == len(times):
                raise ClipError(f"more than the {len(times) - 1} frames that have a time")
            digest.update(np.ascontiguousarray(frame).data)
            writer.add(frame)
        if writer is None:
            raise ClipError("no frames to store")
        data = writer.close()
        extension = payload.EXTENSIONS[self._settings.codec]
        done: CellRow = {
            **row,
            **facts(),
            "status": "ok",
            "reason": "",
            "shard": self._shard,
            "frames_sha256": digest.hexdigest(),
            "codec": writer.codec,
            "pix_fmt": writer.pix_fmt,
            "height": shape[0],
            "width": shape[1],
            "num_frames": writer.num_frames,
            "duration_seconds": float(writer.num_frames / fps),
            "recipe_hash": self._recipe,
            "tool_version": __version__,
        }
        member = self._writer.add(row["key"], extension, data, row["label_id"], done)
        self.rows.append(
            {
                **done,
                "member": member.name,
                "offset": member.offset,
                "size": member.size,
                "sha256": member.sha256,
            }
        )

    def fail(self, row: CellRow, error: ClipError) -> None:
        """Record a clip that cannot be written."""
        self.settled &= not isinstance(error, TransientClipError)
        self.rows.append(
            {
                **row,
                "status": "failed",
                "reason": str(error),
                "recipe_hash": self._recipe,
                "tool_version": __version__,
            }
        )


@contextmanager
def open_shard(
    shard: Path, relative: str, recipe: str, settings: PayloadSettings
) -> Iterator[ShardClipWriter]:
    """Write one shard; when the block ends without an error, shard and part appear, in this order.

    An older part is deleted first, so that no part exists beside a shard that it does not describe.
    The part of a shard with a transient failure records another recipe, so that the next run of
    the stage writes the shard again.
    """
    parts.part_path(shard).unlink(missing_ok=True)
    with atomic(shard) as temporary, ShardWriter(temporary) as writer:
        clips = ShardClipWriter(writer, relative, recipe, settings)
        yield clips
    parts.write_part(shard, clips.rows, recipe if clips.settled else f"unsettled {recipe}")
