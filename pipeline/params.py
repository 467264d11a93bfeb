"""params.yaml, read and checked: every number of a run, frozen.

Three kinds of number lie in three places. What is computed: `datasets`, `corruptions`,
`severities` and `models`. What bytes come out: the section of each stage. How fast: `machine`,
which nothing tracks. Unknown keys and impossible values stop a run before it starts.
"""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

import corruptions
from corruptions.registry import TABLES
from pipeline.errors import SettingsError, one_line, shown
from pipeline.io.text import read_yaml
from pipeline.models import registry

Positive = Annotated[int, Field(gt=0)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$")]


def _inside(name: str) -> str:
    path = Path(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or not name.isprintable():
        raise ValueError("must be a path inside the dataset's folder of annotations")
    return name


FileName = Annotated[str, AfterValidator(_inside)]
_ADDRESS = r"^(tcp://|tls://)?[^\s:/]+:[0-9]+$"
ModelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class SynthesizeSettings(_Settings):
    """Size of the demo dataset."""

    train_clips_per_class: Positive
    """Whole clips of each class in the training split."""
    val_clips_per_class: Positive
    """Whole clips of each class in the validation split."""
    num_frames: Positive
    """Frames of a clip."""
    fps: Positive
    """Frames per second."""
    width: Positive
    """Pixels, even."""
    height: Positive
    """Pixels, even."""
    broken_per_split: Annotated[int, Field(ge=0)]
    """Clips that are listed but missing, cut off, empty, text or without pictures."""


class SourceSettings(_Settings):
    """Where a dataset's videos and official annotations lie."""

    format: Literal["kinetics", "ssv2"]
    """Whose annotation files they are."""
    videos: Path
    """Folder of the videos, flat or in class folders."""
    annotations: Path
    """Folder of the official annotation files; DVC watches it."""
    classes: Path
    """CSV with class_id,class_name: the classes that are kept."""
    splits: dict[Name, FileName]
    """Annotation file of each split, inside `annotations`."""
    labels: FileName | None = None
    """SSV2's labels file, inside `annotations`; source_label_id comes from it."""


class FilterSettings(_Settings):
    """Which clips are usable."""

    min_frames: Positive
    """A video with fewer frames is broken."""
    max_pixels: Annotated[int, Field(gt=0, lt=2**31)]
    """Largest picture, width times height; a damaged header can declare sizes that fill any
    memory."""
    allowed_failures: Annotated[float, Field(ge=0, le=1)]
    """Largest share of listed clips that may be missing or broken."""
    sources: dict[Name, SourceSettings]
    """By dataset."""


class PictureSettings(_Settings):
    """Geometry and shard size of one dataset."""

    short_side: Positive
    """Pixels of the shorter side after the resize."""
    crop: Positive
    """Side of the square that is cut out of the middle, pixels."""
    clips_per_shard: Positive
    """Clips in one tar file."""

    @model_validator(mode="after")
    def _fits(self) -> "PictureSettings":
        if self.crop > self.short_side:
            raise ValueError(f"crop {self.crop} is larger than short_side {self.short_side}")
        return self


class DecodeSettings(_Settings):
    """How a source becomes a clean clip."""

    max_frames: Positive
    """A longer source is a failed clip: it would not fit a worker's memory."""
    allowed_failures: Annotated[float, Field(ge=0, le=1)]
    """Largest share of usable clips that may fail to decode."""
    pictures: dict[Name, PictureSettings]
    """By dataset."""


class PayloadSettings(_Settings):
    """How stored clips are coded; see pipeline/io/payload.py."""

    codec: Literal["jpeg", "ffv1", "h264"]
    """jpeg: JPEG pictures in an mp4; ffv1: lossless, in mkv; h264: small, in mp4."""
    quality: Annotated[int, Field(ge=1, le=100)] = 95
    """Of JPEG."""
    subsampling: Literal["444", "422", "420"] = "444"
    """Of JPEG's colour; 420 takes a third of the noise away."""
    crf: Annotated[int, Field(ge=0, le=51)] = 18
    """Of H.264."""


class CorruptSettings(_Settings):
    """What the corrupt stage stores."""

    frames: Literal["all"] | Positive
    """All frames, or this many spread over the clip; the corruption sees the whole clip."""
    split: Name
    """Split that is corrupted and evaluated."""
    levels: dict[Name, Literal["mini_kinetics", "mini_ssv2"]]
    """Severity table of each dataset."""
    allowed_failures: Annotated[float, Field(ge=0, le=1)]
    """Largest share of the clips of a cell that may fail."""


class TrainSettings(_Settings):
    """Training of one model."""

    epochs: Annotated[int, Field(ge=0)]
    """Passes over the training split."""
    batch_size: Positive
    """Clips in a step, on all devices together."""
    learning_rate: Annotated[float, Field(gt=0)]
    """At its peak; it falls to 0 as a cosine."""
    momentum: Annotated[float, Field(ge=0, lt=1)]
    """Of SGD."""
    weight_decay: Annotated[float, Field(ge=0)]
    """Of SGD."""
    warmup_epochs: Annotated[int, Field(ge=0)] = 0
    """Epochs in which the learning rate rises."""
    scales: tuple[float, ...] = (1.0, 0.875, 0.75, 0.66)
    """Multi-scale crop: sides of the crop as shares of the picture."""
    flip: bool
    """Horizontal flip; never where classes tell left from right."""
    start: Path | None = None
    """A checkpoint to start from: weights of images (a 2D network's are inflated) or of videos.
    Its last layer is left out."""
    threads: Positive = 2
    """Threads of the CPU arithmetic; part of the recipe, since sums depend on it."""


class InputSettings(_Settings):
    """What a model that does not say so itself takes; see pipeline/models/spec.py."""

    frames: Positive
    """Frames of a clip."""
    size: Positive
    """Side of the square picture, pixels."""
    mean: tuple[float, float, float]
    """Subtracted from the values of each channel."""
    std: tuple[float, float, float]
    """Each channel is divided by it."""
    layout: Literal["NCTHW", "NTCHW"] = "NCTHW"
    """Order of the axes."""
    channels: Literal["RGB", "BGR"] = "RGB"
    """Order of the colours."""
    value_range: Literal["0..1", "0..255"] = "0..1"
    """Scale of the values before mean and std."""


class ModelSettings(_Settings):
    """One model of the leaderboard and where its weights come from."""

    model: str | None = None
    """A model of ours, `package.module:factory`, a file (.pt, .pt2, .onnx) or a Hugging Face
    folder or id; without it the entry's own name."""
    weights: Path | None = None
    """A checkpoint; without one the train stage makes the weights of a model of ours."""
    labels: Path | None = None
    """File that names the model's outputs, where they are not the benchmark's classes."""
    input: InputSettings | None = None
    """Frames, size and scale of the values, where the model does not say so itself."""
    options: dict[str, Any] = {}
    """Keyword arguments of the model's `build` or factory."""


class EvaluateSettings(_Settings):
    """The protocol."""

    frames: Positive
    """Frames spread uniformly over the clip, from which models take theirs."""
    split: Name
    """Split that models are asked about."""
    accounting: Literal["common", "strict"]
    """common: clips that exist in every cell; strict: all, failed ones count as wrong."""


class ReportSettings(_Settings):
    """Statistics of the report."""

    bootstrap_resamples: Positive
    """Resamples of the clips behind every 95 % interval."""
    reference_model: str | None = None
    """Model whose errors divide the others' for mCE; without one there is no mCE."""


class MachineSettings(_Settings):
    """How fast; nothing here changes a byte."""

    workers: Annotated[int, Field(ge=0)]
    """Parallel tasks; 0 means one per core: of this machine, or of the cluster."""
    backend: Literal["loky", "dask", "ray"]
    """Engine of joblib that runs the workers: processes here, or a cluster."""
    address: Annotated[str, Field(pattern=_ADDRESS)] | None = None
    """Where the scheduler of a Dask cluster or the head of a Ray cluster answers."""
    device: str
    """"auto", "cpu", "cuda", "cuda:1"."""
    precision: Literal["auto", "fp32", "bf16", "fp16"]
    """Arithmetic of models; auto is fp32 on CPUs and bf16 on GPUs."""
    compile: bool
    """Evaluate through torch.compile: worth it on GPUs, where a run takes longer than minutes."""
    batch_size: Positive
    """Clips that a model sees at once in evaluate."""
    loader_workers: Annotated[int, Field(ge=0)]
    """Processes that decode clips for models; 0 means a thread beside the arithmetic."""
    clip_timeout_seconds: Annotated[float, Field(gt=0)]
    """A clip that takes longer fails."""

    @model_validator(mode="after")
    def _address_of_clusters(self) -> "MachineSettings":
        if self.backend != "loky" and self.address is None:
            raise ValueError(
                f"backend {self.backend!r} needs machine.address, such as 10.0.0.1:"
                f"{8786 if self.backend == 'dask' else 6379}; or set machine.backend to loky"
            )
        if self.backend == "loky" and self.address is not None:
            raise ValueError(
                f"address {self.address!r} is for the backends dask and ray; remove it, or set "
                "machine.backend to one of them"
            )
        return self

    @property
    def num_workers(self) -> int:
        return self.workers or len(os.sched_getaffinity(0))


class Params(_Settings):
    """All of params.yaml."""

    datasets: tuple[Name, ...]
    """What is computed: names described below."""
    corruptions: tuple[str, ...]
    """Which corruptions; their set names the mPC."""
    severities: tuple[Annotated[int, Field(ge=1, le=5)], ...]
    """Which severities, 1 to 5."""
    seed: Annotated[int, Field(ge=0, lt=2**63)]
    """Names the random numbers, with dataset, clip, corruption and severity."""
    dialect: Literal["ours", "original"]
    """ours, or original for what the benchmark's first code did."""
    models: dict[Name, dict[ModelName, ModelSettings]]
    """By dataset, then by model."""
    synthesize: SynthesizeSettings
    filter: FilterSettings
    decode: DecodeSettings
    payload: PayloadSettings
    corrupt: CorruptSettings
    train: dict[Name, dict[str, TrainSettings]]
    evaluate: EvaluateSettings
    report: ReportSettings
    machine: MachineSettings

    @field_validator("datasets", "corruptions", "severities")
    @classmethod
    def _no_twins(cls, values: tuple[Any, ...]) -> tuple[Any, ...]:
        if not values:
            raise ValueError("is empty; name at least one")
        twins = sorted({str(value) for value in values if values.count(value) > 1})
        if twins:
            raise ValueError(f"named twice: {', '.join(twins)}")
        return values

    @field_validator("corruptions")
    @classmethod
    def _known(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if value not in corruptions.names():
                raise ValueError(
                    f"unknown corruption {value!r}; there are: {', '.join(corruptions.names())}"
                )
        return values

    @model_validator(mode="after")
    def _every_dataset_is_described(self) -> "Params":
        for dataset in self.datasets:
            for section, described in (
                ("filter.sources", self.filter.sources),
                ("decode.pictures", self.decode.pictures),
                ("corrupt.levels", self.corrupt.levels),
                ("models", self.models),
            ):
                if dataset not in described:
                    raise ValueError(
                        f"dataset {dataset!r} is in `datasets` but not in {section}; "
                        f"there are: {', '.join(described)}"
                    )
            for model, settings in self.models[dataset].items():
                ours = (settings.model or model) in registry.names()
                trained = model in self.train.get(dataset, {})
                if ours and settings.weights is None and not trained:
                    raise ValueError(
                        f"models.{dataset}.{model} has no `weights`, and train.{dataset} does not "
                        "say how to train it; add one of the two"
                    )
        return self

    def check_dataset(self, dataset: str) -> None:
        """Refuse a dataset that params.yaml does not describe."""
        if dataset not in self.filter.sources or dataset not in self.decode.pictures:
            raise SettingsError(
                f"dataset {dataset!r} is not described in params.yaml; "
                f"there are: {', '.join(self.filter.sources)}."
            )


assert set(TABLES) == {"mini_kinetics", "mini_ssv2"}  # noqa: S101 - the Literal above repeats them


def load(path: Path = Path("params.yaml")) -> Params:
    """Read and check params.yaml."""
    data = read_yaml(path, "run from the folder that holds params.yaml, or name it with --params")
    try:
        return Params.model_validate(data)
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(path, error))) from None


def _explain(path: Path, error: ValidationError) -> list[str]:
    lines = []
    for problem in error.errors():
        key = one_line(".".join(map(str, problem["loc"])) or "(whole file)")
        words = re.sub(r"^Value error, ", "", problem["msg"])
        value = problem["input"]
        said = f" (value: {shown(value)})" if isinstance(value, str | int | float) else ""
        if problem["type"] == "extra_forbidden":
            words = "unknown key; remove it or correct its spelling"
        lines.append(f"{path}: {key}: {words}{said}")
    return lines
