"""Commands that corrupt a single video file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from ..errors import SettingsError
from ..messages import did_you_mean
from .app import Force, console, tool

Implementation = Annotated[
    Literal["ours", "original"],
    typer.Option(help="Implementation: ours, or the benchmark's first code."),
]


Set = Annotated[str | None, typer.Option("--set", help="All corruptions of this named set.")]


def _names(chosen: Sequence[str], set_: str | None) -> list[str]:
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

    names = _names(corruption or [], set_)
    for path in work(video, output, names, seconds=seconds, dialect=dialect, force=force):
        console.print(str(path), soft_wrap=True)


@tool
def apply(
    video: Annotated[Path, typer.Argument(help="Any video file.")],
    corruption: Annotated[str, typer.Option("--corruption", "-c", help="Corruption to apply.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="A .mp4 (JPEG pictures) or .mkv (lossless).")
    ],
    severity: Annotated[
        int, typer.Option("--severity", "-s", help="Severity, 1 to 5.", min=1, max=5)
    ] = 3,
    seed: Annotated[int, typer.Option(help="Seed of the random numbers.")] = 0,
    dialect: Implementation = "ours",
    timeout: Annotated[float, typer.Option(help="Time limit in seconds.", min=1)] = 600,
    force: Force = False,
) -> None:
    """Corrupt one video file at its own size."""
    import corruptions

    from ..tools.apply import apply as work

    if corruption not in corruptions.names():
        raise SettingsError(
            f"--corruption: unknown corruption {corruption!r}"
            f"{did_you_mean(corruption, corruptions.names())}; choose from "
            f"{', '.join(corruptions.names())}."
        )
    done = work(
        video,
        output,
        corruption,
        severity,
        seed=seed,
        dialect=dialect,
        force=force,
        timeout_seconds=timeout,
    )
    sound = " (without the sound of the input)" if done.has_sound else ""
    console.print(f"{done.num_frames} frames: {output}{sound}", soft_wrap=True, highlight=False)


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

    names = _names(corruption or [], set_)
    levels = tool_module.calibrate(videos, output, names, seconds=seconds, force=force)
    table = Table(caption=f"Means over the clips; {output}/calibration.csv, calibration.svg")
    for column in tool_module.COLUMNS:
        table.add_column(column, justify="left" if column == "corruption" else "right")
    for level in levels:
        table.add_row(*level.row())
    console.print(table)
    for sentence in tool_module.out_of_order(levels):
        console.print(sentence, soft_wrap=True, highlight=False)
