"""A folder of videos becomes another folder: names, records, manifest, and what is refused."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from pipeline.__main__ import app
from pipeline.errors import SettingsError, StageError
from pipeline.tools.mirror import mirror as tool
from pipeline.tools.mirror.apply import apply
from pipeline.tools.mirror.cells import cells_of
from pipeline.tools.mirror.mirror import mirror
from pipeline.tools.mirror.options import Mirrored, MirrorOptions
from pipeline.tools.verify.mirrored import verify_mirror
from tests.support.sound import make_loud, packets
from tests.support.videos import H264, make_video, moving_clip


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two videos of one name in two folders, one in another container, a broken one and a text."""
    root = tmp_path_factory.mktemp("originals") / "in"
    (root / "a").mkdir(parents=True)
    (root / "b").mkdir()
    loud = make_loud(root / "a/v.mp4", *H264, clip=moving_clip(12, 66, 82))
    shutil.copy(loud, root / "b/v.mp4")
    make_video(root / "w.wmv", "-c:v", "wmv2", clip=moving_clip(6, 66, 82))
    (root / "broken.mp4").write_bytes(loud.read_bytes()[:2000])
    (root / "labels.txt").write_text("a v 1\n")
    return root


@pytest.fixture
def source(originals: Path, tmp_path: Path) -> Path:
    """A copy of the videos to change."""
    return shutil.copytree(originals, tmp_path / "in")


def run(
    source: Path, output: Path, *names: str, severities: tuple[int, ...] = (3,), **options: Any
) -> Mirrored:
    options = {"workers": 1} | options
    return mirror(
        source, output, cells_of(names or ("rain",), severities), MirrorOptions(**options)
    )


