"""Model files stage: hashes of the user's files that models are made of, tracked by DVC.

Checkpoints, label maps, `start` checkpoints and factories are anywhere on the disk and are named in
params.yaml, which does not change when a file is replaced under its name. This stage runs in every
`dvc repro` and writes their hashes; the train and evaluate stages depend on them.
"""

import json
from pathlib import Path
from typing import Any

from ..io.atomic import write_text
from ..io.hashing import sha256_file
from ..io.locks import file_lock
from ..models.factory_code import factory_code
from ..params import Params


def write_model_files(params: Params, root: Path) -> None:
    """Write `data/model_files/<stage>/<dataset>.json`; unchanged files are not touched."""
    folder = root / "data" / "model_files"
    with file_lock(root / "data" / ".model_files.lock"):
        folder.mkdir(parents=True, exist_ok=True)  # also without any model: DVC tracks it
        for dataset in params.models:
            _write(folder / "evaluate" / f"{dataset}.json", _evaluated(dataset, params, root))
            _write(folder / "train" / f"{dataset}.json", _trained(dataset, params, root))
        known = {f"{dataset}.json" for dataset in params.models}
        for path in folder.glob("*/*.json"):
            if path.name not in known:
                path.unlink()


def _evaluated(dataset: str, params: Params, root: Path) -> dict[str, Any]:
    """Return the hashes of weights, label maps and external models of a dataset, by model."""
    return {
        name: {
            "weights": _hash(settings.weights, root),
            "labels": _hash(settings.labels, root),
            "model": settings.model and _external(settings.model, root),
        }
        for name, settings in params.models[dataset].items()
    }


def _trained(dataset: str, params: Params, root: Path) -> dict[str, Any]:
    """Return the hashes of the checkpoints from which training starts, by model."""
    return {
        name: {"start": _hash(settings.start, root)}
        for name, settings in params.train.get(dataset, {}).items()
    }


def _hash(path: Path | None, root: Path) -> str | None:
    """Return the SHA-256 of a file; None if there is none."""
    return sha256_file(root / path) if path is not None and (root / path).is_file() else None


def _external(model: str, root: Path) -> str | dict[str, str] | None:
    """Return the hash of a factory's code or of an exported file, or those of a folder's files."""
    path = root / model
    if path.is_dir():
        return {one.name: sha256_file(one) for one in sorted(path.iterdir()) if one.is_file()}
    return _hash(Path(model), root) or factory_code(model)


def _write(path: Path, values: dict[str, Any]) -> None:
    write_text(path, json.dumps(values, indent=2, sort_keys=True) + "\n")
