"""Export: subsets, resumption, the same bytes every time, clear errors."""

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from pipeline.__main__ import app
from pipeline.errors import SettingsError, StageError
from pipeline.stages.decode import decode
from pipeline.stages.filter import filter_clips
from pipeline.storage.rows import CellRow
from pipeline.tools.export import export, registry
from tests.pipeline.tools.export.exporting import Project
from tests.support.project import make_project, tree, video_id


@pytest.fixture
def own(project: Project, tmp_path: Path) -> Project:
    """A copy of the project to change."""
    root = tmp_path / "own"
    shutil.copytree(project.root, root)
    return Project(root, project.params)


def times(folder: Path, pattern: str = "*") -> dict[str, int]:
    return {str(path): path.lstat().st_mtime_ns for path in folder.rglob(pattern)}


def failed(*wanted: str, severity: int) -> Any:
    """A change of rows: these clips could not be made at a severity."""

    def change(row: CellRow) -> CellRow:
        if row["key"].startswith(wanted) and row["severity"] == severity:
            return row | {"status": "failed", "reason": "broken", "shard": None, "member": None}
        return row

    return change


def test_the_command_says_how_much_it_is_and_where_it_lies(own: Project, tmp_path: Path) -> None:
    own.edit("fog", failed(video_id(1), severity=4))
    arguments = ["export", "slowfast", "-d", "demo", "-o", str(tmp_path / "out"), "-c", "fog"]
    arguments += ["--params", str(own.root / "params.yaml")]
    result = CliRunner().invoke(app, [*arguments, "-s", "4", "--paired"])
    assert result.exit_code == 0, result.output
    words = " ".join(result.output.split())
    assert "10 clips of 2 cells" in words
    assert "1 failed clips left out" in words
    assert "1 clips left out that some cell lacks" in words
    assert "slowfast" in words
    listed = CliRunner().invoke(app, ["export", "--list"])
    assert listed.exit_code == 0
    assert all(name in listed.output for name in registry.names())


def test_any_subset_of_the_grid(project: Project, tmp_path: Path) -> None:
    def cells(name: str, **options: Any) -> set[str]:
        folder = project.export("plain", tmp_path / name, **options)
        return {
            path.relative_to(folder / "plain").as_posix() for path in folder.glob("plain/*/*.csv")
        }

    assert cells("a", names=["fog"], severities=[4], clean=False) == {"val/fog-4.csv"}
    assert cells("b", names=["fog"], severities=[4]) == {"val/clean-0.csv", "val/fog-4.csv"}
    assert cells("c", names=["clean"], clean=False) == {"val/clean-0.csv"}
    assert cells("d", split="train") == {"train/clean-0.csv"}
    assert len(cells("e")) == 5


def test_only_pairs_are_listed_but_other_lists_keep_their_files(
    own: Project, tmp_path: Path
) -> None:
    own.edit("fog", failed(video_id(1), severity=4))
    folder = own.export("mmaction2_video", tmp_path / "out")
    own.export("plain", tmp_path / "out", paired=True)
    own.export("parquet", tmp_path / "out", paired=True)
    for line in (folder / "mmaction2_video/val/clean-0.txt").read_text().splitlines():
        assert (folder / line.split()[0]).is_file()
    lists = [path.read_text() for path in (folder / "plain/val").iterdir()]
    keys = [[line.split(",")[2] for line in text.splitlines()[1:]] for text in lists]
    assert len(keys) == 5
    assert all(one == keys[0] for one in keys)
    assert len(keys[0]) == 5


@pytest.mark.parametrize("name", registry.names())
def test_a_second_run_does_nothing(project: Project, tmp_path: Path, name: str) -> None:
    folder = project.export(name, tmp_path, names=["fog"], severities=[2])
    before = times(folder)
    project.export(name, tmp_path, names=["fog"], severities=[2])
    assert times(folder) == before


def test_the_same_bytes_on_any_number_of_workers(project: Project, tmp_path: Path) -> None:
    for name in ("plain", "tsm", "hdf5", "mds", "parquet", "webdataset"):
        one = project.export(name, tmp_path / "one", names=["fog"], severities=[2])
        two = project.export(name, tmp_path / "two", 2, names=["fog"], severities=[2])
    assert tree(one) == tree(two)


