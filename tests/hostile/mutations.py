"""Seeded mutations of a video file, as by a bad disk, a bad download or an attacker."""

import struct
from collections.abc import Callable, Mapping

import numpy as np

Mutation = Callable[[bytearray, np.random.Generator], None]
"""Changes the file's bytes in place."""

HEADER = 1024
HUGE = (0, 1, 2**16 - 1, 2**24, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1)

MP4_FIELDS = {  # box: (offset from the box's name, width in bytes) of fields worth lying in
    b"mvhd": ((16, 4), (20, 4)),  # time scale, duration
    b"mdhd": ((16, 4), (20, 4)),
    b"tkhd": ((16, 4), (24, 4), (80, 4), (84, 4)),  # track, duration, width, height
    b"stts": ((8, 4), (12, 4), (16, 4)),  # count, samples, duration of each
    b"stsz": ((8, 4), (12, 4), (16, 4)),  # size of all, count, size of the first
    b"stsc": ((8, 4), (12, 4), (16, 4), (20, 4)),
    b"stco": ((8, 4), (12, 4)),
    b"ctts": ((8, 4), (12, 4), (16, 4)),
    b"stss": ((8, 4), (12, 4)),
    b"elst": ((8, 4), (12, 4), (16, 4)),
    b"avc1": ((28, 2), (30, 2)),  # width, height
    b"av01": ((28, 2), (30, 2)),
    b"m2v1": ((28, 2), (30, 2)),
    b"stsd": ((8, 4),),
    b"trun": ((8, 4), (12, 4)),
    b"tfhd": ((8, 4),),
    b"trex": ((8, 4), (12, 4)),
}
MP4_BOXES = (*MP4_FIELDS, b"moov", b"mdat", b"trak", b"mdia", b"minf", b"stbl", b"avcC", b"av1C")
EBML_IDS = (
    *(b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67", b"\x15\x49\xa9\x66"),  # file, segment, info
    *(b"\x2a\xd7\xb1", b"\x44\x89"),  # time scale, duration
    *(b"\x16\x54\xae\x6b", b"\xae", b"\xd7", b"\x83"),  # tracks, track, its number and kind
    *(b"\xb0", b"\xba", b"\x54\xb0", b"\x54\xba", b"\x23\xe3\x83"),  # sizes, frame duration
    *(b"\x1f\x43\xb6\x75", b"\xe7", b"\xa3", b"\xa0", b"\xa1"),  # cluster, its time, blocks
    *(b"\x1c\x53\xbb\x6b", b"\x63\xa2", b"\x53\x6e", b"\x86"),  # cues, private data, codec
    *(b"\x42\x82", b"\x11\x4d\x9b\x74", b"\x6d\xe7"),  # kind of file, seek head, cache
)
RIFF_NAMES = (b"RIFF", b"LIST", b"avih", b"strh", b"strf", b"movi", b"idx1", b"00dc")


def _somewhere(data: bytearray, rng: np.random.Generator, end: int | None = None) -> int:
    return int(rng.integers(max(1, min(len(data), end or len(data)))))


def _write(data: bytearray, at: int, new: bytes) -> None:
    data[at : at + len(new)] = new[: max(0, len(data) - at)]


def flip_header(data: bytearray, rng: np.random.Generator) -> None:
    for _ in range(rng.integers(1, 9)):
        data[_somewhere(data, rng, HEADER)] ^= 1 << int(rng.integers(8))


def flip_anywhere(data: bytearray, rng: np.random.Generator) -> None:
    for _ in range(rng.integers(1, 65)):
        data[_somewhere(data, rng)] ^= 1 << int(rng.integers(8))


def flip_end(data: bytearray, rng: np.random.Generator) -> None:
    """Where mp4 and avi have their indices."""
    for _ in range(rng.integers(1, 9)):
        data[len(data) - 1 - _somewhere(data, rng, HEADER)] ^= 1 << int(rng.integers(8))


def truncate(data: bytearray, rng: np.random.Generator) -> None:
    del data[_somewhere(data, rng) :]


def cut_out(data: bytearray, rng: np.random.Generator) -> None:
    start = _somewhere(data, rng)
    del data[start : start + int(rng.integers(1, 2000))]


def repeat(data: bytearray, rng: np.random.Generator) -> None:
    start = _somewhere(data, rng)
    piece = data[start : start + int(rng.integers(1, 2000))]
    data[start:start] = piece * int(rng.integers(1, 8))


def zeros_or_noise(data: bytearray, rng: np.random.Generator) -> None:
    start, length = _somewhere(data, rng), int(rng.integers(1, 512))
    _write(data, start, rng.choice([bytes(length), rng.bytes(length), b"\xff" * length]))


def huge_number(data: bytearray, rng: np.random.Generator) -> None:
    """Four bytes somewhere become a number at the edge of what 32 bits hold."""
    value = int(rng.choice(HUGE))
    _write(data, _somewhere(data, rng, 2 * HEADER), struct.pack(rng.choice([">I", "<I"]), value))


def mp4_field(data: bytearray, rng: np.random.Generator) -> None:
    """A box says something huge, zero or negative of sizes, counts or times."""
    found = [box for box in MP4_FIELDS if box in data]
    if not found:
        return riff_or_ebml(data, rng)
    for _ in range(rng.integers(1, 4)):
        box = found[rng.integers(len(found))]
        offset, width = MP4_FIELDS[box][rng.integers(len(MP4_FIELDS[box]))]
        value = int(rng.choice(HUGE)) & (256**width - 1)
        at = data.find(box)
        if at >= 0:  # the last lie may have been written over it
            _write(data, at + offset, value.to_bytes(width, "big"))
    return None


def mp4_size(data: bytearray, rng: np.random.Generator) -> None:
    """The size of a box is a lie: huge, zero, one (64 bits follow) or a little wrong."""
    found = [box for box in MP4_BOXES if box in data]
    if not found:
        return riff_or_ebml(data, rng)
    at = max(4, data.index(found[rng.integers(len(found))]))
    value = int(rng.choice([*HUGE, int(rng.integers(2**16))]))
    _write(data, at - 4, value.to_bytes(4, "big"))
    return None


def riff_or_ebml(data: bytearray, rng: np.random.Generator) -> None:
    """A length or a number of Matroska or AVI is a lie."""
    if data[:4] == b"RIFF":
        name = RIFF_NAMES[rng.integers(len(RIFF_NAMES))]
        at = data.find(name)
        if at >= 0:
            field = 4 * int(rng.integers(1, 16))  # the size, or a number of the chunk
            _write(data, at + field, int(rng.choice(HUGE)).to_bytes(4, "little"))
            return
    elif data[:4] == EBML_IDS[0]:
        name = EBML_IDS[rng.integers(len(EBML_IDS))]
        at = data.find(name, int(rng.integers(200)))
        if at >= 0:
            kinds = (b"\x01" + b"\xff" * 7, b"\x08\xff\xff\xff\xff", b"\x88" + b"\xff" * 8, b"\x80")
            _write(data, at + len(name), kinds[rng.integers(len(kinds))])
            return
    huge_number(data, rng)


def wrong_header(data: bytearray, rng: np.random.Generator) -> None:
    """The beginning of another kind of file."""
    heads = (
        b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom",
        b"\x1aE\xdf\xa3\x01\x00\x00\x00\x00\x00\x00\x1fB\x86\x81\x01",
        b"RIFF\xff\xff\xff\xffAVI LIST",
        b"\x47\x40\x00\x10",
        b"FLV\x01\x05\x00\x00\x00\x09",
        b"\x00\x00\x01\xba\x44",
        b"OggS\x00\x02",
        b"0&\xb2u\x8ef\xcf\x11",
        b"GIF89a\xff\xff\xff\xff",
        b"\x89PNG\r\n\x1a\n",
        b"#EXTM3U\n",
        b"ffconcat version 1.0\n",
        b"YUV4MPEG2 W65535 H65535 F1:0\n",
    )
    head = heads[rng.integers(len(heads))]
    if rng.integers(2):
        data[:0] = head
    else:
        _write(data, 0, head)


MUTATIONS: Mapping[str, Mutation] = {
    function.__name__: function
    for function in (
        flip_header,
        flip_anywhere,
        flip_end,
        truncate,
        cut_out,
        repeat,
        zeros_or_noise,
        huge_number,
        mp4_field,
        mp4_size,
        riff_or_ebml,
        wrong_header,
    )
}


def mutate(data: bytes, number: int) -> bytes:
    """Mutation `number` of a file; every fifth is mutated twice."""
    rng = np.random.Generator(np.random.Philox(number))
    names = list(MUTATIONS)
    name = names[rng.integers(len(names))]
    changed = bytearray(data)
    MUTATIONS[name](changed, rng)
    if changed and rng.integers(5) == 0:
        MUTATIONS[names[rng.integers(len(names))]](changed, rng)
    return bytes(changed)
