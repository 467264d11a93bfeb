"""Loading of params.yaml: all parameters of a run, validated and frozen.

`datasets`, `corruptions`, `severities` and `models` select what is computed. The section of each
stage determines the bytes of its results. `machine` affects only speed and is not tracked. Unknown
keys and impossible values are errors before the run starts.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

import corruptions
from corruptions.registry import TABLES
from corruptions.sets import set_of

from .corrupt_checks import check_levels, check_timing, unknown_corruption
from .errors import SettingsError
from .io.text import read_yaml
from .messages import did_you_mean
from .model_settings import ModelSettings, TrainSettings
from .models import registry
from .setting_types import ModelName, Name, Settings
from .settings import (
    CorruptSettings,
    DecodeSettings,
    EvaluateSettings,
    FilterSettings,
    MachineSettings,
    PayloadSettings,
    ReportSettings,
    SynthesizeSettings,
)
from .validation_messages import explain


class Params(Settings):
    """All of params.yaml."""

    datasets: tuple[Name, ...]
    """Datasets to compute; the sections below describe them."""
    corruptions: tuple[str, ...]
    """Corruptions to compute; mPC is named after their set."""
    severities: tuple[Annotated[int, Field(ge=1, le=5, strict=True)], ...]
    """Severities to compute, 1 to 5."""
    seed: Annotated[int, Field(ge=0, lt=2**63, strict=True)]
    """Seed of the random numbers, together with dataset, clip, corruption and severity."""
    dialect: Literal["ours", "original"]
    """ours, or original for the behaviour of the benchmark's first code."""
    models: dict[Name, dict[ModelName, ModelSettings]]
    """By dataset, then by model."""
    synthesize: SynthesizeSettings
    filter: FilterSettings
    decode: DecodeSettings
    payload: PayloadSettings
    corrupt: CorruptSettings
    train: dict[Name, dict[ModelName, TrainSettings]]
    evaluate: EvaluateSettings
    report: ReportSettings
    machine: MachineSettings

    @field_validator("datasets", "corruptions", "severities")
    @classmethod
    def _no_duplicates(cls, values: tuple[Any, ...]) -> tuple[Any, ...]:
        if not values:
            raise ValueError("is empty; name at least one")
        duplicates = sorted({str(value) for value in values if values.count(value) > 1})
        if duplicates:
            raise ValueError(f"duplicates: {', '.join(duplicates)}")
        return values

    @field_validator("corruptions")
    @classmethod
    def _known(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if value not in corruptions.names():
                raise ValueError(unknown_corruption(value))
        return values

    @model_validator(mode="after")
    def _levels_and_timings_exist(self) -> "Params":
        for name, levels in self.corrupt.custom_levels.items():
            check_levels(name, levels, self.dialect)
        for name in self.corrupt.timing:
            check_timing(name, self.dialect)
        return self

    @model_validator(mode="after")
    def _knows_the_datasets_of_models(self) -> "Params":
        for section, described in (("models", self.models), ("train", self.train)):
            for dataset in described:
                if dataset not in self.filter.sources:
                    raise ValueError(
                        f"{section}.{dataset}: unknown dataset"
                        f"{did_you_mean(dataset, self.filter.sources)}; choose from "
                        f"filter.sources: {', '.join(self.filter.sources)}"
                    )
        return self

    @model_validator(mode="after")
    def _describes_every_dataset(self) -> "Params":
        for dataset in self.datasets:
            for section, described in (
                ("filter.sources", self.filter.sources),
                ("decode.pictures", self.decode.pictures),
                ("corrupt.levels", self.corrupt.levels),
                ("models", self.models),
            ):
                if dataset not in described:
                    raise ValueError(
                        f"dataset {dataset!r} is in `datasets` but not in {section}"
                        f"{did_you_mean(dataset, described)}; choose from "
                        f"{', '.join(described) or 'none, that section is empty'}"
                    )
            self._check_whole_pictures(dataset)
            for model, settings in self.models[dataset].items():
                ours = (settings.model or model) in registry.names()
                trained = model in self.train.get(dataset, {})
                if ours and settings.weights is None and not trained:
                    raise ValueError(
                        f"models.{dataset}.{model} has no `weights`, and train.{dataset} does not "
                        "describe how to train it; add one of the two"
                    )
        return self

    def _check_whole_pictures(self, dataset: str) -> None:
        """Refuse whole pictures where squares are needed."""
        picture = self.decode.pictures[dataset]
        for section, split in (("corrupt", self.corrupt.split), ("evaluate", self.evaluate.split)):
            if picture.keeps_whole(split):
                raise ValueError(
                    f"decode.pictures.{dataset}.training is whole, but {section}.split is "
                    f"{split!r}, whose clips must be squares; set training to crop"
                )
        if picture.training == "whole" and self.payload.codec == "h264":
            raise ValueError(
                f"decode.pictures.{dataset}.training is whole, but payload.codec h264 cannot store "
                "pictures of odd width; set it to jpeg or ffv1"
            )

    @property
    def set_name(self) -> str:
        """Name of the set of corruptions; "custom" also if levels or timings are the user's own."""
        return set_name(self, self.corruptions)

    def check_dataset(self, dataset: str) -> None:
        """Raise SettingsError for a dataset that params.yaml does not describe."""
        if dataset not in self.filter.sources or dataset not in self.decode.pictures:
            raise SettingsError(
                f"dataset {dataset!r}{did_you_mean(dataset, self.filter.sources)} is not "
                f"described in params.yaml; choose from {', '.join(self.filter.sources)}."
            )


def set_name(params: Params, chosen: Sequence[str]) -> str:
    """Return the name of a set of corruptions; "custom" also if levels or timings are own ones."""
    changed = params.corrupt.custom_levels.keys() | params.corrupt.timing.keys()
    return "custom" if changed & set(chosen) else set_of(tuple(chosen))


assert set(TABLES) == {"mini_kinetics", "mini_ssv2"}  # noqa: S101 - the Literal of settings.py repeats them


def load(path: Path = Path("params.yaml")) -> Params:
    """Read and validate params.yaml."""
    data = read_yaml(path, "run from the folder of params.yaml, or give its path with --params")
    try:
        return Params.model_validate(data)
    except ValidationError as error:
        raise SettingsError(
            "\n".join(f"{path}: {line}" for line in explain(error, Params))
        ) from None
