"""The figure of accuracy over severity, as it is laid out: 14 models, some with long names."""

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from pipeline.metrics.summary import Summary
from pipeline.stages.report.figures import severity_figure

LONG = "videomae_vit_large_patch16_224_kinetics400"
CORRUPTIONS = ("fog", "rain", "contrast", "brightness", "packet_loss", "frame_rate")


def summary(top1: float) -> Summary:
    """A model with the same accuracy in every cell."""
    interval = (top1 - 1, top1 + 1)
    values: dict[str, Any] = dict.fromkeys(Summary.__dataclass_fields__, top1)
    return Summary(
        **values
        | {
            "chance": 2.0,
            "clean_top1_ci95": interval,
            "cells": {name: {1: top1, 3: top1} for name in CORRUPTIONS},
            "cells_ci95": {name: {1: interval, 3: interval} for name in CORRUPTIONS},
        }
    )


@pytest.fixture(scope="module", params=[1, 7, 14])
def figure(request: pytest.FixtureRequest) -> Figure:
    """The drawn figure; so many of the 14 models have a long name."""
    models = [LONG + str(n) if n < request.param else f"model{n}" for n in range(14)]
    figure = severity_figure("demo", {name: summary(5.0 * n) for n, name in enumerate(models, 1)})
    figure.draw_without_rendering()
    return figure


def test_title_and_legend_are_inside_and_clear_of_the_panels(figure: Figure) -> None:
    legend = figure.legends[0].get_window_extent()
    titles = [panel.title.get_window_extent() for panel in figure.axes[: len(CORRUPTIONS)]]
    assert figure.bbox.width >= legend.x1
    assert figure.bbox.height >= legend.y1
    assert legend.x0 >= 0
    assert not any(Bbox.intersection(legend, title) for title in titles)
    heading = figure.legends[0].get_title().get_window_extent()
    entries = [text.get_window_extent() for text in figure.legends[0].get_texts()]
    assert len(entries) == 14 + 1
    assert not any(Bbox.intersection(heading, entry) for entry in entries)


def test_every_model_has_its_own_line_and_chance_is_dotted(figure: Figure) -> None:
    for panel in figure.axes[: len(CORRUPTIONS)]:
        *lines, chance = panel.get_lines()
        assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 14
        assert np.array_equal(np.asarray(chance.get_ydata()), [2.0, 2.0])
        assert chance.get_linestyle() == ":"


def test_panels_without_a_corruption_are_empty(figure: Figure) -> None:
    assert [panel.axison for panel in figure.axes] == [True] * 6 + [False] * 2
