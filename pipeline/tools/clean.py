"""Removal of the outputs of the stages, and of nothing else.

Videos, annotations, weights and notes of the user are often in the same folders as the outputs, for
instance in `data/mini_kinetics`. Therefore files are removed by the names that the stages give
them, never whole folders; a folder is removed once it is empty.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..io.atomic import is_abandoned

OUTPUTS = (
    ("data/recipes/*/*", r"[a-z0-9_]+\.json"),
    ("data/evaluated/*", r"[A-Za-z0-9_]+\.json"),
    ("data/*/inputs/*/*", r"[a-z0-9_]+\.json"),
    ("report/calibration/*/*", r"[A-Za-z0-9_-]+\.csv"),
    ("data/model_files/*/*", r"[A-Za-z0-9_-]+\.json"),
    ("data/.*.lock", r".*"),
    ("data/*/.*.lock", r".*"),
    ("data/*/clean/*/*", r"{dataset}-clean-0-\d{{6}}\.(tar|parquet)"),
    ("data/*/corrupted/*/*/*", r"{dataset}-[a-z0-9_]+-\d-\d{{6}}\.(tar|parquet)"),
    ("data/*/train/*/*", r"(weights|checkpoint)\.pt|history\.csv|(metrics|recipe)\.json"),
    ("data/*/evaluate/*/*", r"[a-z0-9_]+-\d\.parquet"),
    ("data/*/evaluate/*/*/*", r"\d{{6}}\.parquet"),
    ("manifests/*/*", r"[a-z0-9_]+\.parquet|training\.json"),
    ("manifests/*/predictions/*", r".*\.parquet"),
    ("manifests/*/predictions/clips/*", r"[a-z0-9_]+\.parquet"),
    ("report/*", r"index\.html|.*\.(json|csv|md)"),
    ("report/headline/*/*", r"[A-Za-z0-9_-]+\.json"),
    ("report/results/*", r".*\.(json|csv)"),
    ("report/figures/*", r".*\.(png|svg)"),
    ("report/curves/**/*", r".*\.csv"),
)
"""Globs of the files that stages write, and what their names must be, per dataset."""

KEPT = ("manifests/about", "manifests/classes", "manifests/results")
"""Folders of inputs beside the manifests."""

DEMO = "data/demo"
CACHE = (".dvc/cache", ".dvc/tmp")


@dataclass(frozen=True)
class Cleaned:
    """Result of a removal."""

    files: int
    bytes: int
    kept: tuple[Path, ...]
    """Files in the folders of outputs that no stage wrote."""
    cache_kept: bool
    """True if DVC's cache was left alone because it also holds files of the user."""


def clean(root: Path, *, remove: bool = True) -> Cleaned:
    """Remove the outputs of all stages below `root`; with `remove=False` only count them."""
    outputs = sorted(set(_outputs(root)))
    size = sum(path.lstat().st_size for path in outputs)
    folders = {path.parent for path in outputs}
    known = set(outputs)
    kept = tuple(
        sorted(path for folder in folders for path in folder.iterdir() if _is_foreign(path, known))
    )
    cache_kept = any(not path.is_relative_to(root / ".dvc") for path in root.rglob("*.dvc"))
    if remove:
        for path in outputs:
            path.unlink()
        for folder in sorted(folders, reverse=True):
            _remove_empty(folder, root)
        for name in () if cache_kept else CACHE:
            shutil.rmtree(root / name, ignore_errors=True)
    return Cleaned(len(outputs), size, kept, cache_kept)


def _outputs(root: Path) -> Iterator[Path]:
    """Yield the files that the stages wrote, and temporaries of killed runs beside them."""
    for pattern, name in OUTPUTS:
        for path in root.glob(pattern):
            relative = path.relative_to(root)
            if any(relative.is_relative_to(folder) for folder in KEPT):
                continue
            wanted = re.compile(name.format(dataset=re.escape(relative.parts[1])))
            written = wanted.fullmatch(path.name) or is_abandoned(path)
            if written and (path.is_file() or path.is_symlink()):
                yield path
    yield from _demo(root / DEMO)


def _demo(folder: Path) -> Iterator[Path]:
    """Yield the videos and annotations that the synthesize stage lists as its own."""
    annotations = folder / "annotations"
    sums = annotations / "checksums.sha256"
    if not sums.is_file():
        return
    names = [line[66:] for line in sums.read_text(encoding="utf-8").splitlines()]
    yield from (path for name in names if (path := folder / "videos" / name).is_file())
    for name in ("train.csv", "val.csv", "recipe.json", "checksums.sha256"):
        if (annotations / name).is_file():
            yield annotations / name


def _is_foreign(path: Path, known: set[Path]) -> bool:
    return path not in known and not path.is_dir()


def _remove_empty(folder: Path, root: Path) -> None:
    """Remove a folder and those above it, below `root`, as long as they are empty."""
    while folder != root and folder.is_dir() and not any(folder.iterdir()):
        parent = folder.parent
        if folder.is_symlink():  # a link of the user to another disk
            return
        folder.rmdir()
        folder = parent
