"""Encodings are their formulas; damage is FFmpeg's rule and the statistics of lost datagrams."""

from fractions import Fraction

import av
import numpy as np
import pytest
from av.bitstream import BitStreamFilterContext

from corruptions.compression.bit_error import bit_error, bit_error_original
from corruptions.compression.packet_loss import DATAGRAM, packet_loss
from corruptions.registry import load
from corruptions.types import ClipRandom, Context, Encoding, Stream

STREAM = Stream(340, 256, Fraction(25), 250, bit_rate=640_999, container_bit_rate=768_000)
CODECS = {"h264": "libx264", "h265": "libx265"}


def context(key: str = "clip", severity: str = "1", seed: int = 0) -> Context:
    return Context(ClipRandom(seed, "mini_kinetics", key, "channel", severity))


def encodings(name: str, dialect: str = "ours") -> list[Encoding]:
    corruption = load(name, dialect)
    return [corruption.function(STREAM, corruption.level(s, "mini_ssv2")) for s in (1, 2, 3, 4, 5)]


@pytest.mark.parametrize(
    ("name", "crfs"), [("h264_crf", (23, 30, 37, 44, 51)), ("h265_crf", (27, 33, 39, 45, 51))]
)
@pytest.mark.parametrize("dialect", ["ours", "original"])
def test_crf_is_the_level(name: str, crfs: tuple[int, ...], dialect: str) -> None:
    codec = CODECS[name[:4]]
    assert encodings(name, dialect) == [Encoding(codec, "medium", crf=crf) for crf in crfs]


@pytest.mark.parametrize("name", ["h264_abr", "h265_abr"])
def test_rate_is_a_fraction_of_the_video_streams_in_whole_kilobits(name: str) -> None:
    rates = (320_000, 160_000, 80_000, 40_000, 20_000)
    codec = CODECS[name[:4]]
    assert encodings(name) == [Encoding(codec, "medium", bit_rate=rate) for rate in rates]


@pytest.mark.parametrize("dialect", ["ours", "original"])
def test_codecs_of_today_are_set_by_the_level(dialect: str) -> None:
    rates = (320_000, 160_000, 80_000, 40_000, 20_000)
    for name, codec, preset, crfs in (
        ("av1", "libsvtav1", "8", (35, 42, 49, 56, 63)),
        ("vp9", "libvpx-vp9", "4", (31, 39, 47, 55, 63)),
    ):
        found = encodings(f"{name}_crf", dialect)
        assert found == [Encoding(codec, preset, crf=crf) for crf in crfs]
        found = encodings(f"{name}_abr", dialect)
        assert found == [Encoding(codec, preset, bit_rate=rate) for rate in rates]
    assert [one.quantiser for one in encodings("mpeg4_q", dialect)] == [3, 10, 17, 24, 31]


def test_the_low_delay_rate_is_in_bits_per_pixel() -> None:
    found = encodings("h264_low_delay")
    assert all(one.low_delay for one in found)
    assert [one.bit_rate for one in found] == [217_000, 108_000, 54_000, 27_000, 13_000]


@pytest.mark.parametrize("name", ["h264_abr", "h265_abr"])
def test_the_original_divides_the_containers_rate(name: str) -> None:
    rates = [encoding.bit_rate for encoding in encodings(name, "original")]
    assert rates == [384_000, 192_000, 96_000, 48_000, 24_000]


def test_no_source_is_too_thin_for_a_rate() -> None:
    thin = Stream(340, 256, Fraction(25), 250, bit_rate=5_000)
    assert load("h264_abr").function(thin, 32).bit_rate == 1_000


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("h264_crf", 52),
        ("h265_crf", -1),
        ("h264_abr", 0),
        ("h265_abr", -2),
        ("av1_crf", 64),
        ("av1_crf", 30.1),
        ("vp9_crf", 30.5),
        ("av1_abr", 0),
        ("vp9_abr", -1),
        ("mpeg4_q", 0),
        ("mpeg4_q", 2.5),
        ("h264_low_delay", 0),
    ],
)
def test_levels_out_of_range_are_refused(name: str, level: float) -> None:
    with pytest.raises(ValueError, match="level"):
        load(name).function(STREAM, level)


@pytest.mark.parametrize(
    ("function", "level"), [(bit_error, 0), (bit_error, 2.5), (packet_loss, 1.5)]
)
def test_damage_out_of_range_is_refused(function: object, level: float) -> None:
    with pytest.raises(ValueError, match="level"):
        function([b"unit"], level, context())


def filtered(units: list[bytes], amount: int) -> list[bytes]:
    """What FFmpeg's own filter makes of coded pictures."""
    noise = BitStreamFilterContext(f"noise=amount={amount}")
    return [bytes(packet) for unit in units for packet in noise.filter(av.Packet(unit))]


