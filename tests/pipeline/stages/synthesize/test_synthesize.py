"""The demo's videos: layout, annotations, broken clips, same bytes on every run."""

import csv
import hashlib
from pathlib import Path

import av
import pytest

from pipeline.datasets.annotations import KINETICS_ID
from pipeline.errors import SettingsError
from pipeline.params import load
from pipeline.settings import SynthesizeSettings
from pipeline.stages.synthesize import scenes
from pipeline.stages.synthesize.synthesize import list_clips, synthesize
from tests.support.project import REPOSITORY, tree

SETTINGS = SynthesizeSettings(
    train_clips_per_class=1,
    val_clips_per_class=1,
    num_frames=8,
    fps=25,
    width=80,
    height=64,
    broken_per_split=5,
)


def run(
    root: Path, settings: SynthesizeSettings = SETTINGS, workers: int = 1, seed: int = 1
) -> Path:
    """Run the stage in a folder; gives the folder of the dataset."""
    params = load(REPOSITORY / "params.yaml")
    machine = params.machine.model_copy(update={"workers": workers})
    update = {"synthesize": settings, "machine": machine, "seed": seed}
    synthesize(params.model_copy(update=update), root)
    return root / "data/demo"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(tmp_path_factory.mktemp("demo"))


def rows(demo: Path, split: str) -> list[dict[str, str]]:
    with (demo / "annotations" / f"{split}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def video_of(demo: Path, row: dict[str, str]) -> Path:
    start, end = int(row["time_start"]), int(row["time_end"])
    return demo / "videos" / f"{row['youtube_id']}_{start:06d}_{end:06d}.mp4"


def readable(path: Path) -> bool:
    try:
        with av.open(str(path)) as container:
            return sum(1 for _ in container.decode(video=0)) == SETTINGS.num_frames
    except (av.FFmpegError, IndexError):
        return False


def test_layout_is_that_of_kinetics(demo: Path) -> None:
    for split in ("train", "val"):
        lines = rows(demo, split)
        assert list(lines[0]) == ["label", "youtube_id", "time_start", "time_end", "split"]
        assert {line["label"] for line in lines} == set(scenes.MOTIONS)
        assert all(KINETICS_ID.fullmatch(line["youtube_id"]) for line in lines)
        assert all(line["split"] == split for line in lines)
        assert {line["youtube_id"][0] for line in lines} >= {"-", "_"}


def test_every_way_to_be_broken_is_listed(demo: Path) -> None:
    for split in ("train", "val"):
        states = {clip.youtube_id: clip.state for clip in list_clips(split, SETTINGS, seed=1)}
        for row in rows(demo, split):
            path, state = video_of(demo, row), states[row["youtube_id"]]
            assert path.exists() == (state != "missing")
            if path.exists():
                assert readable(path) == (state == "good"), state
        assert len(states) == len(scenes.MOTIONS) + 5
        assert len(set(states.values())) == 6


def test_some_clips_have_sound(demo: Path) -> None:
    row = next(row for row in rows(demo, "val") if readable(video_of(demo, row)))
    with av.open(str(video_of(demo, row))) as container:
        assert [stream.codec.name for stream in container.streams] == ["h264", "aac"]


def test_checksums_are_those_of_the_files(demo: Path) -> None:
    lines = (demo / "annotations" / "checksums.sha256").read_text().splitlines()
    sums = dict(reversed(line.split("  ")) for line in lines)
    files = tree(demo / "videos")
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


def test_same_bytes_on_any_number_of_workers(demo: Path, tmp_path: Path) -> None:
    assert tree(run(tmp_path, workers=2)) == tree(demo)


def test_a_second_run_mends_what_changed_and_leaves_the_rest(demo: Path) -> None:
    before = tree(demo)
    paths = sorted((demo / "videos").iterdir())
    times = {path.name: path.stat().st_mtime_ns for path in paths}
    paths[0].write_bytes(b"changed")
    paths[1].unlink()
    (demo / "videos" / "stray.mp4").write_bytes(b"")
    run(demo.parents[1])
    assert tree(demo) == before
    assert all(path.stat().st_mtime_ns == times[path.name] for path in paths[2:])


def test_another_recipe_leaves_nothing_of_the_old_one(demo: Path, tmp_path: Path) -> None:
    small = SETTINGS.model_copy(update={"broken_per_split": 0, "num_frames": 2})
    first = set(tree(run(tmp_path, small) / "videos"))
    again = run(tmp_path, small, seed=2)
    assert len(first) == 2 * len(scenes.MOTIONS)
    assert first.isdisjoint(tree(again / "videos"))


def test_sizes_that_h264_cannot_have_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"synthesize\.width is 81"):
        run(tmp_path, SETTINGS.model_copy(update={"width": 81}))
