"""Put the page together: values into the template, styles and scripts beside them, one file."""

import csv
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import vl_convert
from markupsafe import Markup

from corruptions.sets import set_of

from ....io.atomic import atomic, write_text
from ....params import Params
from ....storage.paths import DatasetPaths
from ....storage.schemas import Row
from ..evaluated import Evaluated
from ..figures import frames_figure, grid_figure
from . import accounting, clips
from .chart_values import chart_values
from .clips import ViewerClip

HERE = Path(__file__).parent
SCRIPTS = ("tables.js", "charts.js", "drawings.js", "viewer.js", "page.js")
VEGA_LITE = "6.4"
VIDEO_BYTES = 13_000_000
"""Budget of the viewer for all datasets together; base64 makes it a third larger."""

MOMENTS = (0.2, 0.5, 0.8)
"""Where in the clip the frames of the paper's figures lie."""


def write_page(
    results: Sequence[Evaluated],
    leaderboard: Sequence[Mapping[str, Any]],
    params: Params,
    root: Path,
) -> None:
    """Write report/index.html, and the figures that show frames."""
    published = read_published_leaderboards(root / "manifests" / "leaderboards.csv")
    values, sections = {}, []
    for one in results:
        rows = [row for row in leaderboard if row["dataset"] == one.dataset]
        drawn, section = _dataset(one, params, root, VIDEO_BYTES // len(results))
        values[one.dataset] = drawn
        sections.append(
            section
            | {
                "rows": rows,
                "published": [row for row in published if row["dataset"] == one.dataset],
            }
        )
    ours = {one.dataset for one in results}
    page = (
        _environment()
        .get_template("page.html")
        .render(
            sections=sections,
            others=[row for row in published if row["dataset"] not in ours],
            set_name=set_of(params.corruptions),
            params=params,
            libraries=accounting.libraries(),
            values=_json(values),
            style=_text("page.css"),
            vega=_script(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", VEGA_LITE)),
            notice=_text("NOTICE.txt"),
            scripts=_script("\n".join((HERE / name).read_text() for name in SCRIPTS)),
        )
    )
    write_text(root / "report" / "index.html", page)


def read_published_leaderboards(path: Path) -> list[dict[str, str]]:
    """Rows of the published leaderboards; none where the project has no such file."""
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _dataset(
    results: Evaluated, params: Params, root: Path, budget: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """One dataset: what the scripts draw, and what the template writes."""
    layout = DatasetPaths(root, results.dataset)
    chosen = clips.choose_clips(results)
    keys = [results.keys[index] for index in chosen]
    cells: list[accounting.CellAccount] = []
    rows: list[Row] = []
    failed: Counter[str] = Counter()
    for corruption in ("clean", *params.corruptions):
        table = accounting.read_cells(layout, corruption, params.evaluate.split)
        cells += accounting.describe(table)
        rows += clips.rows_of(table, keys)
        failed += accounting.failures(table)
    shown = clips.gather(results, chosen, rows)
    drawn = chart_values(results, params.report.bootstrap_resamples)
    drawn["families"] = {cell.corruption: cell.family for cell in cells}
    drawn["levels"] = {f"{cell.corruption}/{cell.severity}": cell.level for cell in cells}
    drawn["clips"] = []
    if clips.are_here(shown, root):
        files = clips.videos(shown, root, budget, params.machine)
        drawn["clips"] = clips.viewer_values(results, shown, files, layout)
        _write_frames(results, shown[0], root)
    summary = next(iter(results.summaries.values()))
    return drawn, {
        "name": results.dataset,
        "summary": summary,
        "corruptions": results.corruptions,
        "severities": results.severities,
        "pairs": drawn["pairs"],
        "accounting": accounting.clip_accounting(layout),
        "failures": accounting.most(failed),
        "cells": cells,
        "digest": accounting.digest([cell.recipe for cell in cells]),
        "parameters": accounting.parameters(params, results.dataset),
    }


def _write_frames(results: Evaluated, shown: ViewerClip, root: Path) -> None:
    """Figures of papers: three frames a corruption, and a grid of one frame a corruption."""
    severity = results.severities[len(results.severities) // 2]
    frames = {
        corruption: clips.frames_of(shown.rows[corruption, severity], root, MOMENTS)
        for corruption in results.corruptions
    }
    folder = root / "report" / "figures"
    with atomic(folder / f"{results.dataset}-frames.png") as temporary:
        frames_figure(frames, severity, temporary)
    with atomic(folder / f"{results.dataset}-grid.png") as temporary:
        grid_figure({name: clip[1] for name, clip in frames.items()}, severity, temporary)


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters["words"] = lambda name: str(name).replace("_", " ")
    environment.filters["fixed"] = fixed
    return environment


def fixed(value: float | None, sign: str = "") -> str:
    """A number with one decimal; a dash where there is none, such as rPC of nothing right."""
    return "–" if value is None or math.isnan(value) else f"{value:{sign}.1f}"


def _text(name: str) -> Markup:
    return Markup((HERE / name).read_text())  # noqa: S704 - a file of ours


def _script(text: str) -> Markup:
    """A script as it may stand inside an element: its end tag must not appear in it."""
    return Markup(text.replace("</script", "<\\/script"))  # noqa: S704 - scripts of ours and Vega


def _json(values: Any) -> Markup:
    """JSON as it may stand inside a script element."""
    text = json.dumps(values, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 - escaped on this line
