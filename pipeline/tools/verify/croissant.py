"""Croissant files as what published data are compared with: their manifests and shards."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ...errors import SettingsError
from ...io.hashing import sha256_file
from ...io.text import read_json
from ...messages import quoted
from .findings import Discrepancy

SUFFIXES = (".json", ".jsonld")
DIGEST = re.compile(r"[0-9a-f]{64}")
HINT = "give a file that `export croissant` or `publish` wrote"


@dataclass(frozen=True)
class ShardCheck:
    """A published shard and its local file."""

    name: str
    path: Path
    sha256: str


def expand(against: Sequence[Path]) -> tuple[list[Path], dict[str, str]]:
    """Return the manifests behind the given files, and the hashes of shards by path.

    A Croissant file stands for the manifests beside it, whose hashes are checked.
    """
    manifests: list[Path] = []
    shards: dict[str, str] = {}
    for path in against:
        if path.suffix not in SUFFIXES:
            manifests.append(path)
            continue
        for name, url, digest in _files(path):
            if name.endswith(".tar"):
                shards[name] = digest
            elif name.endswith(".parquet"):
                manifests += _manifest(path.parent / url, digest)
    return manifests, shards


def check_shard_hash(check: ShardCheck) -> list[Discrepancy]:
    """Compare the hash of one local shard with the published one."""
    if not check.path.is_file():
        return [Discrepancy("shards", "missing locally", check.name)]
    found = sha256_file(check.path)
    if found == check.sha256:
        return []
    return [Discrepancy("shards", "different file", check.name, f"{found}, not {check.sha256}")]


def _manifest(path: Path, digest: str) -> list[Path]:
    """Return a manifest of cells; none for the manifest of clips, which has other columns."""
    if not path.is_file() or sha256_file(path) != digest:
        raise SettingsError(
            f"--against: {path} is missing or not the file that its Croissant file describes; "
            "obtain both again."
        )
    return [] if path.stem == "clips" else [path]


def _files(path: Path) -> list[tuple[str, str, str]]:
    """Return id, URL and hash of every file of a Croissant description."""
    document = read_json(path, HINT)
    files = document.get("distribution") if isinstance(document, Mapping) else None
    if not isinstance(files, list) or not files:
        raise SettingsError(f"--against {path}: no Croissant file with a distribution; {HINT}.")
    return [_file(path, file) for file in files]


def _file(path: Path, file: Any) -> tuple[str, str, str]:
    values = file if isinstance(file, Mapping) else {}
    name, url, digest = (str(values.get(key, "")) for key in ("@id", "contentUrl", "sha256"))
    inside = all(_is_inside(one) for one in (name, url))
    if not inside or not DIGEST.fullmatch(digest):
        raise SettingsError(
            f"--against {path}: file {quoted(name)} is outside of its folder or has no SHA-256; "
            f"{HINT}."
        )
    return name, url, digest


def _is_inside(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return bool(parts) and parts[0] != "/" and ".." not in parts and "://" not in name
