"""Pictures of the report: accuracy over severity, small multiples per corruption."""

import math
from collections.abc import Mapping
from pathlib import Path

from pipeline.metrics import Summary

COLUMNS = 4


def severity_figure(dataset: str, summaries: Mapping[str, Summary], path: Path) -> None:
    """Top-1 over severity with 95 % intervals, one panel a corruption, one line a model."""
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    corruptions = list(next(iter(summaries.values())).cells)
    rows = math.ceil(len(corruptions) / COLUMNS)
    figure = Figure(figsize=(2.6 * COLUMNS, 2.0 * rows + 0.8), layout="constrained")
    panels = figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False).flat
    colours = mpl.color_sequences["tab10"]
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
            panel.plot(severities, values, color=colour, marker="o", markersize=3, label=model)
        panel.set_title(corruption, fontsize=10)
        panel.set_ylim(0, 100)
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.grid(alpha=0.3, linewidth=0.5)
    for panel in list(panels)[len(corruptions) :]:
        panel.set_axis_off()
    figure.supxlabel("severity (0 is clean)", fontsize=10)
    figure.supylabel("top-1 accuracy (%)", fontsize=10)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, frameon=False, fontsize=10)
    figure.suptitle(f"{dataset}: accuracy over severity, bands are 95 % intervals", fontsize=11)
    figure.savefig(path, dpi=120, format="png", metadata={"Software": None})
