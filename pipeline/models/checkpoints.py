"""Weights for networks: renaming of keys, strict loading, inflation of 2D weights.

Weights are published under many names; a model's module lists them as `Renaming`s. Loading is
strict: errors list the keys that are missing, unexpected or of another shape.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SettingsError
from .checkpoint_files import PREFIXES, read_checkpoint, without_prefix

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class Renaming:
    """Mapping of one published naming convention to our names."""

    name: str
    marker: str
    """Regular expression; the convention is used if it matches the start of any key."""
    rules: tuple[tuple[str, str], ...]
    """(pattern, replacement); for each key the first pattern that matches all of it is applied."""
    after: tuple[tuple[str, str], ...] = ()
    """(pattern, replacement) for `re.sub` on the result of the rules."""
    refusal: str = ""
    """Why weights of this convention do not fit the network; empty if they do."""
    convert: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]] | None = None
    """Converts tensors of another form, after renaming."""

    def fits(self, keys: Sequence[str]) -> bool:
        return any(re.match(self.marker, key) for key in keys)

    def apply(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        renamed = {self.rename(key): value for key, value in state.items()}
        if len(renamed) != len(state):
            raise SettingsError(f"two keys of the {self.name} convention map to one name.")
        return renamed if self.convert is None else self.convert(renamed)

    def rename(self, key: str) -> str:
        """Return our name of `key`; unchanged without a rule, so that strict loading reports it."""
        for pattern, replacement in self.rules:
            match = re.fullmatch(pattern, key)
            if match:
                key = match.expand(replacement)
                break
        for pattern, replacement in self.after:
            key = re.sub(pattern, replacement, key)
        return key


def read_state(path: Path) -> dict[str, torch.Tensor]:
    """Read the tensors of a weights file by name; see `checkpoint_files.read_checkpoint`."""
    return read_checkpoint(path).tensors


def to_our_names(
    state: dict[str, torch.Tensor], renamings: Sequence[Renaming]
) -> dict[str, torch.Tensor]:
    """Rename the keys of `state` by the first convention whose marker matches."""
    for renaming in renamings:
        if renaming.fits(tuple(state)):
            if renaming.refusal:
                raise SettingsError(f"weights of {renaming.name}: {renaming.refusal}")
            return renaming.apply(state)
    return state


def fitted_names(
    state: dict[str, torch.Tensor], own: Collection[str], renamings: Sequence[Renaming]
) -> dict[str, torch.Tensor]:
    """Rename the keys of `state` to `own`, without the prefix of modules around the network.

    Of the state with and without such prefixes, the one with the most keys of `own` is returned.
    """
    candidates = [state]
    for _ in range(2):
        candidates += [
            shorter
            for prefix in PREFIXES
            if (shorter := without_prefix(candidates[-1], prefix)) is not candidates[-1]
        ][:1]
    renamed = [to_our_names(candidate, renamings) for candidate in candidates]
    return max(renamed, key=lambda some: len(set(some) & set(own)))


def load_strictly(module: nn.Module, state: Mapping[str, torch.Tensor], what: str) -> None:
    """Copy `state` into `module`; refuse missing and unexpected keys and wrong shapes."""
    own = module.state_dict()
    # Older checkpoints lack the counts of batches, which have no effect on the output.
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
            ("unexpected keys", unknown),
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
    """Initialise a video network from its 2D form, such as a ResNet-50 of ImageNet.

    A filter (out, in, H, W) is inflated to (out, in, T, H, W) and divided by T, so that a repeated
    picture has, away from the ends, the response of the picture (Carreira and Zisserman 2017,
    section 2.1). The head named `head` is left out. Every other weight of the 2D form must fit.
    Return the names of the parameters that the 2D form does not have.
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


def _some(items: Sequence[str], most: int = 8) -> str:
    rest = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + rest
