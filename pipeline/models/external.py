"""External models: an import path, an exported file, a Hugging Face folder or id.

| name                      | kind of model                                                    |
|---------------------------|------------------------------------------------------------------|
| `package.module:factory`  | a function that returns an nn.Module; gets `num_classes` and      |
|                           | `class_names` if it takes them                                    |
| `model.pt`                | TorchScript, from torch.jit.save                                 |
| `model.pt2`               | a program from torch.export.save                                 |
| `model.onnx`              | ONNX with one input, logits first (needs onnxruntime)            |
| a folder with config.json | a model of transformers for video classification; CLIP, SigLIP,  |
|                           | X-CLIP with `prompts`; LLaVA-OneVision, Qwen2.5-VL, Qwen3-VL and |
|                           | InternVL with a `question`                                       |
| `owner/name`              | the same, from the Hugging Face Hub                              |

A file or a function does not declare its input, so params.yaml must, unless the function's module
or the model has an attribute `INPUT` (an InputSpec). Models of transformers declare theirs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..errors import SettingsError
from .spec import InputSpec

if TYPE_CHECKING:
    from torch import nn

FILES = (".pt", ".pt2", ".onnx")

Dtype = Literal["fp32", "bf16", "fp16"]


@dataclass(frozen=True)
class ExternalModel:
    """A user-supplied model and the metadata it provides."""

    module: nn.Module
    input: InputSpec | None
    weights_sha256: str
    labels: tuple[str, ...] = ()
    """Names of its outputs; empty if it provides none."""
    movable: bool = True
    code: Mapping[str, str] = field(default_factory=dict)
    """What determines its output besides weights and input: hashes of code and files, versions."""
    in_words: bool = False
    """True if it has one output per class, which it was given as words."""
    timed: bool = False
    """True if its module takes the times of the frames as well."""


@dataclass(frozen=True)
class Request:
    """What params.yaml says about an external model."""

    name: str
    num_classes: int
    class_names: tuple[str, ...]
    weights: Path | None
    options: Mapping[str, Any]
    input: Mapping[str, Any]
    aliases: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Other names of classes."""
    prompts: tuple[str, ...] = ()
    """Templates of sentences for zero-shot models."""
    question: str | None = None
    """Question for models that answer in words."""
    dtype: Dtype = "fp32"
    """Type of the weights."""

    def refuse_extras(self) -> None:
        """Refuse weights and options for a model that brings its own."""
        if self.weights is not None or self.options:
            raise SettingsError(
                f"model {self.name!r} brings its own weights and takes no options; remove "
                f"weights = {self.weights} and options = {dict(self.options)}."
            )


def read_external(request: Request) -> ExternalModel | None:
    """Load the model that `request.name` describes; return None if it has none of the forms."""
    path = Path(request.name)
    if path.suffix in FILES:
        from .exported import read_exported

        request.refuse_extras()
        if request.dtype != "fp32":
            raise SettingsError(
                f"model {request.name!r}: dtype is {request.dtype}, but an exported file keeps the "
                "types that it was exported with; remove it."
            )
        return read_exported(path)
    if path.is_dir():
        from .hugging_face import read_hugging_face

        return read_hugging_face(request, local=True)
    if re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*", request.name):
        from .factory import read_factory

        return read_factory(request)
    if re.fullmatch(r"[\w.-]+/[\w.-]+", request.name):
        from .hugging_face import read_hugging_face

        return read_hugging_face(request, local=False)
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
