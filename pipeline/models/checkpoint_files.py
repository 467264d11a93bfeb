"""Reading of weights files as they are published, without ever running code in them.

| file                                    | content                                                |
|-----------------------------------------|--------------------------------------------------------|
| .safetensors                            | tensors by name                                        |
| .pt .pth .pth.tar .pyth .ckpt .bin .pkl | torch.save of a state dict or of a training state      |
| .pkl of SlowFast's model zoo            | pickle of Caffe2 blobs (NumPy arrays) under `blobs`    |
| .pkl of NumPy arrays                    | pickle of arrays by name, at the top or under `model`  |

torch files are read with `weights_only=True`. Objects beside the tensors that are only data
(options of argparse, configuration nodes, paths, NumPy scalars) are replaced by empty stand-ins;
any other object is refused by name.
"""

from __future__ import annotations

import collections
import pickle
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ..errors import SettingsError
from ..messages import one_line

if TYPE_CHECKING:
    import torch

SUFFIXES = (".safetensors", ".pt", ".pth", ".tar", ".pyth", ".ckpt", ".bin", ".pkl")
WRAPPERS = ("state_dict", "model_state", "model_state_dict", "model", "net", "network")
"""Entries of a training checkpoint that hold the weights (Hara and TAM: state_dict; SlowFast,
PyTorchVideo and TimeSformer: model_state)."""

PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.")
"""Prefixes of all keys, of DataParallel, torch.compile and modules around the network."""

OLD_TORCH = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""First bytes of files that torch wrote before it wrote zip archives."""

INERT = (
    "argparse.Namespace",
    "types.SimpleNamespace",
    "yacs.config.CfgNode",
    "fvcore.common.config.CfgNode",
    "detectron2.config.config.CfgNode",
    "omegaconf.dictconfig.DictConfig",
    "easydict.EasyDict",
    "mmcv.utils.config.ConfigDict",
    "mmengine.config.config.ConfigDict",
    "mmengine.logging.history_buffer.HistoryBuffer",
    "pathlib.Path",
    "pathlib.PosixPath",
    "pathlib.PurePosixPath",
    "pathlib.WindowsPath",
    "pathlib.PureWindowsPath",
    "pathlib._local.PosixPath",
    "pathlib._local.PurePosixPath",
    "pathlib._local.WindowsPath",
)
"""Classes of objects beside the tensors that are replaced by stand-ins."""


class Inert:
    """Stand-in for the class of an object beside the tensors: instances are empty mappings.

    torch fills only mappings of the standard library, and gives them any state.
    """

    def __new__(cls, *_: Any, **__: Any) -> Any:
        return collections.OrderedDict()


@dataclass(frozen=True)
class Checkpoint:
    """Tensors of a weights file, and the architecture that its training code wrote down."""

    tensors: dict[str, torch.Tensor]
    arch: str | None = None
    """Entry `arch` of a training state."""


def read_checkpoint(path: Path) -> Checkpoint:
    """Read the tensors of a weights file by name, on the CPU, without the training state.

    Parameters
    ----------
    path
        A file of one of the forms above.

    Returns
    -------
    Checkpoint
        Tensors by name, as in the file but for the prefixes of DataParallel and torch.compile.

    Raises
    ------
    SettingsError
        If the file does not exist, is damaged, holds no named tensors, several networks, or an
        object that is not data.

    """
    if not path.is_file():
        raise SettingsError(f"weights {path} do not exist; give the path of a checkpoint file.")
    if path.suffix not in SUFFIXES:
        raise SettingsError(f"weights {path}: expected a file ending in one of {SUFFIXES}.")
    content = _content(path)
    arch = content.get("arch") if isinstance(content, Mapping) else None
    tensors = _tensors(content, path)
    for prefix in (*PREFIXES[:2], *PREFIXES[:2]):
        tensors = without_prefix(tensors, prefix)
    return Checkpoint(tensors, arch if isinstance(arch, str) else None)


def without_prefix(state: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """Remove a prefix that all keys have."""
    if not all(key.startswith(prefix) for key in state):
        return state
    return {key.removeprefix(prefix): value for key, value in state.items()}


def _content(path: Path) -> Any:
    if path.suffix == ".safetensors":
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return load_file(path)
        except (SafetensorError, OSError) as error:
            raise SettingsError(f"weights {path}: damaged ({one_line(error)}).") from error
    import torch

    try:
        with torch.serialization.safe_globals(_safe()):
            return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, LookupError, ValueError) as error:
        with path.open("rb") as file:
            of_torch = file.read(len(OLD_TORCH)) == OLD_TORCH or zipfile.is_zipfile(path)
            file.seek(0)
            if path.suffix == ".pkl" and not of_torch:
                return _arrays(file, path)
        raise _refusal(path, error) from error
    except (TypeError, AttributeError, AssertionError) as error:  # damaged pickles
        raise _refusal(path, error) from error


def _refusal(path: Path, error: BaseException) -> SettingsError:
    """Return the error of a file that torch refuses, without its hints and terminal codes."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    named = re.search(r"(?:GLOBAL|[Uu]nsupported class) ([\w.]+)", text)
    if named:
        return SettingsError(
            f"weights {path}: hold an object of {named[1]}, and code in a checkpoint is never run; "
            "save the state_dict alone, or convert it to .safetensors."
        )
    found = text.rpartition("WeightsUnpickler error:")[2].strip().partition("\n")[0]
    first = type(error).__name__ if not found or "weights_only" in found else one_line(found)
    return SettingsError(f"weights {path} cannot be read, not a checkpoint, or damaged: {first}")


