"""Choice of the example clips; their videos are tested in test_page.py."""

from pathlib import Path

from pipeline.stages.report.evaluated import Evaluated, read_evaluated
from pipeline.stages.report.page import clips
from pipeline.storage import manifest, schemas
from pipeline.storage.paths import DatasetPaths
from tests.support.evaluated import GRID, write_tables
from tests.support.project import write_params


def results_of(root: Path) -> Evaluated:
    params = write_params(root, **GRID)
    write_tables(root, params)
    return read_evaluated("demo", params, DatasetPaths(root, "demo"))


def test_chosen_clips_exist_everywhere_and_cover_the_classes(tmp_path: Path) -> None:
    results = results_of(tmp_path)
    assert clips.choose_clips(results, 2) == [2, 3]  # of 0, 2 (class 0) and 1, 3 (class 1)
    assert sorted(clips.choose_clips(results, 9)) == [0, 1, 2, 3]


def test_rows_are_gathered_by_cell(tmp_path: Path) -> None:
    results = results_of(tmp_path)
    paths = DatasetPaths(tmp_path, "demo")
    rows = [
        row
        for name in ("clean", "fog", "rain")
        for row in clips.rows_of(manifest.read(paths.manifest(name), schemas.CELLS), ["clip2"])
    ]
    (shown,) = clips.gather(results, [2], rows)
    assert (shown.key, shown.label) == ("clip2", 0)
    assert list(shown.rows) == [("clean", 0), ("fog", 1), ("fog", 5), ("rain", 1), ("rain", 5)]
    assert not clips.are_here([shown], tmp_path)  # no shard was written
    assert not clips.are_here([], tmp_path)
