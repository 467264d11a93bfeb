"""Croissant files as published data: hashes are compared, and forged files are refused."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.tools.verify.croissant import ShardCheck, check_shard_hash, expand

DIGEST = sha256(b"rows").hexdigest()


def describe(folder: Path, *files: dict[str, object]) -> Path:
    path = folder / "croissant.json"
    path.write_text(json.dumps({"distribution": list(files)}))
    return path


def file(name: str, url: str = "", digest: str = DIGEST) -> dict[str, object]:
    return {"@id": name, "contentUrl": url or name, "sha256": digest}


def test_a_croissant_file_stands_for_its_manifests_and_shards(tmp_path: Path) -> None:
    (tmp_path / "fog.parquet").write_bytes(b"rows")
    (tmp_path / "clips.parquet").write_bytes(b"rows")
    shard = "data/demo/corrupted/fog/1/demo-fog-1-000000.tar"
    path = describe(
        tmp_path,
        file("manifests/demo/fog.parquet", "fog.parquet"),
        file("manifests/demo/clips.parquet", "clips.parquet"),
        file(shard, "elsewhere.tar"),
    )
    other = tmp_path / "rain.parquet"
    assert expand([path, other]) == ([tmp_path / "fog.parquet", other], {shard: DIGEST})


def test_a_manifest_that_is_not_the_described_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "fog.parquet").write_bytes(b"other rows")
    with pytest.raises(SettingsError, match="not the file that its Croissant file describes"):
        expand([describe(tmp_path, file("fog.parquet"))])


@pytest.mark.parametrize(
    "forged",
    [
        file("../fog.parquet"),
        file("/etc/fog.parquet"),
        file("fog.parquet", "https://example.org/fog.parquet"),
        file("fog.parquet", digest="none"),
        {"@id": "fog.parquet"},
    ],
)
def test_files_outside_of_the_folder_and_without_hash_are_refused(
    tmp_path: Path, forged: dict[str, object]
) -> None:
    with pytest.raises(SettingsError, match="outside of its folder or has no SHA-256"):
        expand([describe(tmp_path, forged)])


@pytest.mark.parametrize("text", ["[]", "{}", '{"distribution": []}'])
def test_other_json_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "croissant.json"
    path.write_text(text)
    with pytest.raises(SettingsError, match="no Croissant file with a distribution"):
        expand([path])


def test_missing_and_different_shards_are_named(tmp_path: Path) -> None:
    shard = tmp_path / "a.tar"
    check = ShardCheck("a.tar", shard, DIGEST)
    assert [one.kind for one in check_shard_hash(check)] == ["missing locally"]
    shard.write_bytes(b"rows")
    assert check_shard_hash(check) == []
    shard.write_bytes(b"bytes")
    assert [one.kind for one in check_shard_hash(check)] == ["different file"]
