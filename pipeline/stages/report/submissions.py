"""Results of other people: one JSON a model with its cells, checked before it joins the report.

mPC and rPC are not taken from the file: they are computed from its cells, so that every number of
the leaderboard is of one definition. The report stage writes our own models in the same form.
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
    """One model on one dataset; accuracies are top-1 in percent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1]
    dataset: Name
    model: Name
    source: Annotated[str, Field(min_length=1)]
    """Who measured it and where it is written: a citation or an address."""
    clean_top1: Annotated[float, Field(gt=0, le=100)]
    clean_top5: Percent | None = None
    num_clips: Annotated[int, Field(gt=0)]
    """Clips that the accuracies are of."""
    accounting: Literal["common", "strict"]
    cells: dict[str, dict[int, Percent]]
    """Top-1 by corruption and severity; every corruption has all five severities."""

    @model_validator(mode="after")
    def _whole_grid(self) -> "Result":
        if not self.cells:
            raise ValueError("cells is empty")
        for name, cells in self.cells.items():
            if name not in corruptions.names():
                raise ValueError(f"cells names the unknown corruption {name!r}")
            if sorted(cells) != list(SEVERITIES):
                raise ValueError(f"cells.{name} has severities {sorted(cells)}, not 1 to 5")
        return self

    @property
    def mpc(self) -> float:
        """Mean over corruptions of the mean over severities."""
        means = [sum(cells.values()) / len(cells) for cells in self.cells.values()]
        return sum(means) / len(means)

    @property
    def rpc(self) -> float:
        return 100 * self.mpc / self.clean_top1

    @property
    def set_name(self) -> str:
        """Named set of its corruptions."""
        return set_of(tuple(self.cells))


def folder(root: Path) -> Path:
    """Where added results are kept, in git."""
    return root / "manifests" / "results"


def read_result(path: Path) -> Result:
    """Read and check one file."""
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
    """All added results, in the order of their files."""
    return [read_result(path) for path in sorted(folder(root).glob("*.json"))]


def add_result(path: Path, root: Path) -> Path:
    """Check a result and keep it; one of the same dataset and model is replaced."""
    result = read_result(path)
    target = folder(root) / f"{result.dataset}-{result.model}.json"
    write_text(target, result.model_dump_json(indent=2, exclude_none=True) + "\n")
    return target


def as_result(dataset: str, model: str, values: Mapping[str, Any], source: str) -> Result:
    """One of our own models, from its entry in metrics.json."""
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
