"""Truncated files: the container declares bytes that are not there."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

RIFF_ROUNDING = 8
"""Bytes by which writers of AVI miscount the length of a file."""

MAX_RIFFS = 10_000
"""Chunks `RIFF` of a file up to which its end is searched."""

EBML, SEGMENT = 0x1A45DFA3, 0x18538067
"""Identifiers of the two top-level elements of Matroska and WebM."""


def declared_size(path: Path, container: str, index: Iterable[Any]) -> int:
    """Return the size that a file must have according to its container; 0 if that is not stated.

    AVI and Matroska declare the length of their whole content. The index of mp4 and AVI (entries
    with `pos` and `size`) has the place of every picture.
    """
    ends = [entry.pos + entry.size for entry in index if entry.size > 0]
    declared = max(ends, default=0) if "mp4" in container or container == "avi" else 0
    with path.open("rb") as file:
        if container == "avi":
            return max(declared, _riff_size(file))
        if "matroska" in container:
            return max(declared, _segment_end(file))
    return declared


def _riff_size(file: BinaryIO) -> int:
    """Return the end of the last chunk `RIFF`; files of more than 1 GB have several."""
    position = 0
    for _ in range(MAX_RIFFS):
        file.seek(position)
        head = file.read(8)
        size = int.from_bytes(head[4:], "little")
        if head[:4] != b"RIFF" or size in (0, 0xFFFFFFFF):
            break
        position += 8 + size + size % 2
    return max(0, position - RIFF_ROUNDING)


def _segment_end(file: BinaryIO) -> int:
    """Return the end of the element `Segment`; 0 if its length is not stated."""
    first, start, size = read_element(file, 0)
    if first != EBML or size is None:
        return 0
    second, start, size = read_element(file, start + size)
    return 0 if second != SEGMENT or size is None else start + size


def read_element(file: BinaryIO, position: int) -> tuple[int, int, int | None]:
    """Return identifier, first byte and length of the EBML element at a position.

    The identifier is 0 where there is no element; the length is None if it is not stated.
    """
    if position > file.seek(0, 2):
        return 0, position, 0
    file.seek(position)
    head = file.read(12)
    width = 9 - head[0].bit_length() if head else 9
    if width > 4 or len(head) <= width:
        return 0, position, 0
    length = 9 - head[width].bit_length()
    if length > 8 or len(head) < width + length:
        return 0, position, 0
    bits = int.from_bytes(head[width : width + length], "big") & (1 << 7 * length) - 1
    unknown = bits == (1 << 7 * length) - 1
    start = position + width + length
    return int.from_bytes(head[:width], "big"), start, None if unknown else bits
