"""Clean clips, of which only the frames that are read are computed."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corruptions.types import Clip

from ..errors import ClipError
from ..media.frame_window import on_demand
from ..settings import PayloadSettings
from ..storage import payload
from ..storage.frame_times import times_of
from ..storage.rows import CellRow, ClipRow
from ..storage.shards import read_member

Picture = NDArray[np.uint8]


def from_shard(row: CellRow, shard: Path) -> Clip:
    """Return the clip of a row of the clean manifest.

    Raises
    ------
    ClipError
        If there is none, or it cannot be read.
    StageError
        If the shard does not hold what the row describes.

    """
    if row["status"] != "ok":
        raise ClipError(row["reason"])
    data = read_member(shard, row["offset"], row["size"], row["sha256"])
    encoded = payload.split(data)
    if isinstance(encoded, bytes):
        return payload.decode(encoded)
    return on_demand(len(encoded), lambda index: payload.decode(encoded[index : index + 1])[0])


def from_pictures(
    deferred: Iterable[Callable[[], Picture]],
    row: ClipRow | CellRow,
    settings: PayloadSettings | None,
) -> Clip:
    """Return the clip of decoded frames.

    Parameters
    ----------
    deferred
        Functions that return the frames, (H, W, 3), uint8 RGB; exhausted here.
    row
        Row of the clip.
    settings
        Payload that the frames pass through; None means none.

    Raises
    ------
    ClipError
        If the clip cannot be decoded or stored.

    """
    if settings is not None and settings.codec != "jpeg":  # frames may depend on each other
        fps = Fraction(row["fps_num"], row["fps_den"])
        frames = (picture() for picture in deferred)
        return payload.decode(payload.encode(frames, fps, settings, times_of(row)))
    pictures = list(deferred)

    def stored(index: int) -> Picture:
        picture = pictures[index]()
        if settings is None:
            return picture
        one: Picture = payload.decode(payload.encode([picture], Fraction(1), settings))[0]
        return one

    return on_demand(len(pictures), stored)
