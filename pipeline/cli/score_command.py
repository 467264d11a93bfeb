"""Command `score`: one model, one folder of videos, one number."""

from pathlib import Path
from typing import Annotated

import typer

from .app import console, tool


@tool
def score(
    videos: Annotated[Path, typer.Option(help="Folder of the videos.")],
    annotations: Annotated[
        Path, typer.Option(help="Annotation file of the split: Kinetics' CSV or SSV2's JSON.")
    ],
    classes: Annotated[Path, typer.Option(help="CSV with class_id,class_name.")],
    model: Annotated[
        str,
        typer.Option(
            "--model", "-m", help="Zoo model, package.module:factory, file, or Hugging Face id."
        ),
    ],
    weights: Annotated[Path | None, typer.Option(help="Checkpoint of the model.")] = None,
    labels: Annotated[
        Path | None, typer.Option(help="File with the names of the model's outputs.")
    ] = None,
    corruptions: Annotated[
        str, typer.Option(help="Named set, or corruptions separated by commas.")
    ] = "paper12",
    clips: Annotated[
        int | None, typer.Option(help="Size of a stratified sample. Default: all clips.", min=1)
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of the run; resumes what is there.")
    ] = Path("score"),
) -> None:
    """Score a model on a folder of videos: no params.yaml needed, no shards written."""
    from ..stages.report.leaderboard import read_tables
    from ..tools.score import ScoreRequest
    from ..tools.score import score as work

    request = ScoreRequest(
        videos=videos,
        annotations=annotations,
        classes=classes,
        model=model,
        weights=weights,
        labels=labels,
        corruptions=corruptions,
        clips=clips,
    )
    found = work(request, output)
    for table in read_tables(output):
        console.print(table)
    console.print(f"{found.model}: {found.sentence}", soft_wrap=True)
    console.print(f"Report: {found.page}", soft_wrap=True)
    console.print(f"Parameters: {found.params}", soft_wrap=True)
