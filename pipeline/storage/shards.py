"""Shards: uncompressed tar files in the WebDataset convention, reproducible byte for byte.

The members of a sample are adjacent: `<key>.mp4` (or .mkv), `<key>.cls`, `<key>.json`. Dates,
owners and order are fixed.
"""

import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ..errors import StageError
from ..messages import quoted

_BLOCK = tarfile.BLOCKSIZE


@dataclass(frozen=True)
class Member:
    """A member of a shard: `size` bytes from byte `offset`."""

    name: str
    offset: int
    size: int
    sha256: str


def shard_name(dataset: str, corruption: str, severity: int, index: int) -> str:
    """Return the file name of a shard; the clean set is corruption `clean`, severity 0."""
    return f"{dataset}-{corruption}-{severity}-{index:06d}.tar"


def shard_index(shard: Path) -> int:
    """Return the number of a shard in its cell, from its file name."""
    return int(shard.stem.rpartition("-")[2])


class ShardWriter:
    """Writer of one shard."""

    def __init__(self, path: Path) -> None:
        self._tar = tarfile.TarFile(path, mode="w", format=tarfile.USTAR_FORMAT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._tar.close()

    def add(
        self, key: str, extension: str, payload: bytes, label_id: int, row: Mapping[str, Any]
    ) -> Member:
        """Append one sample and return the member that holds its payload."""
        member = self._add(f"{key}.{extension}", payload)
        self._add(f"{key}.cls", str(label_id).encode())
        text = json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        self._add(f"{key}.json", text.encode())
        return member

    def _add(self, name: str, data: bytes) -> Member:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        info.mode = 0o644
        offset = self._tar.offset + _BLOCK
        self._tar.addfile(info, io.BytesIO(data))
        return Member(name, offset, len(data), sha256(data).hexdigest())


def read_member(shard: Path, offset: int, size: int, expected: str | None = None) -> bytes:
    """Read one stored clip; check it against `expected`, its SHA-256 in hexadecimal, if given."""
    try:
        if not shard.is_file():
            raise StageError(f"{shard}: no such shard; run the stage that writes it again.")
        length = shard.stat().st_size
        if offset < 0 or size < 0 or offset + size > length:
            raise StageError(
                f"{shard}: ends before byte {offset + size}; run the stage that writes it again."
            )
        with shard.open("rb") as file:
            file.seek(offset)
            data = file.read(size)
    except OSError as error:
        raise StageError(f"{shard}: cannot be read ({error.strerror}).") from error
    if expected is not None and sha256(data).hexdigest() != expected:
        raise StageError(
            f"{shard}: the clip at byte {offset} differs from its manifest; "
            "delete this shard and run the stage again."
        )
    return data


def walk(shard: Path) -> Iterator[tuple[Member, bytes]]:
    """Return the members of a shard in order, with their bytes."""
    try:
        length = shard.stat().st_size
        with tarfile.open(shard, mode="r:") as tar:
            for info in tar:
                if not info.isreg() or info.issparse():
                    raise StageError(f"{shard}: member {quoted(info.name)} is not a regular file")
                if not 0 <= info.size <= length - info.offset_data:
                    raise StageError(f"{shard}: ends inside member {quoted(info.name)}")
                file = tar.extractfile(info)
                assert file is not None  # noqa: S101 - a regular file
                data = file.read()
                found = Member(info.name, info.offset_data, len(data), sha256(data).hexdigest())
                if len(data) != info.size:
                    raise StageError(f"{shard}: ends inside member {info.name!r}")
                yield found, data
    except (tarfile.TarError, OSError, ValueError, OverflowError) as error:
        raise StageError(f"{shard}: cannot be read as tar: {error}") from error
