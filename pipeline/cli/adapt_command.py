"""Command `adapt`: evaluate a model with a method of test-time adaptation."""

from dataclasses import replace
from typing import Annotated, Literal

import typer

from .app import DEFAULT, Dataset, ParamsFile, console, load, tool


@tool
def adapt(
    method: Annotated[
        str,
        typer.Argument(help="package.module[:attribute] of an AdaptationMethod: examples.tent."),
    ],
    dataset: Dataset,
    model: Annotated[str, typer.Option("--model", "-m", help="Model name in params.yaml.")],
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Clips per step. Default: that of the method.")
    ] = None,
    order: Annotated[
        Literal["cells", "mixed"] | None,
        typer.Option(help="Cell after cell, or all mixed. Default: that of the method."),
    ] = None,
    reset: Annotated[
        Literal["cell", "batch", "never"] | None,
        typer.Option(help="When the model starts again. Default: that of the method."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the order and of the method.")] = 0,
    stored: Annotated[
        bool, typer.Option("--stored", help="Read the stored cells instead of computing them.")
    ] = False,
    params: ParamsFile = DEFAULT,
) -> None:
    """Evaluate a model that adapts to the corrupted clips, and write a result file."""
    from ..tools.adapt.adapt import AdaptationRequest, save_result
    from ..tools.adapt.adapt import adapt as work
    from ..tools.adapt.method import read_method

    values, root = load(params)
    chosen = read_method(method)
    chosen = replace(
        chosen,
        batch_size=batch_size or chosen.batch_size,
        order=order or chosen.order,
        reset=reset or chosen.reset,
    )
    result = work(AdaptationRequest(chosen, dataset, model, stored, seed), values, root)
    path = save_result(result, root)
    low, high = result.metrics["mpc"].ci95 or (result.mpc, result.mpc)
    console.print(
        f"{result.label} on {dataset}: clean {result.clean_top1:.1f} %, mPC {result.mpc:.1f} % "
        f"({low:.1f} to {high:.1f}), N = {result.num_clips}",
        soft_wrap=True,
    )
    console.print(f"Result: {path}", soft_wrap=True)
    console.print("Fill in `source` and add it to the leaderboard with `report --add`.")
