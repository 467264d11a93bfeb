"""Assembly of the page: template, styles, scripts and values in one HTML file."""

import csv
import json
import math
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import vl_convert
from markupsafe import Markup, escape

from corruptions.registry import SEVERITIES

from ....io.atomic import write_text
from ....params import Params
from ....storage.paths import DatasetPaths
from .. import submissions
from ..evaluated import Evaluated
from ..leaderboard import IMPORTED, OURS
from ..predictions import BENCHMARK
from ..result import Result
from ..stored import StoredClips
from . import accounting, citation, clips, flips
from .chart_values import chart_values

HERE = Path(__file__).parent
SCRIPTS = (
    "tables.js", "schedule.js", "charts.js", "figures.js", "drawings.js", "measures.js",
    "calibration.js", "classmap.js", "viewer.js", "browser.js", "page.js",
)  # fmt: skip
FLIP_SHARE = 3
"""One part in so many of the bytes is for clips that flip."""
VEGA_LITE = "6.4"
PUBLISHED_SETS = ("paper12", "code12")
"""Sets that the published leaderboards may average; which of them is not known."""
VIDEO_BYTES = 7_000_000
"""Bytes of video for all datasets together; base64 makes them a third larger. The page must stay
below 15 MB, and charts of 14 models on two datasets take about 3."""


