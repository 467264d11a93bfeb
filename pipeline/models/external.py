"""External models: an import path, an exported file, a Hugging Face folder or id.

| name                      | kind of model                                                    |
|---------------------------|------------------------------------------------------------------|
| `package.module:factory`  | a function that returns an nn.Module; gets `num_classes` if taken |
| `model.pt`                | TorchScript, from torch.jit.save                                 |
| `model.pt2`               | a program from torch.export.save                                 |
| `model.onnx`              | ONNX with one input, logits first (needs onnxruntime)            |
| a folder with config.json | a model of transformers for video classification                 |
| `owner/name`              | the same, from the Hugging Face Hub                              |

A file or a function does not declare its input, so params.yaml must, unless the function's module
or the model has an attribute `INPUT` (an InputSpec). Models of transformers declare theirs.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
import pickle
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SettingsError
from ..io.hashing import sha256_file
from .checkpoints import load_strictly, read_state
from .spec import IMAGENET_MEAN, IMAGENET_STD, InputSpec

if TYPE_CHECKING:
    from torch import nn

FILES = (".pt", ".pt2", ".onnx")


@dataclass(frozen=True)
class ExternalModel:
    """A user-supplied model and the metadata it provides."""

    module: nn.Module
    input: InputSpec | None
    labels: tuple[str, ...]
    """Names of its outputs; empty if it provides none."""
    weights_sha256: str
    movable: bool = True


def read_external(
    name: str, num_classes: int, weights: Path | None, options: Mapping[str, Any]
) -> ExternalModel | None:
    """Load the model that `name` describes; return None if `name` has none of the forms above."""
    path = Path(name)
    if path.suffix in FILES:
        _no_extras(name, weights, options)
        return _from_file(path)
    if path.is_dir():
        return _from_hugging_face(name, weights, options, local=True)
    if re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*", name):
        return _from_factory(name, num_classes, weights, options)
    if re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        return _from_hugging_face(name, weights, options, local=False)
    return None


def weights_hash(module: nn.Module) -> str:
    """Return the SHA-256 of names, types, shapes and bytes of all weights, in order of names."""
    import torch

    digest = hashlib.sha256()
    for key, value in sorted(module.state_dict().items()):
        digest.update(f"{key} {value.dtype} {tuple(value.shape)}\n".encode())
        flat = value.detach().cpu().contiguous().flatten()
        digest.update(flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b"")
    return digest.hexdigest()


def _from_factory(
    name: str, num_classes: int, weights: Path | None, options: Mapping[str, Any]
) -> ExternalModel:
    from torch import nn

    module_name, _, attribute = name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"model {name!r}: {error}; the module must be importable from where the pipeline runs."
        ) from error
    factory = module
    for part in attribute.split("."):
        if not hasattr(factory, part):
            raise SettingsError(f"model {name!r}: {module_name} has no attribute {attribute!r}.")
        factory = getattr(factory, part)
    if not callable(factory):
        raise SettingsError(f"model {name!r} is not callable.")
    arguments = dict(options)
    if "num_classes" in inspect.signature(factory).parameters:
        arguments.setdefault("num_classes", num_classes)
    try:
        inspect.signature(factory).bind(**arguments)
    except TypeError as error:
        raise SettingsError(
            f"model {name!r} does not take options {arguments}: {error}."
        ) from error
    built = factory(**arguments)
    if not isinstance(built, nn.Module):
        raise SettingsError(
            f"model {name!r} must return an nn.Module (got {type(built).__name__})."
        )
    if weights is not None:
        load_strictly(built, read_state(weights), f"model {name!r}: weights {weights}")
    spec = getattr(built, "INPUT", getattr(module, "INPUT", None))
    return ExternalModel(
        built.eval(),
        spec if isinstance(spec, InputSpec) else None,
        (),
        weights_hash(built) if weights is None else sha256_file(weights),
    )


def _from_file(path: Path) -> ExternalModel:
    import torch

    from .adapters import Exported, OnnxModel

    if not path.is_file():
        raise SettingsError(f"model {str(path)!r} does not exist.")
    digest = sha256_file(path)
    if path.suffix == ".onnx":
        return ExternalModel(OnnxModel(path), None, (), digest, movable=False)
    kind = "torch.export program" if path.suffix == ".pt2" else "TorchScript"
    try:
        if not zipfile.is_zipfile(path):
            raise ValueError("the file is not a zip archive")
        if path.suffix == ".pt2":
            return ExternalModel(Exported(path), None, (), digest)
        load: Any = torch.jit.load
        script = load(path, map_location="cpu")
    except (RuntimeError, ValueError, pickle.UnpicklingError) as error:
        raise SettingsError(
            f"model {str(path)!r} is not a {kind}; give a checkpoint as `weights`, beside the name "
            f"of its model. ({str(error).strip().partition(chr(10))[0]})"
        ) from error
    return ExternalModel(script.eval(), None, (), digest)


def _from_hugging_face(
    name: str, weights: Path | None, options: Mapping[str, Any], local: bool
) -> ExternalModel:
    _no_extras(name, weights, options)
    if local and not (Path(name) / "config.json").is_file():
        raise SettingsError(f"model {name!r} is a folder without config.json.")
    import transformers

    from .adapters import HuggingFaceLogits

    try:
        model, report = transformers.AutoModelForVideoClassification.from_pretrained(
            name, local_files_only=local, output_loading_info=True, trust_remote_code=False
        )
    except (OSError, ValueError) as error:
        raise SettingsError(f"model {name!r} cannot be loaded by transformers: {error}") from error
    wrong = {key: sorted(map(str, keys)) for key, keys in report.items() if keys}
    if wrong:
        raise SettingsError(f"model {name!r}: its weights do not fit its config: {wrong}.")
    names = [str(label) for _, label in sorted(model.config.id2label.items())]
    unnamed = all(re.fullmatch(r"LABEL_\d+", label) for label in names)
    return ExternalModel(
        HuggingFaceLogits(model.eval()),
        _hugging_face_input(name, model.config, local),
        () if unnamed else tuple(names),
        weights_hash(model),
    )


def _hugging_face_input(name: str, config: Any, local: bool) -> InputSpec | None:
    """Return the input of a model of transformers; None if its config does not declare it."""
    frames = next(
        (getattr(config, key) for key in ("num_frames", "frames_per_clip") if hasattr(config, key)),
        None,
    )
    size = next(
        (getattr(config, key) for key in ("image_size", "crop_size") if hasattr(config, key)), None
    )
    if frames is None or not isinstance(size, int):
        return None
    from transformers.utils import hub

    found = hub.cached_file(
        name,
        "preprocessor_config.json",
        local_files_only=local,
        _raise_exceptions_for_missing_entries=False,
    )
    values = json.loads(Path(found).read_text(encoding="utf-8")) if found else {}
    mean = values.get("image_mean", IMAGENET_MEAN)
    std = values.get("image_std", IMAGENET_STD)
    return InputSpec(frames, size, tuple(mean), tuple(std), layout="NTCHW")


def _no_extras(name: str, weights: Path | None, options: Mapping[str, Any]) -> None:
    if weights is not None or options:
        raise SettingsError(
            f"model {name!r} brings its own weights and takes no options; remove "
            f"weights = {weights} and options = {dict(options)}."
        )
