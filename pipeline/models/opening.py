"""Open a model by registry name, import path or file, with its weights, ready to evaluate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import SettingsError
from pipeline.models import registry
from pipeline.models.checkpoints import load_strictly, read_state, sha256, to_our_names
from pipeline.models.loaded import LoadedModel
from pipeline.models.spec import InputSpec


def open_model(
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

    `name` is a model of the registry, `package.module:factory`, a file (.onnx, .pt, .pt2) or a
    Hugging Face folder or id. `weights` is a checkpoint, or None for freshly initialised weights
    (the caller seeds torch). `input` replaces what the model says of its input. A model with more
    outputs than the benchmark's `num_classes` is restricted to `class_names` (in class order) by
    its own list of `labels`. `options` go to the model's `build` or factory.
    """
    if class_names and len(class_names) != num_classes:
        raise SettingsError(f"{num_classes = }, but there are {len(class_names)} class names.")
    if name in registry.names():
        return _open_registered(name, num_classes, weights, input, dict(options or {}))
    raise SettingsError(
        f"model {name!r} is no model of ours, import path or file; there are: "
        f"{', '.join(registry.names())}."
    )


def _open_registered(
    name: str,
    num_classes: int,
    weights: Path | None,
    spec: InputSpec | None,
    options: dict[str, Any],
) -> LoadedModel:
    entry = registry.load(name)
    unknown = sorted(set(options) - set(entry.options))
    if unknown:
        raise SettingsError(
            f"model {name!r} has no options {unknown}; it has: {list(entry.options)}."
        )
    if spec is not None and "frames" in entry.options:
        options.setdefault("frames", spec.frames)
    module = entry.build(num_classes, **options)
    if weights is not None:
        state = to_our_names(read_state(weights), entry.renamings)
        load_strictly(module, state, f"model {name!r}: weights {weights}")
    return LoadedModel(
        name=name,
        module=module.eval(),
        input=spec or entry.input,
        num_classes=num_classes,
        weights_sha256=None if weights is None else sha256(weights),
    )
