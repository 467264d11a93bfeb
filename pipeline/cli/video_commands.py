"""Commands that corrupt a single video file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ..errors import SettingsError
from ..messages import did_you_mean
from .app import Force, console, tool
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


def corruption_names(chosen: Sequence[str], set_: str | None) -> list[str]:
    """Return the corruptions of --corruption and --set; paper12 if neither is given."""
    import corruptions

    if set_ is not None and set_ not in corruptions.SETS:
        raise SettingsError(
            f"--set: unknown set {set_!r}{did_you_mean(set_, tuple(corruptions.SETS))}; choose "
            f"from {', '.join(corruptions.SETS)}."
        )
    names: list[str] = []
    for name in [*chosen, *([set_] if set_ else [])] or ["paper12"]:
        names.extend(corruptions.SETS.get(name, (name,)))
    unknown = [name for name in names if name not in corruptions.names()]
    if unknown:
        raise SettingsError(
            f"--corruption: unknown corruption or set {unknown[0]!r}"
            f"{did_you_mean(unknown[0], (*corruptions.names(), *corruptions.SETS))}; choose from "
            f"{', '.join(corruptions.names())}, or the sets {', '.join(corruptions.SETS)}."
        )
    return list(dict.fromkeys(names))


@tool
def preview(
    video: Annotated[Path, typer.Argument(help="Any video file.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Output folder.")] = Path(
        "preview"
    ),
    corruption: Annotated[
        list[str] | None,
        typer.Option(
            "--corruption", "-c", help="Corruption or named set; may be repeated. Default: paper12."
        ),
    ] = None,
    set_: Set = None,
    seconds: Annotated[float, typer.Option(help="Seconds of the video to use.", min=0.04)] = 3.0,
    dialect: Implementation = "ours",
    force: Force = False,
) -> None:
    """Write a mosaic and side-by-side clips of the corruptions of a video."""
    from ..tools.preview import preview as work

    names = corruption_names(corruption or [], set_)
    for path in work(video, output, names, seconds=seconds, dialect=dialect, force=force):
        console.print(str(path), soft_wrap=True)


@tool
def apply(
    video: Annotated[Path, typer.Argument(help="Any video file.")],
    corruption: Annotated[str, typer.Option("--corruption", "-c", help="Corruption to apply.")],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="File to write; its extension names the container."),
    ],
    severity: Annotated[
        int, typer.Option("--severity", "-s", help="Severity, 1 to 5.", min=1, max=5)
    ] = 3,
    level: LevelText = None,
    seed: Annotated[int, typer.Option(help="Seed of the random numbers.")] = 0,
    key: Annotated[
        str | None,
        typer.Option(help="Name of the random numbers. Default: the name of the file."),
    ] = None,
    dialect: Implementation = "ours",
    lossless: Lossless = False,
    start: Start = 0.0,
    stop: Stop = None,
    unit: TimingUnit = "percent",
    share: Share = 1.0,
    profile: TimingProfile = "constant",
    period: Period = 2.0,
    memory_gb: MemoryGB = 8.0,
    timeout: Timeout = 86_400,
    force: Force = False,
) -> None:
    """Corrupt one video file at its own size; sound and subtitles are kept."""
    from ..tools.mirror.apply import apply as work
    from ..tools.mirror.cells import cells_of, read_level

    (name,) = _one(corruption)
    (cell,) = cells_of(
        [name],
        [severity],
        level=None if level is None else read_level(level),
        timing=timing_of(start, stop, unit, share, profile, period),
        dialect=dialect,
        seed=seed,
    )
    row = work(
        video,
        output,
        cell,
        key=key,
        lossless=lossless,
        force=force,
        memory_bytes=round(memory_gb * 1e9),
        timeout_seconds=timeout,
    )
    left_out = f" (without {row['left_out']})" if row["left_out"] else ""
    console.print(
        f"{row['num_frames']} frames: {output}{left_out}", soft_wrap=True, highlight=False
    )


def _one(corruption: str) -> tuple[str]:
    import corruptions

    if corruption not in corruptions.names():
        raise SettingsError(
            f"--corruption: unknown corruption {corruption!r}"
            f"{did_you_mean(corruption, corruptions.names())}; choose from "
            f"{', '.join(corruptions.names())}."
        )
    return (corruption,)


@tool
def calibrate(
    videos: Annotated[list[Path], typer.Argument(help="Video files, the sample.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Output folder.")] = Path(
        "calibration"
    ),
    corruption: Annotated[
        list[str] | None,
        typer.Option(
            "--corruption", "-c", help="Corruption or named set; may be repeated. Default: paper12."
        ),
    ] = None,
    set_: Set = None,
    seconds: Annotated[float, typer.Option(help="Seconds of each video to use.", min=0.04)] = 3.0,
    force: Force = False,
) -> None:
    """Measure PSNR, SSIM and bit rate per severity; write a table and a plot."""
    from rich.table import Table

    from ..tools import calibrate as tool_module

    names = corruption_names(corruption or [], set_)
    levels = tool_module.calibrate(videos, output, names, seconds=seconds, force=force)
    table = Table(caption=f"Means over the clips; {output}/calibration.csv, calibration.svg")
    for column in tool_module.COLUMNS:
        table.add_column(column, justify="left" if column == "corruption" else "right")
    for level in levels:
        table.add_row(*level.row())
    console.print(table)
    for sentence in tool_module.out_of_order(levels):
        console.print(sentence, soft_wrap=True, highlight=False)
