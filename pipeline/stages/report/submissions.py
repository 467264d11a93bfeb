"""External results: validated, stored in git, and compared with this run's protocol.

mPC and rPC are computed from the cells of a file, so that every number of the leaderboard has the
same definition.
"""

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ... import __version__
from ...errors import SettingsError
from ...io.atomic import write_text
from ...io.text import read_json
from ...params import Params
from ...validation_messages import explain
from .protocols import other_protocol
from .result import ACCURACIES, Adaptation, FirstResult, Hardware, Metric, Protocol, Result


def folder(root: Path) -> Path:
    """Return the folder of added results, which git tracks."""
    return root / "manifests" / "results"


def read_result(path: Path) -> Result:
    """Read and validate one file of version 1 or 2."""
    values = read_json(path)
    first = isinstance(values, dict) and values.get("schema_version") == 1
    text = json.dumps(values)
    try:
        if first:
            return FirstResult.model_validate_json(text, strict=True).upgraded()
        return Result.model_validate_json(text, strict=True)
    except ValidationError as error:
        lines = explain(error, FirstResult if first else Result)
        raise SettingsError("\n".join(f"{path}: {line}" for line in lines)) from None


def read_results(root: Path) -> list[Result]:
    """Read all added results, sorted by file name."""
    return [read_result(path) for path in sorted(folder(root).glob("*.json"))]


def add_result(path: Path, root: Path) -> Path:
    """Validate a result and store it; an earlier one of the same file name is replaced."""
    result = read_result(path)
    target = folder(root) / file_name(result)
    write_text(target, as_json(result))
    return target


def file_name(result: Result) -> str:
    """Return the file name of a result: its dataset and model, and its adaptation if it has one."""
    name = f"{result.dataset}-{result.model}"
    if result.adaptation is not None:
        method = re.sub(r"[^A-Za-z0-9_-]+", "_", result.adaptation.method)
        digest = sha256(result.adaptation.model_dump_json().encode()).hexdigest()[:8]
        name += f"-{method}-{digest}"
    return f"{name}.json"


def as_json(result: Result) -> str:
    """Return a result as it is written to disk, without what is unknown."""
    return result.model_dump_json(indent=2, exclude_none=True) + "\n"


def as_result(
    dataset: str,
    model: str,
    values: Mapping[str, Any],
    source: str,
    params: Params | None = None,
    protocol: Protocol | None = None,
    hardware: Hardware | None = None,
    adaptation: Adaptation | None = None,
) -> Result:
    """Return the result of an evaluated model, from its entry in metrics.json."""
    metrics = {
        name: Metric(value=values[name], ci95=_interval(values.get(f"{name}_ci95")))
        for name in ACCURACIES
        if values.get(name) is not None
    }
    metrics |= {
        name: Metric(value=one["value"], ci95=_interval(one["ci95"]))
        for name, one in values.get("measures", {}).items()
        if one
    }
    return Result(
        schema_version=2,
        dataset=dataset,
        model=model,
        source=source,
        clean_top1=values["clean_top1"],
        clean_top5=values["clean_top5"],
        num_clips=values["num_clips"],
        accounting=values["accounting"],
        cells=values["cells"],
        dialect=None if params is None else params.dialect,
        seed=None if params is None else params.seed,
        protocol=protocol,
        hardware=hardware,
        adaptation=adaptation,
        metrics=metrics,
        reference=values.get("reference"),
        version=None if params is None else __version__,
    )


def _interval(bounds: Any) -> Any:
    """Return the bounds; None if one of them is not defined."""
    return None if bounds is None or None in bounds else bounds


def differences(result: Result, params: Params) -> list[str]:
    """Return what makes a result incomparable with this run; empty if nothing is known to."""
    found = []
    if result.set_name != params.set_name or (
        result.set_name == "custom" and set(result.cells) != set(params.corruptions)
    ):
        found.append(f"averages other corruptions ({result.set_name})")
    if result.severities != tuple(map(float, params.severities)) or result.levels:
        found.append("has other severities")
    if result.dialect not in (None, params.dialect):
        found.append(f"uses the dialect {result.dialect}")
    if result.protocol is not None:
        frames, most = result.protocol.frames, params.evaluate.frames
        if frames is not None and frames > most:
            found.append(f"uses {frames} frames, more than {most}")
        found += other_protocol(result.protocol)
    if result.adaptation is not None:
        found.append(f"adapts to the corrupted clips ({result.adaptation.sentence})")
    return found
