"""Sections of params.yaml as frozen, validated values."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    model_validator,
)

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


class Settings(BaseModel):
    """A section of params.yaml: frozen, and unknown keys are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class SynthesizeSettings(Settings):
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


class SourceSettings(Settings):
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


class FilterSettings(Settings):
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


class PictureSettings(Settings):
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


class DecodeSettings(Settings):
    """How a source becomes a clean clip."""

    max_frames: Positive
    """A longer source is a failed clip: it would not fit a worker's memory."""
    allowed_failures: Annotated[float, Field(ge=0, le=1)]
    """Largest share of usable clips that may fail to decode."""
    pictures: dict[Name, PictureSettings]
    """By dataset."""


class PayloadSettings(Settings):
    """How stored clips are coded; see pipeline/io/payload.py."""

    codec: Literal["jpeg", "ffv1", "h264"]
    """jpeg: JPEG pictures in an mp4; ffv1: lossless, in mkv; h264: small, in mp4."""
    quality: Annotated[int, Field(ge=1, le=100)] = 95
    """Of JPEG."""
    subsampling: Literal["444", "422", "420"] = "444"
    """Of JPEG's colour; 420 takes a third of the noise away."""
    crf: Annotated[int, Field(ge=0, le=51)] = 18
    """Of H.264."""


class CorruptSettings(Settings):
    """What the corrupt stage stores."""

    frames: Literal["all"] | Positive
    """All frames, or this many spread over the clip; the corruption sees the whole clip."""
    split: Name
    """Split that is corrupted and evaluated."""
    levels: dict[Name, Literal["mini_kinetics", "mini_ssv2"]]
    """Severity table of each dataset."""
    allowed_failures: Annotated[float, Field(ge=0, le=1)]
    """Largest share of the clips of a cell that may fail."""


class TrainSettings(Settings):
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


class InputSettings(Settings):
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


class ModelSettings(Settings):
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


class EvaluateSettings(Settings):
    """The protocol."""

    frames: Positive
    """Frames spread uniformly over the clip, from which models take theirs."""
    split: Name
    """Split that models are asked about."""
    accounting: Literal["common", "strict"]
    """common: clips that exist in every cell; strict: all, failed ones count as wrong."""


class ReportSettings(Settings):
    """Statistics of the report."""

    bootstrap_resamples: Positive
    """Resamples of the clips behind every 95 % interval."""
    reference_model: str | None = None
    """Model whose errors divide the others' for mCE; without one there is no mCE."""


class MachineSettings(Settings):
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
    check_payloads: bool
    """Compare the SHA-256 of every stored clip that a model reads; else only its frames are read.
    Without it, damage of a disk that still decodes is noticed by `verify` alone."""
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
