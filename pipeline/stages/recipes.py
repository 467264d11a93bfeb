"""Recipes stage: fingerprints of the code of corruptions, stages and models, tracked by DVC.

`corruptions/<name>.json` holds a corruption in both dialects, `stages/<stage>.json` the code of a
stage, `models/<dataset>.json` the code of the networks that a dataset trains and evaluates, and
`videos/evaluation.json` what an evaluation from videos computes itself instead of reading it from
shards (`shards/evaluation.json` is empty). A stage
of dvc.yaml depends on these files instead of source files: an edit runs again what it changes, and
a moved file or a changed comment runs nothing again.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import corruptions
from corruptions.registry import load

from ..io import atomic
from ..io.locks import file_lock
from ..models import registry
from ..params import Params
from ..provenance import code_of, describe, stage_code
from ..storage import inputs

STAGES = ("synthesize", "filter", "decode", "corrupt", "train", "evaluate", "report")
"""Stages of dvc.yaml whose code is tracked."""

FROM_VIDEOS = Path(__file__).parent / "evaluate" / "from_videos.py"
"""Code that makes clips from videos in the evaluate stage, which loads it by name."""


def write_recipes(params: Params, root: Path) -> None:
    """Write `data/recipes`; files whose content is unchanged are not touched."""
    with file_lock(root / "data" / ".recipes.lock"):
        _write_all(params, root / "data" / "recipes")


def _write_all(params: Params, folder: Path) -> None:
    _write(
        folder / "corruptions",
        {
            name: {dialect: describe(load(name, dialect)) for dialect in ("ours", "original")}
            for name in corruptions.names()
        },
    )
    _write(folder / "stages", {stage: {"code": stage_code(stage)} for stage in STAGES})
    _write(
        folder / "models",
        {dataset: _networks(dataset, params) for dataset in params.models},
    )
    _write(folder / inputs.SHARDS, {"evaluation": {}})
    _write(folder / inputs.VIDEOS, {"evaluation": _clips_of_videos(params)})


def _clips_of_videos(params: Params) -> dict[str, Any]:
    """Return the code that makes clips from videos, and the corruptions of params.yaml."""
    return {
        "code": code_of(FROM_VIDEOS, library=False),
        "corruptions": {name: describe(load(name, params.dialect)) for name in params.corruptions},
    }


def _networks(dataset: str, params: Params) -> dict[str, str]:
    """Return the code of each network of the zoo that a dataset's models use, by model."""
    used = {
        name: settings.model or name for name, settings in sorted(params.models[dataset].items())
    }
    return {
        name: code_of(registry.ZOO / f"{network}.py")
        for name, network in used.items()
        if network in registry.names()
    }


def _write(folder: Path, values: Mapping[str, Any]) -> None:
    """Write one JSON file per key and delete all others."""
    for name, value in values.items():
        text = json.dumps(value, indent=2, sort_keys=True, default=str) + "\n"
        atomic.write_text(folder / f"{name}.json", text)
    for file in set(folder.iterdir()) - {folder / f"{name}.json" for name in values}:
        file.unlink()