@pytest.mark.parametrize("name", ["plain", "tsm", "hdf5", "mds", "parquet"])
def test_a_run_that_failed_goes_on_where_it_was(own: Project, tmp_path: Path, name: str) -> None:
    shard = own.root / own.rows("clean", 0)[-1]["shard"]
    whole = shard.read_bytes()
    shard.write_bytes(whole[:1024] + os.urandom(len(whole) - 1024))
    with pytest.raises(StageError, match="differs from its manifest"):
        own.export(name, tmp_path / "out", names=["clean"])
    before = tree(tmp_path / "out")
    assert before
    shard.write_bytes(whole)
    finished = times(tmp_path / "out", "[!.]*-000000.*")
    folder = own.export(name, tmp_path / "out", names=["clean"])
    assert times(tmp_path / "out", "[!.]*-000000.*") == finished
    fresh = own.export(name, tmp_path / "fresh", names=["clean"])
    assert tree(folder) == tree(fresh)


def test_left_overs_of_a_killed_run_disappear(project: Project, tmp_path: Path) -> None:
    key = project.rows("clean", 0)[0]["key"]
    left = tmp_path / "demo/frames/val/clean/0" / f".{key}.tmp"
    left.mkdir(parents=True)
    (left / "img_00001.jpg").write_bytes(b"half")
    half = tmp_path / "demo/frames/val/clean/0" / key / "img_99999.jpg"
    half.parent.mkdir()
    half.write_bytes(b"half")
    (tmp_path / "demo/.done/frames").mkdir(parents=True)
    folder = project.export("tsm", tmp_path, names=["clean"])
    assert not left.exists()
    assert not half.exists()
    assert not [path for path in folder.rglob("*.tmp")]


def test_a_file_that_was_lost_or_cut_is_made_again(project: Project, tmp_path: Path) -> None:
    folder = project.export("plain", tmp_path, names=["clean"])
    before = tree(folder)
    videos = [folder / f"videos/val/clean/0/{row['key']}.mp4" for row in project.rows("clean", 0)]
    lost, cut = videos[0], videos[-1]  # of two shards
    lost.unlink()
    cut.write_bytes(cut.read_bytes()[:-1])
    project.export("plain", tmp_path, names=["clean"])
    assert tree(folder) == before


def test_a_shard_of_two_recipes_is_never_taken_for_whole(own: Project, tmp_path: Path) -> None:
    folder = own.export("plain", tmp_path / "out", names=["clean"])
    last = own.rows("clean", 0)[-1]
    half = {**last, "sha256": "0" * 64}
    own.edit("clean", lambda row: half if row["key"] == last["key"] else row)
    with pytest.raises(StageError, match="differs from its manifest"):
        own.export("plain", tmp_path / "out", names=["clean"])
    own.edit("clean", lambda row: last if row["key"] == last["key"] else row)
    video = folder / f"videos/val/clean/0/{last['key']}.mp4"
    before = video.stat().st_mtime_ns
    own.export("plain", tmp_path / "out", names=["clean"])
    assert video.stat().st_mtime_ns > before


@pytest.mark.parametrize("name", ["plain", "tsm", "hdf5", "mds", "parquet"])
def test_nothing_stale_stays(own: Project, tmp_path: Path, name: str) -> None:
    folder = own.export(name, tmp_path / "out", names=["clean"])
    mine = folder / "videos/val/clean/0/mine.txt"
    mine.parent.mkdir(parents=True, exist_ok=True)
    mine.write_text("not of the export")
    # The whole first shard fails, and one clip of the second.
    own.edit("clean", failed(*(video_id(number) for number in range(4)), severity=0))
    own.export(name, tmp_path / "out", names=["clean"])
    fresh = own.export(name, tmp_path / "fresh", names=["clean"])
    assert mine.read_text() == "not of the export"
    mine.unlink()
    assert tree(folder) == tree(fresh)


