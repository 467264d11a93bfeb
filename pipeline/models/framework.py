"""Checkpoints of the benchmark's framework: what their entry `arch` says about the network.

The framework (after IBM's action-recognition code) writes the name of the trained network into its
checkpoints, such as `mini_kinetics400-rgb-i3d-resnet-50-ts-max-f32-cosine-bs32-e50-v1`: data set,
modality, network, `ts-<pooling>` for temporal stride, frames, schedule. Weights of several variants
have the same names and shapes but compute other logits, so this text decides which one is built.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import SettingsError

ARCH = re.compile(r"(?:.+?-)?(?:rgb-)?(?P<network>(?:TAM|i3d|slowfast|x3d|s3d|inception|resnet).*?)"
                  r"-f(?P<frames>\d+)(?:-.*)?", re.IGNORECASE)  # fmt: skip
NETWORK = re.compile(
    r"(?:(?P<module>TAM)-b(?P<span>\d+)-(?P<blending>sum|max)(?P<dense>-allc)?-)?"
    r"(?P<base>i3d-resnet|i3d_resnet|resnet|i3d_v2|i3d|slowfast|x3d)(?:-(?P<depth>\d+))?"
    r"(?P<stride>-ts)?(?:-(?P<pooling>max|avg))?(?P<size>[-_](?:8x4|m))?",
    re.IGNORECASE,
)
"""Texts with more than this name another network, such as `slowfast_4x16`, whose tensors fit."""

SIZES = {"slowfast": ("8x4", "50"), "x3d": ("m", None)}
"""What SlowFast and X3D may state: their size and the depth of the ResNet."""


@dataclass(frozen=True)
class Architecture:
    """Network of the zoo, its options and its frames, as a checkpoint states them."""

    text: str
    network: str
    frames: int
    options: Mapping[str, Any] = field(default_factory=dict)


def read_arch(text: str) -> Architecture | None:
    """Parse the entry `arch` of a checkpoint.

    Parameters
    ----------
    text
        Name of the network as the framework writes it.

    Returns
    -------
    Architecture | None
        The network; None for a text in another form, such as the `resnet-50` of other codes.

    Raises
    ------
    SettingsError
        If the text is in this form but names a network that is not in the zoo.

    """
    outer = ARCH.fullmatch(text.strip())
    if outer is None:
        return None
    found = NETWORK.fullmatch(outer["network"])
    frames = int(outer["frames"])
    network = None if found is None else _network(found)
    if found is None or network is None:
        raise SettingsError(
            f"arch {text!r}: the network {outer['network']!r} is not in the zoo; its checkpoint "
            "needs a model of your own (package.module:factory)."
        )
    stride, pooling = found["stride"] is not None, (found["pooling"] or "max").lower()
    options: dict[str, Any] = {}
    if network in ("i3d_v2", "tam_resnet50"):
        options = {"temporal_stride": stride, "pooling": pooling}
    elif network.startswith("i3d_resnet"):
        options = {"temporal_stride": stride}
    if network == "tam_resnet50":
        options["blending"] = found["blending"].lower()
    if "pooling" in options and not stride and network == "tam_resnet50":
        del options["pooling"]  # nothing is pooled
    return Architecture(text, network, frames, options)


def _network(found: re.Match[str]) -> str | None:
    base, depth = found["base"].lower(), found["depth"]
    size = found["size"] and found["size"][1:].lower()
    own_size, own_depth = SIZES.get(base, (None, depth))
    if size not in (None, own_size) or depth not in (None, own_depth):
        return None
    if found["module"]:
        usual = (base, depth, found["span"], found["dense"]) == ("resnet", "50", "3", None)
        return "tam_resnet50" if usual else None
    if base in ("i3d-resnet", "i3d_resnet"):
        return f"i3d_resnet{depth}" if depth in ("18", "50") else None
    return {"i3d": "i3d_v2", "i3d_v2": "i3d_v2", "slowfast": "slowfast_8x4", "x3d": "x3d_m"}.get(
        base
    )


def agree(
    arch: Architecture,
    name: str,
    options: Mapping[str, Any],
    given: Mapping[str, Any],
    file: str,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Complete options and input of a model by its checkpoint's architecture.

    Parameters
    ----------
    arch
        What the checkpoint states.
    name
        The model of the zoo that is to hold the weights.
    options, given
        Options and input in params.yaml.
    file
        Name of the checkpoint for messages.

    Returns
    -------
    tuple[dict, dict]
        Options and input with the values of the checkpoint.

    Raises
    ------
    SettingsError
        If params.yaml contradicts the checkpoint.

    """
    where = f"{file}: arch {arch.text!r}"
    if arch.network != name:
        raise SettingsError(
            f"{where} is the network {arch.network!r}, but the model is {name!r}; set its `model` "
            f"to {arch.network}."
        )
    for key, value in arch.options.items():
        if options.get(key, value) != value:
            raise SettingsError(
                f"{where} has {key} = {value!r}, but options.{key} is {options[key]!r}; remove it."
            )
    if given.get("frames", arch.frames) != arch.frames:
        raise SettingsError(
            f"{where} was trained on {arch.frames} frames, but input.frames is {given['frames']}; "
            f"set it to {arch.frames} or remove it."
        )
    return {**options, **arch.options}, {**given, "frames": arch.frames}
