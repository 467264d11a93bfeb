"""Commands that are no stage: they look at things and change nothing that a stage made."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from ..errors import SettingsError, StageError
from .app import DEFAULT, Dataset, ParamsFile, console, load, tool


@tool
def leaderboard(params: ParamsFile = DEFAULT) -> None:
    """Print the leaderboard of the last report and where the report lies."""
    from ..stages.report.leaderboard import read_tables

    _, root = load(params)
    for table in read_tables(root):
        console.print(table)
    console.print(f"Report: {root / 'report' / 'index.html'}", soft_wrap=True)


@tool
def check() -> None:
    """Check that this machine or image can do the work and makes the same bytes as others."""
    from ..tools.check import check as work

    wrong = []
    for finding in work():
        colour = "green" if finding.good else "red"
        mark = "ok   " if finding.good else "WRONG"
        line = f"[{colour}]{mark}[/] {finding.what:24} {escape(finding.detail)}"
        console.print(line, soft_wrap=True)
        if not finding.good:
            wrong.append(finding.what)
    if wrong:
        raise StageError(f"wrong here: {', '.join(wrong)}.")


@tool
def preview(
    video: Annotated[Path, typer.Argument(help="Any video file.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the pictures.")] = Path(
        "preview"
    ),
    corruption: Annotated[
        list[str] | None,
        typer.Option("--corruption", "-c", help="A corruption or a named set; repeat for several."),
    ] = None,
    seconds: Annotated[float, typer.Option(help="How much of the video.", min=0.04)] = 3.0,
    dialect: Annotated[str, typer.Option(help="ours or original.")] = "ours",
) -> None:
    """Show what corruptions do to a video: a mosaic and clips side by side."""
    import corruptions

    from ..tools.preview import preview as work

    names: list[str] = []
    for name in corruption or ["paper12"]:
        names.extend(corruptions.SETS.get(name, (name,)))
    unknown = [name for name in names if name not in corruptions.names()]
    if unknown or dialect not in ("ours", "original"):
        raise SettingsError(
            f"--corruption {unknown}, --dialect {dialect}: corruptions are "
            f"{', '.join(corruptions.names())}; sets {', '.join(corruptions.SETS)}; dialects are "
            "ours and original."
        )
    for path in work(video, output, names, seconds=seconds, dialect=dialect):  # type: ignore[arg-type] # checked above
        console.print(str(path), soft_wrap=True)


@tool
def corruptions(
    set_: Annotated[str | None, typer.Option("--set", help="Only those of a named set.")] = None,
) -> None:
    """List the corruptions, their severities and the named sets."""
    from rich.table import Table

    from corruptions import SETS, load, names

    if set_ is not None and set_ not in SETS:
        raise SettingsError(f"--set {set_!r} is no set; there are: {', '.join(SETS)}.")
    table = Table(caption="Name those you want under `corruptions:` of params.yaml.")
    for column in ("name", "family", "levels of severities 1 to 5", "sets"):
        table.add_column(column, no_wrap=column == "name")
    for name in SETS[set_] if set_ else names():
        one = load(name)
        levels = ", ".join(str(level) for level in one.levels["mini_kinetics"])
        members = [title for title, inside in SETS.items() if name in inside]
        table.add_row(name, one.family, levels, " ".join(members))
    console.print(table)


@tool
def models(
    json_: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
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
        title="Models", caption="GMAC: multiply-adds of one clip, which papers call GFLOPs"
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
        typer.Option("--corruption", "-c", help="Repeat for several; default: all of params.yaml."),
    ] = None,
    recompute: Annotated[
        int, typer.Option(help="Shards, drawn at random, to make again from the videos.", min=0)
    ] = 3,
    sample_seed: Annotated[int, typer.Option(help="Which shards are drawn.")] = 0,
    against: Annotated[
        list[Path] | None,
        typer.Option(help="A manifest that somebody published; repeat for several."),
    ] = None,
    stored: Annotated[
        bool, typer.Option(help="Read every stored shard, or only make some again.")
    ] = True,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="CSV file for every problem.")
    ] = None,
    params: ParamsFile = DEFAULT,
) -> None:
    """Check hashes, make a sample of shards again, compare with published manifests."""
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
            f"{'' if output is None else f'; all of them are in {output}'}."
        )
    console.print("Everything is as it should be.")


@tool
def apply(
    video: Annotated[Path, typer.Argument(help="Any video file.")],
    corruption: Annotated[str, typer.Option("--corruption", "-c", help="One corruption.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="A .mp4 (JPEG pictures) or .mkv (lossless).")
    ],
    severity: Annotated[int, typer.Option("--severity", "-s", min=1, max=5)] = 3,
    seed: Annotated[int, typer.Option(help="Seed of the random numbers.")] = 0,
    dialect: Annotated[str, typer.Option(help="ours or original.")] = "ours",
    timeout: Annotated[float, typer.Option(help="Seconds that it may take.", min=1)] = 600,
) -> None:
    """Corrupt one video file at its own size."""
    import corruptions

    from ..tools.apply import apply as work

    if corruption not in corruptions.names() or dialect not in ("ours", "original"):
        raise SettingsError(
            f"--corruption {corruption}, --dialect {dialect}: corruptions are "
            f"{', '.join(corruptions.names())}; dialects are ours and original."
        )
    count = work(
        video,
        output,
        corruption,
        severity,
        seed=seed,
        dialect=dialect,  # type: ignore[arg-type] # checked above
        timeout_seconds=timeout,
    )
    console.print(f"{count} frames: {output}", soft_wrap=True)


@tool
def plan(
    dataset: Dataset,
    clips: Annotated[
        int, typer.Option(help="Clips to measure of each split; more narrow the intervals.", min=3)
    ] = 12,
    seed: Annotated[int, typer.Option(help="Of the draw of the clips.")] = 0,
    no_models: Annotated[
        bool, typer.Option("--no-models", help="Leave the models' hours out.")
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    params: ParamsFile = DEFAULT,
) -> None:
    """Predict hours, bytes and shards of a whole run from a few clips, before it is paid."""
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
