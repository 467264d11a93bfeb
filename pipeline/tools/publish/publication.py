"""Layout of a publication: what another user needs to rebuild and prove a dataset, without clips.

A publication has the layout of a project (params.yaml, manifests, class list), beside it checksums,
versions, `croissant.json`, a dataset card and `REBUILD.md` with the commands.
"""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from ...errors import SettingsError, StageError
from ...io.hashing import sha256_file
from ...io.text import read_text

CHECKSUMS = "checksums.sha256"
"""Hashes of all files of the publication, in the format of sha256sum."""

SHARDS = "shards.sha256"
"""Hashes of all shards, relative to the folder of the rebuilt project."""

VERSIONS = "versions.json"
REBUILT = "rebuilt"
"""Default folder, inside the publication, in which the dataset is rebuilt."""

HINT = "this folder is not a publication, or incomplete: obtain it again"


def as_checksums(hashes: Mapping[str, str]) -> str:
    """Return hashes by path as sha256sum writes them."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(hashes.items()))


def check_publication(folder: Path) -> None:
    """Raise an error unless every file of a publication is there and has its hash.

    Raises
    ------
    SettingsError
        If the folder is not a publication, or lists a file outside of it.
    StageError
        If a file is missing or differs.

    """
    for name, digest in _read(folder / CHECKSUMS).items():
        path = folder / name
        if not path.is_file() or sha256_file(path) != digest:
            raise StageError(
                f"{path}: missing or different from {CHECKSUMS}; obtain the publication again."
            )


def _read(path: Path) -> dict[str, str]:
    hashes = {}
    for number, line in enumerate(read_text(path, HINT).splitlines(), 1):
        digest, _, name = line.partition("  ")
        parts = PurePosixPath(name).parts
        if len(digest) != 64 or not parts or parts[0] == "/" or ".." in parts:
            raise SettingsError(
                f"{path}, line {number}: must be `<sha256>  <file in this folder>`; {HINT}."
            )
        hashes[name] = digest
    return hashes
