"""Publish and rebuild: a dataset in one folder, the same bytes in another, and the verdict."""

import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from pipeline.__main__ import app
from pipeline.errors import SettingsError, StageError
from pipeline.params import load
from pipeline.tools.publish.publication import check_publication
from pipeline.tools.publish.publish import public_params
from tests.support.about import write_about
from tests.support.project import make_project, run_stages, tree

GRID = {"corruptions": ["fog", "frame_rate"], "severities": [2, 4]}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset with one missing video and private settings, for reading only."""
    root = tmp_path_factory.mktemp("made")
    private = {
        "machine": {"workers": 1, "device": "cuda:1"},
        "evaluate": {"reads": "videos"},
    }
    params = make_project(root, num_clips=4, num_train=1, **GRID, **private)
    min((root / "data/demo/videos").glob("*val*.mp4")).unlink()
    run_stages(params, root)
    write_about(root)
    return root


@pytest.fixture(scope="module")
def published(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `publish` writes, for reading only."""
    folder = tmp_path_factory.mktemp("published") / "squares"
    arguments = ["publish", str(folder), "-d", "demo", "--params", str(made / "params.yaml")]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    return folder


def rebuild(folder: Path, videos: Path, root: Path) -> Result:
    arguments = ["rebuild", str(folder), "--videos", str(videos), "--output", str(root)]
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})


def test_another_folder_of_videos_gives_the_same_dataset(
    made: Path, published: Path, tmp_path: Path
) -> None:
    """The videos are in folders of classes; every shard and manifest has the same bytes."""
    for number, video in enumerate(sorted((made / "data/demo/videos").iterdir())):
        target = tmp_path / "videos" / f"class {number % 2}" / video.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(video, target)
    done = rebuild(published, tmp_path / "videos", tmp_path / "rebuilt")
    assert done.exit_code == 0, done.output
    words = " ".join(done.output.split())
    assert "11 shards compared with published ones" in words  # 4 cells of 2, and 3 clean ones
    assert "No problems found." in words
    for part in ("data/demo/clean", "data/demo/corrupted", "manifests/demo"):
        assert tree(tmp_path / "rebuilt" / part) == tree(made / part)
    subprocess.run(
        ["sha256sum", "--check", "--quiet", published / "shards.sha256"],
        cwd=tmp_path / "rebuilt", check=True,
    )  # fmt: skip


def test_another_copy_of_a_video_and_a_lost_one_are_named(
    made: Path, published: Path, tmp_path: Path
) -> None:
    videos = tmp_path / "videos"
    shutil.copytree(made / "data/demo/videos", videos)
    first, second, *_ = sorted(videos.glob("*val*.mp4"))
    first.unlink()
    shutil.copy(min(videos.glob("*train*.mp4")), second)
    done = rebuild(published, videos, tmp_path / "rebuilt")
    assert done.exit_code == 1
    for kind, key in (("missing locally", first.stem), ("different source video", second.stem)):
        assert any(kind in line and key in line for line in done.output.splitlines()), kind
    assert "rebuild demo" in done.output


def test_a_publication_has_no_clips_and_nothing_private(made: Path, published: Path) -> None:
    names = set(tree(published))
    assert {
        "README.md", "REBUILD.md", "checksums.sha256", "croissant.json", "params.yaml",
        "shards.sha256", "versions.json", "manifests/about/demo.yaml",
        "manifests/classes/demo.csv", "manifests/demo/clean.parquet",
        "manifests/demo/clips.parquet", "manifests/demo/fog.parquet",
        "manifests/demo/frame_rate.parquet",
    } == names  # fmt: skip
    params = load(published / "params.yaml")
    assert params == public_params(load(made / "params.yaml"), "demo")
    assert (params.machine.device, params.models) == ("auto", {"demo": {}})
    assert params.evaluate.reads == "shards"  # which are what is published
    assert params.filter.sources.keys() == {"demo"}
    assert str(made) not in "".join(
        path.read_text() for path in published.rglob("*") if path.suffix != ".parquet"
        and path.is_file()
    )  # fmt: skip
    text = (published / "REBUILD.md").read_text()
    assert "rebuild . --videos" in text
    assert (published / "README.md").read_text().startswith("---\npretty_name: Moving Squares-C\n")
    check_publication(published)


def test_dvc_lock_is_published_without_other_datasets_and_models(
    made: Path, tmp_path: Path
) -> None:
    root = tmp_path / "own"
    shutil.copytree(made, root)
    names = ("recipes", "decode@demo", "corrupt@demo-fog", "corrupt@demo2-fog", "evaluate@demo")
    lock = {"schema": "2.0", "stages": {name: {"cmd": "x"} for name in names}}
    (root / "dvc.lock").write_text(yaml.safe_dump(lock))
    arguments = ["publish", str(tmp_path / "out"), "-d", "demo"]
    done = CliRunner().invoke(app, [*arguments, "--params", str(root / "params.yaml")])
    assert done.exit_code == 0, done.output
    kept = yaml.safe_load((tmp_path / "out/dvc.lock").read_text())["stages"]
    assert set(kept) == {"corrupt@demo-fog", "decode@demo", "recipes"}


def test_a_damaged_publication_is_refused(published: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(published, folder)
    (folder / "params.yaml").write_text("datasets: [demo]\n")
    with pytest.raises(StageError, match=r"params\.yaml: missing or different from checksums"):
        check_publication(folder)
    (folder / "checksums.sha256").write_text(f"{'0' * 64}  ../params.yaml\n")
    with pytest.raises(SettingsError, match="line 1: must be"):
        check_publication(folder)
    (folder / "checksums.sha256").unlink()
    with pytest.raises(SettingsError, match="this folder is not a publication"):
        check_publication(folder)


def test_parameters_that_publish_does_not_write_are_refused(
    published: Path, tmp_path: Path
) -> None:
    """Such as a cluster of somebody else; the hashes of a forged publication can be right."""
    folder = tmp_path / "copy"
    shutil.copytree(published, folder)
    text = (folder / "params.yaml").read_text()
    assert "backend: loky\n  address: null" in text
    forged = text.replace("backend: loky\n  address: null", "backend: ray\n  address: a.org:1")
    (folder / "params.yaml").write_text(forged)
    sums = (folder / "checksums.sha256").read_text()
    old, new = (sha256(one.encode()).hexdigest() for one in (text, forged))
    (folder / "checksums.sha256").write_text(sums.replace(old, new))
    (tmp_path / "videos").mkdir()
    done = rebuild(folder, tmp_path / "videos", tmp_path / "rebuilt")
    assert done.exit_code == 2
    assert "params.yaml: not written by publish" in " ".join(done.output.split())


def test_a_folder_with_other_files_is_not_written_into(made: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    arguments = ["publish", str(tmp_path), "-d", "demo", "--params", str(made / "params.yaml")]
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    assert done.exit_code == 2
    assert "not empty, and not a publication" in done.output


def test_a_folder_without_the_videos_is_named(published: Path, tmp_path: Path) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    done = rebuild(published, videos, tmp_path / "rebuilt")
    assert done.exit_code == 1
    assert "none of the published videos is here" in " ".join(done.output.split())
