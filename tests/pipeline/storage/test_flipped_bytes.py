"""A flipped bit in a manifest, a part or predictions is an error and never another number."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import StageError
from pipeline.storage import manifest, schemas

STEP = 13
"""Every 13th byte is tried, and a different bit in each."""

PREDICTIONS = [
    {
        "dataset": "demo", "model": "net", "key": f"clip{number}", "corruption": "fog",
        "severity": number % 5 + 1, "label_id": number % 7, "status": "ok",
        "top5": [number % 7, 1, 2, 3, 4], "top5_logits": [0.5, 0.4, 0.3, 0.2, 0.1],
        "correct1": number % 3 == 0, "correct5": True, "recipe_hash": "0" * 32,
    }
    for number in range(200)
]  # fmt: skip
CELLS = [
    {
        "key": f"clip{number}", "dataset": "demo", "split": "val", "label_id": number % 7,
        "corruption": "fog", "severity": 3, "status": "ok", "shard": "data/a.tar",
        "member": f"clip{number}.mp4", "offset": 512 * number, "size": 100 + number,
        "sha256": f"{number:064d}", "num_frames": 30, "width": 224, "height": 224,
        "fps_num": 25, "fps_den": 1,
    }
    for number in range(100)
]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "schema"),
    [(PREDICTIONS, schemas.PREDICTIONS), (CELLS, schemas.CELLS)],
    ids=["predictions", "cells"],
)
def test_no_flipped_bit_changes_a_value(
    tmp_path: Path, rows: list[dict[str, Any]], schema: schemas.Schema[Any]
) -> None:
    path = tmp_path / "rows.parquet"
    manifest.write(path, rows, schema)
    whole, table = path.read_bytes(), manifest.read(path, schema)
    noticed = 0
    for index in range(0, len(whole), STEP):
        damaged = bytearray(whole)
        damaged[index] ^= 1 << index % 8
        path.write_bytes(damaged)
        try:
            found = manifest.read(path, schema)
        except StageError:
            noticed += 1
        else:
            assert found.equals(table), f"byte {index}"
    assert noticed > len(whole) / STEP / 2
