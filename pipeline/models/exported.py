"""External models from exported files: TorchScript, torch.export programs, ONNX."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

from ..errors import SettingsError
from ..io.hashing import sha256_file
from ..messages import one_line
from .external import ExternalModel


def read_exported(path: Path) -> ExternalModel:
    """Load a TorchScript file, a torch.export program or an ONNX file.

    Parameters
    ----------
    path
        File that ends in .pt, .pt2 or .onnx.

    Returns
    -------
    ExternalModel
        The model; an ONNX model runs in float32 and takes its input from the CPU.

    Raises
    ------
    SettingsError
        If the file does not exist or is of another kind.

    """
    import torch

    from .adapters import Exported, OnnxModel

    if not path.is_file():
        raise SettingsError(f"model {str(path)!r} does not exist.")
    digest = sha256_file(path)
    if path.suffix == ".onnx":
        return ExternalModel(OnnxModel(path), None, digest, movable=False)
    kind = "torch.export program" if path.suffix == ".pt2" else "TorchScript"
    try:
        if not zipfile.is_zipfile(path):
            raise ValueError("the file is not a zip archive")
        if path.suffix == ".pt2":
            return ExternalModel(Exported(path), None, digest)
        load: Any = torch.jit.load
        script = load(path, map_location="cpu")
    except (RuntimeError, ValueError, pickle.UnpicklingError) as error:
        raise SettingsError(
            f"model {str(path)!r} is not a {kind}; give a checkpoint as `weights`, beside the name "
            f"of its model. ({one_line(error)})"
        ) from error
    return ExternalModel(script.eval(), None, digest)
