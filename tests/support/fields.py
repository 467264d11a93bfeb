"""Field-coded H.264 (PAFF), which the encoders of FFmpeg cannot write: raw samples, two fields."""

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 64, 64
"""Pixels of a frame; a field has half the rows."""


class Bits:
    """A string of bits, most significant first."""

    def __init__(self) -> None:
        self.text = ""

    def u(self, value: int, width: int) -> None:
        """Append an unsigned number of fixed width."""
        self.text += f"{value:0{width}b}"

    def ue(self, value: int) -> None:
        """Append an unsigned Exp-Golomb code."""
        code = f"{value + 1:b}"
        self.text += "0" * (len(code) - 1) + code

    def align(self) -> None:
        """Append zeros up to a whole byte."""
        self.text += "0" * (-len(self.text) % 8)

    def bytes(self) -> bytes:
        """Return the bits as whole bytes."""
        return int(self.text, 2).to_bytes(len(self.text) // 8, "big")


def nal(header: int, bits: Bits) -> bytes:
    """Return a NAL unit in Annex B."""
    bits.u(1, 1)
    bits.align()
    payload = bytearray()
    zeros = 0
    for byte in bits.bytes():
        if zeros >= 2 and byte <= 3:
            payload.append(3)
            zeros = 0
        payload.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return b"\0\0\0\1" + bytes([header]) + bytes(payload)


def parameter_sets() -> bytes:
    """Return SPS (Main profile, `frame_mbs_only_flag` 0) and PPS."""
    sps = Bits()
    sps.u(77, 8)
    sps.u(0, 8)
    sps.u(30, 8)
    for value in (0, 0, 2, 1):  # id, log2_max_frame_num - 4, poc type 2, num_ref_frames
        sps.ue(value)
    sps.u(0, 1)
    sps.ue(WIDTH // 16 - 1)
    sps.ue(HEIGHT // 32 - 1)
    sps.u(0b00, 2)  # frame_mbs_only_flag, mb_adaptive_frame_field_flag
    sps.u(0b100, 3)  # direct_8x8_inference, frame_cropping, vui
    pps = Bits()
    pps.ue(0)
    pps.ue(0)
    pps.u(0b00, 2)
    for value in (0, 0, 0):
        pps.ue(value)
    pps.u(0b000, 3)
    for value in (0, 0, 0):
        pps.ue(value)
    pps.u(0b000, 3)
    return nal(0x67, sps) + nal(0x68, pps)


def field(luma: NDArray[np.uint8], frame_number: int, bottom: bool) -> bytes:
    """Return one field as an intra slice of raw samples; its colour is grey."""
    slice_ = Bits()
    idr = frame_number == 0 and not bottom
    for value in (0, 7, 0):  # first_mb, I slice, pps
        slice_.ue(value)
    slice_.u(frame_number % 16, 4)
    slice_.u(1, 1)  # field_pic_flag
    slice_.u(int(bottom), 1)
    if idr:
        slice_.ue(0)
        slice_.u(0b00, 2)
    else:
        slice_.u(0, 1)
    slice_.ue(0)  # slice_qp_delta
    for row in range(0, luma.shape[0], 16):
        for column in range(0, luma.shape[1], 16):
            slice_.ue(25)  # I_PCM
            slice_.align()
            block = luma[row : row + 16, column : column + 16]
            slice_.text += "".join(f"{max(1, value):08b}" for value in block.ravel().tolist())
            slice_.text += f"{128:08b}" * 128
    return nal(0x65 if idr else 0x61, slice_)


def field_coded(frames: NDArray[np.uint8]) -> bytes:
    """Return an H.264 stream of grey frames (T, HEIGHT, WIDTH), each coded as two fields."""
    units = [parameter_sets()]
    for number, frame in enumerate(frames):
        units += [field(frame[0::2], number, False), field(frame[1::2], number, True)]
    return b"".join(units)
