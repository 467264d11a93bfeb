"""Packet loss: a live stream over UDP, some of whose datagrams never arrive.

The source is encoded as CARRIER says (libx264, CRF 23). The bytes of each access unit (Annex B)
are cut into datagrams of 1,472 bytes, as FFmpeg's UDP output cuts them (1,500 of Ethernet less the
IP and UDP headers); an access unit's last datagram is a shorter one. Datagram i of the clip is lost
if

    u_i < p,  u_i uniform in [0, 1)

and its bytes are missing from the stream; nothing tells the decoder where. The parameter sets also
reach it out of band, so that decoding can always start. The decoder conceals; missing pictures
repeat the last good one.

Level: p, probability that a datagram is lost, in [0, 1].

Random: one u per datagram, drawn per clip and severity in sending order.

Dialects: `original` cannot be reproduced and is the same as `ours` here. It sent the stream in real
time through Mininet's emulated links with two ffmpeg programs, as root and unseeded; which frames
were received depended on the machine's load even at 0 % loss.
"""

import numpy as np

from corruptions.types import Context, Damage, Encoding, random_uniforms

SOURCE = "Mini Kinetics-C / Mini SSV2-C, corruption `packet_loss`"
ACTS_ON = "stream"
LEVELS = (0.01, 0.02, 0.03, 0.04, 0.06)  # probability that a datagram is lost
CARRIER = Encoding("libx264", preset="medium", crf=23)
AS_IT_IS = ()
"""Codecs whose streams are sent without being encoded again: none."""
DATAGRAM = 1472  # bytes


def packet_loss(units: list[bytes], level: float, context: Context) -> tuple[list[bytes], Damage]:
    """Lose each datagram with probability `level`."""
    if not 0 <= level <= 1:
        raise ValueError(f"{level = } must be a probability in 0..1.")
    counts = [-(-len(unit) // DATAGRAM) for unit in units]
    lost = random_uniforms(context.random.clip(), sum(counts)) < level

    received, damaged, first = [], [], 0
    for index, (unit, count) in enumerate(zip(units, counts, strict=True)):
        gone = lost[first : first + count]
        first += count
        if gone.any():
            damaged.append(index)
            kept = np.flatnonzero(~gone).tolist()
            unit = b"".join(unit[DATAGRAM * i : DATAGRAM * (i + 1)] for i in kept)
        received.append(unit)

    sent = sum(len(unit) for unit in units)
    damage = Damage(
        units=tuple(damaged),
        bytes_damaged=sent - sum(len(unit) for unit in received),
        bytes_total=sent,
        details={"datagrams_sent": len(lost), "datagrams_lost": int(lost.sum())},
    )
    return received, damage