def test_frames_of_a_payload_that_is_no_jpeg(tmp_path: Path) -> None:
    payload = {"codec": "ffv1", "quality": 95, "subsampling": "444"}
    params = make_project(tmp_path, num_clips=2, num_train=0, payload=payload)
    filter_clips(params, tmp_path, "demo")
    decode(params, tmp_path, "demo")
    made = Project(tmp_path, params)
    folder = made.export("tsm", tmp_path / "out", names=["clean"])
    made.export("plain", tmp_path / "out", names=["clean"])
    import cv2

    for row in made.rows("clean", 0):
        frames = sorted((folder / "frames/val/clean/0" / row["key"]).iterdir())
        theirs = np.stack([cv2.imread(str(path))[..., ::-1] for path in frames])
        error = np.mean((theirs.astype(float) - made.pixels(row)) ** 2)
        assert 10 * np.log10(255**2 / error) > 35
        assert f"{row['key']}.mkv" in (folder / "plain/val/clean-0.csv").read_text()


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("hdf4", {}, "unknown export format 'hdf4' .did you mean 'hdf5'.*; choose from croissant"),
        ("plain", {"names": ["fogg"]}, "--corruption: unknown corruption or set 'fogg'"),
        ("plain", {"names": ["rain"]}, "no such manifest"),
        ("plain", {"severities": [3]}, "no clips of split 'val' at severity 3; choose from 2, 4"),
        ("plain", {"split": "test"}, "--split: unknown split 'test'; demo has train, val"),
        ("plain", {"split": "train", "clean": False}, "leaves nothing to export"),
        ("webdataset", {"paired": True}, "exports whole shards"),
    ],
)
def test_wrong_settings_are_clear_errors(
    project: Project, tmp_path: Path, name: str, options: dict[str, Any], words: str
) -> None:
    with pytest.raises((SettingsError, StageError), match=words):
        project.export(name, tmp_path, **options)
    assert not list(tmp_path.iterdir())


def test_exports_do_not_lie_among_what_stages_write(project: Project) -> None:
    for folder in ("data", "data/demo/out", "manifests/demo", "report"):
        with pytest.raises(SettingsError, match="choose a folder outside"):
            project.export("plain", project.root / folder)


def test_an_export_does_not_mix_with_the_videos(own: Project, tmp_path: Path) -> None:
    """Neither inside the folder of the videos nor around it."""
    videos = tmp_path / "demo/videos"
    videos.mkdir(parents=True)
    source = own.params.filter.sources["demo"].model_copy(update={"videos": videos})
    settings = own.params.filter.model_copy(update={"sources": {"demo": source}})
    moved = Project(own.root, own.params.model_copy(update={"filter": settings}))
    for folder in (videos, videos / "out", tmp_path):
        with pytest.raises(SettingsError, match="overlaps the inputs"):
            moved.export("plain", folder)


def test_a_folder_that_is_not_an_export_needs_force(project: Project, tmp_path: Path) -> None:
    mine = tmp_path / "demo/videos/val/clean/0/mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("not of the export")
    with pytest.raises(SettingsError, match="already exists and is not an export .*--force"):
        project.export("plain", tmp_path, names=["clean"])
    project.export("plain", tmp_path, names=["clean"], force=True)
    project.export("plain", tmp_path, names=["clean"])  # now it is one
    assert mine.read_text() == "not of the export"


def test_a_key_that_is_no_id_gets_into_no_path(own: Project, tmp_path: Path) -> None:
    path = own.root / "manifests/demo/clean.parquet"
    before = path.read_bytes()
    for column, prefix in (("key", "../"), ("member", "a/"), ("shard", "../"), ("shard", "/")):
        own.edit("clean", lambda row, c=column, p=prefix: row | {c: p + row[c]})
        with pytest.raises(StageError, match="no stage writes this"):
            own.export("plain", tmp_path / "out", names=["clean"])
        path.write_bytes(before)
    assert own.export("plain", tmp_path / "out", names=["clean"]).is_dir()


def test_labels_without_a_class_are_a_clear_error(own: Project, tmp_path: Path) -> None:
    own.edit("clean", lambda row: row | {"label_id": 2})
    with pytest.raises(StageError, match="got 2 classes and the labels 2"):
        own.export("parquet", tmp_path / "out", names=["clean"])


def test_a_mark_removes_nothing_outside_of_its_folder(own: Project, tmp_path: Path) -> None:
    folder = own.export("plain", tmp_path / "out", names=["clean"])
    mark = next((folder / ".done").rglob("*.json"))
    mark.write_text(mark.read_text().replace('"name":"', '"name":"../../', 1))
    with pytest.raises(StageError, match="that no export wrote"):
        own.export("plain", tmp_path / "out", names=["clean"])


def test_a_full_disk_is_known_before(own: Project, tmp_path: Path) -> None:
    own.edit("clean", lambda row: row | {"size": 10**16})
    chosen = export.prepare("plain", "demo", tmp_path, own.params, own.root, names=["clean"])
    with pytest.raises(SettingsError, match="not enough disk space"):
        export.write(chosen, own.params.machine)
    assert not (tmp_path / "demo").exists()