def write_page(
    results: Sequence[tuple[Evaluated, StoredClips]],
    leaderboard: Sequence[Mapping[str, Any]],
    external: Sequence[Result],
    params: Params,
    root: Path,
) -> None:
    """Write report/index.html."""
    published = read_published_leaderboards(root / "manifests" / "leaderboards.csv")
    values, sections, videos = {}, [], _Videos()
    for one, stored in results:
        rows = [row for row in leaderboard if row["dataset"] == one.dataset]
        theirs = [result for result in external if result.dataset == one.dataset]
        drawn = _drawn(one, stored, params, root, videos, VIDEO_BYTES // len(results))
        values[one.dataset] = drawn
        scale = [row for row in published if row["dataset"] == one.dataset]
        sections.append(
            _section(one, stored, params, root)
            | _leaderboard(one, rows, theirs, params)
            | {"pairs": drawn["pairs"], "missing": drawn["missing"]}
            | {"flips": bool(drawn["flips"]), "diagrams": bool(drawn["diagrams"])}
            | {"published": scale if _is_published_grid(params) else [], "withheld": len(scale)}
        )
    ours = {one.dataset for one, _ in results}
    page = (
        _environment()
        .get_template("page.html")
        .render(
            sections=sections,
            others=[row for row in published if row["dataset"] not in ours],
            set_name=params.set_name,
            params=params,
            libraries=accounting.libraries(),
            values=_json(values),
            videos=videos.texts,
            style=_text("page.css"),
            vega=_vega(),
            notice=_text("NOTICE.txt"),
            scripts=_script("\n".join(_text(name) for name in SCRIPTS)),
        )
    )
    write_text(root / "report" / "index.html", page)


class _Videos:
    """Videos of the page in base64; each is the text of an element, decoded when it is shown."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def add(self, files: Mapping[str, bytes]) -> dict[str, str]:
        """Add videos; return the ids of their elements by the names of the files."""
        ids = {name: f"video{number}" for number, name in enumerate(files, len(self.texts))}
        self.texts += [b64encode(data).decode() for data in files.values()]
        return ids


def _is_published_grid(params: Params) -> bool:
    """Return True if this run averages what the published leaderboards may average."""
    return params.set_name in PUBLISHED_SETS and list(params.severities) == list(SEVERITIES)


def read_published_leaderboards(path: Path) -> list[dict[str, str]]:
    """Read the rows of the published leaderboards; none if the project has no such file."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _drawn(
    results: Evaluated,
    stored: StoredClips,
    params: Params,
    root: Path,
    videos: "_Videos",
    budget: int,
) -> dict[str, Any]:
    """Return one dataset's values for the scripts; its videos are added to those of the page."""
    paths = DatasetPaths(root, results.dataset)
    drawn = chart_values(results)
    drawn["families"] = {cell.corruption: cell.family for cell in stored.cells}
    drawn["levels"] = {f"{cell.corruption}/{cell.severity}": cell.level for cell in stored.cells}
    files = clips.videos(stored.shown, root, budget - budget // FLIP_SHARE, params.machine)
    ids = [videos.add(one) for one in files]
    drawn["clips"] = clips.viewer_values(results, stored.shown, ids, paths)
    drawn["flips"] = flips.flip_values(results, stored.flips)
    drawn["flip_shares"] = flips.flip_shares(results)
    cells = [
        (results.keys[flip.clip], flip.corruption, flip.severity)
        for flip in flips.played(stored.flips)
    ]
    flipping = clips.flip_videos(
        stored.flip_rows, cells, root, budget // FLIP_SHARE, params.machine
    )
    drawn["flip_videos"] = videos.add(flipping)
    return drawn


def _section(results: Evaluated, stored: StoredClips, params: Params, root: Path) -> dict[str, Any]:
    """Return one dataset's values for the template."""
    digest = accounting.digest([cell.recipe for cell in stored.cells])
    return {
        "name": results.dataset,
        "summary": next(iter(results.summaries.values())),
        "counts": results.counts,
        "common": results.common_counts,
        "corruptions": results.corruptions,
        "severities": results.severities,
        "accounting": accounting.clip_accounting(DatasetPaths(root, results.dataset)),
        "failures": accounting.most(stored.failures),
        "cells": stored.cells,
        "digest": digest,
        "bibtex": citation.bibtex(results, params.set_name, params, digest),
        "parameters": accounting.parameters(params, results.dataset),
        "measured_clips": len(results.measured.clips),
        "sampled": results.sampled,
        "smallest": _smallest(results),
    }


def _smallest(results: Evaluated) -> float | None:
    """Return the smallest detectable mPC difference: the median over the pairs of models."""
    found = [one.smallest for one in results.differences.values()]
    return float(np.median(found)) if found else None


def _leaderboard(
    results: Evaluated,
    rows: Sequence[Mapping[str, Any]],
    external: Sequence[Result],
    params: Params,
) -> dict[str, Any]:
    """Return the comparable rows, the other ones with their reasons, and the LaTeX table."""
    reasons = {
        submissions.file_name(one): "; ".join(submissions.differences(one, params))
        for one in external
    }
    adapted = {
        submissions.file_name(one): one.adaptation.sentence
        for one in external
        if one.adaptation is not None and len(submissions.differences(one, params)) == 1
    }
    others = {name: one for name, one in results.protocols.items() if one != BENCHMARK}
    own = dict.fromkeys(results.summaries, "") | {
        name: f"sees the clips in another way ({one})" for name, one in others.items()
    }
    noted = [
        (
            row,
            own[row["model"]]
            if row["source"] in (OURS, IMPORTED) and row["model"] in own
            else reasons[row["file"]],
        )
        for row in rows
    ]
    comparable = [row for row, reason in noted if not reason]
    return {
        "rows": comparable,
        "protocols": others,
        "adapted": [(row, adapted[row["file"]]) for row, _ in noted if row.get("file") in adapted],
        "incomparable": [
            (row, reason) for row, reason in noted if reason and row.get("file") not in adapted
        ],
        "latex": citation.latex_table(results, comparable, params.set_name, params),
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
    environment.filters["breakable"] = breakable
    return environment


def fixed(value: float | None, sign: str = "") -> str:
    """Format a number with one decimal; a dash if it is missing, such as rPC of 0 / 0."""
    return "–" if value is None or math.isnan(value) else f"{value:{sign}.1f}"


def breakable(name: str) -> Markup:
    """Escape a name and allow line breaks after its signs: a word is not broken."""
    return Markup(re.sub(r"(?<=[_./-])(?=[^_./-])", "<wbr>", str(escape(name))))  # noqa: S704 - escaped on this line


def _text(name: str) -> Markup:
    return Markup((HERE / name).read_text(encoding="utf-8"))  # noqa: S704 - a file of this package


def _script(text: str) -> Markup:
    """Escape a script for use inside an element: the end tag must not appear in it."""
    return Markup(text.replace("</script", "<\\/script"))  # noqa: S704 - scripts of this package and Vega


def _vega() -> Markup:
    """Return Vega as a script of its own scope: the package's bundle is a module."""
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", VEGA_LITE)
    return _script(f'(() => {{ "use strict";\n{bundle}\n}})();')


def _json(values: Any) -> Markup:
    """Return JSON that is safe inside a script element."""
    text = json.dumps(values, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 - escaped on this line
