"""Weights from files: read safely, bring the names to ours, load strictly.

A checkpoint is a pickle of tensors (.pt .pth .pth.tar .pyth .ckpt .bin, read with
weights_only=True, so no code in it runs) or a .safetensors file. Weights are published under many
names; a model's module lists them as `Renaming`s. Loading is strict and says which keys are
missing, left over or of another shape.
"""

from __future__ import annotations

import hashlib
import pickle
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SettingsError

if TYPE_CHECKING:
    import torch
    from torch import nn

SUFFIXES = (".safetensors", ".pt", ".pth", ".tar", ".pyth", ".ckpt", ".bin")
WRAPPERS = ("state_dict", "model_state", "model_state_dict", "model")
"""Entries of a training checkpoint under which the weights lie (Hara and TAM: state_dict; SlowFast,
PyTorchVideo and TimeSformer: model_state)."""


@dataclass(frozen=True)
class Renaming:
    """How one published convention maps to our names."""

    name: str
    marker: str
    """Regular expression; the convention is used if it matches the start of any key."""
    rules: tuple[tuple[str, str], ...]
    """(pattern, replacement) for `re.sub`; of each key the first pattern that matches from its
    start to its end is applied."""
    after: tuple[tuple[str, str], ...] = ()
    """(pattern, replacement) for `re.sub` on what the rules gave."""
    convert: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]] | None = None
    """Brings tensors of another form, under our names already, to ours."""

    def fits(self, keys: Sequence[str]) -> bool:
        return any(re.match(self.marker, key) for key in keys)

    def apply(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        renamed = {self.rename(key): value for key, value in state.items()}
        if len(renamed) != len(state):
            raise SettingsError(f"two keys of the {self.name} convention have one name of ours.")
        return renamed if self.convert is None else self.convert(renamed)

    def rename(self, key: str) -> str:
        """Our name of `key`; unchanged if no rule knows it, so that strict loading names it."""
        for pattern, replacement in self.rules:
            match = re.fullmatch(pattern, key)
            if match:
                key = match.expand(replacement)
                break
        for pattern, replacement in self.after:
            key = re.sub(pattern, replacement, key)
        return key


def read_state(path: Path) -> dict[str, torch.Tensor]:
    """Names and tensors of a checkpoint, on the CPU, without the training state around them.

    A prefix `module.` (of DataParallel) is taken off.
    """
    if not path.is_file():
        raise SettingsError(f"weights {path} do not exist; give the path of a checkpoint file.")
    state = _tensors(_read(path), path)
    if all(key.startswith("module.") for key in state):
        state = {key.removeprefix("module."): value for key, value in state.items()}
    return state


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def to_our_names(
    state: dict[str, torch.Tensor], renamings: Sequence[Renaming]
) -> dict[str, torch.Tensor]:
    """`state` under our names, by the first convention that it bears the mark of."""
    for renaming in renamings:
        if renaming.fits(tuple(state)):
            return renaming.apply(state)
    return state


def load_strictly(module: nn.Module, state: Mapping[str, torch.Tensor], what: str) -> None:
    """Copy `state` into `module`; every key must be there, known, and of the right shape."""
    own = module.state_dict()
    # Counts of seen batches are not in older checkpoints and do not change what a model says.
    optional = {key for key in own if key.endswith("num_batches_tracked")}
    missing = sorted(set(own) - set(state) - optional)
    unknown = sorted(set(state) - set(own))
    shapes = [
        f"{key} is {tuple(state[key].shape)}, not {tuple(own[key].shape)}"
        for key in sorted(set(own) & set(state))
        if state[key].shape != own[key].shape
    ]
    problems = [
        f"{len(found)} {kind}: {_some(found)}"
        for kind, found in (
            ("missing keys", missing),
            ("keys left over", unknown),
            ("wrong shapes", shapes),
        )
        if found
    ]
    if problems:
        raise SettingsError(
            f"{what} do not fit ({len(state)} tensors for {len(own)}). {'. '.join(problems)}."
        )
    module.load_state_dict({**{key: own[key] for key in optional}, **state})


def start_from_images(
    module: nn.Module, state: Mapping[str, torch.Tensor], head: str
) -> tuple[str, ...]:
    """Start a video network from the weights of its 2D form, such as a ResNet-50 of ImageNet.

    A filter (out, in, H, W) becomes (out, in, T, H, W) with 1 / T of it at each time, so that one
    picture repeated gives, away from the ends, what the picture gave (Carreira and Zisserman 2017,
    section 2.1). The head named `head` is left out. Every other weight of the 2D form must find its
    place; returns the names of those that the 2D form has not and that stay fresh.
    """
    own = module.state_dict()
    images = {key: value for key, value in state.items() if not key.startswith(f"{head}.")}
    placed = {}
    for key, value in images.items():
        inflated = value
        if key in own and own[key].ndim == 5 and value.ndim == 4:
            time = own[key].shape[2]
            inflated = value[:, :, None].expand(-1, -1, time, -1, -1) / time
        if key not in own or own[key].shape != inflated.shape:
            wanted = tuple(own[key].shape) if key in own else "no such key"
            raise SettingsError(
                f"image weights do not fit: {key} is {tuple(value.shape)}, the model has {wanted}; "
                "they must be of the 2D form of the same network."
            )
        placed[key] = inflated
    module.load_state_dict(own | placed)
    return tuple(key for key, _ in module.named_parameters() if key not in placed)


def _read(path: Path) -> Any:
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(path)
    if path.suffix not in SUFFIXES:
        raise SettingsError(f"weights {path}: expected a file ending in one of {SUFFIXES}.")
    import torch

    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise SettingsError(
            f"weights {path} hold more than tensors, and code in a checkpoint is never run: save "
            f"its state_dict alone, or convert it to .safetensors. ({_first_line(error)})"
        ) from error
    except (RuntimeError, EOFError, LookupError, ValueError) as error:
        raise SettingsError(
            f"weights {path} cannot be read, the file is no checkpoint or damaged: "
            f"{_first_line(error) or type(error).__name__}"
        ) from error


def _tensors(content: Any, path: Path) -> dict[str, torch.Tensor]:
    import torch

    while isinstance(content, Mapping):
        tensors = {key: value for key, value in content.items() if isinstance(value, torch.Tensor)}
        inner = next((content[name] for name in WRAPPERS if name in content), None)
        if isinstance(inner, Mapping):
            content = inner
        elif tensors:
            return tensors
        else:
            break
    raise SettingsError(
        f"weights {path} hold no tensors by name, neither at the top nor under {WRAPPERS}."
    )


def _some(items: Sequence[str], most: int = 8) -> str:
    rest = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + rest


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]
