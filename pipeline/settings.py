"""Sections of params.yaml as frozen, validated values."""

import os
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Len
from pydantic import Field, model_validator

from corruptions.timing import Timing

from .setting_types import (
    ADDRESS,
    CustomLevel,
    Device,
    FileName,
    Name,
    Positive,
    Settings,
)


class SynthesizeSettings(Settings):
    """Size of the demo dataset."""

    train_clips_per_class: Positive
    """Undamaged clips per class of the training split."""
    val_clips_per_class: Positive
    """Undamaged clips per class of the validation split."""
    num_frames: Positive
    """Frames per clip."""
    fps: Positive
    """Frames per second."""
    width: Positive
    """Pixels, even, at least 32."""
    height: Positive
    """Pixels, even, at least 32."""
    broken_per_split: Annotated[int, Field(ge=0)]
    """Listed clips that are missing, truncated, empty, text or without a video stream."""


class SourceSettings(Settings):
    """Paths and formats of a dataset's videos and official annotations."""

    format: Literal["kinetics", "ssv2", "list", "folders", "ucf101", "hmdb51", "diving48"]
    """Format of the annotation files; kinetics is that of Kinetics-400, -600 and -700. list: a CSV
    with path,label,split[,key,start,end]; folders: one folder of videos per class."""
    videos: Path
    """Folder of the videos, flat or in class folders."""
    annotations: Path
    """Folder of the official annotation files, tracked by DVC."""
    classes: Path
    """CSV with class_id,class_name: the classes of the dataset."""
    splits: dict[Name, FileName]
    """Annotation file of each split, inside `annotations`. hmdb51: split1, split2 or split3.
    folders: the folder of class folders, inside `videos`; `.` is `videos` itself."""
    clips: Positive | None = None
    """Size of a stratified sample of each split. Default: all listed clips."""
    labels: FileName | None = None
    """Labels file, inside `annotations`, from which source_label_id is read: of SSV2, of UCF101
    (default classInd.txt) or of Diving48 (default Diving48_vocab.json)."""

    @property
    def names_files(self) -> bool:
        """True if the annotations state the path of every video, so that none is searched."""
        return self.format in ("list", "folders")

    def below(self, root: Path) -> "SourceSettings":
        """Return the same with the paths below the project's folder."""
        paths = {name: root / getattr(self, name) for name in ("videos", "annotations", "classes")}
        return self.model_copy(update=paths)


class FilterSettings(Settings):
    """Criteria for usable clips."""

    min_frames: Positive
    """A video with fewer frames is broken."""
    max_pixels: Annotated[int, Field(gt=0, lt=2**31)]
    """Largest frame, width times height; a damaged header can declare sizes that exceed any
    memory."""
    allowed_failures: Annotated[float, Field(ge=0, le=1)]
    """Largest share of listed clips that may be missing or broken."""
    sources: dict[Name, SourceSettings]
    """By dataset."""


TRAINING_SPLIT = "train"
"""Name of the split that models are trained on."""


class PictureSettings(Settings):
    """Geometry and shard size of one dataset."""

    short_side: Positive
    """Length of the shorter side after the resize, pixels."""
    crop: Positive
    """Side of the square centre crop, pixels."""
    clips_per_shard: Positive
    """Clips per shard."""
    pixel_aspect: Literal["ignore", "square"] = "ignore"
    """square: pixels that are not square are scaled to square ones."""
    hdr: Literal["as_is", "tone_map"] = "as_is"
    """tone_map: pictures of high dynamic range (PQ, HLG) are mapped to BT.709."""
    interlaced: Literal["as_is", "deinterlace"] = "as_is"
    """deinterlace: interlaced frames are made progressive, one for each."""
    training: Literal["crop", "whole"] = "crop"
    """whole: clips of the split `train` are stored without the centre crop, for training that crops
    from the whole picture (`train.<dataset>.<model>.crops: benchmark`)."""

    @model_validator(mode="after")
    def _fits(self) -> "PictureSettings":
        if self.crop > self.short_side:
            raise ValueError(f"crop {self.crop} is larger than short_side {self.short_side}")
        return self

    def keeps_whole(self, split: str) -> bool:
        """Return whether the clips of a split are stored without the centre crop."""
        return self.training == "whole" and split == TRAINING_SPLIT


class DecodeSettings(Settings):
    """Decoding of source videos to clean clips."""

    max_frames: Positive
    """A longer source is a failed clip: it would not fit into the memory of a worker."""
    allowed_failures: Annotated[float, Field(ge=0, le=1)]
    """Largest share of usable clips that may fail to decode."""
    pictures: dict[Name, PictureSettings]
    """By dataset."""


