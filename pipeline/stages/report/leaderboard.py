"""Leaderboard of evaluated models and external results, as CSV, Markdown and terminal tables."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from rich import box
from rich.table import Table

from ...errors import StageError
from ...io.escaping import for_csv, for_markdown
from .predictions import BENCHMARK, labelled
from .result import Result
from .submissions import file_name, read_results

Row = dict[str, Any]

COLUMNS = (
    "dataset",
    "model",
    "clean_top1",
    "clean_top5",
    "mpc",
    "mpc_low",
    "mpc_high",
    "rpc",
    "rpc_low",
    "rpc_high",
    "rpc_corrected",
    "rank_best",
    "rank_worst",
    "mce",
    "relative_mce",
    "set",
    "num_clips",
    "num_clips_listed",
    "accounting",
    "source",
)

HEADINGS = ("model", "clean", "mPC (95 %)", "rPC (95 %)", "N", "set")
OURS = "this run"
IMPORTED = "imported predictions"


def our_rows(values: Mapping[str, Any]) -> list[Row]:
    """Return the rows of the models in metrics.json."""
    return [
        {
            "dataset": dataset,
            "model": model,
            **{name: one[name] for name in ("clean_top1", "clean_top5", "mpc", "rpc", "set")},
            **{name: one.get(name) for name in ("mce", "relative_mce", "rpc_corrected")},
            "near_chance": _near_chance(one),
            "mpc_low": one["mpc_ci95"][0],
            "mpc_high": one["mpc_ci95"][1],
            "rank_best": one["rank_ci95"][0],
            "rank_worst": one["rank_ci95"][1],
            "rpc_low": one["rpc_ci95"][0],
            "rpc_high": one["rpc_ci95"][1],
            **{name: one[name] for name in ("num_clips", "num_clips_listed", "accounting")},
            "protocol": one.get("protocol", BENCHMARK),
            "source": IMPORTED if one.get("imported") else OURS,
        }
        for dataset, some in values.items()
        for model, one in some.items()
    ]


def added_rows(results: Iterable[Result]) -> list[Row]:
    """Return the rows of external results; `file` is the name of the file."""
    return [
        {
            "dataset": one.dataset,
            "model": one.label,
            "file": file_name(one),
            "adaptation": one.adaptation and one.adaptation.sentence,
            **_intervals(one),
            "clean_top1": one.clean_top1,
            "clean_top5": one.clean_top5,
            "mpc": one.mpc,
            "rpc": one.rpc,
            "rpc_corrected": None,
            "near_chance": False,
            "set": one.set_name,
            "num_clips": one.num_clips,
            "accounting": one.accounting,
            "source": one.source,
        }
        for one in results
    ]


def ranked(rows: Iterable[Row]) -> list[Row]:
    """Return the rows by dataset, best mPC first; models that adapt are ranked after the others."""
    return sorted(rows, key=lambda row: (row["dataset"], adapts(row), -row["mpc"], row["model"]))


def _near_chance(values: Mapping[str, Any]) -> bool:
    """Return True if the interval of mPC reaches down to the accuracy of guessing."""
    return bool(values["mpc_ci95"][0] <= values.get("chance", 0))


def adapts(row: Row) -> bool:
    """Return True for a model that adapts to the corrupted clips."""
    return bool(row.get("adaptation"))


def _intervals(result: Result) -> Row:
    """Return the bounds of mPC and rPC that a result states."""
    found: Row = {}
    for name in ("mpc", "rpc"):
        stated = result.metrics.get(name)
        if stated is not None and stated.ci95 is not None:
            found |= {f"{name}_low": stated.ci95[0], f"{name}_high": stated.ci95[1]}
    return found


def as_csv(rows: Iterable[Row]) -> str:
    """Return all columns as CSV, numbers with four decimals.

    The column `protocol` is there if a row differs from the benchmark's, and the column
    `adaptation` if a model adapts.
    """
    rows = list(rows)
    columns = list(COLUMNS)
    for name, usual in (("protocol", BENCHMARK), ("adaptation", None)):
        if any(row.get(name, usual) != usual for row in rows):
            columns.insert(columns.index("set"), name)
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {
                name: f"{value:.4f}" if isinstance(value, float) else _text(value)
                for name, value in row.items()
            }
        )
    return text.getvalue()


def _text(value: object) -> object:
    return for_csv(value) if isinstance(value, str) else value


def as_markdown(rows: Iterable[Row]) -> str:
    """Return the leaderboard as a Markdown table, and one of the models that adapt."""
    rows = list(rows)
    text = _markdown([row for row in rows if not adapts(row)])
    adapted = [row for row in rows if adapts(row)]
    if adapted:
        text += "\nModels that adapt to the corrupted clips, ranked apart:\n\n"
        text += _markdown(adapted)
        text += "".join(
            f"\n- {for_markdown(row['model'])}: {for_markdown(row['adaptation'])}"
            for row in adapted
        )
        text += "\n"
    return text


def _markdown(rows: Iterable[Row]) -> str:
    lines = [
        "| dataset | model | clean top-1 | mPC (95 %) | rPC (95 %) | N | set | source |",
        "|---|---|--:|--:|--:|--:|---|---|",
        *(
            "| " + " | ".join([row["dataset"], *_escaped(row), for_markdown(row["source"])]) + " |"
            for row in rows
        ),
    ]
    return "\n".join(lines) + "\n"


def as_tables(rows: Iterable[Row]) -> list[Table]:
    """Return one terminal table per dataset, and one of its models that adapt."""
    rows = list(rows)
    tables = []
    for dataset, adapted in dict.fromkeys((row["dataset"], adapts(row)) for row in rows):
        some = [row for row in rows if (row["dataset"], adapts(row)) == (dataset, adapted)]
        title = f"Robustness on {dataset}{', adapted to the corrupted clips' if adapted else ''}"
        table = Table(title=title, caption=_caption(some), box=box.SIMPLE_HEAD)
        cells = [dict(zip(HEADINGS, _cells(row), strict=True)) for row in some]
        for row, cell in zip(some, cells, strict=True):
            cell["model"] += "" if row["source"] == OURS else " (external)"
        for name in HEADINGS:
            text = name in ("model", "set")
            width = None if text else max(len(cell[name]) for cell in cells)
            justify: Literal["left", "right"] = "left" if text else "right"
            table.add_column(name, justify=justify, min_width=width, overflow="fold")
        for cell in cells:
            table.add_row(*cell.values())
        tables.append(table)
    return tables


def read_tables(root: Path) -> list[Table]:
    """Return the leaderboard of the last report as terminal tables."""
    path = root / "report" / "metrics.json"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StageError(f"{path}: no such file; run `dvc repro` to write the report.") from None
    return as_tables(ranked([*our_rows(values), *added_rows(read_results(root))]))


def _caption(rows: list[Row]) -> str:
    row = next((row for row in rows if row["source"] == OURS), rows[0])
    listed = f" of {row['num_clips_listed']} listed" if row.get("num_clips_listed") else ""
    return f"top-1 in %; N clips{listed}, {row['accounting']} accounting"


def _cells(row: Row) -> list[str]:
    return [
        labelled(row["model"], row.get("protocol", BENCHMARK)),
        f"{row['clean_top1']:.1f}",
        _with_interval(row, "mpc"),
        _with_interval(row, "rpc"),
        f"{row['num_clips']}",
        row["set"],
    ]


def _escaped(row: Row) -> list[str]:
    """Return the cells for Markdown: names of methods are free text, those of models are not."""
    model, *numbers = _cells(row)
    return [for_markdown(model) if adapts(row) else model, *numbers]


def _with_interval(row: Row, name: str) -> str:
    if row[name] is None:
        return "-"
    if row.get(f"{name}_low") is None:
        return f"{row[name]:.1f}"
    return f"{row[name]:.1f} ({row[f'{name}_low']:.1f}–{row[f'{name}_high']:.1f})"
