"""Pixel corruptions: a plain NumPy and scikit-image implementation beside ours.

    python -m benchmarks.pixels [--names fog,rain] [--frames 100] [--rounds 5] [--cores 2]

Frames per CPU second at 224 x 224 on one core; with --cores, also ours on several at once, per
second of wall-clock time. The plain functions are straightforward code: float64, one frame at a
time, `np.random.poisson`, `rgb2hsv`. Both sides get the same frames; rounds alternate between them.
Printed are the median and the range of the ratios of single rounds. "copies" is the time of ours in
copies of the clip by memory, whose rate no corruption can exceed.

Needs scikit-image, a library of the tests.
"""

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import options
from corruptions import SEVERITIES, corrupt, load
from corruptions.types import Clip

SIDE = 224
SMALLEST = {"names": "contrast,motion_blur", "frames": 32, "rounds": 1, "severities": "1"}
Frame = Any  # (224, 224, 3), uint8
PlainFunction = Callable[[Clip, Any], list[Frame]]


def shot_noise(clip: Clip, photons: float) -> list[Frame]:
    """Poisson numbers from NumPy."""
    return [
        np.uint8(np.clip(np.random.poisson(frame / 255 * photons) / photons, 0, 1) * 255)  # noqa: NPY002 - what users of the original know
        for frame in clip
    ]


def fog(clip: Clip, level: tuple[float, float]) -> list[Frame]:
    """Fog with a given map; drawing the map is not measured."""
    thickness = level[0]
    veil = thickness * np.linspace(0, 1, SIDE * SIDE).reshape(SIDE, SIDE)[..., None]
    foggy = []
    for frame in clip:
        x = frame / 255
        largest = x.max()
        foggy.append(np.uint8(np.clip((x + veil) * largest / (largest + thickness), 0, 1) * 255))
    return foggy


