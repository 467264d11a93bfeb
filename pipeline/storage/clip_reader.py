"""Read stored clips for models: only the frames that are wanted, straight from their shard.

A manifest row says where a clip's file lies inside its shard, so nothing walks the tar. Of a file
of JPEG packets (the default payload) only the wanted packets are read from the disk and decoded,
by libjpeg-turbo; other codecs are decoded from the beginning to the last wanted frame.

FFmpeg-based readers (PyAV, torchcodec, decord, OpenCV) turn the same JPEG into the same picture up
to rounding: for 4:4:4 at quality 95 about one value in twenty differs, by 3 at most.
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
from .shards import read_member

PLAIN = {"format_whitelist": "mov,matroska", "protocol_whitelist": "subfile,file"}
"""A stored clip is a video; what claims to be a playlist opens no other file."""


@dataclass(frozen=True)
class StoredClip:
    """Where one clip lies: a video file of `size` bytes from byte `offset` of a shard."""

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
        """The clip of a manifest row with status "ok"; manifests name shards relative to `root`."""
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
    """Frames `indices` of a clip, in that order, with repetitions: (len(indices), H, W, 3).

    `check` reads the whole clip and compares its SHA-256 first: a damaged JPEG can decode to other
    pixels without an error.
    """
    wanted = sorted({int(index) for index in indices})
    if not wanted or wanted[0] < 0 or wanted[-1] >= clip.num_frames:
        raise ValueError(f"{clip.key}: frames {list(indices)} of {clip.num_frames} are wanted.")
    if check:
        read_member(clip.shard, clip.offset, clip.size, clip.sha256)
    try:
        frames = _read(clip, wanted)
    except (OSError, IndexError, ValueError) as error:  # errors of av are OSError or ValueError
        raise StageError(
            f"{clip.shard}, clip {clip.key}: cannot be read ({error}); delete this shard and run "
            "the stage that makes it again."
        ) from error
    return np.stack([frames[int(index)] for index in indices])


def _read(clip: StoredClip, wanted: list[int]) -> dict[int, NDArray[np.uint8]]:
    url = f"subfile,,start,{clip.offset},end,{clip.offset + clip.size},,:{clip.shard}"
    with av.open(url, options=PLAIN) as container:
        stream = container.streams.video[0]
        if stream.codec_context is None:
            raise ValueError("there is no decoder for it")
        # Decoders pad their pictures; a damaged header may declare any size.
        pixels = (clip.height + 256) * (clip.width + 256)
        stream.codec_context.options = {"max_pixels": str(pixels)}
        if stream.codec_context.name == "mjpeg":
            places = [(entry.pos, entry.size) for entry in stream.index_entries]
            if len(places) != clip.num_frames:
                raise ValueError(f"{len(places)} frames, the manifest says {clip.num_frames}")
            return _read_jpegs(clip, {index: places[index] for index in wanted})
        stream.codec_context.thread_count = 1
        frames: dict[int, NDArray[np.uint8]] = {}
        for index, frame in enumerate(container.decode(stream)):
            if index in wanted:
                if (frame.height, frame.width) != (clip.height, clip.width):
                    raise ValueError(f"frame {index} is of another size than the manifest says")
                frames[index] = frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
            if index == wanted[-1]:
                return frames
        raise ValueError(f"ends before frame {wanted[-1]}")


def _read_jpegs(
    clip: StoredClip, places: Mapping[int, tuple[int, int]]
) -> dict[int, NDArray[np.uint8]]:
    """Decode packets by their places, (first byte in the clip's file, number of bytes)."""
    frames = {}
    with clip.shard.open("rb") as file:
        for index, (position, size) in places.items():
            if position < 0 or position + size > clip.size:
                raise ValueError(f"frame {index} is said to lie outside of the clip")
            file.seek(clip.offset + position)
            data = file.read(size)
            found = simplejpeg.decode_jpeg_header(data)[:2]
            if found != (clip.height, clip.width):  # before any memory is taken for it
                raise ValueError(f"frame {index} is of another size than the manifest says")
            frames[index] = simplejpeg.decode_jpeg(data, colorspace="RGB")
    return frames
