"""Preprocessing of Hugging Face models, read from their processor files.

transformers stores how a model's pixels are scaled in `video_preprocessor_config.json`, in the
entry `video_processor` of `processor_config.json`, or in `preprocessor_config.json`. The classes
that read them need torchvision; here their formula is computed from the file:
`(pixel * rescale_factor + offset - image_mean) / image_std`, one affine map of pixels 0..255.
Fields that a file leaves out have the defaults of the class that it names. A field or class that is
not listed below is refused, since it may change pixels.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import SettingsError
from ..messages import one_line, quoted
from .spec import IMAGENET_MEAN, IMAGENET_STD, Triple, ValueRange

FILES = ("video_preprocessor_config.json", "processor_config.json", "preprocessor_config.json")
"""Processor files, in the order in which they are used."""

HALF: Triple = (0.5, 0.5, 0.5)
CLIP_MEAN: Triple = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD: Triple = (0.26862954, 0.26130258, 0.27577711)

CLASSES: dict[str, tuple[Triple, Triple, float]] = {
    "VideoMAE": (HALF, HALF, 1 / 255),
    "Timesformer": (IMAGENET_MEAN, IMAGENET_STD, 1 / 255),
    "Vivit": (HALF, HALF, 1 / 127.5),
    "VJEPA2": (IMAGENET_MEAN, IMAGENET_STD, 1 / 255),
    "LlavaOnevision": (CLIP_MEAN, CLIP_STD, 1 / 255),
    "CLIP": (CLIP_MEAN, CLIP_STD, 1 / 255),
    "Siglip": (HALF, HALF, 1 / 255),
    "Qwen2VL": (CLIP_MEAN, CLIP_STD, 1 / 255),
    "Qwen3VL": (HALF, HALF, 1 / 255),
    "InternVL": (CLIP_MEAN, CLIP_STD, 1 / 255),
    "GotOcr2": (CLIP_MEAN, CLIP_STD, 1 / 255),
}
"""Processor classes of transformers without suffix: default mean, std and rescale factor."""

SUFFIXES = ("VideoProcessor", "ImageProcessor", "FeatureExtractor")
TYPES = ("video_processor_type", "image_processor_type", "feature_extractor_type")

OF_MODEL = {
    "timesformer": "TimesformerVideoProcessor",
    "videomae": "VideoMAEVideoProcessor",
    "vivit": "VivitVideoProcessor",
    "vjepa2": "VJEPA2VideoProcessor",
    "videoprism_vision_model": "LlavaOnevisionVideoProcessor",
    "llava_onevision": "LlavaOnevisionVideoProcessor",
    "qwen2_5_vl": "Qwen2VLVideoProcessor",
    "qwen3_vl": "Qwen3VLVideoProcessor",
    "internvl": "InternVLVideoProcessor",
    "xclip": "CLIPImageProcessor",
    "clip": "CLIPImageProcessor",
    "siglip": "SiglipImageProcessor",
}
"""Class of a file that names none, by `model_type` of config.json, as transformers chooses."""

SCALING = {"do_rescale", "rescale_factor", "offset", "do_normalize", "image_mean", "image_std"}
GEOMETRY = {"do_resize", "size", "resample", "do_center_crop", "crop_size", "default_to_square"}
"""Replaced by the benchmark's preprocessing; the size is compared with the model's config."""
WITHOUT_EFFECT = {
    "processor_class", "do_convert_rgb", "do_sample_frames", "num_frames", "fps", "data_format",
    "input_data_format", "return_tensors", "return_metadata", "video_metadata", "device",
    "model_input_names", "min_frames", "max_frames", "backend", "model_valid_processing_keys",
    *TYPES,
}  # fmt: skip
"""Fields without effect on the values of decoded RGB frames."""

PATCHES = {"patch_size", "temporal_patch_size", "merge_size", "cap_pixels_per_frame",
           "max_video_tokens"}  # fmt: skip
"""Fields of Qwen's processors, which `patches` reads."""
TILES = {"crop_to_patches", "min_patches", "max_patches", "initial_shift"}
"""Fields of InternVL for images of many tiles, and for the choice of frames."""
OF_CLASS = {
    "Qwen2VL": PATCHES | {"min_pixels", "max_pixels"},
    "Qwen3VL": PATCHES,
    "InternVL": TILES,
    "GotOcr2": TILES,
}
"""Further fields of some classes."""

MODELS = {"Qwen2VL": "qwen2_5_vl", "Qwen3VL": "qwen3_vl", "InternVL": "internvl",
          "GotOcr2": "internvl"}  # fmt: skip
"""The `model_type` that alone takes what a class puts out."""

HINT = "give input.mean and input.std (and input.value_range) in params.yaml to replace the file."

NO_CROP = ("LlavaOnevision", "Siglip", *OF_CLASS)
"""Classes that do not crop unless their file says so."""


