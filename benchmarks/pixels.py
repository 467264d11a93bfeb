"""Pixel corruptions: a plain NumPy and scikit-image implementation beside ours.

    python -m benchmarks.pixels [--names fog,rain] [--frames 100] [--rounds 5] [--cores 2]

Frames per CPU second at 224 x 224 on one core; with --cores, also ours on several at once, per
second of the clock. The plain functions are what a user of the original knows: float64, one frame
at a time, `np.random.poisson`, `rgb2hsv`. Rounds alternate between the two, the median counts.
"Copies' worth" says how far ours is from the rate at which memory copies frames, which no
corruption can exceed.
"""

import argparse
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
from skimage.color import hsv2rgb, rgb2hsv

from corruptions import SEVERITIES, corrupt, load
from corruptions.types import Clip

SIDE = 224
Frame = Any  # (224, 224, 3), uint8
PlainFunction = Callable[[Clip, Any], list[Frame]]


def shot_noise(clip: Clip, photons: float) -> list[Frame]:
    """Poisson numbers from NumPy."""
    return [
        np.uint8(np.clip(np.random.poisson(frame / 255 * photons) / photons, 0, 1) * 255)  # noqa: NPY002 - what users of the original know
        for frame in clip
    ]


def fog(clip: Clip, level: tuple[float, float]) -> list[Frame]:
    """One map per clip; drawing it is not counted for either side."""
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
    bright = []
    for frame in clip:
        hsv = rgb2hsv(frame / 255)
        hsv[..., 2] = np.clip(hsv[..., 2] + added, 0, 1)
        bright.append(np.uint8(np.clip(hsv2rgb(hsv), 0, 1) * 255))
    return bright


def saturate(clip: Clip, line: tuple[float, float]) -> list[Frame]:
    """HSV and back with scikit-image."""
    vivid = []
    for frame in clip:
        hsv = rgb2hsv(frame / 255)
        hsv[..., 1] = np.clip(hsv[..., 1] * line[0] + line[1], 0, 1)
        vivid.append(np.uint8(np.clip(hsv2rgb(hsv), 0, 1) * 255))
    return vivid


def motion_blur(clip: Clip, half: int) -> list[Frame]:
    """A float64 mean over every window."""
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


def rates(name: str, severity: int, clip: Clip, rounds: int) -> tuple[float, float]:
    """Median frames per second, plain and ours, by turns."""
    level = load(name).level(severity, "mini_kinetics")
    few = clip[: max(24, len(clip) // 4)]  # enough for the widest motion blur
    plain, ours = [], []
    corrupt(clip, name, severity)  # tables are made once in a process
    for _ in range(rounds):
        start = time.process_time()
        num_frames = len(PLAIN[name](few, level))
        between = time.process_time()
        corrupt(clip, name, severity)
        plain.append(num_frames / (between - start))
        ours.append(len(clip) / (time.process_time() - between))
    return statistics.median(plain), statistics.median(ours)


def rate_of_worker(name: str, severity: int, num_frames: int, rounds: int) -> float:
    """Median frames per second (of the clock) of ours, in a process of its own."""
    cv2.setNumThreads(1)
    clip = moving_clip(num_frames)
    found = []
    for _ in range(rounds + 1):  # the first makes tables
        start = time.perf_counter()
        corrupt(clip, name, severity)
        found.append(num_frames / (time.perf_counter() - start))
    return statistics.median(found[1:])


def copy_rate(clip: Clip, rounds: int) -> float:
    """Frames per second that memory copies, into memory just asked for."""
    found = []
    for _ in range(rounds):
        start = time.process_time()
        clip.copy()
        found.append(len(clip) / (time.process_time() - start))
    return statistics.median(found)


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    options.add_argument("--names", default=",".join(PLAIN))
    options.add_argument("--frames", type=int, default=100)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--severities", default="1,3,5")
    options.add_argument("--cores", type=int, default=1)
    asked = options.parse_args()
    severities = [int(text) for text in asked.severities.split(",")]
    if not set(severities) <= set(SEVERITIES):
        options.error(f"--severities {asked.severities}: each must be in 1..5")
    cv2.setNumThreads(1)
    clip = moving_clip(asked.frames)
    limit = copy_rate(clip, 5 * asked.rounds)
    table = Table(title=f"Pixel corruptions, {SIDE} x {SIDE}, frames per CPU second")
    columns = ["corruption", "severity", "plain", "ours", "ratio", "target", "copies' worth"]
    if asked.cores > 1:
        columns.append(f"ours, {asked.cores} cores")
    for column in columns:
        table.add_column(column, justify="left" if column == "corruption" else "right")
    pool = ProcessPoolExecutor(asked.cores, mp_context=get_context("spawn"))
    for name in asked.names.split(","):
        for severity in severities:
            plain, ours = rates(name, severity, clip, asked.rounds)
            target = 10 if plain < 500 else 3
            work = [name, severity, asked.frames, asked.rounds]
            together = (
                [pool.submit(rate_of_worker, *work) for _ in range(asked.cores)]
                if asked.cores > 1
                else []
            )
            table.add_row(
                name,
                str(severity),
                f"{plain:,.0f}",
                f"{ours:,.0f}",
                f"{ours / plain:.1f}" + ("" if ours / plain >= target else " !"),
                f"{target}",
                f"{limit / ours:.1f}",
                *([f"{sum(job.result() for job in together):,.0f}"] if together else []),
            )
    pool.shutdown()
    console = Console()
    console.print(table)
    console.print(
        f"Limit: memory copies {limit:,.0f} frames/s; copies' worth is the time of a corruption "
        "in copies of the clip."
    )


if __name__ == "__main__":
    main()