class PayloadSettings(Settings):
    """Encoding of stored clips; see pipeline/storage/payload.py."""

    codec: Literal["jpeg", "ffv1", "h264"]
    """jpeg: JPEG frames in mp4; ffv1: lossless, in mkv; h264: small, in mp4."""
    quality: Annotated[int, Field(ge=1, le=100)] = 95
    """JPEG quality (1-100)."""
    subsampling: Literal["444", "422", "420"] = "444"
    """Chroma subsampling of JPEG; 420 removes a third of added noise."""
    crf: Annotated[int, Field(ge=0, le=51)] = 18
    """H.264 CRF (0-51)."""


class CorruptSettings(Settings):
    """Output of the corrupt stage."""

    frames: Literal["all"] | Positive
    """all, or the number of frames to store, spread over the clip; corruptions are applied to the
    whole clip."""
    split: Name
    """Split that is corrupted and evaluated."""
    levels: dict[Name, Literal["mini_kinetics", "mini_ssv2"]]
    """Severity table of each dataset."""
    custom_levels: dict[Name, Annotated[tuple[CustomLevel, ...], Len(5, 5)]] = {}
    """By corruption: five levels that replace those of the severity table, in the units of the
    corruption's page."""
    timing: dict[Name, Timing] = {}
    """By corruption of pixels: the part of each clip that is corrupted, and its severity over time.
    A corruption that is not named acts on the whole clip."""
    allowed_failures: Annotated[float, Field(ge=0, le=1)]
    """Largest share of the clips of a cell that may fail."""

    @property
    def num_frames(self) -> int | None:
        """Frames to store of each clip; None stores all."""
        return None if self.frames == "all" else self.frames


NO_PAYLOAD = "no payload"
"""Words for frames that models saw without the payload's round trip."""


class EvaluateSettings(Settings):
    """Evaluation protocol."""

    frames: Positive
    """Frames sampled uniformly from each clip, of which models use theirs."""
    split: Name
    """Split on which models are evaluated."""
    reads: Literal["shards", "videos"] = "shards"
    """shards: of the decode and corrupt stages; videos: corrupt in memory, store predictions."""
    payload: Literal["stored", "none"] = "stored"
    """stored: models see frames as shards hold them; none, with reads: videos: frames that are not
    encoded in between, which is stated as another protocol."""
    accounting: Literal["common", "strict"]
    """common: only clips that exist in every cell; strict: all, failed ones count as wrong."""

    @property
    def has_payload(self) -> bool:
        """Return True if frames pass through the payload before models see them."""
        return self.payload == "stored"

    @model_validator(mode="after")
    def _payload_of_shards(self) -> "EvaluateSettings":
        if self.payload == "none" and self.reads == "shards":
            raise ValueError(
                "payload 'none' is for reads: videos (got reads: shards); shards have a payload"
            )
        return self


class ReportSettings(Settings):
    """Statistics of the report."""

    bootstrap_resamples: Positive
    """Bootstrap resamples of the clips for each 95 % interval."""
    reference_model: str | None = None
    """Reference model of mCE; without one mCE is not reported."""


class MachineSettings(Settings):
    """Speed and hardware; no value here changes a result."""

    workers: Annotated[int, Field(ge=0)]
    """Parallel tasks; 0 means one per core of this machine or of the cluster."""
    backend: Literal["loky", "dask", "ray"]
    """joblib backend: processes on this machine, or a cluster."""
    address: Annotated[str, Field(pattern=ADDRESS)] | None = None
    """host:port of the scheduler of a Dask cluster or of the head of a Ray cluster."""
    device: Device
    """"auto", "cpu", "cuda", "cuda:1"."""
    precision: Literal["auto", "fp32", "bf16", "fp16"]
    """Numeric precision of models; auto is fp32 on CPUs and bf16 on GPUs."""
    compile: bool
    """Use torch.compile in evaluate; worthwhile on GPUs for runs longer than minutes."""
    batch_size: Positive
    """Clips per batch in evaluate."""
    loader_workers: Annotated[int, Field(ge=0)]
    """Processes that decode clips for models; 0 means a thread of the main process."""
    check_payloads: bool
    """Compare the SHA-256 of every stored clip that a model reads; else only its frames are read.
    Without it, damage of a disk that still decodes is noticed by `verify` alone."""
    clip_timeout_seconds: Annotated[float, Field(gt=0)]
    """Time limit per clip; a clip that takes longer fails."""

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
        """Return the number of workers on this machine."""
        return self.workers or len(os.sched_getaffinity(0))
