"""Figures of the report: accuracy over severity, and example frames of every corruption."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from corruptions.types import Clip

from ...io.atomic import atomic
from ...metrics.summary import Summary
from .evaluated import Evaluated
from .page.clips import ViewerClip, frames_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 4
LINES = ("-", "--", ":", "-.")
"""Styles of lines; each is for as many models as there are colours."""
LETTER_INCHES = 0.095
"""Mean width of a letter of the legend, rounded up."""
PICTURE_INCHES = 1.4
MOMENTS = (0.2, 0.5, 0.8)
"""Relative positions of the example frames within their clip."""


def write_figures(
    results: Evaluated, shown: Sequence[ViewerClip], root: Path, folder: Path
) -> None:
    """Write the figures of one dataset; those of frames need a stored clip to show."""
    with atomic(folder / f"{results.dataset}.png") as temporary:
        summaries = {results.label(name): one for name, one in results.summaries.items()}
        figure = severity_figure(results.dataset, summaries)
        figure.savefig(temporary, dpi=120, format="png", metadata={"Software": None})
    if not shown:
        return
    severity = results.severities[len(results.severities) // 2]
    frames = {
        corruption: frames_of(shown[0].rows[corruption, severity], root, MOMENTS)
        for corruption in results.corruptions
    }
    with atomic(folder / f"{results.dataset}-frames.png") as temporary:
        frames_figure(frames, severity, temporary)
    with atomic(folder / f"{results.dataset}-grid.png") as temporary:
        grid_figure({name: clip[1] for name, clip in frames.items()}, severity, temporary)


def severity_figure(dataset: str, summaries: Mapping[str, Summary]) -> "Figure":
    """Draw top-1 over severity with 95 % intervals: a panel per corruption, a line per model."""
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    corruptions = list(next(iter(summaries.values())).cells)
    rows = math.ceil(len(corruptions) / COLUMNS)
    width = 2.6 * COLUMNS
    longest = max(len(model) for model in summaries)
    legend_columns = max(1, min(COLUMNS, int(width / (0.6 + LETTER_INCHES * longest))))
    height = 2.0 * rows + 0.6 + 0.2 * math.ceil((1 + len(summaries)) / legend_columns)
    figure = Figure(figsize=(width, height), layout="constrained")
    panels = list(figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False).flat)
    colours = mpl.color_sequences["tab10"]
    chance = next(iter(summaries.values())).chance
    for corruption, panel in zip(corruptions, panels, strict=False):
        for number, (model, summary) in enumerate(summaries.items()):
            colour = colours[number % len(colours)]
            cells = summary.cells[corruption]
            bounds = summary.cells_ci95[corruption]
            severities = [0, *cells]
            low = [summary.clean_top1_ci95[0], *(bounds[s][0] for s in cells)]
            high = [summary.clean_top1_ci95[1], *(bounds[s][1] for s in cells)]
            values = [summary.clean_top1, *cells.values()]
            panel.fill_between(severities, low, high, color=colour, alpha=0.15, linewidth=0)
            style = LINES[number // len(colours) % len(LINES)]
            panel.plot(
                severities, values, style, color=colour, marker="o", markersize=3, label=model
            )
        panel.axhline(chance, color="grey", linestyle=":", linewidth=1, label="chance")
        panel.set_title(corruption, fontsize=10)
        panel.set_ylim(0, 100)
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.grid(alpha=0.3, linewidth=0.5)
    for panel in panels[len(corruptions) :]:
        panel.set_axis_off()
    figure.supxlabel("severity (0 is clean)", fontsize=10)
    figure.supylabel("top-1 accuracy (%)", fontsize=10)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    title = f"{dataset}: accuracy over severity, bands are 95 % intervals"
    figure.legend(
        handles,
        labels,
        loc="outside upper center",
        ncols=legend_columns,
        frameon=False,
        fontsize=10,
        title=title,
    )
    return figure


def frames_figure(clips: Mapping[str, Clip], severity: int, path: Path) -> None:
    """Draw frames of one clip, one row per corruption, in two columns of rows."""
    count = len(next(iter(clips.values())))
    halves = 2 if len(clips) > 1 else 1
    rows = math.ceil(len(clips) / halves)
    pictures = {
        (number % rows, number // rows * count + column): (name, frame, column == 0)
        for number, (name, clip) in enumerate(clips.items())
        for column, frame in enumerate(clip)
    }
    title = f"Frames of one clip, corruptions at severity {severity}"
    _pictures(pictures, (rows, halves * count), title, path)


def grid_figure(frames: Mapping[str, NDArray[np.uint8]], severity: int, path: Path) -> None:
    """Draw one frame per corruption in a grid."""
    columns = min(COLUMNS, len(frames))
    pictures = {
        divmod(number, columns): (name, frame, True)
        for number, (name, frame) in enumerate(frames.items())
    }
    shape = (math.ceil(len(frames) / columns), columns)
    _pictures(pictures, shape, f"One frame under every corruption at severity {severity}", path)


def _pictures(
    pictures: Mapping[tuple[int, int], tuple[str, NDArray[np.uint8], bool]],
    shape: tuple[int, int],
    title: str,
    path: Path,
) -> None:
    """Draw frames (H, W, 3) by (row, column), each with its name if the flag is set."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    size = (PICTURE_INCHES * shape[1], (PICTURE_INCHES + 0.17) * shape[0] + 0.3)
    engine = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0.01, hspace=0.01)
    figure = Figure(figsize=size, layout=engine)
    panels = figure.subplots(*shape, squeeze=False)
    for cell, panel in np.ndenumerate(panels):
        panel.set_axis_off()
        if cell in pictures:
            name, frame, named = pictures[cell]
            panel.imshow(frame, interpolation="nearest")
            if named:
                panel.set_title(name.replace("_", " "), fontsize=8, loc="left", pad=2)
    figure.suptitle(title, fontsize=10)
    figure.savefig(path, dpi=200, format="png", metadata={"Software": None})
