"""Lay a layer that does not move over every frame: tables of values, gains and lights per pixel."""

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptions.types import Clip, Context


def looked_up(clip: Clip, table: NDArray[np.uint8], context: Context) -> Clip:
    """Look up every value in a table of shape (256,) or, per channel, (256, 3)."""
    wanted = context.wanted(len(clip))
    result = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    layout = table.reshape(1, 256, -1)
    for out, number in zip(result, wanted, strict=True):
        cv2.LUT(clip[number], layout, out)
    return result


def darkened(clip: Clip, kept: NDArray[np.float64], context: Context) -> Clip:
    """Multiply every pixel by its share of a map (H, W) in [0, 1], in 256ths, rounded."""
    shares = np.floor(256 * kept + 0.5).astype(np.uint16)
    shares = np.repeat(shares[..., None], 3, axis=2)
    wanted = context.wanted(len(clip))
    result = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    work = np.empty(clip.shape[1:], np.uint16)
    for out, number in zip(result, wanted, strict=True):
        np.multiply(clip[number], shares, out=work)
        work += np.uint16(128)
        work >>= np.uint16(8)
        out[...] = work
    return result


def brightened(clip: Clip, light: NDArray[np.float64], context: Context) -> Clip:
    """Add a map (H, W) or (H, W, 3) of levels in 0..255, rounded, up to white."""
    levels = np.clip(np.floor(light + 0.5), 0, 255).astype(np.uint8)
    if levels.ndim == 2:
        levels = np.repeat(levels[..., None], 3, axis=2)
    wanted = context.wanted(len(clip))
    result = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    for out, number in zip(result, wanted, strict=True):
        cv2.add(clip[number], levels, out)
    return result
