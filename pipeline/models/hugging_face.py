"""External models of transformers: a local folder or an id of the Hugging Face Hub."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import SettingsError
from ..messages import one_line
from .external import ExternalModel, Request, weights_hash
from .processor_files import FILES, Processor, read_processor
from .spec import InputSpec

WORDS = ("clip", "siglip", "xclip", "llava_onevision", "qwen2_5_vl", "qwen3_vl", "internvl")
"""`model_type` of models that take class names as words, not as outputs."""

TORCH_NAMES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
"""Names of types for transformers."""

_FRAMES = ("num_frames", "frames_per_clip")
_SIZES = ("image_size", "crop_size")


def read_hugging_face(request: Request, local: bool) -> ExternalModel:
    """Load a video classifier of transformers; its weights get the type `request.dtype`.

    Parameters
    ----------
    request
        Name of a folder or `owner/name`. `input` may replace the scaling of the processor file;
        frames and size must be those of the model's config.
    local
        True for a folder: nothing is downloaded.

    Returns
    -------
    ExternalModel
        The model with its input (from config and processor file) and the names of its outputs.

    Raises
    ------
    SettingsError
        If the folder cannot be loaded, its weights do not fit its config, or its files do not
        determine the input.

    """
    request.refuse_extras()
    name = request.name
    if local and not (Path(name) / "config.json").is_file():
        raise SettingsError(f"model {name!r} is a folder without config.json.")
    kind = _kind(Path(name)) if local else None
    if kind in WORDS:
        from .in_words import read_in_words

        return read_in_words(request, kind)
    if request.prompts or request.question:
        raise SettingsError(
            f"model {name!r} is a classifier and takes no prompts and no question; remove them "
            f"(folders of {', '.join(WORDS)} take them)."
        )
    import transformers

    from .adapters import HuggingFaceLogits

    try:
        model, report = transformers.AutoModelForVideoClassification.from_pretrained(
            name,
            local_files_only=local,
            output_loading_info=True,
            dtype=TORCH_NAMES[request.dtype],
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise SettingsError(
            f"model {name!r} cannot be loaded by transformers: {one_line(error)}"
        ) from error
    wrong = {key: sorted(map(str, keys)) for key, keys in report.items() if keys}
    if wrong:
        raise SettingsError(f"model {name!r}: its weights do not fit its config: {wrong}.")
    names = [str(label) for _, label in sorted(model.config.id2label.items())]
    unnamed = all(re.fullmatch(r"LABEL_\d+", label) for label in names)
    return ExternalModel(
        HuggingFaceLogits(model.eval()),
        input_of(request, model.config, processor_files(name, local)),
        weights_hash(model),
        () if unnamed else tuple(names),
        code={"transformers": transformers.__version__, "config": config_hash(model.config)},
    )


def _kind(folder: Path) -> str:
    """Return `model_type` of a folder's config.json; empty if it cannot be read."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return ""
    return str(config.get("model_type", "")) if isinstance(config, dict) else ""


def config_hash(config: Any) -> str:
    return hashlib.sha256(config.to_json_string(use_diff=False).encode()).hexdigest()


def processor_files(name: str, local: bool) -> dict[str, Path]:
    """Return the processor files that exist, by name."""
    from transformers.utils import hub

    found = {
        file: hub.cached_file(
            name,
            file,
            local_files_only=local,
            _raise_exceptions_for_missing_entries=False,
        )
        for file in FILES
    }
    return {file: Path(path) for file, path in found.items() if path}


def input_of(request: Request, config: Any, files: Mapping[str, Path]) -> InputSpec | None:
    """Return the input by config and processor file; None if params.yaml must give it."""
    given = request.input
    frames, size = _value(config, _FRAMES), _value(config, _SIZES)
    if isinstance(size, list | tuple) and len(size) == 2 and size[0] == size[1]:
        size = size[0]
    for key, own in (("frames", frames), ("size", size)):
        if isinstance(own, int) and given.get(key, own) != own:
            raise SettingsError(
                f"model {request.name!r}: input.{key} is {given[key]}, but config.json says {own}; "
                f"set input.{key} to {own} or remove it."
            )
    frames, size = given.get("frames", frames), given.get("size", size)
    if not isinstance(frames, int) or not isinstance(size, int):
        return None
    if "mean" in given and "std" in given:
        mean, std = tuple(given["mean"]), tuple(given["std"])
        scaling = Processor("params.yaml", mean, std, given.get("value_range", "0..1"), None)
    else:
        read = read_processor(request.name, files, config.model_type)
        if read is None:
            raise SettingsError(
                f"model {request.name!r} has no processor file ({', '.join(FILES)}); give "
                "input.mean, input.std and input.value_range in params.yaml."
            )
        scaling = read
    if scaling.size not in (None, size):
        raise SettingsError(
            f"model {request.name!r}: {scaling.file} crops to {scaling.size} px, but config.json "
            f"says {size}; correct the file, or give input.mean, input.std and input.value_range "
            "in params.yaml, which replace it."
        )
    return InputSpec(
        frames, size, scaling.mean, scaling.std, layout="NTCHW", value_range=scaling.value_range
    )


def _value(config: Any, keys: tuple[str, ...]) -> Any:
    return next((getattr(config, key) for key in keys if hasattr(config, key)), None)
