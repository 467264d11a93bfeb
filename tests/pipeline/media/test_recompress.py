"""Source videos go through codecs and channels and come back with every frame, or with a reason."""

import tempfile
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import ffmpeg as builder
import numpy as np
import pytest

from corruptions.codec.coding import encode
from corruptions.codec.frames import i420, planar
from corruptions.registry import Corruption, load
from corruptions.types import ClipRandom, Context, Damage, Encoding, Stream
from pipeline.errors import ClipError
from pipeline.media import ffmpeg
from pipeline.media.carrier import take_stream
from pipeline.media.preprocess import Preprocess
from pipeline.media.recompress import Recompressed, recompress
from pipeline.media.source import VideoSource
from tests.support.videos import H264, make_video, moving_clip

NAMES = ("h264_crf", "h265_abr", "av1_crf", "vp9_abr", "mpeg4_q", "bit_error", "packet_loss")
NUM_FRAMES = 20
FAST = {"preset": "veryfast"}
QUIET = {"preset": "fast", "x265-params": "log-level=none:pools=none:frame-threads=1"}
VP9 = {"cpu-used": "8", "lag-in-frames": "8"}

# name: encoder, options, pixel format, width, height
SOURCES = {
    "h264.mp4": ("libx264", FAST, "yuv420p", 120, 90),
    "h264.ts": ("libx264", FAST, "yuv420p", 120, 90),
    "h264.avi": ("libx264", FAST, "yuv420p", 120, 90),
    "full_range.mp4": ("libx264", FAST, "yuvj420p", 120, 90),
    "ten_bit.mp4": ("libx264", FAST, "yuv422p10le", 120, 90),
    "hevc.mkv": ("libx265", QUIET, "yuv420p", 120, 90),
    "mpeg4.avi": ("mpeg4", {}, "yuv420p", 120, 90),
    "vp9.webm": ("libvpx-vp9", VP9, "yuv420p", 120, 90),
    "odd.webm": ("libvpx-vp9", VP9, "yuv420p", 121, 91),
    "tiny.webm": ("libvpx-vp9", VP9, "yuv420p", 33, 2),
    "rgb.mkv": ("ffv1", {}, "bgr0", 120, 90),
}


