"""Store clips of one cell in one shard: frames in, rows out.

What the decode and corrupt stages have in common. A shard and its part appear only when all their
clips are done; the part is written last and marks the shard as done.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import __version__
from ..errors import ClipError, TransientClipError
from ..io.atomic import atomic
from ..settings import PayloadSettings
from . import parts, payload
from .schemas import Row
from .shards import ShardWriter


class ShardClipWriter:
    """One shard being written."""

    def __init__(
        self, writer: ShardWriter, shard: str, recipe: str, settings: PayloadSettings
    ) -> None:
        self._writer = writer
        self._shard = shard
        self._recipe = recipe
        self._settings = settings
        self.rows: list[Row] = []
        self.settled = True
        """Whether no clip's failure may be the moment's."""

    def add(self, row: Mapping[str, Any], frames: Iterable[NDArray[np.uint8]]) -> None:
        """Store one clip, frame by frame. A ClipError on the way leaves nothing in the shard.

        `row` says what is known before: names, labels, corruption and `fps_num`, `fps_den`.
        `frames` may fill in further columns of the row as it goes (it is read to its end first).
        """
        fps = Fraction(row["fps_num"], row["fps_den"])
        digest = sha256()
        writer: payload.PayloadWriter | None = None
        shape = (0, 0)
        for frame in frames:
            if writer is None:
                shape = (frame.shape[0], frame.shape[1])
                writer = payload.PayloadWriter(self._settings, fps, *shape)
            digest.update(np.ascontiguousarray(frame).data)
            writer.add(frame)
        if writer is None:
            raise ClipError("no frames to store")
        data = writer.close()
        extension = payload.EXTENSIONS[self._settings.codec]
        done: Row = dict(row) | {
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
        member = self._writer.add(str(row["key"]), extension, data, int(row["label_id"]), done)
        self.rows.append(
            done
            | {
                "member": member.name,
                "offset": member.offset,
                "size": member.size,
                "sha256": member.sha256,
            }
        )

    def fail(self, row: Mapping[str, Any], error: ClipError) -> None:
        """Record a clip that could not be made."""
        self.settled &= not isinstance(error, TransientClipError)
        self.rows.append(
            dict(row)
            | {
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
    """Write one shard; when the block ends well, shard and part appear, in this order.

    An older part goes first: no part may ever stand beside a shard that it does not describe. The
    part of a shard with a clip that the next run shall try again names no recipe of any run.
    """
    parts.part_path(shard).unlink(missing_ok=True)
    with atomic(shard) as temporary, ShardWriter(temporary) as writer:
        cell = ShardClipWriter(writer, relative, recipe, settings)
        yield cell
    parts.write_part(shard, cell.rows, recipe if cell.settled else f"unsettled {recipe}")
