"""The command `predictions`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from .app import DEFAULT, Dataset, Force, ParamsFile, console, load, tool


@tool
def predictions(
    action: Annotated[Literal["import"], typer.Argument(help="What to do: import.")],
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Answers of one model: Parquet, CSV or JSONL, also samples that lmms-eval logs.",
        ),
    ],
    dataset: Dataset,
    model: Annotated[
        str, typer.Option("--model", "-m", help="Name of the model for the leaderboard.")
    ],
    tasks: Annotated[
        Path | None,
        typer.Option(help="Folder lmms_eval of the export, for samples that lmms-eval logs."),
    ] = None,
    protocol: Annotated[
        str,
        typer.Option(
            help="How the model saw the clips; `benchmark`: 32 uniform frames, one centre crop."
        ),
    ] = "protocol not stated",
    force: Force = False,
    params: ParamsFile = DEFAULT,
) -> None:
    """Import answers of another program as predictions of a model; `report` then shows them."""
    from ..tools.predictions.imported import import_predictions

    values, root = load(params)
    found = import_predictions(
        files, values, root, dataset, model, tasks=tasks, protocol=protocol, force=force
    )
    for sentence in found.sentences():
        console.print(sentence, soft_wrap=True, highlight=False)
    console.print(f"{found.path}: written; run `report` to show it.", soft_wrap=True)
