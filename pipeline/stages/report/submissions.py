"""External results: one JSON file per model with its cells, validated before it is added.

mPC and rPC are not read from the file: they are computed from its cells, so that every number of
the leaderboard has the same definition. The report stage writes evaluated models in this form too.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

import corruptions
from corruptions.registry import SEVERITIES
from corruptions.sets import set_of

from ...errors import SettingsError
from ...io.atomic import write_text
from ...io.text import read_json

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]
Percent = Annotated[float, Field(ge=0, le=100)]


class Result(BaseModel):
    """Result of one model on one dataset; accuracies are top-1 in percent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1]
    dataset: Name
    model: Name
    source: Annotated[str, Field(min_length=1)]
    """Origin of the numbers: a citation or a URL."""
    clean_top1: Annotated[float, Field(gt=0, le=100)]
    clean_top5: Percent | None = None
    num_clips: Annotated[int, Field(gt=0)]
    """Clips that the accuracies are computed from."""
    accounting: Literal["common", "strict"]
    cells: dict[str, dict[int, Percent]]
    """Top-1 by corruption and severity; all five severities of every corruption."""

    @model_validator(mode="after")
    def _whole_grid(self) -> "Result":
        if not self.cells:
            raise ValueError("cells: no corruption; add at least one")
        for name, cells in self.cells.items():
            if name not in corruptions.names():
                raise ValueError(
                    f"cells: unknown corruption (got {name!r}); choose from "
                    "`python -m pipeline corruptions`"
                )
            if sorted(cells) != list(SEVERITIES):
                raise ValueError(
                    f"cells.{name}: incomplete severities (got {sorted(cells)}); give 1 to 5"
                )
        return self

    @property
    def mpc(self) -> float:
        """Mean over corruptions of the mean over severities, in percent."""
        means = [sum(cells.values()) / len(cells) for cells in self.cells.values()]
        return sum(means) / len(means)

    @property
    def rpc(self) -> float:
        """MPC in percent of the clean accuracy."""
        return 100 * self.mpc / self.clean_top1

    @property
    def set_name(self) -> str:
        """Name of the set that its corruptions form, or `custom`."""
        return set_of(tuple(self.cells))


def folder(root: Path) -> Path:
    """Return the folder of added results, which git tracks."""
    return root / "manifests" / "results"


def read_result(path: Path) -> Result:
    """Read and validate one file."""
    try:
        return Result.model_validate(read_json(path))
    except ValidationError as error:
        problems = [
            f"{path}: {'.'.join(map(str, one['loc'])) or 'result'}: "
            + one["msg"].removeprefix("Value error, ")
            for one in error.errors()
        ]
        raise SettingsError("\n".join(problems)) from None


def read_results(root: Path) -> list[Result]:
    """Read all added results, sorted by file name."""
    return [read_result(path) for path in sorted(folder(root).glob("*.json"))]


def add_result(path: Path, root: Path) -> Path:
    """Validate a result and store it; an earlier one of the dataset and model is replaced."""
    result = read_result(path)
    target = folder(root) / f"{result.dataset}-{result.model}.json"
    write_text(target, result.model_dump_json(indent=2, exclude_none=True) + "\n")
    return target


def as_result(dataset: str, model: str, values: Mapping[str, Any], source: str) -> Result:
    """Return the result of an evaluated model, from its entry in metrics.json."""
    return Result(
        schema_version=1,
        dataset=dataset,
        model=model,
        source=source,
        clean_top1=values["clean_top1"],
        clean_top5=values["clean_top5"],
        num_clips=values["num_clips"],
        accounting=values["accounting"],
        cells=values["cells"],
    )
