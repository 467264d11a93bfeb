"""Display orientation: the rotation and reflection that a container asks for."""

import math
import struct
from collections.abc import Iterable
from typing import NamedTuple, cast

import av
import av.video
import numpy as np
from av.sidedata.sidedata import SideData, Type
from numpy.typing import NDArray

from ..errors import ClipError

TOLERANCE = 3
"""Degrees by which an angle may differ from a right angle; it is rounded to that."""

_FILTERS: dict[tuple[int, bool], tuple[tuple[str, str], ...]] = {
    (0, False): (),
    (90, False): (("transpose", "cclock"),),
    (180, False): (("hflip", ""), ("vflip", "")),
    (270, False): (("transpose", "clock"),),
    (0, True): (("hflip", ""),),
    (90, True): (("transpose", "clock_flip"),),
    (180, True): (("vflip", ""),),
    (270, True): (("transpose", "cclock_flip"),),
}


class Orientation(NamedTuple):
    """How a decoded picture is turned for display."""

    rotation: int = 0
    """Degrees counter-clockwise: 0, 90, 180 or 270."""
    mirrored: bool = False
    """Whether left and right are exchanged after the rotation, as front cameras ask for."""

    @property
    def filters(self) -> tuple[tuple[str, str], ...]:
        """FFmpeg's filters that turn the picture: name and arguments."""
        return _FILTERS[self]

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Return (width, height) of the turned picture."""
        return (height, width) if self.rotation in (90, 270) else (width, height)

    def apply(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a picture (H, W, 3) turned for display, as a view."""
        turned = np.rot90(picture, self.rotation // 90)
        return turned[:, ::-1] if self.mirrored else turned


def orientation_of(frame: av.VideoFrame) -> Orientation:
    """Return the orientation of a decoded frame, as `ffmpeg -autorotate` applies it.

    Raises
    ------
    ClipError
        If the display matrix asks for an angle that is not close to a right angle.

    """
    for item in cast(Iterable[SideData], frame.side_data):
        if item.type == Type.DISPLAYMATRIX:
            return from_matrix(struct.unpack("<9i", bytes(item)[:36]))
    return Orientation()


def from_matrix(matrix: tuple[int, ...]) -> Orientation:
    """Return the orientation of a display matrix: nine numbers, row by row.

    A point of the picture (p, q) is shown at (a p + c q, b p + d q) with a, b, c, d the numbers 0,
    1, 3 and 4 (in 1/65536).
    """
    a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
    columns = math.hypot(a, c), math.hypot(b, d)
    if 0 in columns:
        return Orientation()
    angle = math.degrees(math.atan2(b / columns[1], a / columns[0])) % 360
    clockwise = round(angle / 90) * 90
    if abs(angle - clockwise) > TOLERANCE:
        raise ClipError(f"unsupported rotation: {angle:g} degrees (must be a multiple of 90)")
    if clockwise % 360 == 0:
        return Orientation(180, True) if d < 0 else Orientation()
    if clockwise == 90:
        return Orientation(270, c > 0)
    if clockwise == 270:
        return Orientation(90, c < 0)
    if d < 0:
        return Orientation(180) if a < 0 else Orientation(180, True)
    return Orientation(0, True)
