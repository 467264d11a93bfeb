"""Loading of a model by name in the zoo, import path or file, with its weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SettingsError
from ..io.hashing import sha256_file
from ..messages import did_you_mean
from . import registry
from .checkpoints import load_strictly, read_state, to_our_names
from .external import read_external
from .inference import LoadedModel
from .labels import outputs_of_classes, read_labels, restricted
from .spec import InputSpec, prepare

if TYPE_CHECKING:
    from torch import nn


def load_model(
    name: str,
    *,
    num_classes: int,
    weights: Path | None,
    input: InputSpec | None = None,  # noqa: A002 - the word of params.yaml
    class_names: Sequence[str] = (),
    labels: Path | None = None,
    options: Mapping[str, Any] | None = None,
) -> LoadedModel:
    """Load one model in evaluation mode, on the CPU, in float32.

    Parameters
    ----------
    name
        A model of the zoo, or one of the forms of `external`.
    num_classes
        Number of the benchmark's classes.
    weights
        A checkpoint; None for freshly initialised weights (the caller seeds torch) and for models
        that bring their own.
    input
        Replaces the input that the model declares.
    class_names
        Names of the benchmark's classes, in order. A model with other outputs is restricted to
        them.
    labels
        File with the names of the model's outputs (see `labels.read_labels`).
    options
        Keyword arguments of the model's `build` or factory.

    Returns
    -------
    LoadedModel
        The model; its module maps a batch of `prepare` to logits (N, num_classes).

    Raises
    ------
    SettingsError
        If name, weights, labels, input or options do not fit together; the message names the file
        or key.

    """
    if class_names and len(class_names) != num_classes:
        raise SettingsError(f"{num_classes = }, but there are {len(class_names)} class names.")
    own_labels = read_labels(labels) if labels is not None else []
    if name in registry.names():
        return _load_registered(
            name, num_classes, weights, input, class_names, own_labels, options or {}
        )
    external = read_external(name, num_classes, weights, options or {})
    if external is None:
        raise SettingsError(
            f"unknown model {name!r}"
            f"{did_you_mean(name, registry.names())}; "
            f"choose from {', '.join(registry.names())}, or give a "
            "package.module:factory, a file (.pt, .pt2, .onnx), a folder or owner/name of Hugging "
            "Face."
        )
    spec = input or external.input
    if spec is None:
        raise SettingsError(
            f"model {name!r} does not declare its input; give it in params.yaml: frames, "
            "size, mean, std, and where they differ layout, channels and value_range."
        )
    num_outputs = _count_outputs(name, external.module, spec)
    return LoadedModel(
        name=name,
        module=_with_classes(
            name,
            external.module,
            num_outputs,
            num_classes,
            class_names,
            own_labels or external.labels,
        ),
        input=spec,
        num_classes=num_classes,
        weights_sha256=external.weights_sha256,
        movable=external.movable,
    )


def _load_registered(
    name: str,
    num_classes: int,
    weights: Path | None,
    spec: InputSpec | None,
    class_names: Sequence[str],
    labels: Sequence[str],
    options: Mapping[str, Any],
) -> LoadedModel:
    entry = registry.load(name)
    state = None if weights is None else to_our_names(read_state(weights), entry.renamings)
    head = None if state is None else state.get(f"{entry.head}.weight")
    num_outputs = num_classes if head is None else len(head)
    module = entry.make(num_outputs, spec, options)
    if state is not None:
        load_strictly(module, state, f"model {name!r}: weights {weights}")
    return LoadedModel(
        name=name,
        module=_with_classes(
            name, module.eval(), num_outputs, num_classes, class_names, labels if weights else ()
        ),
        input=spec or entry.input,
        num_classes=num_classes,
        weights_sha256=None if weights is None else sha256_file(weights),
    )


def _with_classes(
    name: str,
    module: nn.Module,
    num_outputs: int,
    num_classes: int,
    class_names: Sequence[str],
    labels: Sequence[str],
) -> nn.Module:
    """Return the module with one output per class, in class order."""
    if labels and len(labels) != num_outputs:
        raise SettingsError(f"model {name!r} has {num_outputs} outputs, but {len(labels)} labels.")
    if labels and class_names:
        outputs = outputs_of_classes(labels, class_names, name)
        return module if outputs == list(range(num_outputs)) else restricted(module, outputs)
    if num_outputs != num_classes:
        raise SettingsError(
            f"model {name!r} has {num_outputs} outputs for {num_classes} classes; give the "
            "file with the names of its outputs as `labels` to restrict it to the classes."
        )
    return module


def _count_outputs(name: str, module: nn.Module, spec: InputSpec) -> int:
    """Run the model on one black clip and return its number of outputs."""
    import torch

    clip = torch.zeros((1, spec.frames, spec.size, spec.size, 3), dtype=torch.uint8)
    try:
        with torch.inference_mode():
            out = module(prepare(clip, spec, torch.float32, model=f"model {name!r}"))
    except (RuntimeError, AssertionError, IndexError, TypeError, ValueError) as error:
        raise SettingsError(
            f"model {name!r} does not take clips of {spec.frames} frames of {spec.size} x "
            f"{spec.size} as {spec.layout}; check its input in params.yaml. The error was: {error}"
        ) from error
    if not isinstance(out, torch.Tensor) or out.ndim != 2:
        got = tuple(out.shape) if isinstance(out, torch.Tensor) else type(out).__name__
        raise SettingsError(
            f"model {name!r}: expected logits (clips, classes) for one clip (got {got})."
        )
    return out.shape[1]
