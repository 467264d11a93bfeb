"""Verify reports every difference from manifests, sources and published files, and no other."""

import io
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from pipeline.__main__ import app
from pipeline.errors import SettingsError, StageError
from pipeline.params import Params, load
from pipeline.stages.corrupt import corrupt
from pipeline.stages.decode import decode
from pipeline.stages.filter import filter_clips
from pipeline.storage import manifest, parts, schemas
from pipeline.storage.paths import DatasetPaths
from pipeline.storage.rows import CellRow
from pipeline.tools.verify.findings import Findings
from pipeline.tools.verify.verify import verify
from tests.support.project import make_project, video_id, write_params
from tests.support.videos import H264, make_video, moving_clip

GRID = {"corruptions": ["shot_noise", "h264_crf"], "severities": [2, 4]}
NUM_CLIPS = 5  # two shards of three and two


def build(root: Path, params: Params) -> None:
    filter_clips(params, root, "demo")
    decode(params, root, "demo")
    for name in params.corruptions:
        corrupt(params, root, "demo", name)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made")
    build(root, make_project(root, num_clips=NUM_CLIPS, num_train=2, **GRID))
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "project"
    shutil.copytree(made, copy)
    return copy


def kinds(found: Findings) -> set[tuple[str, str]]:
    return {(problem.cell, problem.kind) for problem in found.problems}


def check(root: Path, **options: object) -> Findings:
    return verify("demo", load(root / "params.yaml"), root, **options)  # type: ignore[arg-type]


def test_what_the_stages_made_has_no_problem(root: Path) -> None:
    found = check(root, samples=100)
    assert found.problems == []
    shards = 2 * 2 * 2 + 3  # corruptions x severities x shards, and the clean ones
    assert found.counts == {
        "shards read": shards,
        "clips in them": NUM_CLIPS * 5 + 2,
        "shards recomputed": shards,
        "clips recomputed": NUM_CLIPS * 5 + 2,
    }


def shard(root: Path, severity: int = 2, index: int = 0) -> Path:
    return DatasetPaths(root, "demo").cell_shard("shot_noise", severity, index)


def flip(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes([byte[0] ^ 1]))


def place_of(path: Path, name_end: str) -> int:
    with tarfile.open(path) as tar:
        return next(info.offset_data for info in tar if info.name.endswith(name_end))


def flip_payload(root: Path) -> None:
    flip(shard(root), place_of(shard(root), ".mp4") + 500)


def flip_label(root: Path) -> None:
    flip(shard(root), place_of(shard(root), ".cls"))


def flip_row(root: Path) -> None:
    path = shard(root)
    place = place_of(path, ".json")
    seed = path.read_bytes().index(b'"seed":0', place) + 7
    flip(path, seed)


def cut(root: Path) -> None:
    path = shard(root)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def cut_and_say_so(root: Path) -> None:
    """A part that was written for the truncated shard."""
    path = shard(root)
    rows = manifest.read_rows(parts.part_path(path), schemas.CELLS)
    cut(root)
    parts.write_part(path, rows, rows[0]["recipe_hash"])


def remove_shard(root: Path) -> None:
    shard(root).unlink()
    parts.part_path(shard(root)).unlink()


def remove_part(root: Path) -> None:
    parts.part_path(shard(root)).unlink()


def add_shard(root: Path) -> None:
    for path in (shard(root), parts.part_path(shard(root))):
        shutil.copy(path, path.with_name(path.name.replace("-000000", "-000009")))


def leave_file(root: Path) -> None:
    shard(root).with_name("notes.txt").touch()


def exchange_members(root: Path) -> None:
    """The same clips in another order."""
    path = shard(root)
    with tarfile.open(path) as tar:
        members = [(info, tar.extractfile(info).read()) for info in tar]  # type: ignore[union-attr]
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for info, data in (*members[3:6], *members[:3], *members[6:]):
            tar.addfile(info, io.BytesIO(data))


def edit_manifest(root: Path, edit: Callable[[list[CellRow]], list[CellRow]]) -> None:
    path = DatasetPaths(root, "demo").manifest("shot_noise")
    manifest.write(path, edit(manifest.read_rows(path, schemas.CELLS)), schemas.CELLS)


