"""Loading of a model by name in the zoo, import path or file, with its weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SettingsError
from ..io.hashing import sha256_file
from ..messages import did_you_mean
from . import registry
from .checkpoint_files import read_checkpoint
from .checkpoints import fitted_names, load_strictly
from .external import Dtype, Request, read_external
from .framework import agree, read_arch
from .inference import LoadedModel, torch_type
from .labels import outputs_of_classes, read_aliases, read_labels, restricted
from .spec import InputSpec, complete_input, prepare

if TYPE_CHECKING:
    from torch import nn


def load_model(
    name: str,
    *,
    num_classes: int,
    weights: Path | None,
    input: InputSpec | Mapping[str, Any] | None = None,  # noqa: A002 - the word of params.yaml
    class_names: Sequence[str] = (),
    labels: Path | None = None,
    options: Mapping[str, Any] | None = None,
    aliases: Path | None = None,
    prompts: Sequence[str] = (),
    question: str | None = None,
    dtype: Dtype = "fp32",
) -> LoadedModel:
    """Load one model in evaluation mode, on the CPU.

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
        Fields of `InputSpec` that replace or complete the input that the model declares.
    class_names
        Names of the benchmark's classes, in order. A model with other outputs is restricted to
        them.
    labels
        File with the names of the model's outputs (see `labels.read_labels`).
    options
        Keyword arguments of the model's `build` or factory.
    aliases
        File of other names of classes (see `labels.read_aliases`).
    prompts
        Templates of sentences for zero-shot models (see `zero_shot`).
    question
        Question for models that answer in words (see `language`).
    dtype
        Type of the weights and of the input; outputs are float32.

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
    given = asdict(input) if isinstance(input, InputSpec) else dict(input or {})
    others = {} if aliases is None else read_aliases(aliases)
    names, options = tuple(class_names), options or {}
    request = Request(
        name, num_classes, names, weights, options, given, others, tuple(prompts), question, dtype
    )
    if name in registry.names():
        return _load_registered(request, own_labels)
    external = read_external(request)
    if external is None:
        raise SettingsError(
            f"unknown model {name!r}"
            f"{did_you_mean(name, registry.names())}; "
            f"choose from {', '.join(registry.names())}, or give a "
            "package.module:factory, a file (.pt, .pt2, .onnx), a folder or owner/name of Hugging "
            "Face."
        )
    if external.in_words and own_labels:
        raise SettingsError(
            f"model {name!r} gets the classes as words, so that its outputs are the classes; "
            f"remove labels = {labels}."
        )
    spec = complete_input(name, external.input, given)
    loaded = LoadedModel(
        name=name,
        module=external.module.to(torch_type(dtype)) if dtype != "fp32" else external.module,
        input=spec,
        num_classes=num_classes,
        weights_sha256=external.weights_sha256,
        movable=external.movable,
        dtype=dtype,
        timed=external.timed,
    )
    num_outputs = num_classes if external.timed else _count_outputs(loaded)
    labels_of = own_labels or external.labels
    module, outputs = _with_classes(request, loaded.module, num_outputs, labels_of)
    return replace(loaded, module=module, code={**external.code, "outputs": outputs})


def _load_registered(request: Request, labels: Sequence[str]) -> LoadedModel:
    name = request.name
    entry = registry.load(name)
    if request.weights is None:
        spec = complete_input(name, entry.input, request.input)
        module = entry.make(request.num_classes, spec, request.options)
        return _registered(request, entry, spec, module, request.num_classes, (), request.options)
    what = f"model {name!r}: weights {request.weights}"
    checkpoint = read_checkpoint(request.weights)
    state = fitted_names(checkpoint.tensors, entry.keys(), entry.renamings)
    options, given = dict(request.options), dict(request.input)
    arch = None if checkpoint.arch is None else read_arch(checkpoint.arch)
    if arch is not None:
        options, given = agree(arch, name, options, given, what)
    for key, value in entry.input_of(state).items():
        if given.setdefault(key, value) != value:
            raise SettingsError(
                f"{what} are for {key} = {value}, but input.{key} is {given[key]}; set it to "
                f"{value} or remove it."
            )
    head = state.get(f"{entry.head}.weight")
    num_outputs = request.num_classes if head is None else len(head)
    if reason := entry.needs_input(num_outputs, request.input):
        raise SettingsError(f"{what}: {reason}")
    spec = complete_input(name, entry.input, given)
    module = entry.make(num_outputs, spec, options)
    load_strictly(module, state, what)
    return _registered(request, entry, spec, module, num_outputs, labels, options)


def _registered(
    request: Request,
    entry: registry.ModelEntry,
    spec: InputSpec,
    module: nn.Module,
    num_outputs: int,
    labels: Sequence[str],
    options: Mapping[str, Any],
) -> LoadedModel:
    module = module.eval().to(torch_type(request.dtype))
    module, outputs = _with_classes(request, module, num_outputs, labels)
    return LoadedModel(
        name=request.name,
        module=module,
        input=spec,
        num_classes=request.num_classes,
        weights_sha256=None if request.weights is None else sha256_file(request.weights),
        code={
            "outputs": outputs,
            "options": repr(sorted(options.items())),
            **{library: version(library) for library in entry.libraries},
        },
        dtype=request.dtype,
    )


def _with_classes(
    request: Request, module: nn.Module, num_outputs: int, labels: Sequence[str]
) -> tuple[nn.Module, str]:
    """Return the module with one output per class, in class order, and which outputs these are."""
    name, num_classes = request.name, request.num_classes
    if labels and len(labels) != num_outputs:
        raise SettingsError(f"model {name!r} has {num_outputs} outputs, but {len(labels)} labels.")
    outputs = list(range(num_outputs))
    if labels and request.class_names:
        outputs = outputs_of_classes(labels, request.class_names, name, request.aliases)
    elif num_outputs != num_classes:
        raise SettingsError(
            f"model {name!r} has {num_outputs} outputs for {num_classes} classes; give the "
            "file with the names of its outputs as `labels` to restrict it to the classes."
        )
    whole = outputs == list(range(num_outputs))
    return module if whole else restricted(module, outputs), " ".join(map(str, outputs))


def _count_outputs(model: LoadedModel) -> int:
    """Run the model on one black clip and return its number of outputs."""
    import torch

    name, spec = model.name, model.input
    clip = torch.zeros((1, spec.frames, spec.size, spec.size, 3), dtype=torch.uint8)
    try:
        with torch.inference_mode():
            out = model.module(prepare(clip, spec, model.torch_dtype, model=f"model {name!r}"))
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
