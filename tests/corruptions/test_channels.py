"""Channels with memory and with packets: statistics of the lost and of the kept data."""

import numpy as np
import pytest

from corruptions import SEVERITIES
from corruptions.compression.burst_loss import DATAGRAM, burst_loss
from corruptions.compression.rtp_loss import PAYLOAD, rtp_loss
from corruptions.registry import load
from corruptions.types import ClipRandom, Context

START = b"\0\0\0\1"


def context(key: str = "clip", severity: str = "1", seed: int = 0) -> Context:
    return Context(ClipRandom(seed, "mini_kinetics", key, "channel", severity))


def datagrams(count: int) -> list[bytes]:
    """Pictures so small that each is one datagram."""
    return [bytes([number % 256]) for number in range(count)]


@pytest.mark.parametrize("severity", SEVERITIES)
def test_bursts_have_the_mean_loss_and_the_mean_length_of_the_level(severity: int) -> None:
    share, burst = load("burst_loss").level(severity, "mini_kinetics")
    count = 150_000
    _, damage = burst_loss(datagrams(count), (share, burst), context())
    lost = int(damage.details["datagrams_lost"])
    bursts = int(damage.details["bursts"])
    spread = (share * 2 * burst / count) ** 0.5  # of a chain with bursts of b on average
    assert lost / count == pytest.approx(share, abs=5 * spread)
    assert lost / bursts == pytest.approx(burst, rel=5 / bursts**0.5)
    assert damage.units == tuple(sorted(damage.units))
    assert len(damage.units) == lost


def test_lengths_of_bursts_are_geometric() -> None:
    _, damage = burst_loss(datagrams(200_000), (0.1, 4.0), context())
    units = np.array(damage.units)
    starts = np.flatnonzero(np.diff(units, prepend=-2) != 1)
    lengths = np.diff([*starts, len(units)])
    for length in (1, 2, 3, 6):
        expected = 0.25 * 0.75 ** (length - 1)
        assert (lengths == length).mean() == pytest.approx(expected, rel=0.1)


def test_bursts_of_one_over_one_minus_p_are_independent_loss() -> None:
    _, damage = burst_loss(datagrams(200_000), (0.2, 1.25), context())
    lost = np.zeros(200_000, bool)
    lost[list(damage.units)] = True
    assert abs(np.corrcoef(lost[1:], lost[:-1])[0, 1]) < 0.015


def test_what_arrives_of_a_burst_are_whole_datagrams_in_order() -> None:
    unit = b"".join(bytes([number]) * DATAGRAM for number in range(200)) + b"tail"
    received, damage = burst_loss([unit], (0.3, 5.0), context())
    pieces = {unit[i : i + DATAGRAM] for i in range(0, len(unit), DATAGRAM)}
    left = [received[0][i : i + DATAGRAM] for i in range(0, len(received[0]), DATAGRAM)]
    assert set(left) <= pieces
    assert left == sorted(left, key=lambda one: unit.index(one))
    assert damage.bytes_damaged == len(unit) - len(received[0]) > 0


def nal(size: int, fill: int) -> bytes:
    return START + bytes([fill]) * (size - len(START))


def test_a_nal_unit_arrives_whole_or_not_at_all() -> None:
    units = [nal(30, 9) + nal(5000, 1 + number % 200) for number in range(400)]
    received, damage = rtp_loss(units, 0.05, context())
    assert damage.details["nal_units_sent"] == 800
    assert damage.details["packets_sent"] == 400 * (1 + -(-5000 // PAYLOAD))
    kept = 0
    for unit, left in zip(units, received, strict=True):
        assert left in (unit, unit[:30], unit[30:], b"")
        kept += left.endswith(unit[30:])
    assert kept / 400 == pytest.approx(0.95**5, abs=0.1)
    changed = [i for i, (a, b) in enumerate(zip(units, received, strict=True)) if a != b]
    assert damage.units == tuple(changed)
    assert damage.bytes_damaged == sum(map(len, units)) - sum(map(len, received))


def test_start_codes_of_three_bytes_begin_a_nal_unit_too() -> None:
    unit = b"\0\0\1\x09ab" + b"\0\0\0\1\x67cd" + b"\0\0\1\x65ef"
    _, damage = rtp_loss([unit], 0.0, context())
    assert damage.details["nal_units_sent"] == 3
    assert rtp_loss([unit], 0.0, context())[0] == [unit]


@pytest.mark.parametrize(
    ("name", "level"), [("burst_loss", (0.1, 5.0)), ("rtp_loss", 0.05)], ids=["burst", "rtp"]
)
def test_seed_clip_and_severity_each_matter(name: str, level: object) -> None:
    function = load(name).function
    random = np.random.default_rng(5)
    units = [START + random.bytes(10_000).replace(b"\0", b"\1") for _ in range(60)]
    contexts = [context(), context("other"), context(severity="2"), context(seed=1)]
    results = [b"|".join(function(units, level, one)[0]) for one in contexts]
    assert b"|".join(function(units, level, context())[0]) == results[0]
    assert len(set(results)) == 4


@pytest.mark.parametrize("name", ["burst_loss", "rtp_loss"])
def test_an_empty_stream_and_no_loss(name: str) -> None:
    function, level = load(name).function, load(name).level(3, "mini_kinetics")
    units, damage = function([], level, context())
    assert units == []
    assert (damage.units, damage.bytes_damaged, damage.bytes_total) == ((), 0, 0)
    none = (0.0, 4.0) if name == "burst_loss" else 0.0
    assert function([nal(9_000, 5), b""], none, context())[0] == [nal(9_000, 5), b""]


@pytest.mark.parametrize(
    ("name", "level"),
    [("burst_loss", (0.6, 4.0)), ("burst_loss", (0.1, 0.5)), ("rtp_loss", 1.5), ("rtp_loss", -1)],
)
def test_impossible_levels_are_refused(name: str, level: object) -> None:
    with pytest.raises(ValueError, match="level"):
        load(name).function([b"unit"], level, context())
