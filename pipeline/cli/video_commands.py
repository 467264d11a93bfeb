"""Commands that corrupt a single video file."""

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
    seconds: Annotated[float, typer.Option(help="Seconds of the video to use.", min=0.04)] = 3.0,
    dialect: Implementation = "ours",
    force: Force = False,
) -> None:
    """Write a mosaic and side-by-side clips of the corruptions of a video."""
    import corruptions

    from ..tools.preview import preview as work

    names: list[str] = []
    for name in corruption or ["paper12"]:
        names.extend(corruptions.SETS.get(name, (name,)))
    unknown = [name for name in names if name not in corruptions.names()]
    if unknown:
        raise SettingsError(
            f"--corruption: unknown corruption or set {unknown[0]!r}"
            f"{did_you_mean(unknown[0], (*corruptions.names(), *corruptions.SETS))}; choose from "
            f"{', '.join(corruptions.names())}, or the sets {', '.join(corruptions.SETS)}."
        )
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
