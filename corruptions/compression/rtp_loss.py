"""RTP loss: a video call over RTP, whose receiver drops what is not complete.

The source is encoded as CARRIER says (libx264, CRF 23). As RFC 6184 has it, every NAL unit of the
stream is sent by itself, in one packet or, above 1,200 bytes, in fragments (FU-A) of at most that
many; the receiver sees by sequence numbers what is missing and throws away every NAL unit of which
a fragment is lost. Packet i of the clip is lost if

    u_i < p,  u_i uniform in [0, 1)

so a NAL unit of n packets arrives with probability (1 - p)^n: a large picture is lost as a whole,
where `packet_loss` loses a part and decodes the rest. The parameter sets also reach the decoder out
of band, so that decoding can always start. The decoder conceals; missing pictures repeat the last
good one.

Level: p, probability that a packet is lost, in [0, 1].

Random: one u per packet, drawn per clip and severity in sending order.
"""

import re

import numpy as np

from corruptions.types import Context, Damage, Encoding, random_uniforms

SOURCE = "RFC 6184, RTP payload format for H.264, non-interleaved mode; table ours"
ACTS_ON = "stream"
LEVELS = (0.005, 0.01, 0.02, 0.03, 0.05)  # p: probability that a packet is lost
CARRIER = Encoding("libx264", preset="medium", crf=23)
AS_IT_IS = ()
"""Codecs whose streams are sent without being encoded again: none."""
PAYLOAD = 1200  # bytes
START = re.compile(
    rb"\x00?\x00\x00\x01"
)  # of a NAL unit in Annex B; no other place has these bytes


def rtp_loss(units: list[bytes], level: float, context: Context) -> tuple[list[bytes], Damage]:
    """Lose each packet with probability `level`, and with it its NAL unit."""
    if not 0 <= level <= 1:
        raise ValueError(f"{level = } must be a probability in 0..1.")
    nals = [_nals(unit) for unit in units]
    counts = [max(1, -(-len(nal) // PAYLOAD)) for unit in nals for nal in unit]
    lost = random_uniforms(context.random.clip(), sum(counts)) < level
    ends = np.cumsum(counts, dtype=np.intp)
    harmed = iter(
        [bool(lost[end - count : end].any()) for end, count in zip(ends, counts, strict=True)]
    )
    received = [b"".join(nal for nal in unit if not next(harmed)) for unit in nals]
    sent = sum(len(unit) for unit in units)
    pairs = enumerate(zip(units, received, strict=True))
    damage = Damage(
        units=tuple(index for index, (unit, left) in pairs if len(left) < len(unit)),
        bytes_damaged=sent - sum(len(unit) for unit in received),
        bytes_total=sent,
        details={
            "packets_sent": len(lost),
            "packets_lost": int(lost.sum()),
            "nal_units_sent": len(counts),
        },
    )
    return received, damage


def _nals(unit: bytes) -> list[bytes]:
    """Return the NAL units of an access unit, each with its start code."""
    starts = [found.start() for found in START.finditer(unit)]
    if not starts or starts[0] > 0:
        starts = [0, *starts]
    return [unit[a:b] for a, b in zip(starts, [*starts[1:], len(unit)], strict=True) if b > a]