@dataclass(frozen=True)
class Processor:
    """The pixel scaling of one processor file."""

    file: str
    mean: Triple
    std: Triple
    value_range: ValueRange
    size: int | None
    """Side of the square that it crops or resizes to, pixels; None if it is not square or not
    given."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """All fields of the file."""


def read_processor(name: str, folder: Mapping[str, Path], model_type: str) -> Processor | None:
    """Read the pixel scaling of a model.

    Parameters
    ----------
    name
        Name of the model, for messages.
    folder
        Paths of the processor files that exist, by name.
    model_type
        `model_type` of config.json.

    Returns
    -------
    Processor | None
        Scaling and size; None if there is no processor file.

    Raises
    ------
    SettingsError
        If a file is invalid, names an unknown class or field, or two files contradict each other.

    """
    found: list[Processor] = []
    for file in FILES:
        if file not in folder or (file == FILES[2] and found):
            continue
        values = _read(name, folder[file])
        if file == FILES[1]:
            values = values.get("video_processor") or values.get("image_processor") or {}
            if not isinstance(values, dict):
                raise SettingsError(f"model {name!r}: {file}: video_processor is not an object.")
        if values:
            found.append(_processor(name, file, values, model_type))
    if len(found) > 1:
        _agree(name, *found)
    return found[0] if found else None


def _read(name: str, path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise SettingsError(
            f"model {name!r}: {path.name}: invalid JSON ({one_line(error)})."
        ) from error
    if not isinstance(values, dict):
        raise SettingsError(f"model {name!r}: {path.name}: expected an object.")
    return values


def _agree(name: str, one: Processor, other: Processor) -> None:
    if (one.mean, one.std, one.value_range) != (other.mean, other.std, other.value_range):
        raise SettingsError(
            f"model {name!r}: {one.file} and {other.file} contradict each other: mean and std are "
            f"{one.mean}, {one.std} and {other.mean}, {other.std} in {one.value_range} and "
            f"{other.value_range}; delete the one that is wrong, or {HINT}"
        )


def _processor(name: str, file: str, values: dict[str, Any], model_type: str) -> Processor:
    where = f"model {name!r}: {file}"
    kind = next((values[key] for key in TYPES if values.get(key)), OF_MODEL.get(model_type))
    if kind is None:
        raise SettingsError(f"{where}: does not name its processor class; {HINT}")
    base = _base(str(kind))
    known = [one for one in CLASSES if MODELS.get(one, model_type) == model_type]
    if base not in known:
        raise SettingsError(
            f"{where}: unknown processor class {kind!r} of a model of type {model_type!r}; known "
            f"are those of {', '.join(known)}; {HINT}"
        )
    understood = SCALING | GEOMETRY | WITHOUT_EFFECT | OF_CLASS.get(base, set())
    unknown = sorted(key for key in set(values) - understood if values[key] not in (None, False))
    if unknown:
        raise SettingsError(
            f"{where}: unknown field {unknown[0]!r} ({quoted(values[unknown[0]])}), which may "
            f"change pixels; {HINT}"
        )
    mean, std, factor = CLASSES[base]
    rescales = _flag(where, values, "do_rescale")
    normalises = _flag(where, values, "do_normalize")
    scale = _number(where, values, "rescale_factor", factor) if rescales else 1.0
    shift = _offset(where, values, base, str(kind), rescales)
    mean = _triple(where, values, "image_mean", mean) if normalises else (0.0, 0.0, 0.0)
    std = _triple(where, values, "image_std", std) if normalises else (1.0, 1.0, 1.0)
    if scale <= 0 or min(std) <= 0:
        raise SettingsError(f"{where}: rescale_factor {scale} and image_std {std} must be above 0.")
    size = _size(values, base not in NO_CROP)
    if abs(scale * 255 - 1) < 1e-6 and shift == 0:
        return Processor(file, mean, std, "0..1", size, values)
    return Processor(
        file,
        _three((value - shift) / scale for value in mean),
        _three(value / scale for value in std),
        "0..255",
        size,
        values,
    )


def _base(kind: str) -> str:
    kind = kind.removesuffix("Fast").removesuffix("Pil")
    return next((kind.removesuffix(end) for end in SUFFIXES if kind.endswith(end)), kind)


def _offset(where: str, values: dict[str, Any], base: str, kind: str, rescales: bool) -> float:
    """Return what is added after rescaling: -1 for ViViT, whose video class always adds it."""
    given = values.get("offset")
    if given is not None and not isinstance(given, bool):
        raise SettingsError(f"{where}: offset must be true or false (got {quoted(given)}).")
    if base != "Vivit":
        if given:
            raise SettingsError(f"{where}: {kind} has no offset; remove the field.")
        return 0.0
    if kind.startswith("VivitVideoProcessor") and given is False:
        raise SettingsError(
            f"{where}: offset is false, but {kind} always shifts by -1; remove the field, or name "
            "VivitImageProcessor as its class."
        )
    if not rescales:
        if given:
            raise SettingsError(f"{where}: offset needs do_rescale: true (got false).")
        return 0.0
    return 0.0 if given is False else -1.0


def _flag(where: str, values: dict[str, Any], key: str) -> bool:
    value = values.get(key)
    if value is not None and not isinstance(value, bool):
        raise SettingsError(f"{where}: {key} must be true or false (got {quoted(value)}).")
    return value is not False


def _number(where: str, values: dict[str, Any], key: str, default: float) -> float:
    value = values.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SettingsError(f"{where}: {key} must be a number (got {quoted(value)}).")
    return float(value)


def _triple(where: str, values: dict[str, Any], key: str, default: Triple) -> Triple:
    value = values.get(key)
    if value is None:
        return default
    items = value if isinstance(value, list) else [value] * 3
    good = [item for item in items if isinstance(item, int | float) and not isinstance(item, bool)]
    if len(items) != 3 or len(good) != 3:
        raise SettingsError(f"{where}: {key} must be three numbers (got {quoted(value)}).")
    return _three(float(item) for item in good)


def _three(values: Any) -> Triple:
    first, second, third = values
    return first, second, third


def _size(values: dict[str, Any], crops: bool) -> int | None:
    """Return the side of the square that the processor puts out, if it is one."""
    value = values.get("crop_size") if values.get("do_center_crop", crops) else values.get("size")
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, dict) and value.get("height") == value.get("width"):
        side = value.get("height")
        return side if isinstance(side, int) else None
    return None
