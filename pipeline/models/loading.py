"""Open a model by registry name, import path or file, with its weights, ready to evaluate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SettingsError
from . import registry
from .checkpoints import load_strictly, read_state, sha256, to_our_names
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
    """One model in evaluation mode, on the CPU, in float32.

    `name` is a model of the registry or one of the forms of `bring`. `weights` is a checkpoint, or
    None for freshly initialised weights (the caller seeds torch) and for models that bring their
    own. `input` replaces what the model says of its input. `options` go to the model's `build` or
    factory.

    A model with other outputs than the benchmark's classes is restricted to `class_names` (in class
    order) by `labels`, the file that names its outputs (see `labels.read_labels`).
    """
    if class_names and len(class_names) != num_classes:
        raise SettingsError(f"{num_classes = }, but there are {len(class_names)} class names.")
    own_labels = read_labels(labels) if labels is not None else []
    if name in registry.names():
        return _open_registered(
            name, num_classes, weights, input, class_names, own_labels, dict(options or {})
        )
    brought = read_external(name, num_classes, weights, options or {})
    if brought is None:
        raise SettingsError(
            f"model {name!r} is none of {', '.join(registry.names())}; and it is no "
            "package.module:factory, file (.pt, .pt2, .onnx), folder or owner/name of Hugging Face."
        )
    spec = input or brought.input
    if spec is None:
        raise SettingsError(
            f"model {name!r} does not say what it takes; give its input in params.yaml: frames, "
            "size, mean, std, and where they differ layout, channels and value_range."
        )
    num_outputs = _count_outputs(name, brought.module, spec)
    return LoadedModel(
        name=name,
        module=_with_classes(
            name,
            brought.module,
            num_outputs,
            num_classes,
            class_names,
            own_labels or brought.labels,
        ),
        input=spec,
        num_classes=num_classes,
        weights_sha256=brought.weights_sha256,
        movable=brought.movable,
    )


def _open_registered(
    name: str,
    num_classes: int,
    weights: Path | None,
    spec: InputSpec | None,
    class_names: Sequence[str],
    labels: Sequence[str],
    options: dict[str, Any],
) -> LoadedModel:
    entry = registry.load(name)
    unknown = sorted(set(options) - set(entry.options))
    if unknown:
        raise SettingsError(
            f"model {name!r} has no options {unknown}; it has: {list(entry.options)}."
        )
    for key in ("frames", "size"):
        if spec is not None and key in entry.options:
            options.setdefault(key, getattr(spec, key))
    state = None if weights is None else to_our_names(read_state(weights), entry.renamings)
    head = None if state is None else state.get(f"{entry.head}.weight")
    num_outputs = num_classes if head is None else len(head)
    module = entry.build(num_outputs, **options)
    if state is not None:
        load_strictly(module, state, f"model {name!r}: weights {weights}")
    return LoadedModel(
        name=name,
        module=_with_classes(
            name, module.eval(), num_outputs, num_classes, class_names, labels if weights else ()
        ),
        input=spec or entry.input,
        num_classes=num_classes,
        weights_sha256=None if weights is None else sha256(weights),
    )


def _with_classes(
    name: str,
    module: nn.Module,
    num_outputs: int,
    num_classes: int,
    class_names: Sequence[str],
    labels: Sequence[str],
) -> nn.Module:
    """The module with one output a class, in class order."""
    if labels and len(labels) != num_outputs:
        raise SettingsError(f"model {name!r} has {num_outputs} outputs, but {len(labels)} labels.")
    if labels and class_names:
        outputs = outputs_of_classes(labels, class_names, name)
        return module if outputs == list(range(num_outputs)) else restricted(module, outputs)
    if num_outputs != num_classes:
        raise SettingsError(
            f"model {name!r} has {num_outputs} outputs for {num_classes} classes; give the file "
            "with the names of its outputs as its `labels`, and it is restricted to the classes."
        )
    return module


def _count_outputs(name: str, module: nn.Module, spec: InputSpec) -> int:
    """Ask the model about one black clip."""
    import torch

    clip = torch.zeros((1, spec.frames, spec.size, spec.size, 3), dtype=torch.uint8)
    try:
        with torch.inference_mode():
            out = module(prepare(clip, spec, torch.float32, model=f"model {name!r}"))
    except (RuntimeError, AssertionError, IndexError, TypeError, ValueError) as error:
        raise SettingsError(
            f"model {name!r} does not take clips of {spec.frames} frames of {spec.size} x "
            f"{spec.size} as {spec.layout}; check its input in params.yaml. It said: {error}"
        ) from error
    if not isinstance(out, torch.Tensor) or out.ndim != 2:
        got = tuple(out.shape) if isinstance(out, torch.Tensor) else type(out).__name__
        raise SettingsError(
            f"model {name!r} gave {got} for one clip; it must give logits (clips, classes)."
        )
    return out.shape[1]
