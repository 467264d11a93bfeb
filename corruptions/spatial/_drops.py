"""Drops of rain: lines over a frame, which they brighten and make duller, as `rain` defines."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptions.spatial._channel_shift import ChannelShift
from corruptions.spatial._rounding import NEAREST

DROP = 220  # grey value of a drop, and its opacity in 255ths
VALUES = np.arange(256.0)


class Scene:
    """Work space for frames of one size, allocated once and reused."""

    def __init__(self, height: int, width: int, drops: int, kept: float, offset: float) -> None:
        self.kept, self.offset = kept, offset
        self.lines = np.empty((drops, 2, 2), np.int32)
        self.narrow = np.empty((3, height, width, 3), np.uint8)
        self.wide = np.empty((2, height, 3 * width), np.uint16)
        self.shift = ChannelShift(height, width)

    def rain_on(self, frame: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
        """Rain along `lines`."""
        sums = cv2.sumElems(frame)[:3]
        self._dull(frame, sums, self._streaks(frame, sum(sums)), out)

    def _streaks(self, frame: NDArray[np.uint8], total: float) -> NDArray[np.uint8]:
        """Return b on the lines, x elsewhere."""
        mask, lifted, blurred = self.narrow
        mask[...] = 0
        if len(self.lines):
            cv2.polylines(mask, list(self.lines), isClosed=False, color=(255, 255, 255))
        share = DROP / 255 * (1 - total / (255 * frame.size))
        if self.offset == NEAREST:  # one product, rounded: the same on any CPU
            cv2.subtract(mask, frame, lifted)  # 255 - x on the lines, 0 elsewhere
            cv2.convertScaleAbs(lifted, lifted, share)
        else:
            cv2.LUT(frame, np.floor(share * (255 - VALUES)).astype(np.uint8), lifted)
            lifted &= mask
        lifted += frame
        cv2.blur(lifted, (3, 3), blurred)
        cv2.copyTo(blurred, mask, lifted)
        return lifted

    def _dull(
        self,
        frame: NDArray[np.uint8],
        sums: Sequence[float],
        streaks: NDArray[np.uint8],
        out: NDArray[np.uint8],
    ) -> None:
        """Composite and shrink contrast, in 16-bit numbers of 1/256 level.

        y = (q - w) x + w b + (1 - q) mu, with w = q 220/255 to the nearest 1/256 and the first
        product in two parts, so that every product fits and dry pixels are exact.
        """
        total, part = self.wide
        wet_sums = cv2.sumElems(streaks)[:3]
        means = [(255 - DROP) * dry + DROP * wet for dry, wet in zip(sums, wet_sums, strict=True)]
        pixels = frame.shape[0] * frame.shape[1]
        wet_share = round(self.kept * 256 * DROP / 255)
        high, low = divmod(round(self.kept * 65536) - 256 * wet_share, 256)
        total[...] = frame.reshape(total.shape)
        if low:
            np.multiply(total, np.uint16(low), out=part)
            part >>= np.uint16(8)
        total *= np.uint16(high)
        if low:
            total += part
        part[...] = streaks.reshape(part.shape)
        part *= np.uint16(wet_share)
        total += part
        shifts = [(1 - self.kept) * mean / (255 * pixels) + self.offset for mean in means]
        self.shift.add_to(total, [256 * shift for shift in shifts])
        total >>= np.uint16(8)
        out.reshape(total.shape)[...] = total
