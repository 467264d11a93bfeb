"""The command `mirror`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from ..errors import SettingsError, StageError
from .app import Force, console, tool
from .video_commands import corruption_names
from .video_options import (
    Implementation,
    LevelText,
    Lossless,
    MemoryGB,
    Period,
    Set,
    Share,
    Start,
    Stop,
    Timeout,
    TimingProfile,
    TimingUnit,
    timing_of,
)

SHOWN = 5
"""Failed videos that are printed; the manifest has all."""


def read_severities(text: str) -> list[int]:
    """Return the severities in a text such as "3", "1-5" or "1,3,5"."""
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            found = []
            break
        found.extend(range(int(first), int(last or first) + 1))
    if not found or not all(1 <= severity <= 5 for severity in found):
        raise SettingsError(
            f"--severities: not severities from 1 to 5 (got {text!r}); give one such as 3, a range "
            "such as 1-5, or several such as 1,3,5."
        )
    return list(dict.fromkeys(found))


@tool
def mirror(
    source: Annotated[
        Path,
        typer.Argument(metavar="IN", help="Folder of videos, or a list (.txt, .csv, .jsonl ...)."),
    ],
    output: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of the mirror.")],
    corruption: Annotated[
        list[str] | None,
        typer.Option(
            "--corruption", "-c", help="Corruption or named set; may be repeated. Default: paper12."
        ),
    ] = None,
    set_: Set = None,
    severities: Annotated[
        str,
        typer.Option(
            "--severities", "--severity", "-s", help="Severities: one, or such as 1-5 or 1,3,5."
        ),
    ] = "3",
    level: LevelText = None,
    seed: Annotated[int, typer.Option(help="Seed of the random numbers.")] = 0,
    dialect: Implementation = "ours",
    table: Annotated[
        Literal["mini_kinetics", "mini_ssv2"], typer.Option(help="Severity table.")
    ] = "mini_kinetics",
    lossless: Lossless = False,
    start: Start = 0.0,
    stop: Stop = None,
    unit: TimingUnit = "percent",
    share: Share = 1.0,
    profile: TimingProfile = "constant",
    period: Period = 2.0,
    others: Annotated[
        Literal["leave", "link", "copy"],
        typer.Option(help="Files that are not videos: leave them out, link or copy them."),
    ] = "leave",
    follow_links: Annotated[
        bool, typer.Option("--follow-links", help="Follow links that point outside of IN.")
    ] = False,
    root: Annotated[
        Path | None,
        typer.Option(help="Folder of the paths of a list. Default: the folder of the list."),
    ] = None,
    path_column: Annotated[str, typer.Option(help="Column of a list with the paths.")] = "path",
    key_column: Annotated[
        str | None,
        typer.Option(help="Column that names the random numbers. Default: the path below IN."),
    ] = None,
    workers: Annotated[int, typer.Option(help="Videos at once; 0 is one per core.", min=0)] = 0,
    memory_gb: MemoryGB = 8.0,
    timeout: Timeout = 86_400,
    max_failed_share: Annotated[
        float,
        typer.Option(help="Share of failed videos up to which the exit code is 0.", min=0, max=1),
    ] = 0.0,
    force: Force = False,
) -> None:
    """Corrupt all videos of a folder or list, at their size, with sound, under the same names."""
    from ..tools.mirror.cells import cells_of, read_level
    from ..tools.mirror.mirror import mirror as work
    from ..tools.mirror.options import MirrorOptions

    done = work(
        source,
        output,
        cells_of(
            corruption_names(corruption or [], set_),
            read_severities(severities),
            level=None if level is None else read_level(level),
            timing=timing_of(start, stop, unit, share, profile, period),
            dialect=dialect,
            table=table,
            seed=seed,
        ),
        MirrorOptions(
            lossless=lossless,
            others=others,
            follow_links=follow_links,
            root=root,
            path_column=path_column,
            key_column=key_column,
            workers=workers,
            memory_bytes=round(memory_gb * 1e9),
            timeout_seconds=timeout,
            force=force,
        ),
    )
    good = len(done.rows) - len(done.failed)
    parts = [f"{good:,} videos", f"{done.num_resumed:,} of them from earlier runs"]
    parts += [f"{done.num_others:,} other files"] if others != "leave" else []
    console.print(f"{', '.join(parts)}: {done.manifest}", soft_wrap=True, highlight=False)
    for row in done.failed[:SHOWN]:
        cell = f"{row['corruption']} {row['severity'] or 'level'}"
        text = f"{row['status']}: {row['source_path']}, {cell}: {row['reason']}"
        console.print(text, soft_wrap=True, highlight=False)
    if len(done.failed) > max_failed_share * len(done.rows):
        raise StageError(
            f"mirror: {len(done.failed):,} of {len(done.rows):,} videos failed; {done.manifest} "
            "says why. Accept some with --max-failed-share."
        )
