"""Result files: one JSON per model with its cells, metrics and the protocol they were measured by.

`docs/schemas/result-2.json` is the JSON Schema of version 2. Version 1, which has cells only, is
read as version 2 with the rest unknown.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

import corruptions
from corruptions.registry import SEVERITIES
from corruptions.sets import set_of

from ...metrics.measures import MEASURES

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]
Text = Annotated[str, Field(min_length=1)]
Percent = Annotated[float, Field(ge=0, le=100)]
Positive = Annotated[int, Field(gt=0)]
Severity = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?$")]
Number = float | Literal["not reached"]

Precision = Literal["fp32", "tf32", "bf16", "fp16", "int8"]

ACCURACIES = ("clean_top1", "mpc", "rpc")
"""Metrics of a result besides MEASURES; they must agree with its cells."""

TOLERANCE = 0.01
"""Percentage points by which a stated accuracy may differ from that of the cells."""


def _named(names: Iterable[str]) -> Any:
    """Return the field of a dictionary with these keys for the JSON Schema."""
    known: list[JsonValue] = [*sorted(names)]
    return Field(json_schema_extra={"propertyNames": {"enum": known}})


class Part(BaseModel):
    """Part of a result file: frozen, and unknown keys are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Protocol(Part):
    """How clips were shown to the model."""

    frames: Positive | None = None
    """Frames per view; of uniform sampling those from which a model takes its own."""
    sampling: Text
    """Choice of the frames: "uniform" as in the benchmark, or another, such as segments, or dense
    with stride 2, which is not compared with it."""
    temporal_views: Positive = 1
    """Temporal windows per clip, whose outputs are averaged."""
    spatial_views: Positive = 1
    """Spatial crops per window."""
    resize: Text | None = None
    """Resize and crop, such as: short side 256, centre crop 224."""


class Hardware(Part):
    """Device and numeric precision."""

    device: Text
    """Such as cpu, or the name of a GPU."""
    precision: Precision
    """Numbers that the model computed in."""


class Adaptation(Part):
    """Adaptation to the corrupted clips, such as test-time adaptation."""

    method: Text
    """Name of the method."""
    source: Text | None = None
    """Paper or code, and settings that matter."""
    batch_size: Positive | None = None
    """Clips per step of adaptation."""
    order: Text | None = None
    """Order of the clips, such as: cell after cell, shuffled; mixed over cells."""
    reset: Text | None = None
    """When the model is what it was before adaptation, such as cell, batch or never."""

    @property
    def sentence(self) -> str:
        """Method with batch size, order and reset rule, as far as they are stated."""
        words = [f"batch size {self.batch_size}"] if self.batch_size else []
        words += [self.order] if self.order else []
        words += [f"reset: {self.reset}"] if self.reset else []
        return ", ".join([self.method, *words])


class Metric(Part):
    """Value of a metric with its 95 % interval."""

    value: Number
    ci95: tuple[Number, Number] | None = None


class Result(Part):
    """Result of one model on one dataset; accuracies are top-1 in percent."""

    schema_version: Literal[2]
    dataset: Name
    model: Name
    source: Text
    """Origin of the numbers: a citation or a URL."""
    clean_top1: Annotated[float, Field(gt=0, le=100)]
    clean_top5: Percent | None = None
    num_clips: Positive
    """Clips that the accuracies are computed from."""
    accounting: Literal["common", "strict"]
    cells: Annotated[dict[Name, dict[Severity, Percent]], _named(corruptions.names())]
    """Top-1 by corruption and severity; the same severities for every corruption."""
    levels: dict[Name, dict[Severity, Any]] = {}
    """Parameters of severities that are not the benchmark's, by corruption and severity."""
    dialect: Literal["ours", "original"] | None = None
    seed: Annotated[int, Field(ge=0)] | None = None
    protocol: Protocol | None = None
    hardware: Hardware | None = None
    adaptation: Adaptation | None = None
    metrics: Annotated[dict[str, Metric], _named((*MEASURES, *ACCURACIES))] = {}
    """Metrics by the names of metrics.json."""
    reference: Name | None = None
    """Model whose errors mCE and relative mCE are measured by."""
    version: Text | None = None
    """Version of the pipeline."""

    @model_validator(mode="after")
    def _whole_grid(self) -> Self:
        _check_cells(self.cells, None)
        for name, some in self.levels.items():
            extra = sorted(set(some) - set(self.cells.get(name, {})))
            if extra:
                raise ValueError(
                    f"levels.{name}: severities without a cell (got {extra}); add the cells"
                )
        return self

    @model_validator(mode="after")
    def _known_metrics(self) -> Self:
        unknown = sorted(set(self.metrics) - set(MEASURES) - set(ACCURACIES))
        if unknown:
            raise ValueError(
                f"metrics: unknown names (got {unknown}); choose from "
                f"{', '.join((*ACCURACIES, *MEASURES))}"
            )
        for name in set(ACCURACIES) & set(self.metrics):
            stated, computed = self.metrics[name].value, getattr(self, name)
            if isinstance(stated, str) or abs(stated - computed) > TOLERANCE:
                raise ValueError(
                    f"metrics.{name}: does not agree with the cells (got {stated}, they give "
                    f"{computed:.4f}); correct one of them"
                )
        return self

    @property
    def label(self) -> str:
        """Name among other results: the model, and the method where it adapts."""
        return self.model if self.adaptation is None else f"{self.model} + {self.adaptation.method}"

    @property
    def severities(self) -> tuple[float, ...]:
        """Severities of every corruption, ascending."""
        return tuple(sorted(map(float, next(iter(self.cells.values())))))

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

    @property
    def is_benchmark(self) -> bool:
        """True for the five severities of the benchmark at their own levels."""
        return self.severities == tuple(map(float, SEVERITIES)) and not self.levels


class FirstResult(Part):
    """Version 1 of a result: cells at the five severities of the benchmark."""

    schema_version: Literal[1]
    dataset: Name
    model: Name
    source: Text
    clean_top1: Annotated[float, Field(gt=0, le=100)]
    clean_top5: Percent | None = None
    num_clips: Positive
    accounting: Literal["common", "strict"]
    cells: dict[Name, dict[Severity, Percent]]

    @model_validator(mode="after")
    def _whole_grid(self) -> Self:
        _check_cells(self.cells, SEVERITIES)
        return self

    def upgraded(self) -> Result:
        """Return the result in version 2."""
        return Result(**self.model_dump() | {"schema_version": 2})


def _check_cells(cells: dict[str, dict[str, float]], severities: tuple[int, ...] | None) -> None:
    """Raise ValueError for unknown corruptions, and for severities that differ or are missing."""
    if not cells:
        raise ValueError("cells: no corruption; add at least one")
    wanted = None if severities is None else {str(severity) for severity in severities}
    for name, some in cells.items():
        if name not in corruptions.names():
            raise ValueError(
                f"cells: unknown corruption (got {name!r}); choose from "
                "`python -m pipeline corruptions`"
            )
        if wanted is None:
            wanted = set(some)
        if set(some) != wanted or not some or "0" in some:
            raise ValueError(
                f"cells.{name}: incomplete severities (got {sorted(some)}); give "
                f"{', '.join(sorted(wanted)) or 'at least one'}, as for every corruption"
            )
