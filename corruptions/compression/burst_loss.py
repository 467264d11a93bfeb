"""Burst loss: a live stream over a channel that loses several datagrams one after the other.

The source is encoded and cut into datagrams as in `packet_loss`. The channel is Gilbert and
Elliott's, with two states: in the good one every datagram arrives, in the bad one every datagram is
lost. After a datagram the state changes

    from bad to good with chance 1 / b,    from good to bad with chance p / (b (1 - p))

so that a share p of the datagrams is lost in bursts of b on average (b = 1 / (1 - p) is independent
loss). The first state is bad with probability p.

Level: p, share of the datagrams that are lost, in [0, 0.5]; b, mean length of a burst in datagrams,
in [1, 10000].

Random: one number per datagram, drawn per clip and severity in sending order.
"""

import numpy as np
from numpy.typing import NDArray

from corruptions.types import Context, Damage, Encoding, random_uniforms

SOURCE = "Gilbert (1960) and Elliott (1963), channel with memory; table ours"
ACTS_ON = "stream"
LEVELS = ((0.02, 4.0), (0.04, 5.0), (0.06, 6.0), (0.1, 8.0), (0.15, 10.0))  # (p, b)
CARRIER = Encoding("libx264", preset="medium", crf=23)
AS_IT_IS = ()
"""Codecs whose streams are sent without being encoded again: none."""
DATAGRAM = 1472  # bytes
MOST_LOSS, MOST_BURST = 0.5, 10_000


def burst_loss(
    units: list[bytes], level: tuple[float, float], context: Context
) -> tuple[list[bytes], Damage]:
    """Lose `level[0]` of the datagrams in bursts of `level[1]` on average."""
    share, burst = level
    if not (0 <= share <= MOST_LOSS and 1 <= burst <= MOST_BURST):
        raise ValueError(f"{level = }: share of loss in 0..0.5, mean burst in 1..{MOST_BURST}.")
    counts = [-(-len(unit) // DATAGRAM) for unit in units]
    lost = _lost(sum(counts), share, burst, context.random.clip())
    received, damaged, first = [], [], 0
    for index, (unit, count) in enumerate(zip(units, counts, strict=True)):
        kept = np.flatnonzero(~lost[first : first + count]).tolist()
        first += count
        if len(kept) < count:
            damaged.append(index)
            unit = b"".join(unit[DATAGRAM * i : DATAGRAM * (i + 1)] for i in kept)
        received.append(unit)
    sent = sum(len(unit) for unit in units)
    damage = Damage(
        units=tuple(damaged),
        bytes_damaged=sent - sum(len(unit) for unit in received),
        bytes_total=sent,
        details={
            "datagrams_sent": len(lost),
            "datagrams_lost": int(lost.sum()),
            "bursts": int((np.diff(lost.astype(np.int8), prepend=0) == 1).sum()),
        },
    )
    return received, damage


def _lost(count: int, share: float, burst: float, bits: np.random.Philox) -> NDArray[np.bool_]:
    """Return which datagrams meet the channel in its bad state."""
    draws = random_uniforms(bits, count)
    lost = np.zeros(count, bool)
    chances = (share / (burst * (1 - share)), 1 - 1 / burst)  # of bad next, after good and bad
    bad = False
    for index, draw in enumerate(draws.tolist()):
        bad = draw < (share if index == 0 else chances[bad])
        lost[index] = bad
    return lost