def drop_row(root: Path) -> None:
    edit_manifest(root, lambda rows: rows[1:])


def repeat_row(root: Path) -> None:
    edit_manifest(root, lambda rows: [*rows, rows[0]])


def change_row(root: Path) -> None:
    edit_manifest(root, lambda rows: [rows[0] | {"sha256": "0" * 64}, *rows[1:]])


def remove_manifest(root: Path) -> None:
    DatasetPaths(root, "demo").manifest("shot_noise").unlink()


DAMAGES = {
    flip_payload: ("shot_noise 2", "damaged member"),
    flip_label: ("shot_noise 2", "damaged member"),
    flip_row: ("shot_noise 2", "damaged member"),
    cut: ("shot_noise 2", "size differs from its part"),
    cut_and_say_so: ("shot_noise 2", "unreadable shard"),
    remove_shard: ("shot_noise 2", "clip in no shard"),
    remove_part: ("shot_noise 2", "shard without a part"),
    add_shard: ("shot_noise 2", "damaged member"),  # its rows name another shard
    leave_file: ("shot_noise 2", "file that belongs to no shard"),
    exchange_members: ("shot_noise 2", "different members"),
    drop_row: ("shot_noise 2", "missing clip"),
    repeat_row: ("shot_noise 2", "duplicate clip"),
    change_row: ("shot_noise 2", "part and manifest differ"),
    remove_manifest: ("shot_noise", "no manifest"),
}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_every_damage_is_found_and_named(root: Path, damage: Callable[[Path], None]) -> None:
    damage(root)
    found = kinds(check(root))
    assert DAMAGES[damage] in found
    assert {cell for cell, _ in found} <= {"shot_noise", "shot_noise 2"}


def test_a_flipped_byte_in_an_object_of_the_cache_is_found(root: Path) -> None:
    """DVC's cache holds hard links: a byte that flips there flips in the shard too."""
    cached = root / ".dvc/cache/files/md5/00/object"
    cached.parent.mkdir(parents=True)
    cached.hardlink_to(shard(root))
    flip(cached, place_of(cached, ".mp4") + 500)
    assert ("shot_noise 2", "damaged member") in kinds(check(root))


def test_other_pixels_with_true_hashes_are_found_by_making_them_again(root: Path) -> None:
    """A whole consistent cell, of another seed: only the sources can tell."""
    corrupt(load(root / "params.yaml").model_copy(update={"seed": 7}), root, "demo", "shot_noise")
    assert check(root).problems == []
    found = check(root, samples=100)
    assert kinds(found) == {
        ("shot_noise 2", "recomputed: different pixels"),
        ("shot_noise 4", "recomputed: different pixels"),
    }
    assert "seed is 0, expected 7" in found.problems[0].detail


def test_a_source_that_changed_is_found_by_making_it_again(root: Path) -> None:
    video = root / "data/demo/videos" / f"{video_id(0)}_000003_000013.mp4"
    video.unlink()
    make_video(video, *H264, clip=moving_clip(12, seed=99))
    found = check(root, samples=100, check_stored=False)
    assert {kind for _, kind in kinds(found)} == {"cannot be recomputed"}
    assert "changed or disappeared" in found.problems[0].detail


def test_the_sample_is_the_same_for_the_same_seed(root: Path) -> None:
    counts = [check(root, samples=3, sample_seed=5).counts for _ in range(2)]
    assert counts[0] == counts[1]
    assert counts[0]["shards recomputed"] == 3


@pytest.fixture
def published(made: Path) -> list[Path]:
    folder = made / "manifests/demo"
    return [folder / f"{name}.parquet" for name in ("clean", "shot_noise", "h264_crf")]


def test_a_rebuilt_dataset_is_proved_to_be_the_published_one(
    tmp_path: Path, published: list[Path]
) -> None:
    """From the same videos, with another number of workers, in another folder."""
    params = make_project(
        tmp_path, num_clips=NUM_CLIPS, num_train=2, **GRID, machine={"workers": 2}
    )
    build(tmp_path, params)
    found = check(tmp_path, against=published, samples=2)
    assert found.problems == []
    assert found.counts["clips compared with published ones"] == NUM_CLIPS * 5 + 2


