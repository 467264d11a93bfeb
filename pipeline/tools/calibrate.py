"""Calibration of severities: PSNR, SSIM and bit rate of corruptions on a sample of videos.

A severity table is in order if the mean PSNR and the mean SSIM fall from each severity to the next.
"""

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np

from corruptions.registry import SEVERITIES
from corruptions.types import Clip

from ..datasets.video_sample import coded, take_sample
from ..errors import ClipError
from ..execution.progress import progress_bar
from ..io.atomic import atomic, write_text
from ..io.outputs import check_output
from ..media.quality import psnr, squared_error, ssim

COLUMNS = ("corruption", "severity", "clips", "psnr_db", "ssim", "kbit_per_second")
PANELS = 4
EQUAL_DB = 100.0
"""PSNR that stands for equal frames in means."""


@dataclass(frozen=True)
class Level:
    """Quality of one corruption at one severity, means over the clips."""

    corruption: str
    severity: int
    clips: int
    psnr: float
    """dB; of a clip, the PSNR of its mean squared error."""
    ssim: float
    bit_rate: float | None
    """Bits per second at the source's native size; None if nothing is encoded."""

    def row(self) -> tuple[str, ...]:
        """Return the values of COLUMNS as text."""
        rate = "" if self.bit_rate is None else f"{self.bit_rate / 1000:.1f}"
        number = str(self.severity)
        quality = (f"{self.psnr:.2f}", f"{self.ssim:.4f}")
        return self.corruption, number, str(self.clips), *quality, rate


def calibrate(
    videos: Sequence[Path], folder: Path, names: Sequence[str], *, seconds: float, force: bool
) -> list[Level]:
    """Measure corruptions on the first seconds of videos; write a table and a plot.

    Parameters
    ----------
    videos
        Video files.
    folder
        Folder of `calibration.csv` and `calibration.svg`.
    names
        Corruptions.
    seconds
        Length of the clips.
    force
        Overwrite existing files.

    Returns
    -------
    list[Level]
        Means, by corruption and severity.

    Raises
    ------
    ClipError
        A video cannot be read or a corruption leaves nothing of it.

    """
    table, plot = folder / "calibration.csv", folder / "calibration.svg"
    for path in (table, plot):
        check_output(path, videos, force=force)
    found: dict[tuple[str, int], list[tuple[float, float, float | None]]] = {}
    with progress_bar("calibrate", len(videos) * len(names)) as advance:
        for video in videos:
            try:
                sample = take_sample(video, seconds)
                for name in names:
                    results = coded(sample, name, "ours", "mini_kinetics")
                    for severity, (made, bits) in zip(SEVERITIES, results, strict=True):
                        found.setdefault((name, severity), []).append(
                            (*_quality(made, sample.clip), bits)
                        )
                    advance(1)
            except ClipError as error:
                raise ClipError(f"{video}: {error}") from error
    levels = [_mean(*cell, measured) for cell, measured in found.items()]
    levels.sort(key=lambda level: (names.index(level.corruption), level.severity))
    write_text(table, as_csv(levels))
    with atomic(plot) as temporary:
        draw(levels, temporary)
    return levels


def out_of_order(levels: Iterable[Level]) -> list[str]:
    """Return the severities that are not worse than the one before, as sentences."""
    found, before = [], None
    for level in levels:
        if before is not None and before.corruption == level.corruption:
            for what, now, then in (
                ("PSNR", level.psnr, before.psnr),
                ("SSIM", level.ssim, before.ssim),
            ):
                if now >= then:
                    found.append(
                        f"{level.corruption}: the {what} of severity {level.severity} is not below "
                        f"that of severity {before.severity} ({now:.4g} and {then:.4g})"
                    )
        before = level
    return found


def as_csv(levels: Iterable[Level]) -> str:
    """Return the table as CSV with COLUMNS."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(level.row() for level in levels)
    return text.getvalue()


def draw(levels: Sequence[Level], path: Path) -> None:
    """Draw PSNR and SSIM over severity as SVG, a panel per corruption."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(level.corruption for level in levels))
    rows = math.ceil(len(names) / PANELS)
    with mpl.rc_context({"svg.hashsalt": "calibration", "font.size": 8}):
        width, height = 2.2 * PANELS, 1.6 * rows  # inches
        figure = Figure(figsize=(width, height))
        figure.subplots_adjust(
            left=0.5 / width, right=1 - 0.5 / width, wspace=0.8,
            bottom=0.3 / height, top=1 - 0.3 / height, hspace=0.4,
        )  # fmt: skip
        panels = figure.subplots(rows, PANELS, squeeze=False).flat
        for panel in panels:
            panel.set_axis_off()
        for name, panel in zip(names, figure.axes, strict=False):
            panel.set_axis_on()
            own = [level for level in levels if level.corruption == name]
            severities = [level.severity for level in own]
            panel.plot(severities, [level.psnr for level in own], "o-", color="tab:blue", ms=3)
            panel.set_title(name, fontsize=8, y=1)  # else all texts of all panels are measured
            panel.set_xticks(severities)
            panel.set_ylabel("PSNR, dB", color="tab:blue")
            other = panel.twinx()
            other.plot(severities, [level.ssim for level in own], "s--", color="tab:orange", ms=3)
            other.set_ylim(0, 1)
            other.set_ylabel("SSIM", color="tab:orange")
        figure.savefig(path, format="svg", metadata={"Date": None})


def _quality(made: Clip, clean: Clip) -> tuple[float, float]:
    """Return PSNR and SSIM; at another number of frames, those at the same times are compared."""
    if len(made) != len(clean):
        made = made[[index * len(made) // len(clean) for index in range(len(clean))]]
    value = psnr(squared_error(made, clean), made.size)
    similar = float(np.mean([ssim(*pair) for pair in zip(made, clean, strict=True)]))
    return EQUAL_DB if value is None else value, similar


def _mean(name: str, severity: int, measured: Sequence[tuple[float, float, float | None]]) -> Level:
    psnrs, ssims, rates = zip(*measured, strict=True)
    known = [rate for rate in rates if rate is not None]
    return Level(
        name,
        severity,
        len(measured),
        float(np.mean(psnrs)),
        float(np.mean(ssims)),
        float(np.mean(known)) if known else None,
    )
