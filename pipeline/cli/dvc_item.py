"""Dataset and corruption of a stage that DVC runs, from its name in the environment.

DVC passes the commands of dvc.yaml to a shell. A name from params.yaml inside a command, such as
`$(...)`, would be run by it. Therefore no command contains a name: DVC sets DVC_STAGE to the name
of the stage, such as `corrupt@demo-fog`, and it is read here.
"""

import os
from typing import Annotated

import typer


def _item(stage: str | None = None) -> str:
    name, _, item = os.environ.get("DVC_STAGE", "").rpartition(":")[2].partition("@")
    return item if stage in (None, name) else ""


def dataset_of_stage() -> str:
    """Return the dataset of the stage that DVC runs; it is an error to have none."""
    corruption = corruption_of_stage()
    item = _item()
    dataset = item if corruption is None else item.removesuffix(f"-{corruption}")
    if not dataset:
        raise typer.BadParameter("Missing option '--dataset' / '-d'.")
    return dataset


def corruption_of_stage() -> str | None:
    """Return the corruption of the stage that DVC runs; None for other stages and without DVC."""
    return _item("corrupt").rpartition("-")[2] or None


StageDataset = Annotated[
    str,
    typer.Option(
        "--dataset",
        "-d",
        default_factory=dataset_of_stage,
        show_default="required; DVC names it",
        help="Dataset name in params.yaml.",
    ),
]