def rain(clip: Clip, level: tuple[int, int, float]) -> list[Frame]:
    """Lines in a loop, everything else in float64."""
    area, length, kept = level
    rainy = []
    for frame in clip:
        mask = np.zeros((SIDE, SIDE))
        for _ in range(SIDE * SIDE // area):
            px = np.random.randint(0, SIDE)  # noqa: NPY002 - as above
            py = np.random.randint(0, SIDE - length)  # noqa: NPY002 - as above
            cv2.line(mask, (px, py), (px - 1, py + length), 220, 1)
        r = np.stack([mask] * 3, axis=2)
        bright = frame + np.uint8(r * (1 - frame / 255) * (1 - frame.mean() / 255))
        z = (cv2.blur(bright, (3, 3)) * r / 255 + frame * (1 - r / 255)) / 255
        mean = z.mean(axis=(0, 1), keepdims=True)
        rainy.append(np.uint8(np.clip((z - mean) * kept + mean, 0, 1) * 255))
    return rainy


def contrast(clip: Clip, kept: float) -> list[Frame]:
    """Straight from the formula."""
    flat = []
    for frame in clip:
        x = frame / 255
        mean = x.mean(axis=(0, 1), keepdims=True)
        flat.append(np.uint8(np.clip((x - mean) * kept + mean, 0, 1) * 255))
    return flat


def brightness(clip: Clip, added: float) -> list[Frame]:
    """HSV and back with scikit-image."""
    from skimage.color import hsv2rgb, rgb2hsv

    bright = []
    for frame in clip:
        hsv = rgb2hsv(frame / 255)
        hsv[..., 2] = np.clip(hsv[..., 2] + added, 0, 1)
        bright.append(np.uint8(np.clip(hsv2rgb(hsv), 0, 1) * 255))
    return bright


def saturate(clip: Clip, line: tuple[float, float]) -> list[Frame]:
    """HSV and back with scikit-image."""
    from skimage.color import hsv2rgb, rgb2hsv

    vivid = []
    for frame in clip:
        hsv = rgb2hsv(frame / 255)
        hsv[..., 1] = np.clip(hsv[..., 1] * line[0] + line[1], 0, 1)
        vivid.append(np.uint8(np.clip(hsv2rgb(hsv), 0, 1) * 255))
    return vivid


def motion_blur(clip: Clip, half: int) -> list[Frame]:
    """Mean of every window in float64."""
    return [
        np.uint8(np.sum(clip[i - half : i + half], axis=0, dtype=np.float64) / (2 * half))
        for i in range(half, len(clip) - half)
    ]


PLAIN: dict[str, PlainFunction] = {
    "shot_noise": shot_noise,
    "fog": fog,
    "rain": rain,
    "contrast": contrast,
    "brightness": brightness,
    "saturate": saturate,
    "motion_blur": motion_blur,
}


def moving_clip(num_frames: int) -> Clip:
    """Smooth and busy areas, all levels."""
    t, y, x = np.ogrid[:num_frames, :SIDE, :SIDE]
    waves = [
        120 + 80 * np.sin((x + 3 * t) / 17 + c) + 50 * np.cos(y / 9 + c) + 5 * ((x * y) % 7)
        for c in range(3)
    ]
    clip: Clip = np.clip(np.stack(waves, axis=-1), 0, 255).astype(np.uint8)
    return clip


def rates(name: str, severity: int, clip: Clip, rounds: int) -> tuple[list[float], list[float]]:
    """Return input frames per CPU second of plain and of ours, one value per round."""
    level = load(name).level(severity, "mini_kinetics")
    plain: list[float] = []
    ours: list[float] = []
    sides: list[tuple[list[float], Callable[[], object]]] = [
        (plain, lambda: PLAIN[name](clip, level)),
        (ours, lambda: corrupt(clip, name, severity, key="benchmark")),
    ]
    for turn in range(rounds + 1):
        for found, work in sides:
            start = time.process_time()
            work()
            if turn:  # the first round imports libraries and computes tables
                found.append(len(clip) / (time.process_time() - start))
    return plain, ours


def rate_of_worker(name: str, severity: int, num_frames: int, rounds: int) -> float:
    """Return the median frames per second (wall-clock) of ours, in a process of its own."""
    cv2.setNumThreads(1)
    clip = moving_clip(num_frames)
    found = []
    for _ in range(rounds + 1):  # the first computes tables
        start = time.perf_counter()
        corrupt(clip, name, severity, key="benchmark")
        found.append(num_frames / (time.perf_counter() - start))
    return statistics.median(found[1:])


def copy_rate(clip: Clip, rounds: int) -> float:
    """Return the frames per second that memory copies, into newly allocated memory."""
    found = []
    for _ in range(rounds):
        start = time.process_time()
        clip.copy()
        found.append(len(clip) / max(time.process_time() - start, 1e-9))
    return statistics.median(found)


def main() -> None:
    """Print the table."""
    parser = options.new_parser(__doc__)
    parser.add_argument("--names", default=",".join(PLAIN), help="names, separated by commas")
    parser.add_argument("--frames", type=int, default=100, help="frames of the clip")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each measurement")
    parser.add_argument("--severities", default="1,3,5", help="severities, separated by commas")
    parser.add_argument("--cores", type=int, default=1, help="processes at the same time")
    chosen = options.parse(parser, SMALLEST)
    options.require("scikit-image", "the plain side of benchmarks.pixels")
    severities = [int(text) for text in chosen.severities.split(",")]
    if not set(severities) <= set(SEVERITIES):
        parser.error(f"--severities {chosen.severities}: each must be in 1..5")
    cv2.setNumThreads(1)
    clip = moving_clip(chosen.frames)
    limit = copy_rate(clip, 5 * chosen.rounds)
    table = Table(title=f"Pixel corruptions, {SIDE} x {SIDE}, frames per CPU second")
    columns = ["corruption", "severity", "plain", "ours", "ratio", "range", "target", "copies"]
    if chosen.cores > 1:
        columns.append(f"ours, {chosen.cores} cores")
    for column in columns:
        table.add_column(column, justify="left" if column == "corruption" else "right")
    pool = ProcessPoolExecutor(chosen.cores, mp_context=get_context("spawn"))
    for name in chosen.names.split(","):
        for severity in severities:
            plain, ours = rates(name, severity, clip, chosen.rounds)
            ratios = [fast / slow for fast, slow in zip(ours, plain, strict=True)]
            ratio, speed = statistics.median(ratios), statistics.median(ours)
            target = 10 if statistics.median(plain) < 500 else 3
            work = [name, severity, chosen.frames, chosen.rounds]
            together = (
                [pool.submit(rate_of_worker, *work) for _ in range(chosen.cores)]
                if chosen.cores > 1
                else []
            )
            table.add_row(
                name,
                str(severity),
                f"{statistics.median(plain):,.0f}",
                f"{speed:,.0f}",
                f"{ratio:.1f}" + ("" if ratio >= target else " !"),
                f"{min(ratios):.1f} .. {max(ratios):.1f}",
                f"{target}",
                f"{limit / speed:.1f}",
                *([f"{sum(job.result() for job in together):,.0f}"] if together else []),
            )
    pool.shutdown()
    console = Console()
    console.print(table)
    console.print(f"Limit: memory copies {limit:,.0f} frames/s.")


if __name__ == "__main__":
    main()
