"""Hard links between a project and DVC's cache."""

import tempfile
from pathlib import Path


def can_link(cache: Path, folder: Path) -> bool:
    """Return True if a file below `folder` can be hard-linked into DVC's cache."""
    first, second = (
        next(path for path in (one, *one.resolve().parents) if path.is_dir())
        for one in (cache, folder)
    )
    with (
        tempfile.TemporaryDirectory(prefix=".link-", dir=first) as temporary,
        tempfile.NamedTemporaryFile(prefix=".link-", dir=second) as file,
    ):
        try:
            (Path(temporary) / "link").hardlink_to(file.name)
        except OSError:
            return False
    return True
