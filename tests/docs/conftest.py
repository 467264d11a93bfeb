"""The documentation site, built once for all tests of this folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from tests.docs.links import Page
from tests.support.project import REPOSITORY


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` builds it, with small pictures; once for all workers."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, log = shared / "site", shared / "site.log"
    with FileLock(shared / "site.lock"):
        if not log.exists():
            done = subprocess.run(
                [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--nitpicky",
                 "--quiet", "-D", "picture_side=72", "docs", str(folder)],
                cwd=REPOSITORY, capture_output=True, text=True,
            )  # fmt: skip
            log.write_text(f"exit code {done.returncode}\n{done.stderr}")
    assert log.read_text() == "exit code 0\n", log.read_text()
    return folder


@pytest.fixture(scope="session")
def pages(site: Path) -> dict[Path, Page]:
    return {path.resolve(): Page(path) for path in sorted(site.rglob("*.html"))}
