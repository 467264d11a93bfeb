"""Terminal tables of the rows of manifests."""

from collections.abc import Callable, Sequence

import pandas as pd
from rich.table import Table

from ..media.picture import HDR
from ..storage.rows import CellRow, ClipRow

SQUARE = (None, "unknown", "1:1")
INTERLACED = ("tt", "bb", "tb", "bt", "interlaced")


SPECIAL: dict[str, Callable[[ClipRow], bool]] = {
    "variable frame rate": lambda row: bool(row.get("variable_frame_rate")),
    "pixels not square": lambda row: row.get("sample_aspect_ratio") not in SQUARE,
    "high dynamic range": lambda row: row.get("color_transfer") in HDR,
    "interlaced": lambda row: row.get("field_order") in INTERLACED,
    "mirrored": lambda row: bool(row.get("mirrored")),
}
"""Clips that docs/pictures.md is about, by name."""


def clip_table(rows: Sequence[ClipRow]) -> Table:
    """Return the clip accounting of the filter stage per split: listed, found, usable, reasons."""
    clips = pd.DataFrame(rows, columns=["dataset", "split", "status", "reason"])
    counts = pd.DataFrame(
        {
            "listed": clips.groupby("split").size(),
            "found": clips[clips["status"] != "missing"].groupby("split").size(),
            "usable": clips[clips["status"] == "ok"].groupby("split").size(),
        }
    ).T
    lost = clips[clips["status"] != "ok"]
    reasons = pd.crosstab(lost["reason"], lost["split"])
    reasons.index = [f"  {reason}" for reason in reasons.index]
    special = _special(rows)
    counts = pd.concat([counts, special, reasons]).fillna(0).astype(int)
    table = Table(title=f"Clips of {clips['dataset'].iat[0]}")
    table.add_column("")
    for split in counts.columns:
        table.add_column(str(split), justify="right")
    for name, line in counts.iterrows():
        table.add_row(str(name), *(f"{count:,}" for count in line))
    return table


def _special(rows: Sequence[ClipRow]) -> pd.DataFrame:
    """Return how many usable clips have pictures or clocks that need a choice, per split."""
    marks = [
        {"split": row["split"], "kind": f"  of them {name}"}
        for row in rows
        if row["status"] == "ok"
        for name, applies in SPECIAL.items()
        if applies(row)
    ]
    found = pd.DataFrame(marks, columns=["split", "kind"])
    return pd.crosstab(found["kind"], found["split"])


def cells(rows: Sequence[CellRow]) -> Table:
    """Return one line per severity: clips, failures, size, and PSNR against the clean frames."""
    names = ["corruption", "severity", "params", "status", "num_frames", "size", "psnr"]
    names += ["damaged_frames", "repeated_frames"]
    frame = pd.DataFrame(rows, columns=names)
    table = Table(title=f"Cells of {frame['corruption'].iat[0]}")
    for name in ("severity", "clips", "failed", "frames", "MB", "PSNR", "damaged", "repeated"):
        table.add_column(name, justify="right")
    for severity, cell in frame.groupby("severity"):
        made = cell[cell["status"] == "ok"]
        table.add_row(
            str(severity),
            f"{len(made):,}",
            f"{len(cell) - len(made):,}",
            f"{int(made['num_frames'].sum()):,}",
            f"{made['size'].sum() / 1e6:,.1f}",
            _mean(made["psnr"], " dB"),
            _mean(made["damaged_frames"], ""),
            _mean(made["repeated_frames"], ""),
        )
    return table


def _mean(values: "pd.Series[float]", unit: str) -> str:
    """Return the mean over the clips that have a value, or "-"."""
    mean = pd.to_numeric(values).mean()
    return "-" if pd.isna(mean) else f"{mean:.1f}{unit}"
