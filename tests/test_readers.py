"""The shards are read by other people's libraries as they are."""

import io
import tarfile
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest

from pipeline.corrupt import corrupt
from pipeline.decode import decode
from pipeline.filter import filter_clips
from pipeline.io.clips import StoredClip, read_clip
from tests.project import make_project


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    params = make_project(folder, severities=[3])
    filter_clips("demo", params, folder)
    decode("demo", params, folder)
    corrupt("demo", "fog", params, folder)
    return folder


def shards(root: Path) -> list[str]:
    return sorted(str(path) for path in (root / "data/demo/corrupted/fog/3").glob("*.tar"))


def manifest(root: Path) -> pd.DataFrame:
    return pd.read_parquet(root / "manifests/demo/fog.parquet")


def test_hugging_face_datasets(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    loaded = datasets.load_dataset(
        "webdataset", data_files=shards(root), split="train", cache_dir=str(tmp_path)
    )
    rows = manifest(root)
    assert loaded["__key__"][:] == rows["key"].tolist()
    assert [row["label_id"] for row in loaded["json"]] == rows["label_id"].tolist()
    first = loaded[0]
    assert type(first["mp4"]).__module__.startswith("torchcodec")
    frames = np.stack([frame.data.numpy().transpose(1, 2, 0) for frame in first["mp4"]])
    ours = read_clip(StoredClip.of(rows.iloc[0], root), range(len(frames)))
    assert np.abs(frames.astype(int) - ours).max() <= 3


def test_webdataset(root: Path) -> None:
    import webdataset

    samples = list(webdataset.WebDataset(shards(root), shardshuffle=False).decode())
    assert [sample["__key__"] for sample in samples] == manifest(root)["key"].tolist()
    assert [sample["cls"] for sample in samples] == manifest(root)["label_id"].tolist()
    assert samples[0]["json"]["corruption"] == "fog"


def test_plain_tarfile_and_pandas_with_offsets(root: Path) -> None:
    for row in manifest(root).itertuples():
        with tarfile.open(root / row.shard) as tar:
            whole = tar.extractfile(row.member).read()
        with (root / row.shard).open("rb") as file:
            file.seek(row.offset)
            assert file.read(row.size) == whole
        with av.open(io.BytesIO(whole)) as container:
            assert sum(1 for _ in container.decode(video=0)) == row.num_frames
