"""Commands that are stages of dvc.yaml, in the order of the data flow."""

from pathlib import Path
from typing import Annotated

import typer

from ..errors import SettingsError
from .app import DEFAULT, ParamsFile, console, load, stage
from .dvc_item import StageDataset, corruption_of_stage


@stage
def synthesize(params: ParamsFile = DEFAULT) -> None:
    """Generate the demo videos and annotations."""
    from ..stages.synthesize.synthesize import synthesize as work

    work(*load(params))


@stage
def recipes(params: ParamsFile = DEFAULT) -> None:
    """Write a fingerprint of the code and levels of corruptions, stages and models for DVC."""
    from ..stages.recipes import write_recipes

    write_recipes(*load(params))


@stage
def model_files(params: ParamsFile = DEFAULT) -> None:
    """Write hashes of the files that models are made of for DVC."""
    from ..stages.model_files import write_model_files

    write_model_files(*load(params))


@stage
def filter_(dataset: StageDataset, params: ParamsFile = DEFAULT) -> None:
    """Find and probe the video of every listed clip; write clips.parquet."""
    from ..stages.filter import filter_clips
    from ..tools.check.dataset import later_problems
    from .tables import clip_table

    values, root = load(params)
    if problems := later_problems(dataset, values, root):
        raise SettingsError(problems)
    console.print(clip_table(filter_clips(values, root, dataset)))


@stage
def decode(dataset: StageDataset, params: ParamsFile = DEFAULT) -> None:
    """Decode every usable video once and write clean shards."""
    from ..stages.decode import decode as work

    work(*load(params), dataset)


@stage
def corrupt(
    dataset: StageDataset,
    corruption: Annotated[
        list[str] | None,
        typer.Option(
            "--corruption",
            "-c",
            help="Corruption to process; may be repeated. Default: all in params.yaml.",
        ),
    ] = None,
    params: ParamsFile = DEFAULT,
) -> None:
    """Write corrupted shards at all severities."""
    from ..stages.corrupt import corrupt as work
    from .tables import cells

    values, root = load(params)
    own = corruption_of_stage()
    for name in corruption or ([own] if own else values.corruptions):
        console.print(cells(work(values, root, dataset, name)))


@stage
def train(
    dataset: StageDataset,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            help="Model to train; may be repeated. Default: all under `train` in params.yaml.",
        ),
    ] = None,
    params: ParamsFile = DEFAULT,
) -> None:
    """Train the dataset's models on its clean training shards.

    On several GPUs: torchrun --nproc-per-node 8 -m pipeline train --dataset mini_kinetics
    """
    from ..stages.train.train import train as work

    work(*load(params), dataset, model or ())


@stage
def evaluate(dataset: StageDataset, params: ParamsFile = DEFAULT) -> None:
    """Evaluate every model on the clean set and every cell.

    On several GPUs: torchrun --nproc-per-node 8 -m pipeline evaluate --dataset mini_kinetics.
    On the CPUs of a cluster: machine.backend dask or ray.
    """
    from ..stages.evaluate.evaluate import evaluate as work

    work(*load(params), dataset)


@stage
def report(
    add: Annotated[
        list[Path] | None,
        typer.Option("--add", help="External result (JSON) to add; may be repeated."),
    ] = None,
    params: ParamsFile = DEFAULT,
) -> None:
    """Compute the leaderboard from the predictions and write the report."""
    from ..stages.report.report import report as work
    from ..stages.report.submissions import add_result

    values, root = load(params)
    for path in add or ():
        console.print(f"added: {add_result(path, root)}", soft_wrap=True)
    work(values, root)
