"""Cropping that a container asks for: PixelCrop of Matroska, the clean aperture of mp4."""

import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

import av
import av.filter

from .truncation import EBML, SEGMENT, read_element

TRACKS, TRACK, VIDEO = 0x1654AE6B, 0xAE, 0xE0
PIXEL_CROP = {0x54BB: "top", 0x54AA: "bottom", 0x54CC: "left", 0x54DD: "right"}
"""Identifiers of Matroska's elements."""

MAX_PARTS = 100_000
"""Elements or boxes up to which a file is searched; a hostile one has as many as it has bytes."""

MAX_MOOV = 1 << 28
"""Bytes up to which the index of an mp4 is searched."""

SAMPLE_ENTRY = 86
"""Bytes of a visual sample entry of mp4 before the boxes inside it."""


class Crop(NamedTuple):
    """Rows and columns that are not shown."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0

    def size(self, width: int, height: int, pix_fmt: str | None = None) -> tuple[int, int]:
        """Return (width, height) of what is left of a picture.

        With a pixel format, whole chroma samples: what FFmpeg's filter `crop` leaves.
        """
        width, height = width - self.left - self.right, height - self.top - self.bottom
        if pix_fmt is None or not any(self):
            return width, height
        pixels = av.VideoFormat(pix_fmt, 16, 16)
        across, down = 16 // (pixels.chroma_width() or 16), 16 // (pixels.chroma_height() or 16)
        return width // across * across, height // down * down

    def fits(self, width: int, height: int) -> bool:
        """Return True if something is left of a picture of this size."""
        return min(self.size(width, height)) > 0


class Cropper:
    """Crops frames; keeps FFmpeg's filter from frame to frame."""

    def __init__(self) -> None:
        self._graph: av.filter.Graph | None = None
        self._built_for: tuple[object, ...] = ()

    def __call__(self, frame: av.VideoFrame, crop: Crop) -> av.VideoFrame:
        """Return what is left of a frame; the frame itself if nothing is cut off."""
        if not any(crop) or not crop.fits(frame.width, frame.height):
            return frame
        built_for = (frame.width, frame.height, frame.format.name, crop)
        if self._graph is None or built_for != self._built_for:
            self._graph, self._built_for = _crop_graph(frame, crop), built_for
        self._graph.push(frame)
        part = cast(av.VideoFrame, self._graph.pull())
        if frame.time_base is not None:  # frames that were decoded outside of a container
            part.time_base = frame.time_base
        return part


def _crop_graph(frame: av.VideoFrame, crop: Crop) -> av.filter.Graph:
    graph = av.filter.Graph()
    width, height = crop.size(frame.width, frame.height)
    buffer = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000)
    )
    cut = graph.add("crop", f"w={width}:h={height}:x={crop.left}:y={crop.top}")
    buffer.link_to(cut)
    cut.link_to(graph.add("buffersink"))
    graph.configure()
    return graph


def container_crop(path: Path, container: str, index: int, width: int, height: int) -> Crop:
    """Return the cropping of stream `index` of a file, as ffmpeg applies it."""
    with path.open("rb") as file:
        if "matroska" in container:
            crop = _pixel_crop(file, index)
        elif "mp4" in container:
            crop = _clean_aperture(file, index, width, height)
        else:
            crop = Crop()
    return crop if crop.fits(width, height) else Crop()


def _pixel_crop(file: BinaryIO, index: int) -> Crop:
    """Return the elements PixelCrop of a track of Matroska."""
    name, start, size = read_element(file, 0)
    name, start, _ = read_element(file, start + size) if name == EBML and size else (0, 0, 0)
    if name != SEGMENT:
        return Crop()
    end = file.seek(0, 2)
    for kind, place, length in _elements(file, start, end):
        if kind == TRACKS:
            tracks = [one for one in _elements(file, place, place + length) if one[0] == TRACK]
            if index >= len(tracks):
                return Crop()
            _, place, length = tracks[index]
            found = {}
            for kind, inner, size in _elements(file, place, place + length):
                if kind == VIDEO:
                    for item, at, count in _elements(file, inner, inner + size):
                        if item in PIXEL_CROP and count <= 4:
                            file.seek(at)
                            found[PIXEL_CROP[item]] = int.from_bytes(file.read(count), "big")
            return Crop(**found)
    return Crop()


def _elements(file: BinaryIO, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield identifier, first byte and length of the EBML elements between two places."""
    for _ in range(MAX_PARTS):
        name, place, size = read_element(file, start)
        if start >= end or name == 0 or size is None:
            return
        yield name, place, size
        start = place + size


def _clean_aperture(file: BinaryIO, index: int, width: int, height: int) -> Crop:
    """Return the box `clap` of the first sample description of a track of mp4."""
    moov = next((one for one in _boxes(file, 0, file.seek(0, 2)) if one[0] == b"moov"), None)
    if moov is None or moov[2] - moov[1] > MAX_MOOV:
        return Crop()
    tracks = [one for one in _boxes(file, *moov[1:]) if one[0] == b"trak"]
    if index >= len(tracks):
        return Crop()
    place = tracks[index][1:]
    for name in (b"mdia", b"minf", b"stbl", b"stsd"):
        found = next((one for one in _boxes(file, *place) if one[0] == name), None)
        if found is None:
            return Crop()
        place = found[1:]
    entry = place[0] + 8
    for name, start, end in _boxes(file, entry + SAMPLE_ENTRY, place[1]):
        if name == b"clap" and end - start >= 32:
            file.seek(start)
            return _aperture(struct.unpack(">8i", file.read(32)), width, height)
    return Crop()


def _aperture(numbers: tuple[int, ...], width: int, height: int) -> Crop:
    """Return the cropping of a clean aperture: width, height and the offset of its centre."""
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
    if any(below <= 0 for _, below in pairs) or pairs[0][0] <= 0 or pairs[1][0] <= 0:
        return Crop()
    wide, high, across, down = (Fraction(above, below) for above, below in pairs)
    edges = []
    for side, aperture, offset in ((height, high, down), (width, wide, across)):
        centre = Fraction(side - 1, 2) + offset
        first, last = centre - (aperture - 1) / 2, centre + (aperture - 1) / 2
        if first < 0 or last > side - 1:
            return Crop()
        edges += [int(first), side - 1 - int(last)]
    return Crop(*edges)


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, first byte and end of the boxes of mp4 between two places."""
    for _ in range(MAX_PARTS):
        if start + 8 > end:
            return
        file.seek(start)
        size, name = struct.unpack(">I4s", file.read(8))
        head = 8
        if size == 1:
            size, head = int.from_bytes(file.read(8), "big"), 16
        size = end - start if size == 0 else size
        if size < head or start + size > end:
            return
        yield name, start + head, start + size
        start += size
