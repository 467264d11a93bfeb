"""The image benchmark's published functions: the package `imagecorruptions`, repaired for NumPy 2.

The package is of 2021. Functions that libraries removed since are supplied here, and
nothing else is changed: `pkg_resources`, `scipy.ndimage.interpolation`, `np.float_`, and the
argument `multichannel` of scikit-image's `gaussian`.
"""

import importlib
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray
from PIL import Image
from skimage.filters import gaussian

NAMES = {
    "gaussian_noise": "gaussian_noise",
    "shot_noise": "shot_noise",
    "impulse_noise": "impulse_noise",
    "speckle_noise": "speckle_noise",
    "defocus_blur": "defocus_blur",
    "gaussian_blur": "gaussian_blur",
    "glass_blur": "glass_blur",
    "linear_motion_blur": "motion_blur",
    "zoom_blur": "zoom_blur",
    "snow": "snow",
    "frost": "frost",
    "fog": "fog",
    "spatter": "spatter",
    "brightness": "brightness",
    "contrast": "contrast",
    "saturate": "saturate",
    "elastic_transform": "elastic_transform",
    "pixelate": "pixelate",
    "jpeg": "jpeg_compression",
}
"""Our name of each of its corruptions."""


class _Numpy:
    """NumPy with the name that NumPy 2 took away."""

    float_ = np.float64

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


def _gaussian(image: Any, sigma: Any, *, multichannel: bool = False, **how: Any) -> Any:
    return gaussian(image, sigma, channel_axis=-1 if multichannel else None, **how)


def _data_file(name: str, path: str) -> str:
    return str(Path(str(sys.modules[name].__file__)).parent / path)


@cache
def module() -> ModuleType:
    """Import the package's functions and repair them."""
    repairs = {
        "pkg_resources": {"resource_filename": _data_file},
        "scipy.ndimage.interpolation": {"map_coordinates": scipy.ndimage.map_coordinates},
    }
    before = {name: sys.modules.get(name) for name in repairs}
    try:
        for name, members in repairs.items():
            sys.modules[name] = ModuleType(name)
            vars(sys.modules[name]).update(members)
        found = importlib.import_module("imagecorruptions.corruptions")
    finally:
        for name, real in before.items():
            del sys.modules[name]
            if real is not None:
                sys.modules[name] = real
    found.np = _Numpy()  # type: ignore[attr-defined] - a global of the package
    found.gaussian = _gaussian  # type: ignore[attr-defined] - a global of the package
    return found


def published(name: str, frame: NDArray[np.uint8], severity: int) -> NDArray[np.float64]:
    """Corrupt one frame (H, W, 3) with the package; `name` is ours. Values are not yet whole."""
    function: Callable[..., Any] = getattr(module(), NAMES[name])
    return np.asarray(function(Image.fromarray(frame), severity), np.float64)
