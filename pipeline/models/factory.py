"""External models from an import path: a function or class that returns an nn.Module."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from ..errors import SettingsError
from ..io.hashing import sha256_file
from .checkpoints import fitted_names, load_strictly, read_state
from .external import ExternalModel, Request, weights_hash
from .spec import InputSpec


def read_factory(request: Request) -> ExternalModel:
    """Import a factory, call it and load the weights.

    Parameters
    ----------
    request
        Name `package.module:factory`, options and weights. The factory gets `num_classes` and
        `class_names` if it takes arguments of these names.

    Returns
    -------
    ExternalModel
        The module with its weights, and the source file of the factory.

    Raises
    ------
    SettingsError
        If the factory cannot be imported or called, or returns something else.

    """
    from torch import nn

    name = request.name
    module, factory = _import(name)
    taken = inspect.signature(factory).parameters
    arguments = dict(request.options)
    if "num_classes" in taken:
        arguments.setdefault("num_classes", request.num_classes)
    if "class_names" in taken and request.class_names:
        arguments.setdefault("class_names", request.class_names)
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
    if request.weights is not None:
        state = fitted_names(read_state(request.weights), tuple(built.state_dict()), ())
        load_strictly(built, state, f"model {name!r}: weights {request.weights}")
    spec = getattr(built, "INPUT", getattr(module, "INPUT", None))
    return ExternalModel(
        built.eval(),
        spec if isinstance(spec, InputSpec) else None,
        weights_hash(built) if request.weights is None else sha256_file(request.weights),
    )


def _import(name: str) -> tuple[Any, Any]:
    module_name, _, attribute = name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"model {name!r}: {error}; the module must be importable from where the pipeline runs."
        ) from error
    factory: Any = module
    for part in attribute.split("."):
        if not hasattr(factory, part):
            raise SettingsError(f"model {name!r}: {module_name} has no attribute {attribute!r}.")
        factory = getattr(factory, part)
    if not callable(factory):
        raise SettingsError(f"model {name!r} is not callable.")
    return module, factory