def test_other_settings_and_lost_clips_are_told_from_each_other(
    tmp_path: Path, published: list[Path]
) -> None:
    params = make_project(tmp_path, num_clips=NUM_CLIPS, num_train=2, **GRID, seed=3)
    lost = f"{video_id(1)}_000003_000013"
    (tmp_path / f"data/demo/videos/{lost}.mp4").unlink()
    build(tmp_path, params)
    found = check(tmp_path, against=published)
    noisy = {(problem.kind, problem.item) for problem in found.problems if "noise" in problem.cell}
    assert ("missing locally", lost) in noisy
    assert {kind for kind, _ in noisy} == {"missing locally", "different pixels"}
    assert any("seed is 3, expected 0" in problem.detail for problem in found.problems)
    plain = [problem for problem in found.problems if problem.cell == "h264_crf 2"]
    assert [(problem.kind, problem.item) for problem in plain] == [("missing locally", lost)]


def test_a_sample_proves_it_before_anything_is_stored(
    tmp_path: Path, published: list[Path]
) -> None:
    """Videos and a published manifest are enough: only the filter stage ran here."""
    params = make_project(tmp_path, num_clips=NUM_CLIPS, num_train=2, **GRID)
    filter_clips(params, tmp_path, "demo")
    found = check(tmp_path, against=published, samples=100, check_stored=False)
    assert found.problems == []
    assert found.counts["shards recomputed"] == 2 * 2 * 2 + 3
    assert not (tmp_path / "data/demo/clean").exists()
    (tmp_path / f"data/demo/videos/{video_id(1)}_000003_000013.mp4").unlink()
    filter_clips(params, tmp_path, "demo")
    found = check(tmp_path, against=published, samples=1, check_stored=False)
    assert kinds(found) == {("clips", "source video missing or different")}


def test_the_command_ends_with_1_and_lists_all(root: Path, tmp_path: Path) -> None:
    command = ["verify", "--dataset", "demo", "--params", str(root / "params.yaml")]
    good = CliRunner().invoke(app, [*command, "--recompute", "1"])
    assert good.exit_code == 0, good.output
    assert "No problems found." in good.output
    flip_payload(root)
    drop_row(root)
    output = tmp_path / "problems.csv"
    bad = CliRunner().invoke(app, [*command, "--recompute", "0", "--output", str(output)])
    assert bad.exit_code == 1
    assert "damaged member" in output.read_text()
    assert "missing clip" in bad.output


def test_wrong_questions_are_refused(root: Path, tmp_path: Path, published: list[Path]) -> None:
    with pytest.raises(SettingsError, match="'snow' is not in the list"):
        check(root, chosen=["snow"])
    with pytest.raises(SettingsError, match="nothing to check"):
        check(root, check_stored=False)
    with pytest.raises(SettingsError, match=r"--against .*lost.parquet: no such file"):
        check(root, against=[tmp_path / "lost.parquet"])
    with pytest.raises(StageError, match="columns are missing: .*sha256"):
        broken = tmp_path / "broken.parquet"
        pq.write_table(pq.read_table(published[1]).drop_columns(["sha256"]), broken)
        check(root, against=[broken])
    with pytest.raises(SettingsError, match=r"another dataset \(got 'other'"):
        other = tmp_path / "other.parquet"
        rows = manifest.read_rows(published[1], schemas.CELLS)
        manifest.write(other, [row | {"dataset": "other"} for row in rows], schemas.CELLS)
        check(root, against=[other])
    with pytest.raises(SettingsError, match="duplicate clip"):
        twice = tmp_path / "twice.parquet"
        manifest.write(twice, [*rows, rows[0]], schemas.CELLS)
        check(root, against=[twice])


def test_a_changed_grid_is_reported(root: Path) -> None:
    write_params(root, **GRID | {"severities": [2]})
    assert kinds(check(root)) == {
        ("shot_noise 4", "severity not in params.yaml"),
        ("h264_crf 4", "severity not in params.yaml"),
    }
    rows = manifest.read_rows(DatasetPaths(root, "demo").manifest("shot_noise"), schemas.CELLS)
    assert json.loads(rows[0]["params"])["level"]
