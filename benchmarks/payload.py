"""Comparison of payloads: size, fidelity, and speed of writing and of random access.

    python -m benchmarks.payload [--frames 290] [--rounds 3]

One clip of 224 x 224 pixels, clean and with shot noise of severity 3, in every payload. Speeds are
ratios to the default payload in the same run (median of the rounds); higher is faster. Readers that
are not installed (torchcodec and decord are libraries of the tests) are left out.
"""

import io
import statistics
import time
from collections.abc import Callable
from fractions import Fraction
from functools import partial

import av
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import options
from corruptions import corrupt
from corruptions.types import Clip, ClipRandom
from pipeline.settings import PayloadSettings
from pipeline.stages.synthesize import scenes
from pipeline.storage.payload import read_payload, write_payload

FPS = Fraction(30)
SMALLEST = {"frames": 32, "rounds": 1}
PAYLOADS = {
    "JPEG 4:4:4 quality 95 (default)": PayloadSettings(codec="jpeg"),
    "JPEG 4:4:4 quality 90": PayloadSettings(codec="jpeg", quality=90),
    "JPEG 4:2:0 quality 80": PayloadSettings(codec="jpeg", quality=80, subsampling="420"),
    "FFV1 (lossless)": PayloadSettings(codec="ffv1"),
    "H.264 CRF 18": PayloadSettings(codec="h264"),
}


def sample(frames: int) -> Clip:
    """Return a textured moving scene at the benchmark's size."""
    random = ClipRandom(0, "benchmark", "payload", "scene", "0")
    name = sorted(scenes.MOTIONS)[0]
    return scenes.clip(scenes.scene(random, name, frames, 224, 224))


def seconds(work: Callable[[], object], rounds: int) -> float:
    """Return the median CPU seconds of a call."""
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def psnr(one: Clip, other: Clip) -> float:
    """Return the peak signal-to-noise ratio of two clips in dB."""
    error = float(np.mean((one.astype(np.float64) - other) ** 2))
    return float("inf") if error == 0 else 10 * np.log10(255**2 / error)


def read_with_torchcodec(stored: bytes, indices: list[int]) -> object:
    """Read frames with torchcodec."""
    from torchcodec.decoders import VideoDecoder

    decoder = VideoDecoder(stored, dimension_order="NHWC", num_ffmpeg_threads=1)
    return decoder.get_frames_at(indices)


def read_with_decord(stored: bytes, indices: list[int]) -> object:
    """Read frames with decord."""
    from decord import VideoReader, cpu

    reader = VideoReader(io.BytesIO(stored), ctx=cpu(0), num_threads=1)
    return reader.get_batch(indices)


def read_with_pyav(stored: bytes, indices: list[int]) -> object:
    """Decode all frames with PyAV and convert the wanted ones."""
    wanted = set(indices)
    with av.open(io.BytesIO(stored)) as container:
        frames = enumerate(container.decode(video=0))
        return [frame.to_ndarray(format="rgb24") for n, frame in frames if n in wanted]


READERS: dict[str, Callable[[bytes, list[int]], object]] = {
    "torchcodec": read_with_torchcodec,
    "decord": read_with_decord,
    "PyAV": read_with_pyav,
}


def main() -> None:
    """Print the table."""
    parser = options.new_parser(__doc__)
    parser.add_argument("--frames", type=int, default=290, help="frames of the clip")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each measurement")
    chosen = options.parse(parser, SMALLEST)
    rounds, indices = chosen.rounds, [n * chosen.frames // 32 for n in range(32)]
    readers = options.without_missing(READERS, "the reader")
    clean = sample(chosen.frames)
    noisy = corrupt(clean, "shot_noise", 3, key="payload")
    noise = noisy.astype(np.float64) - clean
    table = Table(title=f"Payloads of {chosen.frames} frames, speeds relative to the default")
    table.add_column("payload")
    for name in ("clean MB", "noisy MB", "PSNR clean", "noise kept", "write", *readers):
        table.add_column(name, justify="right")
    first: dict[str, float] = {}
    for name, settings in PAYLOADS.items():
        stored = write_payload(clean, FPS, settings)
        stored_noisy = write_payload(noisy, FPS, settings)
        left = read_payload(stored_noisy).astype(np.float64) - clean
        times = {"write": seconds(lambda one=settings: write_payload(noisy, FPS, one), rounds)}
        for reader, read in readers.items():
            work = partial(read, stored, indices)
            work()  # the first call imports the library
            times[reader] = seconds(work, rounds)
        first = first or times
        table.add_row(
            name,
            f"{len(stored) / 1e6:.1f}",
            f"{len(stored_noisy) / 1e6:.1f}",
            f"{psnr(read_payload(stored), clean):.1f} dB",
            f"{100 * left.std() / noise.std():.0f} %",
            *(f"{first[key] / value:.2f}x" for key, value in times.items()),
        )
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