def _safe() -> list[Any]:
    """Return what torch may build besides tensors: stand-ins, and functions of NumPy values."""
    import _codecs

    import numpy as np

    cores = ("numpy.core.multiarray", "numpy._core.multiarray")
    functions = {"scalar": multiarray().scalar, "_reconstruct": multiarray()._reconstruct}
    real = [(value, f"{core}.{name}") for core in cores for name, value in functions.items()]
    kinds = {type(np.dtype(name)) for name in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "?")}
    return [
        *((Inert, name) for name in INERT),
        *real,
        (_codecs.encode, "_codecs.encode"),
        (np.ndarray, "numpy.ndarray"),
        (np.dtype, "numpy.dtype"),
        *kinds,
        (Inert, "collections.defaultdict"),
        set,
        list,
        dict,
        int,
        float,
        str,
    ]


def multiarray() -> Any:
    """Return NumPy's module of the functions that pickles of arrays name."""
    import importlib

    return importlib.import_module("numpy._core.multiarray")


class _ArrayUnpickler(pickle.Unpickler):
    """Unpickler of NumPy arrays in plain containers; every other object is refused by name."""

    def find_class(self, module: str, name: str) -> Any:
        import _codecs

        import numpy as np

        known = {
            "_reconstruct": multiarray()._reconstruct,
            "scalar": multiarray().scalar,
            "ndarray": np.ndarray,
            "dtype": np.dtype,
            "OrderedDict": collections.OrderedDict,
            "encode": _codecs.encode,
        }
        cores = ("numpy.core.multiarray", "numpy._core.multiarray")
        homes = ("numpy", *cores, "collections", "_codecs")
        if module in homes and name in known:
            return known[name]
        if f"{module}.{name}" in INERT:
            return Inert
        raise pickle.UnpicklingError(f"GLOBAL {module}.{name}")


def _arrays(file: BinaryIO, path: Path) -> Any:
    """Read a pickle of NumPy arrays; the blobs of Caffe2 have their momenta removed."""
    try:
        content = _ArrayUnpickler(file, encoding="latin1").load()
    except (
        pickle.UnpicklingError, EOFError, LookupError, ValueError, TypeError, AttributeError,
        ImportError, OverflowError, MemoryError,
    ) as error:  # fmt: skip
        raise _refusal(path, error) from error
    if isinstance(content, dict) and isinstance(content.get("blobs"), dict):
        blobs = content["blobs"]
        state = ("_momentum", "model_iter", "lr")
        content = {key: value for key, value in blobs.items() if not str(key).endswith(state)}
    return _as_tensors(content)


def _as_tensors(content: Any) -> Any:
    import numpy as np
    import torch

    if isinstance(content, np.ndarray) and content.dtype.kind in "fiub":
        return torch.from_numpy(content.copy())
    if isinstance(content, dict):
        return {key: _as_tensors(value) for key, value in content.items()}
    return content


def _tensors(content: Any, path: Path) -> dict[str, torch.Tensor]:
    import torch

    while isinstance(content, Mapping):
        tensors = {
            key: value
            for key, value in content.items()
            if isinstance(value, torch.Tensor) and isinstance(key, str)
        }
        inner = [name for name in WRAPPERS if isinstance(content.get(name), Mapping)]
        if len(inner) > 1:
            raise SettingsError(
                f"weights {path}: hold several networks, under {' and '.join(map(repr, inner))}; "
                "save the state_dict of one."
            )
        if inner:
            content = content[inner[0]]
        elif tensors:
            return tensors
        else:
            break
    raise SettingsError(
        f"weights {path}: no named tensors, neither at the top level nor under {WRAPPERS}."
    )
