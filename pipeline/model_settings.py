"""Sections of params.yaml about models: training, input, weights."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from .setting_types import Positive, Settings


class TrainSettings(Settings):
    """Training of one model."""

    epochs: Annotated[int, Field(ge=0)]
    """Passes over the training split."""
    batch_size: Positive
    """Clips per step, over all devices."""
    learning_rate: Annotated[float, Field(gt=0)]
    """Peak learning rate; it decays to 0 as a cosine."""
    momentum: Annotated[float, Field(ge=0, lt=1)]
    """Momentum of SGD, or first coefficient of AdamW."""
    weight_decay: Annotated[float, Field(ge=0)]
    """Weight decay."""
    warmup_epochs: Annotated[int, Field(ge=0)] = 0
    """Epochs of linear warm-up."""
    scales: tuple[float, ...] = (1.0, 0.875, 0.75, 0.66)
    """Multi-scale crop: sides of the crop relative to the frame."""
    crops: Literal["square", "benchmark"] = "square"
    """square: squares at random places. benchmark: height and width of neighbouring scales, at one
    of 13 places, as the published models were trained; stored pictures may be larger than the
    model's."""
    temporal_offset: bool = False
    """Take the frames of each clip at another (seeded) offset in every epoch."""
    optimizer: Literal["sgd", "adamw"] = "sgd"
    """adamw suits transformers; it has no weight decay for biases, norms and embeddings."""
    clip_gradient: Annotated[float, Field(gt=0)] | None = None
    """Largest norm of the gradient; larger ones are scaled down."""
    flip: bool
    """Random horizontal flip; not for classes that distinguish left from right."""
    start: Path | None = None
    """Checkpoint to initialise from: image weights (inflated from 2D) or video weights. Its last
    layer is not used."""
    threads: Positive = 2
    """CPU threads; part of the recipe, because rounding of sums depends on it."""


class InputSettings(Settings):
    """Input of a model, where it differs from what the model declares."""

    frames: Positive | None = None
    """Frames of a view."""
    size: Positive | None = None
    """Side of the square picture, pixels; stored pictures of another size are resized."""
    mean: tuple[float, float, float] | None = None
    """Subtracted from the values of each channel."""
    std: tuple[float, float, float] | None = None
    """Divisor of the values of each channel."""
    layout: Literal["NCTHW", "NTCHW"] | None = None
    """Order of the axes."""
    channels: Literal["RGB", "BGR"] | None = None
    """Order of the colours."""
    value_range: Literal["0..1", "0..255"] | None = None
    """Scale of the values before mean and std; 0..1 if mean and std are given without it."""
    sampling: Literal["uniform", "segments", "dense"] | None = None
    """uniform: the benchmark's frames; segments: centres of equal parts; dense: with a stride."""
    stride: Positive | None = None
    """Distance of the frames of dense sampling."""
    clips: Positive | None = None
    """Temporal windows of dense sampling, spread over the clip."""
    crop: Literal["none", "centre", "three"] | None = None
    """none: the whole stored picture; centre or three: squares of a larger one."""

    @property
    def given(self) -> dict[str, Any]:
        """The values that params.yaml gives."""
        return self.model_dump(exclude_none=True)


class ModelSettings(Settings):
    """One model of the leaderboard and its weights."""

    model: str | None = None
    """Model of the zoo, `package.module:factory`, a file (.pt, .pt2, .onnx) or a Hugging Face
    folder or id. Default: the name of the entry."""
    weights: Path | None = None
    """Checkpoint. Default: the weights that the train stage writes, for models of the zoo."""
    labels: Path | None = None
    """File with the names of the model's outputs, if they are not the classes of the dataset."""
    input: InputSettings | None = None
    """Frames, size, scale of the values and views, where they differ from the model's own."""
    options: dict[str, Any] = {}
    """Keyword arguments of the model's `build` or factory."""
    prompts: str | tuple[str, ...] = ()
    """Templates with {} for the class name, for models that compare videos with sentences; one
    template of the answer for models that answer in words."""
    question: str | None = None
    """Question about the video, for models that answer in words."""
    dtype: Literal["fp32", "bf16", "fp16"] = "fp32"
    """Type of the weights. bf16 and fp16 take half of the memory; all values are then computed in
    that type, whatever machine.precision says."""
