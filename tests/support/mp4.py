"""Boxes of mp4 files, read and written, to make files that no muxer writes."""

import struct
from collections.abc import Callable
from pathlib import Path

PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")

Boxes = list[tuple[bytes, "bytes | Boxes"]]


def parse(data: bytes) -> Boxes:
    """Return the boxes of a file: name, and bytes or the boxes inside."""
    boxes: Boxes = []
    position = 0
    while position < len(data):
        size, name = struct.unpack(">I4s", data[position : position + 8])
        inside = data[position + 8 : position + size]
        boxes.append((name, parse(inside) if name in PARENTS else inside))
        position += size
    return boxes


def build(boxes: Boxes) -> bytes:
    """Return the bytes of boxes."""
    made = b""
    for name, inside in boxes:
        data = inside if isinstance(inside, bytes) else build(inside)
        made += struct.pack(">I4s", len(data) + 8, name) + data
    return made


def change(path: Path, target: Path, changes: dict[bytes, Callable[[bytes], bytes]]) -> Path:
    """Copy a file whose `moov` is its last box, with the content of some boxes changed."""

    def edit(boxes: Boxes) -> Boxes:
        return [
            (name, changes.get(name, bytes)(inside) if isinstance(inside, bytes) else edit(inside))
            for name, inside in boxes
        ]

    target.write_bytes(build(edit(parse(path.read_bytes()))))
    return target


def content(path: Path, name: bytes) -> bytes:
    """Return the content of the first box of a name."""

    def find(boxes: Boxes) -> bytes | None:
        for own, inside in boxes:
            if own == name and isinstance(inside, bytes):
                return inside
            found = None if isinstance(inside, bytes) else find(inside)
            if found is not None:
                return found
        return None

    found = find(parse(path.read_bytes()))
    assert found is not None, name
    return found


def two_descriptions(first: Path, second: Path, joined: Path, target: Path) -> Path:
    """Give the second half of the samples of `joined` the sample description of `second`.

    `joined` has the samples of `first` and `second` in one chunk, but the description of `first`.
    """
    sizes = [one for (one,) in struct.iter_unpack(">I", content(joined, b"stsz")[12:])]
    half = len(sizes) // 2
    (offset,) = struct.unpack(">I", content(joined, b"stco")[8:12])
    entries = [content(path, b"stsd")[8:] for path in (first, second)]
    return change(
        joined,
        target,
        {
            b"stsd": lambda _: struct.pack(">II", 0, 2) + b"".join(entries),
            b"stsc": lambda _: struct.pack(">II6I", 0, 2, 1, half, 1, 2, len(sizes) - half, 2),
            b"stco": lambda _: struct.pack(">II2I", 0, 2, offset, offset + sum(sizes[:half])),
        },
    )
