"""Random access to stored clips: reads only the requested frames from a shard.

A manifest row gives offset and size of a clip in its shard. Of JPEG payloads (the default) only the
requested packets are read and decoded, by libjpeg-turbo; other codecs are decoded from the first to
the last requested frame.

Readers based on FFmpeg (PyAV, torchcodec, decord, OpenCV) decode the same JPEG up to rounding: for
4:4:4 at quality 95 about one value in twenty differs, by at most 3.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import av
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from corruptions.types import Clip

from ..errors import StageError
from . import payload
from .shards import read_member

PART_OF_FILE = payload.PLAIN | {"protocol_whitelist": "subfile,file"}


@dataclass(frozen=True)
class StoredClip:
    """One stored clip: a video file of `size` bytes from byte `offset` of a shard."""

    key: str
    shard: Path
    offset: int
    size: int
    sha256: str
    """Of the video file."""
    num_frames: int
    height: int
    width: int

    @classmethod
    def of(cls, row: Mapping[str, Any], root: Path) -> Self:
        """Return the clip of a manifest row with status "ok"; `root` is the project's folder."""
        return cls(
            key=row["key"],
            shard=root / row["shard"],
            offset=row["offset"],
            size=row["size"],
            sha256=row["sha256"],
            num_frames=row["num_frames"],
            height=row["height"],
            width=row["width"],
        )


def read_clip(
    clip: StoredClip, indices: Sequence[int] | NDArray[np.intp], *, check: bool = True
) -> Clip:
    """Read frames of a clip.

    Parameters
    ----------
    clip
        Clip to read.
    indices
        Frames, 0..num_frames - 1, in any order, with repetitions.
    check
        Read the whole clip and compare its SHA-256 first: a damaged JPEG can decode to other pixels
        without an error.

    Returns
    -------
    Clip
        Frames in the order of `indices`: (len(indices), H, W, 3), uint8 RGB.

    Raises
    ------
    ValueError
        If `indices` is empty or out of range.
    StageError
        If the shard does not hold the clip that its manifest describes.

    """
    wanted = sorted({int(index) for index in indices})
    if not wanted or wanted[0] < 0 or wanted[-1] >= clip.num_frames:
        raise ValueError(
            f"{clip.key}: frames must be in 0..{clip.num_frames - 1} (got {list(indices)})."
        )
    if check:
        read_member(clip.shard, clip.offset, clip.size, clip.sha256)
    try:
        frames = _read(clip, wanted)
    except (OSError, IndexError, ValueError) as error:  # errors of av are OSError or ValueError
        raise StageError(
            f"{clip.shard}, clip {clip.key}: cannot be read ({error}); delete this shard and run "
            "the stage that writes it again."
        ) from error
    return np.stack([frames[int(index)] for index in indices])


def _read(clip: StoredClip, wanted: list[int]) -> dict[int, NDArray[np.uint8]]:
    url = f"subfile,,start,{clip.offset},end,{clip.offset + clip.size},,:{clip.shard}"
    with av.open(url, options=PART_OF_FILE) as container:
        stream = container.streams.video[0]
        if stream.codec_context is None:
            raise ValueError("no decoder for its codec")
        # Decoders pad their pictures; a damaged header may declare any size.
        pixels = (clip.height + 256) * (clip.width + 256)
        stream.codec_context.options = {"max_pixels": str(pixels)}
        if stream.codec_context.name == "mjpeg":
            places = [(entry.pos, entry.size) for entry in stream.index_entries]
            if len(places) != clip.num_frames:
                raise ValueError(f"{len(places)} frames, expected {clip.num_frames}")
            return _read_jpegs(clip, {index: places[index] for index in wanted})
        stream.codec_context.thread_count = 1
        frames: dict[int, NDArray[np.uint8]] = {}
        for index, frame in enumerate(container.decode(stream)):
            if index in wanted:
                if (frame.height, frame.width) != (clip.height, clip.width):
                    raise ValueError(f"the size of frame {index} differs from the manifest")
                frames[index] = frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
            if index == wanted[-1]:
                return frames
        raise ValueError(f"ends before frame {wanted[-1]}")


def _read_jpegs(
    clip: StoredClip, places: Mapping[int, tuple[int, int]]
) -> dict[int, NDArray[np.uint8]]:
    """Decode packets, given as (first byte in the clip's file, number of bytes)."""
    frames = {}
    with clip.shard.open("rb") as file:
        for index, (position, size) in places.items():
            if position < 0 or position + size > clip.size:
                raise ValueError(f"frame {index} is outside of the clip")
            file.seek(clip.offset + position)
            data = file.read(size)
            found = simplejpeg.decode_jpeg_header(data)[:2]
            if found != (clip.height, clip.width):  # before memory is allocated for it
                raise ValueError(f"the size of frame {index} differs from the manifest")
            frames[index] = simplejpeg.decode_jpeg(data, colorspace="RGB")
    return frames
