"""Assembly of the page: template, styles, scripts and values in one HTML file."""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import vl_convert
from markupsafe import Markup

from corruptions.sets import set_of

from ....io.atomic import write_text
from ....params import Params
from ....storage.paths import DatasetPaths
from ..evaluated import Evaluated
from ..stored import StoredClips
from . import accounting, clips
from .chart_values import chart_values

HERE = Path(__file__).parent
SCRIPTS = ("tables.js", "charts.js", "drawings.js", "viewer.js", "page.js")
VEGA_LITE = "6.4"
VIDEO_BYTES = 13_000_000
"""Bytes of video for all datasets together; base64 makes them a third larger."""


def write_page(
    results: Sequence[tuple[Evaluated, StoredClips]],
    leaderboard: Sequence[Mapping[str, Any]],
    params: Params,
    root: Path,
) -> None:
    """Write report/index.html."""
    published = read_published_leaderboards(root / "manifests" / "leaderboards.csv")
    values, sections = {}, []
    for one, stored in results:
        rows = [row for row in leaderboard if row["dataset"] == one.dataset]
        drawn, section = _dataset(one, stored, params, root, VIDEO_BYTES // len(results))
        values[one.dataset] = drawn
        sections.append(
            section
            | {
                "rows": rows,
                "published": [row for row in published if row["dataset"] == one.dataset],
            }
        )
    ours = {one.dataset for one, _ in results}
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
    """Read the rows of the published leaderboards; none if the project has no such file."""
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _dataset(
    results: Evaluated, stored: StoredClips, params: Params, root: Path, budget: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return one dataset's values for the scripts and its values for the template."""
    paths = DatasetPaths(root, results.dataset)
    cells = stored.cells
    drawn = chart_values(results)
    drawn["families"] = {cell.corruption: cell.family for cell in cells}
    drawn["levels"] = {f"{cell.corruption}/{cell.severity}": cell.level for cell in cells}
    files = clips.videos(stored.shown, root, budget, params.machine)
    drawn["clips"] = clips.viewer_values(results, stored.shown, files, paths)
    summary = next(iter(results.summaries.values()))
    return drawn, {
        "name": results.dataset,
        "summary": summary,
        "corruptions": results.corruptions,
        "severities": results.severities,
        "pairs": drawn["pairs"],
        "accounting": accounting.clip_accounting(paths),
        "failures": accounting.most(stored.failures),
        "cells": cells,
        "digest": accounting.digest([cell.recipe for cell in cells]),
        "parameters": accounting.parameters(params, results.dataset),
    }


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
    """Format a number with one decimal; a dash if it is missing, such as rPC of 0 / 0."""
    return "–" if value is None or math.isnan(value) else f"{value:{sign}.1f}"


def _text(name: str) -> Markup:
    return Markup((HERE / name).read_text())  # noqa: S704 - a file of this package


def _script(text: str) -> Markup:
    """Escape a script for use inside an element: the end tag must not appear in it."""
    return Markup(text.replace("</script", "<\\/script"))  # noqa: S704 - scripts of this package and Vega


def _json(values: Any) -> Markup:
    """Return JSON that is safe inside a script element."""
    text = json.dumps(values, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 - escaped on this line
