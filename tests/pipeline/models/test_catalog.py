"""The stored catalog equals a fresh count and is read without any heavy library."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.models import catalog, registry
from pipeline.models.families import FAMILIES
from pipeline.models.hugging_face import WORDS
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
        "assert 'x3d_m' in result.output and 'qwen3_vl' in result.output\n"
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


def test_every_row_of_the_published_leaderboards_names_its_network() -> None:
    path = REPOSITORY / "manifests/leaderboards.csv"
    published = {row.name: row.published for row in catalog.rows() if row.published}
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["network"] for row in rows} == set(published)
    assert all(published[row["network"]].startswith(row["approach"]) for row in rows)


def test_every_family_that_is_loaded_as_words_is_listed() -> None:
    listed = {family.name for family in FAMILIES}
    assert set(WORDS) < listed
    assert listed - set(WORDS) == {"timesformer", "videomae", "vivit", "vjepa2", "videoprism"}