def write(path: Path, num_frames: int = NUM_FRAMES, sound: bool = False) -> None:
    codec, options, pix_fmt, width, height = SOURCES[path.name]
    t, y, x = np.ogrid[:num_frames, :height, :width]
    texture = (x + 3 * t) * (y + t) % 61 + 60 + 60 * np.sin((x - 2 * t) / 9 + y / 5)
    clip = np.stack([texture, texture / 2 + 60, 220 - texture], -1).clip(0, 255).astype(np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(25), options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        stream.codec_context.thread_count = 1
        if sound:
            audio = container.add_stream("aac", rate=44_100, layout="mono")
            noise = np.random.default_rng(0).uniform(-1, 1, (1, 44_100)).astype(np.float32)
            for start in range(0, 44_100 - 1_024, 1_024):
                frame = av.AudioFrame.from_ndarray(
                    np.ascontiguousarray(noise[:, start : start + 1_024]), "fltp", "mono"
                )
                frame.sample_rate, frame.pts = 44_100, start
                container.mux(audio.encode(frame))
            container.mux(audio.encode(None))
        for image in clip:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sources")
    for name in SOURCES:
        write(folder / name)
    return folder


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made, to see that they go."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    return tmp_path / "scratch"


def contexts(name: str, seed: int = 0) -> list[Context]:
    return [Context(ClipRandom(seed, "demo", "clip", name, str(s))) for s in (1, 2, 3, 4, 5)]


def all_levels(corruption: Corruption) -> list[object]:
    return [corruption.level(severity, "mini_kinetics") for severity in (1, 2, 3, 4, 5)]


def run(
    path: Path, name: str, levels: Sequence[object] | None = None, **options: object
) -> Iterator[Recompressed]:
    corruption = load(name, options.get("dialect", "ours"))
    levels = all_levels(corruption) if levels is None else levels
    given = contexts(name, options.get("seed", 0))[: len(levels)]
    return recompress(path, corruption, levels, given, timeout_seconds=60)


def arrays(frames: Iterator[av.VideoFrame]) -> list[np.ndarray]:
    return [frame.to_ndarray() for frame in frames]


def source_frames(path: Path) -> list[np.ndarray]:
    with VideoSource(path) as video:
        return arrays(video.frames())


def same(one: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> bool:
    return all((a == b).all() for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("source", SOURCES)
def test_every_frame_comes_back_at_native_size(folder: Path, source: str, name: str) -> None:
    width, height = SOURCES[source][3:]
    results = 0
    for made in run(folder / source, name):
        assert made.num_frames == NUM_FRAMES
        sizes = [(frame.width, frame.height) for frame in made.frames]
        assert sizes == [(width, height)] * NUM_FRAMES
        assert made.encoder
        channel = name in ("bit_error", "packet_loss")
        assert (made.damaged_frames is not None) == channel
        assert (made.repeated_frames is not None) == channel
        results += 1
    assert results == 5


@pytest.mark.parametrize("source", SOURCES)
def test_colours_are_those_of_the_clean_clip(folder: Path, source: str) -> None:
    """Range and matrix are kept, also where the encoder was told other ones."""
    if source == "tiny.webm":
        pytest.skip("too small for the crop of the preprocessing to mean much")
    with VideoSource(folder / source) as video:
        clean = [Preprocess(96, 80)(frame) for frame in video.frames()]
    for name, level in (("h264_crf", 1), ("packet_loss", 0), ("bit_error", 2**31 - 1)):
        [made] = run(folder / source, name, [level])
        for frame, expected in zip(made.frames, clean, strict=True):
            difference = Preprocess(96, 80)(frame, made.orientation).astype(float) - expected
            assert abs(difference.mean()) < 1.5
            assert 10 * np.log10(255**2 / max(np.mean(difference**2), 1e-9)) > 25


@pytest.mark.parametrize("source", ["h264.mp4", "h264.ts", "ten_bit.mp4", "full_range.mp4"])
def test_h264_sources_are_damaged_as_they_are(folder: Path, source: str) -> None:
    [made] = run(folder / source, "bit_error", [2**31 - 1])
    assert "stream of the source" in made.encoder
    assert same(arrays(made.frames), source_frames(folder / source))
    assert (made.damaged_frames, made.repeated_frames) == (0, 0)


@pytest.mark.parametrize("source", ["vp9.webm", "hevc.mkv", "mpeg4.avi"])
def test_other_sources_are_first_encoded_as_the_carrier(folder: Path, source: str) -> None:
    [damaged] = run(folder / source, "bit_error", [2**31 - 1])
    [lossless] = run(folder / source, "packet_loss", [0])
    [encoded] = run(folder / source, "h264_crf", [23])
    frames = arrays(encoded.frames)
    assert same(arrays(damaged.frames), frames)
    assert same(arrays(lossless.frames), frames)
    assert "libx264 preset=medium" in damaged.encoder
    assert "crf=23" in damaged.encoder


def test_original_bit_errors_are_those_of_ffmpegs_program(folder: Path, tmp_path: Path) -> None:
    source, amount = folder / "h264.mp4", 300
    copy = builder.input(str(source)).output(
        str(tmp_path / "noisy.mp4"), **{"c": "copy", "bsf:v": f"noise=amount={amount}"}
    )
    ffmpeg.run(copy, timeout_seconds=60)
    with VideoSource(source) as video:
        taken = take_stream(video, 60)
    assert taken is not None
    units, damage = load("bit_error", "original").function(
        taken[0].units, amount, contexts("bit_error")[0]
    )
    with av.open(str(tmp_path / "noisy.mp4")) as container:
        packets = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    assert units == packets
    assert damage.bytes_damaged > 10


def test_encodings_are_those_of_the_library(folder: Path) -> None:
    path = folder / "vp9.webm"
    with VideoSource(path) as video:
        stream = Stream(120, 90, video.info.fps, NUM_FRAMES, video.info.bit_rate)
        planes = [i420(planar(frame), 120, 90) for frame in video.frames()]
    coded = encode(planes, stream, Encoding("libx264", "medium", crf=37))
    decoder = av.CodecContext.create("h264", "r")
    packets = [*decoder.parse(b"".join(coded.units)), *decoder.parse(b""), None]
    expected = [frame.to_ndarray() for packet in packets for frame in decoder.decode(packet)]
    [made] = run(path, "h264_crf", [37])
    assert same(arrays(made.frames), expected)


def test_the_source_is_decoded_once_for_all_levels_but_for_av1(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[Path] = []
    decode_frames = VideoSource.decoded

    def counted(video: VideoSource) -> Iterator[av.VideoFrame]:
        decoded.append(video.path)
        return decode_frames(video)

    monkeypatch.setattr(VideoSource, "decoded", counted)
    for name in NAMES:
        decoded.clear()
        assert len([list(made.frames) for made in run(folder / "h264.mp4", name)]) == 5
        assert len(decoded) == (5 if name == "av1_crf" else 1), name


def test_rates_are_those_of_the_video_stream_or_in_the_original_of_the_file(
    tmp_path: Path,
) -> None:
    path = tmp_path / "h264.mp4"
    write(path, num_frames=25, sound=True)
    with VideoSource(path) as video:
        size = sum(packet.size for packet in video.packets())
    rate = size * 8  # 25 frames at 25 frames per second
    file_rate = path.stat().st_size * 8
    assert file_rate > 1.1 * rate
    [ours] = run(path, "h264_abr", [4])
    assert f"b={rate // 4_000 * 1_000} " in ours.encoder
    [original] = run(path, "h264_abr", [4], dialect="original")
    assert f"b={file_rate // 4_000 * 1_000} " in original.encoder


def test_rotation_is_told_and_not_applied(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "turned.mp4"
    copy = builder.input(str(folder / "h264.mp4"), display_rotation=90).output(str(path), c="copy")
    ffmpeg.run(copy, timeout_seconds=60)
    for name in NAMES:
        for made in run(path, name):
            frame = next(made.frames)
            assert (frame.width, frame.height) == (120, 90)
            assert made.orientation == (90, False)


@pytest.mark.parametrize(("name", "level"), [("bit_error", 500), ("packet_loss", 0.3)])
def test_damage_is_recorded_and_depends_on_the_seed(folder: Path, name: str, level: float) -> None:
    frames, damages = [], []
    for seed in (0, 0, 1):
        [made] = run(folder / "h264.mp4", name, [level], seed=seed)
        frames.append(arrays(made.frames))
        assert isinstance(made.damage, Damage)
        assert made.damaged_frames == len(made.damage.units) > 0
        assert 0 < made.damage.bytes_damaged < made.damage.bytes_total
        damages.append(made.damage)
    assert damages[0] == damages[1] != damages[2]
    assert same(frames[0], frames[1])
    assert not same(frames[0], frames[2])


def test_repeated_frames_are_counted(folder: Path) -> None:
    [made] = run(folder / "h264.mp4", "packet_loss", [0.5])
    frames = arrays(made.frames)
    repeats = sum((a == b).all() for a, b in zip(frames, frames[1:], strict=False))
    assert len(frames) == NUM_FRAMES
    assert made.repeated_frames is not None
    assert 0 < made.repeated_frames <= repeats


def test_one_undecodable_level_does_not_take_the_others_along(folder: Path) -> None:
    levels = [0, 1, 0.01]
    reasons, counts = [], []
    for made in run(folder / "vp9.webm", "packet_loss", levels):
        try:
            counts.append(len(list(made.frames)))
        except ClipError as error:
            reasons.append(str(error))
    assert counts == [NUM_FRAMES, NUM_FRAMES]
    assert len(reasons) == 1
    assert "could be decoded" in reasons[0]


@pytest.mark.parametrize("name", NAMES)
def test_what_cannot_be_read_is_a_clip_error(folder: Path, tmp_path: Path, name: str) -> None:
    empty, text, cut = (tmp_path / f"{one}.mp4" for one in ("empty", "text", "cut"))
    empty.touch()
    text.write_text("no video\n" * 100)
    cut.write_bytes((folder / "h264.mp4").read_bytes()[:2_000])
    for path, words in (
        (empty, "empty file"),
        (text, "cannot open: Invalid data"),
        (cut, "cannot open: Invalid data"),
        (tmp_path / "missing.mp4", "no such file"),
    ):
        with pytest.raises(ClipError, match=words) as caught:
            [list(made.frames) for made in run(path, name)]
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_the_time_limit_is_a_clip_error(folder: Path, name: str) -> None:
    corruption = load(name)
    with pytest.raises(ClipError, match="within"):
        next(
            recompress(
                folder / "vp9.webm",
                corruption,
                all_levels(corruption),
                contexts(name),
                timeout_seconds=1e-6,
            )
        )


@pytest.mark.parametrize("name", NAMES)
def test_no_temporary_file_stays(folder: Path, scratch: Path, name: str) -> None:
    for made in run(folder / "vp9.webm", name):
        list(made.frames)
    assert not list(scratch.iterdir())
    begun = run(folder / "vp9.webm", name)
    next(begun)
    begun.close()
    assert not list(scratch.iterdir())
    with pytest.raises(ClipError, match="no such file"):
        next(run(folder / "missing.mp4", name))
    assert not list(scratch.iterdir())


def test_a_source_that_changes_its_size_midway(folder: Path, tmp_path: Path) -> None:
    """Every frame keeps its size; H.264 that changes is encoded again before it is damaged."""
    path = tmp_path / "changes.ts"
    with path.open("wb") as file:
        for size in ((120, 90), (160, 120)):
            coded = encode(
                [np.full((size[1] * 3 // 2, size[0]), 90, np.uint8)] * 10,
                Stream(*size, Fraction(25), 10, 0),
                Encoding("libx264", "medium", crf=23),
            )
            with av.open(str(tmp_path / "part.ts"), "w") as container:
                stream = container.add_stream("libx264", rate=Fraction(25))
                stream.width, stream.height = size
                for number in coded.positions:
                    planes = np.full((size[1] * 3 // 2, size[0]), 9 * number, np.uint8)
                    container.mux(
                        stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p"))
                    )
                container.mux(stream.encode(None))
            file.write((tmp_path / "part.ts").read_bytes())
    count = len(source_frames(path))
    for name in NAMES:
        for made in run(path, name):
            sizes = [(frame.width, frame.height) for frame in made.frames]
            assert sizes == [(120, 90)] * 10 + [(160, 120)] * 10
            assert made.num_frames == count


@pytest.mark.parametrize("size", [(64, 77), (51, 76), (51, 77), (33, 35)])
def test_odd_sizes_are_not_shifted(tmp_path: Path, size: tuple[int, int]) -> None:
    """As close to the clean picture as the same picture cut to even sides."""
    height, width = size
    t, y, x = np.ogrid[:10, :96, :96]
    waves = 128 + 60 * np.sin((x - 2 * t) / 5 + y / 7) + 50 * np.cos(y / 6 - t)
    clip = np.repeat(waves.astype(np.uint8)[..., None], 3, axis=3)
    values = {}
    for name, (rows, columns) in {
        "odd": size,
        "even": (height // 2 * 2, width // 2 * 2),
    }.items():
        path = make_video(
            tmp_path / f"{name}.mkv",
            *("-c:v", "ffv1", "-pix_fmt", "yuv420p"),
            clip=np.ascontiguousarray(clip[:, :rows, :columns]),
        )
        with VideoSource(path) as video:
            clean = np.stack([Preprocess(128, 112)(frame) for frame in video.frames()])
        for corruption, level in (("h264_crf", 18), ("packet_loss", 0)):
            [made] = run(path, corruption, [level])
            preprocess = Preprocess(128, 112)
            frames = np.stack([preprocess(frame, made.orientation) for frame in made.frames])
            error = np.mean((frames.astype(float) - clean) ** 2)
            values[name, corruption] = 10 * np.log10(255**2 / error)
    for corruption in ("h264_crf", "packet_loss"):
        assert values["odd", corruption] > values["even", corruption] - 2


def test_pictures_that_turn_midway_are_scaled_as_the_clean_ones(tmp_path: Path) -> None:
    clip = moving_clip(10, 96, 128)
    for name, part in (("wide", clip), ("high", np.ascontiguousarray(clip.transpose(0, 2, 1, 3)))):
        make_video(tmp_path / f"{name}.ts", *H264, clip=part)
    path = tmp_path / "turn.ts"
    path.write_bytes((tmp_path / "wide.ts").read_bytes() + (tmp_path / "high.ts").read_bytes())
    with VideoSource(path) as video:
        clean = np.stack([Preprocess(64, 56)(frame) for frame in video.frames()])
    assert len(clean) == 20
    for name, level in (("h264_crf", 20), ("h265_crf", 20), ("packet_loss", 0), ("bit_error", 1e9)):
        [made] = run(path, name, [int(level)])
        preprocess = Preprocess(64, 56)
        frames = np.stack([preprocess(frame, made.orientation) for frame in made.frames])
        for frame, other in zip(frames.astype(float), clean, strict=True):
            assert 10 * np.log10(255**2 / np.mean((frame - other) ** 2)) > 28, name
