"""Commands that are not stages."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.markup import escape

from ..errors import SettingsError, StageError
from .app import DEFAULT, Dataset, Force, ParamsFile, console, load, tool

Implementation = Annotated[
    Literal["ours", "original"],
    typer.Option(help="Implementation: ours, or the benchmark's first code."),
]
SHOWN_FILES = 10

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@tool
def leaderboard(params: ParamsFile = DEFAULT) -> None:
    """Print the leaderboard and the path of the last report."""
    from ..stages.report.leaderboard import read_tables

    _, root = load(params)
    for table in read_tables(root):
        console.print(table)
    console.print(f"Report: {root / 'report' / 'index.html'}", soft_wrap=True)


@tool
def check() -> None:
    """Check dependencies and that this machine produces the reference output."""
    from ..tools.check import check as work

    failed = []
    for result in work():
        colour = "green" if result.passed else "red"
        mark = "ok    " if result.passed else "FAILED"
        line = f"[{colour}]{mark}[/] {result.name:24} {escape(result.detail)}"
        console.print(line, soft_wrap=True)
        if not result.passed:
            failed.append(result.name)
    if failed:
        raise StageError(f"checks failed: {', '.join(failed)}.")


@tool
def clean(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only print what would be removed.")
    ] = False,
    params: ParamsFile = DEFAULT,
) -> None:
    """Remove the outputs of all stages; videos, annotations and other files stay."""
    from ..tools.clean import clean as work

    root = params.resolve().parent
    done = work(root, remove=not dry_run)
    verb = "would be removed" if dry_run else "removed"
    console.print(f"{done.files:,} files ({done.bytes / 1e9:,.2f} GB) {verb} below {root}.")
    for path in done.kept[:SHOWN_FILES]:
        console.print(f"kept, not written by a stage: {path}", soft_wrap=True, highlight=False)
    if len(done.kept) > SHOWN_FILES:
        console.print(f"... and {len(done.kept) - SHOWN_FILES:,} more.")
    if done.cache_kept:
        console.print("kept: .dvc/cache, since .dvc files are there; `dvc gc -w` makes it smaller.")


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
            f"--corruption: unknown corruption or set {unknown[0]!r}; choose from "
            f"{', '.join(corruptions.names())}, or the sets {', '.join(corruptions.SETS)}."
        )
    for path in work(video, output, names, seconds=seconds, dialect=dialect, force=force):
        console.print(str(path), soft_wrap=True)


@tool
def corruptions(
    set_: Annotated[str | None, typer.Option("--set", help="Only corruptions of this set.")] = None,
) -> None:
    """List the corruptions, their severities and the named sets."""
    from rich.table import Table

    from corruptions import SETS, load, names

    if set_ is not None and set_ not in SETS:
        raise SettingsError(f"--set: unknown set {set_!r}; choose from {', '.join(SETS)}.")
    table = Table(caption="Select corruptions under `corruptions:` in params.yaml.")
    for column in ("name", "family", "levels of severities 1 to 5", "sets"):
        table.add_column(column, no_wrap=column == "name")
    for name in SETS[set_] if set_ else names():
        one = load(name)
        levels = ", ".join(str(level) for level in one.levels["mini_kinetics"])
        members = [title for title, inside in SETS.items() if name in inside]
        table.add_row(name, one.family, levels, " ".join(members))
    console.print(table)


@tool
def models(json_: AsJson = False) -> None:
    """List the models of the leaderboard."""
    import json
    from dataclasses import asdict

    from rich.table import Table

    from ..models import catalog

    rows = catalog.rows()
    if json_:
        typer.echo(json.dumps([asdict(row) for row in rows], indent=2))
        return
    table = Table(
        title="Models", caption="GMAC: billions of multiply-adds per clip, GFLOPs in most papers"
    )
    for name in ("name", "params (M)", "GMAC", "input", "mean / std", "source"):
        right = name in ("params (M)", "GMAC")
        table.add_column(
            name, justify="right" if right else "left", no_wrap=name in ("name", "input")
        )
    for row in rows:
        table.add_row(
            row.name,
            f"{row.params / 1e6:.2f}",
            f"{row.gmac:.2f}",
            f"{row.frames} x {row.size} px",
            f"{row.mean[0]:g} / {row.std[0]:g}",
            row.source,
        )
    console.print(table)


@tool
def verify(
    dataset: Dataset,
    corruption: Annotated[
        list[str] | None,
        typer.Option(
            "--corruption",
            "-c",
            help="Corruption to process; may be repeated. Default: all in params.yaml.",
        ),
    ] = None,
    recompute: Annotated[
        int, typer.Option(help="Number of random shards to recompute from the videos.", min=0)
    ] = 3,
    sample_seed: Annotated[int, typer.Option(help="Seed for sampling the shards.")] = 0,
    against: Annotated[
        list[Path] | None,
        typer.Option(help="Published manifest to compare with; may be repeated."),
    ] = None,
    stored: Annotated[
        bool, typer.Option(help="Read every stored shard (slow) or only recompute the sample.")
    ] = True,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write all problems to this CSV file.")
    ] = None,
    params: ParamsFile = DEFAULT,
) -> None:
    """Verify hashes, recompute a sample of shards and compare with published manifests."""
    from ..tools.verify.verify import verify as work

    values, root = load(params)
    found = work(
        dataset,
        values,
        root,
        chosen=corruption or (),
        check_stored=stored,
        samples=recompute,
        sample_seed=sample_seed,
        against=against or (),
    )
    for what, number in found.counts.items():
        console.print(f"{number:>9,} {what}")
    if output is not None:
        found.write(output)
    if found.problems:
        console.print(found.table())
        raise StageError(
            f"verify {dataset}: {len(found.problems)} problems"
            f"{'' if output is None else f'; see {output} for all of them'}."
        )
    console.print("No problems found.")


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
            f"--corruption: unknown corruption {corruption!r}; choose from "
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
def plan(
    dataset: Dataset,
    clips: Annotated[
        int,
        typer.Option(help="Clips to measure per split; more clips give narrower intervals.", min=3),
    ] = 12,
    seed: Annotated[int, typer.Option(help="Seed for sampling the clips.")] = 0,
    no_models: Annotated[
        bool, typer.Option("--no-models", help="Skip the evaluation estimate.")
    ] = False,
    json_: AsJson = False,
    params: ParamsFile = DEFAULT,
) -> None:
    """Estimate run time, disk usage and shard count from a few clips."""
    import json
    from dataclasses import asdict

    from ..tools.plan.plan import plan as work
    from ..tools.plan.tables import show

    values, root = load(params)
    made = work(dataset, values, root, clips=clips, seed=seed, models=not no_models)
    if json_:
        typer.echo(json.dumps(asdict(made) | {"fits_disk": made.fits_disk}, indent=2))
        return
    for part in show(made):
        console.print(part, soft_wrap=True)
