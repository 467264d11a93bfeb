"""Compression corruptions: five severities of a clip against bare ffmpeg processes.

    python -m benchmarks.codecs [--names h264_crf,h265_abr] [--seconds 4] [--rounds 3]

CPU seconds of all processes and threads. For the encoders, `bare` is decoding the source once to
raw frames, then one ffmpeg process per severity that encodes them with the same settings; `ours` is
the same work in the pipeline (decode once, five encodings), and `ratio` compares the two; `results`
is the time to decode our five results to frames, which both ways need. `naive` runs five processes
from source to file. For the channels, `ours` and `bare` both end with decoded frames: `bare` is one
encode with the carrier's settings and five decodes, or for bit_error (the source is H.264) five
copies through the filter and five decodes. Rounds alternate; the median is printed.
"""

import statistics
import subprocess
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import options
from benchmarks.cpu_time import cpu_seconds
from corruptions.codec.coding import DECODERS, encoder_options
from corruptions.registry import SEVERITIES, Corruption, load
from corruptions.types import ClipRandom, Context, Encoding, Stream
from pipeline.media.ffmpeg import program
from pipeline.media.recompress import recompress
from pipeline.media.source import VideoSource

NAMES = "h264_crf,h264_abr,h265_crf,h265_abr,bit_error,packet_loss"
SMALLEST = {"names": "h264_crf,packet_loss", "seconds": 0.4, "rounds": 1}
WIDTH, HEIGHT, FPS = 340, 256, 25
RAW = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", f"{WIDTH}x{HEIGHT}"]


def write_source(path: Path, num_frames: int) -> None:
    """Write a clip with texture and motion, compressed like web video."""
    y, x = np.ogrid[:HEIGHT, :WIDTH]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(FPS), options={"crf": "20"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for time in range(num_frames):
            dx, dy = x - 3 * time, y + 2 * time
            texture = 40 * np.sin(dx / 5 + np.sin(dy / 11)) + (dx * dy // 64 % 23)
            shape = 60 * ((x - 170) ** 2 + (y - 60 - time) ** 2 < 50**2)
            image = np.stack([texture + 90, texture[::-1] + 80 + shape, texture + shape + 60], -1)
            frame = av.VideoFrame.from_ndarray(image.clip(0, 255).astype(np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def timed(work: Callable[..., object], *arguments: object) -> float:
    """Return the CPU time of this process and its children while `work` runs."""
    before = cpu_seconds()
    work(*arguments)
    return cpu_seconds() - before


def ffmpeg(*arguments: str) -> None:
    """Run the pinned ffmpeg program."""
    words = [program(), "-v", "error", "-nostdin", "-y", *arguments]
    subprocess.run(words, check=True)  # noqa: S603 - a list, no shell


def encode_arguments(encoding: Encoding) -> list[str]:
    """Return the options of ffmpeg for an encoding."""
    words = ["-c:v", encoding.codec]
    for name, value in encoder_options(encoding).items():
        words += [f"-{name}:v", value]
    return words


def encodings_of(corruption: Corruption, source: Path) -> list[Encoding]:
    """Return the encodings of the five severities; of a channel, that of the carrier alone."""
    if corruption.acts_on == "stream":
        return [corruption.module.CARRIER]
    with VideoSource(source) as video:
        info = video.info
    stream = Stream(info.width, info.height, info.fps, info.num_frames, info.bit_rate)
    levels = [corruption.level(severity, "mini_kinetics") for severity in SEVERITIES]
    return [corruption.function(stream, level) for level in levels]  # type: ignore[misc]


def bare(corruption: Corruption, source: Path, folder: Path) -> None:
    """Decode once, then run one process per encoding (and, for channels, per decoding)."""
    if corruption.acts_on == "stream" and "h264" in corruption.module.AS_IT_IS:
        for amount in corruption.module.LEVELS:
            target = str(folder / "bare.mp4")
            ffmpeg("-i", str(source), "-c", "copy", "-bsf:v", f"noise=amount={amount}", target)
            ffmpeg("-v", "quiet", "-threads", "1", "-i", target, "-f", "null", "-")
        return
    raw = str(folder / "raw.yuv")
    ffmpeg("-threads", "1", "-i", str(source), "-f", "rawvideo", "-pix_fmt", "yuv420p", raw)
    for encoding in encodings_of(corruption, source):
        target = str(folder / f"bare.{DECODERS[encoding.codec]}")
        ffmpeg(*RAW, "-framerate", str(FPS), "-i", raw, *encode_arguments(encoding), target)
    if corruption.acts_on == "stream":
        for _ in SEVERITIES:
            ffmpeg("-threads", "1", "-i", target, "-f", "null", "-")


def naive(corruption: Corruption, source: Path, folder: Path) -> None:
    """Run one process per severity, each from the source."""
    for encoding in encodings_of(corruption, source):
        target = str(folder / f"naive.{DECODERS[encoding.codec]}")
        ffmpeg("-threads", "1", "-i", str(source), *encode_arguments(encoding), target)


def ours(corruption: Corruption, source: Path) -> tuple[float, float]:
    """Return CPU seconds of encoding the five severities, and of decoding the results."""
    levels = [corruption.level(severity, "mini_kinetics") for severity in SEVERITIES]
    contexts = [
        Context(ClipRandom(0, "demo", "clip", corruption.name, str(severity)))
        for severity in SEVERITIES
    ]
    results = recompress(source, corruption, levels, contexts, timeout_seconds=600)
    first = []
    making = timed(lambda: first.append(next(results)))
    reading = timed(lambda: [list(made.frames) for made in (*first, *results)])
    return making, reading


def main() -> None:
    """Print the table."""
    parser = options.new_parser(__doc__)
    parser.add_argument("--names", default=NAMES, help="corruptions, separated by commas")
    parser.add_argument("--seconds", type=float, default=4, help="length of the clip")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each measurement")
    chosen = options.parse(parser, SMALLEST)
    num_frames = round(chosen.seconds * FPS)
    table = Table(title=f"Five severities, {num_frames} frames of {WIDTH} x {HEIGHT}, CPU seconds")
    for column in ("corruption", "bare", "ours", "ratio", "target", "results", "naive"):
        table.add_column(column, justify="left" if column == "corruption" else "right")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "source.mp4"
        write_source(source, num_frames)
        for corruption in map(load, chosen.names.split(",")):
            rounds = []
            for _ in range(chosen.rounds):
                making, reading = ours(corruption, source)
                if corruption.acts_on == "stream":
                    making, reading = making + reading, 0.0
                plain = timed(bare, corruption, source, folder)
                worst = 0.0
                if corruption.acts_on == "encoder":
                    worst = timed(naive, corruption, source, folder)
                rounds.append((plain, making, making / plain, reading, worst))
            plain, making, ratio, reading, worst = map(statistics.median, zip(*rounds, strict=True))
            table.add_row(
                corruption.name,
                f"{plain:.2f}",
                f"{making:.2f}",
                f"{ratio:.2f}",
                "1.1" if worst else "",
                f"{reading:.2f}" if reading else "",
                f"{worst:.2f}" if worst else "",
            )
    Console().print(table)


if __name__ == "__main__":
    main()
