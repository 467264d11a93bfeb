"""H.264 sequence parameter sets without their optional part, which states the reordering."""

import struct


class Reader:
    """Bits of a parameter set."""

    def __init__(self, data: bytes) -> None:
        self.bits = "".join(f"{byte:08b}" for byte in data.replace(b"\0\0\3", b"\0\0"))
        self.position = 0

    def skip(self, width: int) -> str:
        """Return the next bits."""
        self.position += width
        return self.bits[self.position - width : self.position]

    def ue(self) -> int:
        """Return an unsigned Exp-Golomb code."""
        zeros = self.bits.index("1", self.position) - self.position
        self.position += zeros
        return int(self.skip(zeros + 1), 2) - 1


def without_vui(sps: bytes) -> bytes:
    """Return an SPS (a NAL unit of Baseline, Main or High profile) with no VUI."""
    bits = Reader(sps)
    bits.skip(8)
    profile = int(bits.skip(8), 2)
    bits.skip(16)
    bits.ue()
    if profile == 100:
        bits.ue(), bits.ue(), bits.ue()
        bits.skip(1)
        assert bits.skip(1) == "0"
    bits.ue()
    if bits.ue() == 0:
        bits.ue()
    bits.ue()
    bits.skip(1)
    bits.ue(), bits.ue()
    if bits.skip(1) == "0":
        bits.skip(1)
    bits.skip(1)
    if bits.skip(1) == "1":
        bits.ue(), bits.ue(), bits.ue(), bits.ue()
    text = bits.bits[: bits.position] + "01"
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


def strip_vui(stsd: bytes) -> bytes:
    """Return the content of a box `stsd` of H.264 whose parameter sets have no VUI."""
    at = stsd.index(b"avcC") + 4
    (length,) = struct.unpack(">H", stsd[at + 6 : at + 8])
    sps = without_vui(stsd[at + 8 : at + 8 + length])
    rest = stsd[at + 8 + length :]
    made = stsd[: at + 6] + struct.pack(">H", len(sps)) + sps + rest
    shorter = length - len(sps)
    for start in (8, at - 8):  # the entry, and avcC inside it
        (size,) = struct.unpack(">I", made[start : start + 4])
        made = made[:start] + struct.pack(">I", size - shorter) + made[start + 4 :]
    return made
