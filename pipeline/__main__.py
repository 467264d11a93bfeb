"""The command line: `python -m pipeline STAGE [options]`.

Stages are imported when they run, so that `--help` is quick. Exit codes: 0 when the work is done,
1 when a stage failed, 2 for wrong settings.
"""

import logging
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.logging import RichHandler

from pipeline.errors import ClipError, SettingsError, StageError

app = typer.Typer(
    name="pipeline",
    help="Measure how robust video models are to corrupted video.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console()

Dataset = Annotated[str, typer.Option("--dataset", "-d", help="A dataset of params.yaml.")]
ParamsFile = Annotated[Path, typer.Option("--params", help="Parameters of the run.")]
DEFAULT = Path("params.yaml")


def stage(function: Callable[..., None]) -> Callable[..., None]:
    """A command whose errors are one clear message."""

    @wraps(function)
    def run(*args: Any, **options: Any) -> None:
        try:
            function(*args, **options)
        except SettingsError as error:
            _say(f"Settings: {error}")
            raise typer.Exit(2) from None
        except (StageError, ClipError) as error:
            _say(f"Failed: {error}")
            raise typer.Exit(1) from None

    return app.command(name=function.__name__.rstrip("_"))(run)


def _say(text: str) -> None:
    Console(stderr=True, soft_wrap=True).print(text, style="red", markup=False, highlight=False)


def _load(params: Path) -> tuple[Any, Path]:
    """Parameters, and the project's folder: where params.yaml lies."""
    from pipeline.params import load

    return load(params), params.resolve().parent


@app.callback()
def main(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
) -> None:
    """Set up logging; every command writes its log to stderr."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(message)s",
        handlers=[RichHandler(console=Console(stderr=True), show_path=False)],
    )


@stage
def synthesize(params: ParamsFile = DEFAULT) -> None:
    """Make the demo's videos and annotations."""
    from pipeline.synthesize import synthesize as work

    values, root = _load(params)
    work(root / "data/demo", values.synthesize, values.machine, values.seed)


@stage
def recipes(params: ParamsFile = DEFAULT) -> None:
    """Write what each corruption is made of, so that DVC sees which one changed."""
    from pipeline.recipes import write_recipes

    write_recipes(params.resolve().parent / "manifests" / "recipes")


@stage
def filter_(dataset: Dataset, params: ParamsFile = DEFAULT) -> None:
    """Find and probe every listed clip; write clips.parquet."""
    from pipeline.filter import check_share, filter_clips
    from pipeline.summary import clip_accounting

    values, root = _load(params)
    rows = filter_clips(dataset, values, root)
    console.print(clip_accounting(rows))
    check_share(rows, values.filter.allowed_failures, dataset)


@stage
def decode(dataset: Dataset, params: ParamsFile = DEFAULT) -> None:
    """Decode every usable video once into clean shards."""
    from pipeline.decode import decode as work

    values, root = _load(params)
    work(dataset, values, root)


@stage
def corrupt(
    dataset: Dataset,
    corruption: Annotated[
        list[str] | None,
        typer.Option("--corruption", "-c", help="Repeat for several; default: all of params.yaml."),
    ] = None,
    params: ParamsFile = DEFAULT,
) -> None:
    """Make the corrupted shards of all severities of a corruption."""
    from pipeline.corrupt import corrupt as work
    from pipeline.summary import cells

    values, root = _load(params)
    for name in corruption or values.corruptions:
        console.print(cells(work(dataset, name, values, root)))


@stage
def train(
    dataset: Dataset,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", "-m", help="Repeat for several; default: all that are trained."),
    ] = None,
    params: ParamsFile = DEFAULT,
) -> None:
    """Fit the dataset's models to its clean training shards.

    On several GPUs: torchrun --nproc-per-node 8 -m pipeline train --dataset mini_kinetics
    """
    from pipeline.train import train as work

    values, root = _load(params)
    work(dataset, values, root, model or ())


@stage
def evaluate(dataset: Dataset, params: ParamsFile = DEFAULT) -> None:
    """Ask every model of the dataset about every clip and cell."""
    from pipeline.evaluate import evaluate as work

    values, root = _load(params)
    work(dataset, values, root)


@stage
def report(
    add: Annotated[
        list[Path] | None,
        typer.Option("--add", help="A result of somebody else (JSON) to keep; repeat for several."),
    ] = None,
    params: ParamsFile = DEFAULT,
) -> None:
    """Compute the leaderboard from the predictions and write the report."""
    from pipeline.report import report as work
    from pipeline.results import add_result

    values, root = _load(params)
    for path in add or ():
        console.print(f"added: {add_result(path, root)}", soft_wrap=True)
    work(values, root)


@stage
def leaderboard(params: ParamsFile = DEFAULT) -> None:
    """Print the leaderboard of the last report and where the report lies."""
    from pipeline.leaderboard import read_tables

    _, root = _load(params)
    for table in read_tables(root):
        console.print(table)
    console.print(f"Report: {root / 'report' / 'index.html'}", soft_wrap=True)


@stage
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
    from pipeline.preview import preview as work

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


@stage
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


@stage
def models(
    json_: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """List the models of the leaderboard."""
    import json
    from dataclasses import asdict

    from rich.table import Table

    from pipeline.models import catalog

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


if __name__ == "__main__":
    sys.exit(app())