def files(folder: Path) -> list[str]:
    """Visible files below a folder."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir())
    return sorted(path.as_posix() for path in paths if path.parts[0] != ".mirror")


def whole(folder: Path) -> list[str]:
    """Files that are not temporary ones."""
    return [name for name in files(folder) if not name.endswith(".tmp")]


def state(folder: Path) -> dict[str, int]:
    return {name: (folder / name).lstat().st_mtime_ns for name in files(folder)}


OUTPUTS = ["a/v.mp4", "b/v.mp4", "manifest.parquet", "w.wmv.mkv"]


def test_every_video_appears_under_its_name(source: Path, tmp_path: Path) -> None:
    done = run(source, tmp_path / "out")
    assert files(tmp_path / "out") == OUTPUTS
    assert packets(tmp_path / "out/a/v.mp4", "audio") == packets(source / "a/v.mp4", "audio")
    rows = {row["source_path"]: row for row in pq.read_table(done.manifest).to_pylist()}
    assert sorted(rows) == ["a/v.mp4", "b/v.mp4", "broken.mp4", "w.wmv"]
    assert rows["broken.mp4"]["status"] == "broken"
    assert rows["broken.mp4"]["reason"]
    assert rows["w.wmv"]["output_path"] == "w.wmv.mkv"
    row = rows["a/v.mp4"]
    assert (row["status"], row["num_frames"], row["audio_streams"]) == ("ok", 12, 1)
    assert json.loads(row["params"])["level"]


def test_two_files_of_one_name_differ_and_a_copy_alone_is_equal(
    source: Path, tmp_path: Path
) -> None:
    rows = {row["source_path"]: row for row in run(source, tmp_path / "out").rows}
    assert rows["a/v.mp4"]["source_sha256"] == rows["b/v.mp4"]["source_sha256"]
    assert rows["a/v.mp4"]["frames_sha256"] != rows["b/v.mp4"]["frames_sha256"]
    (cell,) = cells_of(["rain"], [3])
    alone = apply(source / "a/v.mp4", tmp_path / "alone.mp4", cell, key="a/v.mp4")
    assert alone["sha256"] == rows["a/v.mp4"]["sha256"]


def test_several_cells_have_folders(source: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    run(source, output, "fog", "frame_rate", severities=(1, 2), others="copy")
    expected = [
        f"{name}/{severity}/{file}"
        for name in ("fog", "frame_rate")
        for severity in (1, 2)
        for file in ("a/v.mp4", "b/v.mp4", "labels.txt", "w.wmv.mkv")
    ]
    assert files(output) == sorted([*expected, "manifest.parquet"])


def test_the_same_bytes_on_any_number_of_workers(source: Path, tmp_path: Path) -> None:
    one = run(source, tmp_path / "one", "rain", "h264_crf")
    two = run(source, tmp_path / "two", "rain", "h264_crf", workers=2)
    assert one.rows == two.rows
    for name in files(tmp_path / "one"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_second_run_does_nothing_and_a_lost_file_is_made_again(
    source: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    first = run(source, output)
    before = state(output)
    again = run(source, output)
    assert again.num_resumed == 3
    assert again.rows == first.rows
    del before["manifest.parquet"]
    after = state(output)
    assert {name: after[name] for name in before} == before
    (output / "b/v.mp4").unlink()
    assert run(source, output).num_resumed == 2
    assert state(output)["a/v.mp4"] == before["a/v.mp4"]
    assert not verify_mirror(output, source, samples=9).problems


def test_a_changed_source_needs_force_and_other_cells_keep_their_rows(
    source: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    run(source, output, "fog", "rain", severities=(1,))
    os.utime(source / "a/v.mp4", ns=(1, 1))
    with pytest.raises(SettingsError, match=r"a/v\.mp4: already exists .*\(2 such files\)"):
        run(source, output, "fog", "rain", severities=(1,))
    run(source, output, "fog", "rain", severities=(1,), force=True)
    run(source, output, "contrast", "rain", severities=(1,))
    rows = pq.read_table(output / "manifest.parquet").to_pylist()
    assert {row["corruption"] for row in rows} == {"fog", "rain", "contrast"}
    assert len(rows) == 12


def test_existing_files_are_not_overwritten(source: Path, tmp_path: Path) -> None:
    mine = tmp_path / "out/b/v.mp4"
    mine.parent.mkdir(parents=True)
    mine.write_text("the only copy")
    with pytest.raises(SettingsError, match=r"b/v\.mp4: already exists .*--force"):
        run(source, tmp_path / "out")
    assert mine.read_text() == "the only copy"
    assert files(tmp_path / "out") == ["b/v.mp4"]


def test_overlapping_folders_are_refused(source: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="OUT: inside IN"):
        run(source, source / "out")
    (tmp_path / "way").symlink_to(source)
    with pytest.raises(SettingsError, match="OUT: inside IN"):
        run(source, tmp_path / "way/out")
    with pytest.raises(SettingsError, match="OUT: contains the input"):
        run(source, tmp_path)
    with pytest.raises(SettingsError, match="IN: neither a folder nor a list"):
        run(source / "a/v.mp4", tmp_path / "out")


def test_links_that_point_outside_are_followed_only_if_asked(source: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    shutil.copy(source / "a/v.mp4", tmp_path / "other/x.mp4")
    (source / "file.mp4").symlink_to(tmp_path / "other/x.mp4")
    (source / "folder").symlink_to(tmp_path / "other")
    (source / "again.mp4").symlink_to("a/v.mp4")
    (source / "loop").symlink_to(source)
    done = run(source, tmp_path / "out")
    assert files(tmp_path / "out") == sorted([*OUTPUTS, "again.mp4"])
    refused = {row["source_path"]: row for row in done.rows if row["status"] == "missing"}
    assert sorted(refused) == ["file.mp4", "folder"]
    assert "--follow-links" in refused["folder"]["reason"]
    run(source, tmp_path / "out", follow_links=True)
    expected = [*OUTPUTS, "again.mp4", "file.mp4", "folder/x.mp4"]
    assert files(tmp_path / "out") == sorted(expected)


@pytest.mark.parametrize("how", ["leave", "link", "copy"])
def test_other_files_are_left_linked_or_copied(source: Path, tmp_path: Path, how: str) -> None:
    done = run(source, tmp_path / "out", others=how)
    made = tmp_path / "out/labels.txt"
    assert done.num_others == (how != "leave")
    assert made.exists() == (how != "leave")
    assert made.is_symlink() == (how == "link")
    if how == "copy":
        made.write_text("mine")
        with pytest.raises(SettingsError, match=r"labels\.txt: already exists"):
            run(source, tmp_path / "out", others=how)


def test_the_manifest_is_not_mixed_with_another_file(source: Path, tmp_path: Path) -> None:
    (source / "manifest.parquet").write_text("mine")
    with pytest.raises(SettingsError, match="IN has a file manifest.parquet"):
        run(source, tmp_path / "out", others="copy")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/manifest.parquet").write_text("mine")
    with pytest.raises(StageError, match="cannot be read as Parquet"):
        run(source, tmp_path / "other")
    assert files(tmp_path / "other") == ["manifest.parquet"]


def test_what_needs_too_much_memory_is_said_before(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tool, "NOTABLE_BYTES", 100_000)
    done = run(source, tmp_path / "out", "reverse", memory_bytes=300_000)
    assert (
        "reverse 3: up to 0.0 GB of memory per worker for decoded frames (a/v.mp4)" in caplog.text
    )
    reasons = {row["source_path"]: row["reason"] for row in done.failed}
    assert "raise --memory-gb" in reasons["a/v.mp4"]
    assert files(tmp_path / "out") == ["manifest.parquet", "w.wmv.mkv"]


def test_a_full_disk_leaves_no_half_file(source: Path, tmp_path: Path) -> None:
    """A limit on the size of files breaks off writing; see tests/survival for real disks."""
    script = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))\n"
        "from pipeline.__main__ import app\n"
        "app()\n"
    )
    output = tmp_path / "out"
    arguments = ["mirror", str(source), str(output), "-c", "shot_noise", "--workers", "1"]
    ended = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "File too large. Completed work is kept" in ended.stderr
    assert files(output) == []
    assert not list(output.rglob("*.tmp"))
    run(source, output, "shot_noise")
    assert files(output) == OUTPUTS


def test_a_killed_run_resumes(source: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    arguments = ["mirror", str(source), str(output), "-c", "rain", "-c", "fog", "--workers", "1"]
    process = subprocess.Popen([sys.executable, "-m", "pipeline", *arguments])
    while process.poll() is None and not whole(output):
        time.sleep(0.01)
    process.kill()
    process.wait()
    left = whole(output)
    assert left
    before = {name: (output / name).read_bytes() for name in left}
    done = run(source, output, "rain", "fog")
    assert not list(output.rglob("*.tmp"))
    assert {name: (output / name).read_bytes() for name in left} == before
    assert [row["status"] for row in done.rows].count("ok") == 6
    assert not verify_mirror(output, source, samples=9).problems


def test_verify_finds_what_changed(source: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    run(source, output, "rain", "h264_crf")
    run(source, output, "contrast", "fog")
    assert not verify_mirror(output, source, samples=99).problems
    data = bytearray((output / "fog/3/a/v.mp4").read_bytes())
    data[len(data) // 2] ^= 1
    (output / "fog/3/a/v.mp4").write_bytes(data)
    (output / "rain/3/b/v.mp4").unlink()
    (source / "w.wmv").write_bytes(b"other")
    found = verify_mirror(output, source, samples=99).problems
    assert {(one.cell, one.kind, one.item) for one in found if "source" not in one.kind} == {
        ("fog 3", "damaged file", "fog/3/a/v.mp4"),
        ("rain 3", "missing file", "rain/3/b/v.mp4"),
    }
    assert sum("source video missing or different" in one.kind for one in found) == 4


def test_the_command(source: Path, tmp_path: Path) -> None:
    def invoke(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, [*arguments], env={"COLUMNS": "300"})
        return result.exit_code, result.output

    output = str(tmp_path / "out")
    cell = ("-c", "fog", "--severities", "1,2", "--workers", "1")
    code, text = invoke("mirror", str(source), output, *cell)
    assert code == 1
    assert "6 videos, 0 of them from earlier runs" in text
    assert "broken: broken.mp4, fog 1: " in text
    assert "2 of 8 videos failed" in text
    code, text = invoke("mirror", str(source), output, *cell, "--max-failed-share", "0.5")
    assert (code, "6 videos, 6 of them from earlier runs" in text) == (0, True)
    code, text = invoke("verify", "--mirror", output, "--source", str(source))
    assert (code, "No problems found" in text) == (0, True)
    assert invoke("verify", "--mirror", output, "-d", "demo")[0] == 2
    for wrong, words in (
        (("--severities", "1-6"), "not severities from 1 to 5"),
        (("-c", "fgo"), "unknown corruption or set 'fgo'"),
        (("-c", "fog", "-c", "rain", "--level", "1"), "--level: is the parameter of one"),
        (("-c", "fog", "--stop", "0"), "the window 0.0 to 0.0 percent"),
        (("-c", "h264_crf", "--share", "0.5"), "acts on a whole video"),
        (("-c", "contrast", "--level", "-3"), "--corruption contrast: "),
    ):
        code, text = invoke("mirror", str(source), str(tmp_path / "wrong"), *wrong)
        assert (code, words in text) == (2, True), text


def test_a_source_that_is_gone_meanwhile_is_a_row(source: Path, tmp_path: Path) -> None:
    (source / "gone.mp4").symlink_to("a/none.mp4")
    (source / "pipe.mp4").unlink(missing_ok=True)
    os.mkfifo(source / "pipe.mp4")
    reasons = {row["source_path"]: row["reason"] for row in run(source, tmp_path / "out").failed}
    assert reasons["gone.mp4"] == "no such file"
    assert reasons["pipe.mp4"] == "not a regular file"


def test_a_name_that_no_manifest_can_hold_is_an_error(source: Path, tmp_path: Path) -> None:
    (source / os.fsdecode(b"\xff.mp4")).write_bytes(b"x")
    with pytest.raises(SettingsError, match="not valid UTF-8"):
        run(source, tmp_path / "out")


def test_a_damaged_manifest_is_an_error(source: Path, tmp_path: Path) -> None:
    run(source, tmp_path / "out")
    (tmp_path / "out/manifest.parquet").write_bytes(b"PAR1")
    with pytest.raises(StageError, match="cannot be read as Parquet"):
        verify_mirror(tmp_path / "out", None)
