"""Options that several commands on video files share."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ..errors import SettingsError
from ..messages import one_line

if TYPE_CHECKING:  # NumPy, and `--help` must be quick
    from corruptions.timing import Timing

Implementation = Annotated[
    Literal["ours", "original"],
    typer.Option(help="Implementation: ours, or the benchmark's first code."),
]
Set = Annotated[str | None, typer.Option("--set", help="All corruptions of this named set.")]
LevelText = Annotated[
    str | None,
    typer.Option(
        "--level",
        help="Parameter of the corruption instead of a severity: a number, a fraction such as "
        "25/2, or several with commas.",
    ),
]
Lossless = Annotated[
    bool, typer.Option("--lossless", help="FFV1 without loss instead of H.264, which players open.")
]
Unit = Literal["percent", "seconds"]
Profile = Literal["constant", "ramp", "burst", "sine"]
Start = Annotated[float, typer.Option(help="Begin of the part that is corrupted.", min=0)]
Stop = Annotated[float | None, typer.Option(help="End of that part. Default: that of the video.")]
TimingUnit = Annotated[Unit, typer.Option(help="Unit of --start and --stop.")]
Share = Annotated[
    float, typer.Option(help="Share of that part's frames to corrupt, above 0, at most 1.")
]
TimingProfile = Annotated[
    Profile, typer.Option(help="Severity over that part, up to the one that is chosen.")
]
Period = Annotated[float, typer.Option(help="Seconds between two peaks of the profile sine.")]
MemoryGB = Annotated[
    float,
    typer.Option("--memory-gb", help="Limit on decoded frames in memory, per video.", min=0.1),
]
Timeout = Annotated[float, typer.Option(help="Time limit per video, in seconds.", min=1)]


def timing_of(
    start: float, stop: float | None, unit: Unit, share: float, profile: Profile, period: float
) -> "Timing | None":
    """Return the timing of the options; None if they are all left at their defaults."""
    from corruptions.timing import Timing

    try:
        timing = Timing(start, stop, unit, share, profile, period)
    except ValueError as error:
        raise SettingsError(f"--start, --stop, --share, --period: {one_line(error)}") from error
    return None if timing == Timing(unit=unit, period=period) else timing
