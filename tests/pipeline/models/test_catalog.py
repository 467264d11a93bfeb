"""The stored catalog equals a fresh count and is read without any heavy library."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.models import catalog, registry
from tests.support.project import REPOSITORY


def test_stored_rows_are_those_of_a_count() -> None:
    counted = [catalog.row(registry.load(name)) for name in registry.names()]
    assert catalog.rows() == counted


def test_a_model_that_is_not_stored_is_counted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    empty = tmp_path / "catalog.json"
    empty.write_text("[]")
    monkeypatch.setattr(catalog, "STORED", empty)
    monkeypatch.setattr(registry, "names", lambda: ("tiny_frame2d",))
    assert catalog.rows() == [catalog.row(registry.load("tiny_frame2d"))]


def test_listing_models_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from pipeline.__main__ import app\n"
        "result = CliRunner().invoke(app, ['models'])\n"
        "assert 'x3d_m' in result.output\n"
        "print(sorted({'torch', 'pandas', 'cv2', 'av', 'pyarrow'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_every_published_row_has_one_network() -> None:
    rows = catalog.rows()
    published = [row.published for row in rows if row.published]
    assert len(published) == len(set(published)) == 7
    assert all(row.source for row in rows)
    # Networks for the demo have no published weights.
    without = {row.name for row in rows if not row.checkpoints}
    assert without == {"tiny_frame2d", "tiny_r2plus1d"}
