"""Segments of a list: cut by time stamp in every stage, and equal on the fly and in shards."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.datasets.cell_frames import CellFrames
from pipeline.datasets.on_the_fly import CorruptedClips
from pipeline.params import Params
from pipeline.storage import manifest, payload, schemas
from pipeline.storage.rows import CellRow
from pipeline.storage.shards import read_member
from tests.support.project import run_stages, write_classes, write_params
from tests.support.videos import H264, make_video, moving_clip

CORRUPTIONS = ("contrast", "h265_crf", "bit_error")
LINES = (
    "long.mp4,moving left,val,whole,,",
    "long.mp4,moving left,val,part,0.4,1.0",
    "long.mp4,moving right,val,outside,3,9",
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Params]:
    root = tmp_path_factory.mktemp("segments")
    write_classes(root)
    folder = root / "data/demo/annotations"
    folder.mkdir(parents=True)
    (folder / "list.csv").write_text("\n".join(["path,label,split,key,start,end", *LINES]) + "\n")
    options = (*H264, "-bf", "2", "-g", "100")
    make_video(root / "data/demo/videos/long.mp4", *options, clip=moving_clip(40))
    demo = {"format": "list", "splits": {"val": "list.csv", "train": "list.csv"}}
    params = write_params(
        root, filter={"sources": {"demo": demo}}, payload={"codec": "ffv1"}, severities=[3]
    )
    values = params.model_dump(mode="json")
    del values["filter"]["sources"]["demo"]["splits"]["train"]
    params = Params.model_validate(values)
    (root / "params.yaml").write_text(params.model_dump_json())
    run_stages(params, root, CORRUPTIONS)
    return root, params


def rows_of(root: Path, name: str) -> dict[tuple[str, int], CellRow]:
    rows = manifest.read_rows(root / f"manifests/demo/{name}.parquet", schemas.CELLS)
    return {(row["key"], row["severity"]): row for row in rows}


def clip_of(root: Path, row: CellRow) -> np.ndarray:
    data = read_member(root / row["shard"], row["offset"], row["size"], row["sha256"])
    return payload.read_payload(data)


def test_a_segment_is_a_part_of_its_video(project: tuple[Path, Params]) -> None:
    root, _ = project
    listed = manifest.read_rows(root / "manifests/demo/clips.parquet", schemas.CLIPS)
    status = {row["key"]: (row["status"], row["reason"], row["num_frames"]) for row in listed}
    assert status == {
        "whole": ("ok", "", 40),
        "part": ("ok", "", 15),
        "outside": ("broken", "segment ends at 9 s, the video has 1.60 s", None),
    }
    clean = rows_of(root, "clean")
    whole, part = (clip_of(root, clean[name, 0]) for name in ("whole", "part"))
    assert np.array_equal(part, whole[10:25])
    assert (clean["part", 0]["segment_start"], clean["part", 0]["segment_end"]) == (0.4, 1.0)
    assert clean["whole", 0]["segment_start"] is None


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_segment_is_corrupted_and_made_on_the_fly_as_stored(
    project: tuple[Path, Params], name: str
) -> None:
    root, params = project
    row = rows_of(root, name)["part", 3]
    stored = clip_of(root, row)
    assert (row["status"], stored.shape) == ("ok", (15, 40, 40, 3))
    listed = manifest.read_rows(root / "manifests/demo/clips.parquet", schemas.CLIPS)
    source = next(one for one in listed if one["key"] == "part")
    maker = CellFrames("demo", params, root)
    (made,) = maker.take_corrupted(source, maker.clean(source), name, [3], np.arange)
    assert np.array_equal(made.read(), stored)
    clips = CorruptedClips("demo", name, 3, params=root / "params.yaml")
    assert {clips[number]["key"] for number in range(len(clips))} == {"whole", "part"}