@pytest.mark.parametrize("amount", [1, 2, 255, 256, 1_000, 30_000])
def test_original_bit_errors_are_those_of_ffmpegs_filter(amount: int) -> None:
    random = np.random.default_rng(amount)
    units = [random.bytes(int(size)) for size in random.integers(1, 20_000, 60)]
    assert bit_error_original(units, amount, context())[0] == filtered(units, amount)


def test_the_state_wraps_at_32_bits_as_in_ffmpegs_filter() -> None:
    random = np.random.default_rng(0)
    units = [random.integers(200, 256, 1_500_000).astype(np.uint8).tobytes() for _ in range(14)]
    assert sum(256 * len(unit) for unit in units) > 2**32
    assert bit_error_original(units, 10_000, context())[0] == filtered(units, 10_000)


def test_about_one_byte_in_the_level_is_replaced_and_the_damage_recorded() -> None:
    random = np.random.default_rng(3)
    units = [random.bytes(20_000) for _ in range(100)]
    noisy, damage = bit_error(units, 1_000, context())
    changed = [
        int((np.frombuffer(a, np.uint8) != np.frombuffer(b, np.uint8)).sum())
        for a, b in zip(units, noisy, strict=True)
    ]
    assert [len(unit) for unit in noisy] == [len(unit) for unit in units]
    assert damage.units == tuple(np.flatnonzero(changed))
    assert damage.bytes_damaged == sum(changed)
    assert damage.bytes_total == 2_000_000
    assert abs(sum(changed) - 2_000) < 5 * 2_000**0.5


def test_each_datagram_is_lost_on_its_own_with_the_levels_probability() -> None:
    random = np.random.default_rng(4)
    units = [random.bytes(int(size)) for size in random.integers(1, 40_000, 3_000)]
    received, damage = packet_loss(units, 0.03, context())
    sent = sum(-(-len(unit) // DATAGRAM) for unit in units)
    assert damage.details["datagrams_sent"] == sent
    lost = damage.details["datagrams_lost"]
    assert abs(lost - 0.03 * sent) < 4 * (0.03 * 0.97 * sent) ** 0.5
    assert damage.bytes_total == sum(map(len, units))
    assert damage.bytes_damaged == damage.bytes_total - sum(map(len, received))
    touched = [i for i, (a, b) in enumerate(zip(units, received, strict=True)) if a != b]
    assert damage.units == tuple(touched)


def test_what_arrives_are_whole_datagrams_in_order() -> None:
    unit = np.repeat(np.arange(20, dtype=np.uint8), DATAGRAM).tobytes() + b"tail"
    received, damage = packet_loss([unit], 0.3, context())
    pieces = [unit[i : i + DATAGRAM] for i in range(0, len(unit), DATAGRAM)]
    kept = iter(pieces)
    rest = received[0]
    while rest:
        piece = next(kept)
        if rest.startswith(piece):
            rest = rest[len(piece) :]
    assert 0 < damage.details["datagrams_lost"] < damage.details["datagrams_sent"] == 21


def test_nothing_and_everything_can_be_lost() -> None:
    units = [bytes(5_000), b"", bytes(10)]
    assert packet_loss(units, 0, context())[0] == units
    received, damage = packet_loss(units, 1, context())
    assert received == [b"", b"", b""]
    assert damage.units == (0, 2)


@pytest.mark.parametrize(("function", "level"), [(bit_error, 3_000), (packet_loss, 0.05)])
def test_seed_clip_and_severity_each_matter(function: object, level: float) -> None:
    random = np.random.default_rng(5)
    units = [random.bytes(10_000) for _ in range(60)]
    contexts = [context(), context("other"), context(severity="2"), context(seed=1)]
    results = [function(units, level, one)[0] for one in contexts]
    assert function(units, level, context())[0] == results[0]
    assert len({b"".join(result) for result in results}) == 4


def test_the_seed_does_not_matter_to_the_original_bit_errors() -> None:
    units = [np.random.default_rng(6).bytes(50_000)]
    results = [bit_error_original(units, 500, context(seed=seed)) for seed in (0, 1)]
    assert results[0] == results[1]
    assert bit_error(units, 500, context())[0] != results[0][0]


@pytest.mark.parametrize(("function", "level"), [(bit_error, 100), (packet_loss, 0.05)])
def test_an_empty_stream_has_no_damage(function: object, level: float) -> None:
    units, damage = function([], level, context())
    assert units == []
    assert (damage.units, damage.bytes_damaged, damage.bytes_total) == ((), 0, 0)
