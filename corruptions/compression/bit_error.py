"""Bit errors: a channel or a disk that flips bytes of the coded stream, which is then decoded.

The rule of FFmpeg's bitstream filter `noise=amount=A`, over the bytes b of all coded pictures in
coding order, with a 32-bit state s that wraps:

    s_i = s_(i-1) + b_i + 1 mod 2**32
    b_i becomes s_i mod 256 where s_i is a multiple of A

so about one byte in A is replaced. An H.264 source is damaged as it is; every other codec is first
encoded as CARRIER says (libx264, CRF 23; SSV2 is VP9, whose damaged streams decode to next to
nothing). The video stream alone is damaged, and its parameter sets are also known from the
container's header, so that decoding can start. The decoder conceals; missing pictures repeat the
last good one.

Level: A, bytes for each one that is replaced, on average, whole, in 1..2**31 - 1.

Random: s_0, one 32-bit number per clip and severity; the rule itself is deterministic.

Dialects: `original` starts at s_0 = 0, as the filter does, byte for byte; the seed has no effect.
It damaged the audio too, with a state of its own, which no picture shows. Not reproduced: VP8 and
VP9 (all of SSV2) left it an empty file, and other codecs in mp4 were damaged as they are; here all
but H.264 go through CARRIER in both dialects.
"""

import numpy as np

from corruptions.types import Context, Damage, Encoding

SOURCE = "Mini Kinetics-C / Mini SSV2-C, corruption `bit_error`; FFmpeg, bitstream filter `noise`"
ACTS_ON = "stream"
LEVELS = (100_000, 50_000, 30_000, 20_000, 10_000)  # bytes per replaced byte, on average
CARRIER = Encoding("libx264", preset="medium", crf=23)
AS_IT_IS = ("h264",)
"""Codecs whose streams are damaged without being encoded again."""


def bit_error(units: list[bytes], level: int, context: Context) -> tuple[list[bytes], Damage]:
    """Replace about one byte in `level`; the state starts at a number drawn from the seed."""
    start = int(context.random.clip().random_raw()) & 0xFFFFFFFF
    return _noise(units, level, start)


def bit_error_original(
    units: list[bytes], level: int, context: Context
) -> tuple[list[bytes], Damage]:
    """Replace about one byte in `level`, exactly those that FFmpeg's filter replaces."""
    return _noise(units, level, 0)


def _noise(units: list[bytes], amount: int, start: int) -> tuple[list[bytes], Damage]:
    if not 1 <= amount < 2**31 or amount != int(amount):
        raise ValueError(f"level = {amount} must be a whole number of bytes in 1..2**31-1.")
    clean = np.frombuffer(b"".join(units), np.uint8)
    states = np.add(clean, 1, dtype=np.uint32)
    if states.size:
        states[0] += np.uint32(start)  # wraps, as the filter's state does
    states = np.cumsum(states, dtype=np.uint32)
    (hits,) = np.nonzero(states % np.uint32(amount) == 0)
    noisy = clean.copy()
    noisy[hits] = (states[hits] & 255).astype(np.uint8)
    changed = hits[noisy[hits] != clean[hits]]

    ends = np.cumsum([len(unit) for unit in units], dtype=np.intp)
    damaged = np.unique(np.searchsorted(ends, changed, side="right"))
    stream = noisy.tobytes()
    starts = [0, *ends.tolist()]
    damage = Damage(
        units=tuple(damaged.tolist()),
        bytes_damaged=len(changed),
        bytes_total=len(stream),
        details={"amount": int(amount), "state": start},
    )
    return [stream[starts[i] : starts[i + 1]] for i in range(len(units))], damage
