"""The data are read by other people's libraries as they are: the blocks of docs/reading.md, run."""

import os
import re
import shlex
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from typer.testing import CliRunner

from pipeline import models
from pipeline.__main__ import app
from pipeline.stages.corrupt import corrupt
from pipeline.stages.decode import decode
from pipeline.stages.evaluate.evaluate import evaluate
from pipeline.stages.filter import filter_clips
from pipeline.storage import schemas
from pipeline.storage.clip_reader import StoredClip, read_clip
from pipeline.storage.manifest import read_rows, write
from tests.support.project import CLASSES, REPOSITORY, make_project

PAGE = REPOSITORY / "docs/reading.md"
STORAGE = REPOSITORY / "docs/storage.md"
ADDRESS = "http://127.0.0.1:8000"
SHOWN = [0, 5, 10]
MODEL = "tiny_r2plus1d"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project as the demo is, smaller: two severities of fog and a model of random weights."""
    folder = tmp_path_factory.mktemp("project")
    params = make_project(
        folder,
        corruptions=["fog"],
        severities=[1, 3],
        decode={"pictures": {"demo": {"short_side": 120, "crop": 112}}},
        models={"demo": {MODEL: {"weights": "model.pt"}}},
    )
    torch.manual_seed(0)
    torch.save(models.load(MODEL).build(len(CLASSES)).state_dict(), folder / "model.pt")
    filter_clips(params, folder, "demo")
    decode(params, folder, "demo")
    corrupt(params, folder, "demo", "fog")
    evaluate(params, folder, "demo")
    return folder


@pytest.fixture(autouse=True)
def in_the_project(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def blocks(title: str, language: str = "python") -> list[str]:
    """The blocks of one section of the page."""
    (section,) = re.findall(
        rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.M | re.S
    )
    found = re.findall(rf"^```{language}\n(.*?)^```", section, re.M | re.S)
    assert found, title
    return found


def run(title: str, server: str = ADDRESS) -> dict[str, Any]:
    """Return the variables of a section after it ran; `data` and `row` are from the first."""
    names: dict[str, Any] = {}
    first = "Plain Python: one clip, by its offset"
    for code in [*blocks(first), *(blocks(title) if title != first else [])]:
        code = code.replace(ADDRESS, server)
        exec(compile(code, f"{PAGE}: {title}", "exec"), names)  # noqa: S102 - our own page
    return names


def manifest(root: Path, severity: int = 3) -> pd.DataFrame:
    rows = pd.read_parquet(root / "manifests/demo/fog.parquet")
    return rows[rows["severity"] == severity]


def ours(row: "pd.Series[Any]", root: Path) -> NDArray[np.int64]:
    """The frames as the evaluate stage reads them, by libjpeg-turbo."""
    return read_clip(StoredClip.of(row, root), SHOWN).astype(int)


def test_every_section_is_tested() -> None:
    titles = re.findall(r"^## (.*)$", PAGE.read_text(), re.M)
    tests = Path(__file__).read_text()
    for title in titles:
        assert f'"{title}"' in tests, f"{PAGE.name}: no test runs the section {title!r}"


def test_one_clip_by_its_offset() -> None:
    names = run("Plain Python: one clip, by its offset")
    assert names["data"] == names["same"]
    assert sha256(names["data"]).hexdigest() == names["row"]["sha256"]
    usable = names["rows"][names["rows"]["status"] == "ok"]
    assert len(usable) > 1
    for row in usable.itertuples():
        with tarfile.open(row.shard) as tar:
            member = tar.getmember(row.member)
            assert (member.offset_data, member.size) == (row.offset, row.size)


def test_one_clip_by_its_offset_where_another_failed(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = read_rows(root / "manifests/demo/fog.parquet", schemas.CELLS)
    kept = (*schemas.CLIP_COLUMNS, "corruption", "severity", "family", "params")
    failed = {name: rows[0][name] for name in kept} | {"status": "failed", "reason": "broken"}
    write(tmp_path / "manifests/demo/fog.parquet", [failed, *rows[1:]], schemas.CELLS)
    (tmp_path / "data").symlink_to(root / "data")
    monkeypatch.chdir(tmp_path)
    test_one_clip_by_its_offset()
    (code,) = re.findall(r"^```python\n(.*?)^```", STORAGE.read_text(), re.M | re.S)[:1]
    names: dict[str, Any] = {}
    exec(compile(code, str(STORAGE), "exec"), names)  # noqa: S102 - our own page
    assert sha256(names["video"]).hexdigest() == names["row"]["sha256"]


def test_ffmpegs_readers_give_the_same_pixels(root: Path) -> None:
    found = {title: run(title) for title in ("torchcodec", "decord", "PyAV", "OpenCV")}
    first = found["PyAV"]["frames"]
    assert first.shape == (3, 112, 112, 3)
    for title, names in found.items():
        assert np.array_equal(names["frames"], first), title
    assert np.abs(first - ours(found["PyAV"]["row"], root)).max() <= 3


def test_webdataset(root: Path) -> None:
    samples = list(run("webdataset")["samples"])
    rows = manifest(root)
    assert [key for key, _, _ in samples] == rows["key"].tolist()
    assert [label for _, _, label in samples] == rows["label_id"].tolist()
    for (_, clip, _), (_, row) in zip(samples, rows.iterrows(), strict=True):
        assert len(clip) == row["num_frames"]
        frames = clip[SHOWN].permute(0, 2, 3, 1).numpy()
        assert np.abs(frames - ours(row, root)).max() <= 3


@pytest.mark.parametrize(
    "title", ["Hugging Face datasets: the shards", "Hugging Face datasets: a manifest"]
)
def test_hugging_face_datasets(title: str, root: Path) -> None:
    names, rows = run(title), manifest(root)
    clips = names["clips"]
    assert len(clips) == len(rows)
    key, label = ("__key__", "cls") if "shards" in title else ("key", "label")
    found = [(clip[key], clip[label]) for clip in clips]
    assert found == list(zip(rows["key"], rows["label_id"], strict=True))
    frames = names["frames"].permute(0, 2, 3, 1).numpy()
    assert np.abs(frames - ours(rows.iloc[0], root)).max() <= 3


def test_mosaicml_streaming(root: Path) -> None:
    (command,) = blocks("MosaicML streaming", "sh")
    words = shlex.split(command.removeprefix("python -m pipeline"))
    assert CliRunner().invoke(app, words).exit_code == 0
    (code,) = blocks("MosaicML streaming")
    # A process of its own: the library leaves shared memory behind.
    said = "import numpy; numpy.save('frames.npy', frames); print(*(one['key'] for one in clips))"
    done = subprocess.run(
        [sys.executable, "-c", f"import without_torchvision\n{code}\n{said}"],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "tests/pipeline/tools/export")},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    rows = manifest(root)
    assert done.stdout.split() == rows["key"].tolist()
    frames = np.load("frames.npy").transpose(0, 2, 3, 1)
    assert np.abs(frames - ours(rows.iloc[0], root)).max() <= 3


def test_duckdb(root: Path) -> None:
    names = run("DuckDB")
    clips = pd.read_parquet(root / "manifests/demo/clips.parquet")
    assert names["lost"]["clips"].sum() == len(clips)
    answers = pd.read_parquet(root / f"manifests/demo/predictions/{MODEL}.parquet")
    expected = answers.groupby(["corruption", "severity"])["correct1"].mean() * 100
    assert names["top1"]["top1"].tolist() == pytest.approx(expected.tolist())


def test_polars(root: Path) -> None:
    psnr = run("Polars")["psnr"]
    assert psnr["severity"].to_list() == [1, 3]
    assert psnr["psnr"][1] == pytest.approx(manifest(root)["psnr"].mean())


@pytest.fixture
def server(root: Path) -> Iterator[str]:
    """The project's folder behind a web server that understands ranges."""
    import asyncio

    from aiohttp import web

    loop = asyncio.new_event_loop()
    app = web.Application()
    app.router.add_static("/", root)
    runner = web.AppRunner(app)
    loop.run_until_complete(runner.setup())
    site = web.TCPSite(runner, "127.0.0.1", 0)
    loop.run_until_complete(site.start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}"
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


def test_over_a_network(server: str) -> None:
    names = run("Over a network", server)
    assert names["remote"] == names["data"]
    rows = pd.read_parquet(f"{server}/manifests/demo/fog.parquet")
    pd.testing.assert_frame_equal(rows, names["rows"])
