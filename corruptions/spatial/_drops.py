"""Drops of rain: lines over a frame, which they brighten and make duller, as `rain` defines."""

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptions.spatial._rounding import NEAREST

DROP = 220  # grey value of a drop, and its opacity in 255ths
VALUES = np.arange(256.0)


class Scene:
    """Work space for frames of one size, allocated once and reused."""

    def __init__(self, height: int, width: int, drops: int, kept: float, offset: float) -> None:
        self.kept, self.offset = kept, offset
        self.lines = np.empty((drops, 2, 2), np.int32)
        self.narrow = np.empty((3, height, width, 3), np.uint8)
        self.wide = np.empty((3, height, 3 * width), np.uint16)

    def rain_on(self, frame: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
        """Rain along `lines`."""
        self._dull(frame, self._streaks(frame), out)

    def _streaks(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return b on the lines, x elsewhere. Differences are modulo 256, so they need no sign."""
        mask, lift, streaks = self.narrow
        mask[...] = 0
        if len(self.lines):
            cv2.polylines(mask, list(self.lines), isClosed=False, color=(255, 255, 255))
        share = DROP / 255 * (1 - sum(cv2.sumElems(frame)) / (255 * frame.size))
        if self.offset == NEAREST:  # one product, rounded: the same on any CPU
            cv2.convertScaleAbs(cv2.bitwise_not(frame, streaks), lift, share)
        else:
            cv2.LUT(frame, np.floor(share * (255 - VALUES)).astype(np.uint8), lift)
        lift &= mask
        lift += frame
        cv2.blur(lift, (3, 3), streaks)
        streaks -= frame
        streaks &= mask
        streaks += frame
        return streaks

    def _dull(
        self, frame: NDArray[np.uint8], streaks: NDArray[np.uint8], out: NDArray[np.uint8]
    ) -> None:
        """Composite and shrink contrast, in 16-bit numbers of 1/256 level.

        y = (q - w) x + w b + (1 - q) mu, with w = q 220/255 to the nearest 1/256 and the first
        product in two parts, so that every product fits and dry pixels are exact.
        """
        total, values, rest = self.wide
        sums = zip(cv2.sumElems(frame)[:3], cv2.sumElems(streaks)[:3], strict=True)
        means = np.array([(255 - DROP) * dry + DROP * wet for dry, wet in sums])
        shift = (1 - self.kept) * means / (255 * frame.shape[0] * frame.shape[1]) + self.offset
        total[...] = np.tile((256 * shift).astype(np.uint16), frame.shape[1])
        wet_share = round(self.kept * 256 * DROP / 255)
        high, low = divmod(round(self.kept * 65536) - 256 * wet_share, 256)
        values[...] = streaks.reshape(values.shape)
        values *= np.uint16(wet_share)
        total += values
        values[...] = frame.reshape(values.shape)
        np.multiply(values, np.uint16(low), out=rest)
        rest >>= np.uint16(8)
        total += rest
        values *= np.uint16(high)
        total += values
        total >>= np.uint16(8)
        out.reshape(total.shape)[...] = total
