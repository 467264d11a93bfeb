"""Coded pictures of a stream: which of them are shown, and when."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

FIELD_CODECS = frozenset({"h264", "vc1", "wmv3", "mpeg2video", "mpeg1video"})
"""Codecs in which two packets, one per field, can be one frame."""

PROGRESSIVE = 1
"""FFmpeg's field order of streams without fields."""

EMPTY_PICTURE = 16
"""Bytes up to which a packet of MPEG-4 part 2 may be a picture that is not shown."""

JOINED_CONTAINERS = ("mpegts", "mpeg")
"""Containers whose files are often joined from parts with clocks of their own."""

JUMP, BACKWARDS = 10, Fraction(1, 10)
"""Seconds forwards or backwards between two pictures of a transport stream that was joined from
parts with clocks of their own; as ffmpeg's `-dts_delta_threshold`."""


@dataclass
class PacketWalk:
    """Pictures of a video stream, as described by its packets."""

    codec: str
    container: str
    time_base: Fraction
    num_bytes: int = 0
    """Bytes of all pictures, except those that only lead in to the first one shown."""
    num_packets: int = 0
    shown: list[tuple[int, int]] = field(default_factory=list)
    """Time stamp and duration of each picture that is shown, in ticks."""
    _decode: list[int | None] = field(default_factory=list)
    _offset: int = 0
    _last: int | None = None
    _complete: bool = True
    is_certain: bool = True
    """False if only the decoder can tell how many pictures are shown."""

    def add(self, packet: Any) -> None:
        """Take one packet, in coding order."""
        self.num_packets += 1
        if packet.is_discard:
            return
        self.num_bytes += packet.size
        self._follow(packet.dts, packet.duration or 0)
        if not self._is_shown(packet):
            return
        self._complete &= packet.pts is not None
        stamp = packet.dts if packet.pts is None else packet.pts
        self.shown.append((self._offset + (stamp or 0), packet.duration or 0))
        self._decode.append(None if packet.dts is None else self._offset + packet.dts)

    @property
    def timeline(self) -> tuple[list[int], list[int]]:
        """Time stamps of the shown pictures in ascending order, and their durations, in ticks."""
        if self._complete and self.container != "avi":
            stamps = sorted(self.shown)
        elif None in self._decode:
            return [], []
        else:  # AVI has decoding times only
            stamps = sorted(
                (time, duration)
                for time, (_, duration) in zip(self._decode, self.shown, strict=True)
                if time is not None
            )
        return [stamp for stamp, _ in stamps], [duration for _, duration in stamps]

    def _follow(self, dts: int | None, duration: int) -> None:
        """Continue the clock where a joined part with a clock of its own begins, as ffmpeg does."""
        if dts is None:
            return
        if self._last is not None and self.container in JOINED_CONTAINERS:
            step = (dts + self._offset - self._last) * self.time_base
            if step < -BACKWARDS or step > JUMP:
                self._offset = self._last + max(1, duration) - dts
        self._last = dts + self._offset

    def _is_shown(self, packet: Any) -> bool:
        if self.codec == "vp8":
            return bool(packet.size) and _vp8_is_shown(memoryview(packet)[0])
        if self.codec == "vp9":
            return _vp9_is_shown(memoryview(packet))
        if self.codec == "mpeg4" and packet.size <= EMPTY_PICTURE:
            self.is_certain = False
        return True


def _vp8_is_shown(tag: int) -> bool:
    """Return the bit `show_frame` of a VP8 frame tag (RFC 6386, section 9.1)."""
    return bool(tag >> 4 & 1)


def _vp9_is_shown(data: memoryview) -> bool:
    """Return whether a VP9 packet shows a picture: `show_existing_frame` or `show_frame`.

    A superframe (its last byte begins with the bits 110) holds hidden pictures and one shown one.
    """
    if len(data) == 0 or data[-1] & 0b1110_0000 == 0b1100_0000:
        return len(data) > 0
    bits = f"{data[0]:08b}{data[1] if len(data) > 1 else 0:08b}"
    profile = int(bits[2]) + 2 * int(bits[3])
    rest = bits[5:] if profile == 3 else bits[4:]
    return rest[0] == "1" or rest[2] == "1"


def may_have_fields(codec: str, field_order: int) -> bool:
    """Return True if two packets of a stream may be the fields of one frame."""
    return codec in FIELD_CODECS and field_order != PROGRESSIVE
