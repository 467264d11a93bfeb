"""Manifests and predictions of one small evaluated dataset, without any stored clip."""

import math
from pathlib import Path
from typing import Any

from pipeline.params import Params
from pipeline.storage import manifest, schemas
from tests.support.project import write_classes

GRID: dict[str, Any] = {
    "corruptions": ["fog", "rain"],
    "severities": [1, 5],
    "report": {"bootstrap_resamples": 200},
}
RIGHT = {
    # clips 0..3: which are right in which cell; clip 4 failed in fog 5, clip 5 is missing.
    ("clean", 0): "111011",
    ("fog", 1): "110010",
    ("fog", 5): "100000",
    ("rain", 1): "111010",
    ("rain", 5): "000010",
}


def write_tables(
    root: Path, params: Params, model: str = "tiny_r2plus1d", scores: bool = False
) -> None:
    """Write the manifests of six clips; `scores` adds classes and softmax statistics."""
    folder = root / "manifests/demo"
    clips = [
        {
            "key": f"clip{n}",
            "split": "val",
            "label_id": n % 2,
            "status": "missing" if n == 5 else "ok",
            "reason": "no file" if n == 5 else "",
        }
        for n in range(6)
    ]
    clips.append({"key": "other", "split": "train", "status": "ok"})
    manifest.write(folder / "clips.parquet", clips, schemas.CLIPS)
    write_classes(root)
    write_cells(root, params)
    rows = [
        {
            "key": f"clip{n}",
            "corruption": corruption,
            "severity": severity,
            "status": "failed" if (corruption, severity, n) == ("fog", 5, 4) else "ok",
            "correct1": right[n] == "1",
            "correct5": True,
            **(_scores(n % 2, right[n] == "1", severity) if scores else {}),
        }
        for (corruption, severity), right in RIGHT.items()
        for n in range(5)
    ]
    manifest.write(folder / f"predictions/{model}.parquet", rows, schemas.PREDICTIONS)


def _scores(label: int, right: bool, severity: int) -> dict[str, Any]:
    """A softmax over two classes: probability 0.9 of the predicted one, 0.8 at severity 5."""
    p = 0.8 if severity == 5 else 0.9
    answer = label if right else 1 - label
    return {
        "top5": [answer, 1 - answer],
        "confidence": p,
        "nll": -math.log(p if right else 1 - p),
        "sum_p2": p**2 + (1 - p) ** 2,
    }


def write_cells(root: Path, params: Params) -> None:
    """Manifests of stored clips, whose shards lie elsewhere."""
    for corruption in ("clean", *params.corruptions):
        rows = [
            {
                "key": f"clip{n}",
                "split": "val",
                "corruption": corruption,
                "family": "spatial",
                "severity": severity,
                "params": "{}" if severity == 0 else f'{{"level":{severity}}}',
                "status": "failed" if (corruption, severity, n) == ("fog", 5, 4) else "ok",
                "reason": "broken <i>after</i> 3 frames",
                "shard": f"data/demo/{corruption}.tar",
                "member": f"clip{n}.mp4",
                "sha256": "0" * 64,
                **dict.fromkeys(("offset", "size", "height", "width", "num_frames"), 1),
                **dict.fromkeys(("fps_num", "fps_den"), 1),
                "recipe_hash": f"recipe of {corruption} {severity}",
                "encoder": "JPEG",
            }
            for severity in ((0,) if corruption == "clean" else params.severities)
            for n in range(5)
        ]
        manifest.write(root / f"manifests/demo/{corruption}.parquet", rows, schemas.CELLS)
