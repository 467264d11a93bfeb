"""MDS, read by MosaicML's library."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.tools.export.formats import mds
from tests.pipeline.tools.export.exporting import Project


def read(folder: Path) -> list[dict[str, object]]:
    command = [sys.executable, Path(__file__).with_name("read_mds.py"), folder]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_library_reads_the_stored_videos(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = project.rows("fog", 4)
    # Three clips a shard: the limit makes two files of each.
    monkeypatch.setattr(mds, "SIZE_LIMIT", 2 * max(row["size"] for row in rows) + 1000)
    folder = project.export("mds", tmp_path, names=["fog"]) / "mds/val/fog/4"
    assert len(list(folder.glob("*.mds"))) == 4
    assert read(folder) == [
        {
            "corruption": "fog",
            "key": row["key"],
            "label": row["label_id"],
            "num_frames": row["num_frames"],
            "severity": 4,
            "video": row["sha256"],
        }
        for row in rows
    ]
