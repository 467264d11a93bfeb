"""A recipe changes with what it describes, and with nothing else."""

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

import corruptions
from pipeline import provenance
from pipeline.params import load
from pipeline.provenance import code_hash, recipe_hash
from pipeline.stages.recipes import STAGES, write_recipes
from tests.support.project import REPOSITORY, copy_repository

NAMES = ("fog", "rain", "jumble", "h264_crf", "packet_loss")
NETWORKS = ("tiny_frame2d", "tiny_r2plus1d")
CACHED = (
    provenance.stage_code,
    provenance.imported_files,
    provenance.has_no_effect,
    provenance._parsed,
    provenance.code_hash,
    provenance._data_hashes,
)


def forget() -> None:
    for function in CACHED:
        function.cache_clear()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the code, to edit."""
    for name in ("corruptions", "pipeline"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=ignore)
    return tmp_path


@contextmanager
def taken_for_the_project(root: Path) -> Iterator[None]:
    """Let `provenance` look at the code below `root`."""
    package = root / "corruptions"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(provenance, "PACKAGE", package)
        patch.setattr(provenance, "PIPELINE", root / "pipeline")
        patch.setattr(provenance, "CALLERS", (package / "__init__.py", package / "registry.py"))
        forget()
        yield
    forget()


@cache
def codes_of_the_checkout() -> dict[str, str]:
    """What `codes` finds in an unchanged copy: hashes do not depend on where files are."""
    return codes(REPOSITORY)


def codes(root: Path) -> dict[str, str]:
    """Every hash of code that recipes of some stages, corruptions and networks hold."""
    with taken_for_the_project(root):
        found = {stage: provenance.stage_code(stage) for stage in STAGES}
        for name in NAMES:
            corruption = corruptions.load(name)
            module = ModuleType(name)
            module.__file__ = str(root / corruption.file.relative_to(REPOSITORY))
            module.ACTS_ON = getattr(corruption.module, "ACTS_ON", None)  # type: ignore[attr-defined]
            found[name] = provenance.corruption_code(dataclasses.replace(corruption, module=module))
        for name in NETWORKS:
            found[name] = provenance.code_of(root / f"pipeline/models/zoo/{name}.py")
        return found


def changed(project: Path, edit: Callable[[], object]) -> set[str]:
    """Names of the codes that an edit of the copy changes."""
    edit()
    after = codes(project)
    before = codes_of_the_checkout()
    return {name for name in before if before[name] != after[name]}


def test_hashes_do_not_depend_on_where_the_project_is(project: Path) -> None:
    assert changed(project, lambda: None) == set()


def append(path: Path, text: str) -> None:
    assert path.is_file()
    path.write_text(path.read_text() + text)


@pytest.mark.parametrize(
    ("file", "concerned"),
    [
        ("pipeline/stages/train/loop.py", {"train"}),
        ("pipeline/stages/train/data.py", {"train"}),
        ("pipeline/stages/evaluate/predict.py", {"evaluate"}),
        ("pipeline/models/zoo/tiny_r2plus1d.py", {"tiny_r2plus1d"}),
        ("pipeline/metrics/robustness.py", {"report"}),
        ("pipeline/media/sampling.py", {"corrupt", "train", "evaluate"}),
        ("pipeline/media/preprocess.py", {"decode", "corrupt"}),
        ("pipeline/stages/report/page/page.css", {"report"}),
        ("corruptions/spatial/fog.py", {"fog"}),
        ("corruptions/temporal/_shuffle.py", {"jumble"}),
        ("corruptions/codec/concealment.py", {"h264_crf", "packet_loss"}),
        ("corruptions/registry.py", {*NAMES, "report"}),
        ("pipeline/execution/pool.py", set()),
        ("pipeline/cli/app.py", set()),
        ("pipeline/tools/check/check.py", set()),
    ],
)
def test_an_edit_changes_exactly_what_it_concerns(
    project: Path, file: str, concerned: set[str]
) -> None:
    edit = "\n.edited { color: red }\n" if file.endswith(".css") else "\n\nEDITED = True\n"
    assert changed(project, lambda: append(project / file, edit)) == concerned


def test_randomness_is_part_of_every_stage_that_draws(project: Path) -> None:
    concerned = changed(project, lambda: append(project / "corruptions/types.py", "\n\nNEW = 1\n"))
    assert {"synthesize", "train", *NAMES} <= concerned


def test_comments_docstrings_and_layout_change_nothing(project: Path) -> None:
    def edit() -> None:
        for file in project.rglob("*.py"):
            text = re.sub(r'"""(\w)', r'"""In other words: \1', file.read_text())
            file.write_text(f"{text}\n\n# A comment.\n")

    assert changed(project, edit) == set()


def test_a_moved_file_changes_nothing(project: Path) -> None:
    def edit() -> None:
        root = project / "pipeline"
        (root / "media/sampling.py").rename(root / "datasets/frame_choice.py")
        (root / "stages/train/loop.py").rename(root / "stages/train/epochs.py")
        for file in root.rglob("*.py"):
            text = file.read_text().replace("media.sampling import", "datasets.frame_choice import")
            file.write_text(text.replace("from .loop import", "from .epochs import"))
        with taken_for_the_project(project):
            closure = provenance.import_closure([root / "stages/train/train.py"])
        assert {root / "datasets/frame_choice.py", root / "stages/train/epochs.py"} <= closure

    assert changed(project, edit) == set()


def test_a_name_that_refers_to_something_else_counts(project: Path) -> None:
    (project / "pipeline/media/other.py").write_text("def clip_indices():\n    return 1\n")
    file = project / "pipeline/datasets/corrupted_clips.py"
    before = file.read_text()
    swapped = before.replace(
        "..media.sampling import clip_indices", "..media.other import clip_indices"
    )
    alias = before.replace(
        "sampling import clip_indices", "sampling import segment_indices as clip_indices"
    )
    library = before.replace("import numpy as np", "import numpy.ma as np")
    for text in (swapped, alias, library):
        assert text != before
        assert "corrupt" in changed(project, lambda text=text: file.write_text(text))
        file.write_text(before)


def test_the_place_of_an_import_and_type_imports_do_not_count(tmp_path: Path) -> None:
    file = tmp_path / "code.py"

    def hash_of(text: str) -> str:
        file.write_text(text)
        forget()
        return code_hash(file)

    plain = hash_of("import os\n\n\ndef f(x):\n    return os.stat(x)\n")
    inside = "def f(x):  # why\n    import os\n\n    return (os.stat(x))\n"
    assert plain == hash_of(f'"""Doc."""\n\n\n{inside}')
    typed = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import {}\n\nX = 1\n"
    assert hash_of(typed.format("os")) == hash_of(typed.format("sys"))
    assert plain != hash_of("import os\n\n\ndef f(x):\n    return os.lstat(x)\n")


def test_the_installed_package_has_the_hashes_of_the_checkout(tmp_path: Path) -> None:
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "corruptions", tmp_path / "corruptions", ignore=ignore)
    shutil.copytree(REPOSITORY / "pipeline", tmp_path / "corruptions/pipeline", ignore=ignore)
    code = (
        "import json, corruptions\n"
        "from corruptions.pipeline import provenance as p\n"
        "from corruptions.pipeline.models import registry\n"
        "from corruptions.pipeline.stages.recipes import STAGES\n"
        "found = {s: p.stage_code(s) for s in STAGES}\n"
        "found |= {n: p.corruption_code(corruptions.load(n)) for n in corruptions.names()}\n"
        "found |= {n: p.code_of(registry.ZOO / f'{n}.py') for n in registry.names()}\n"
        "print(json.dumps([p.__file__, found]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    where, found = json.loads(done.stdout)
    assert Path(where).is_relative_to(tmp_path)
    here = code.replace("corruptions.pipeline", "pipeline").removesuffix(
        "print(json.dumps([p.__file__, found]))\n"
    )
    values: dict[str, object] = {}
    exec(here, values)  # noqa: S102 - the same lines as in the subprocess
    assert found == values["found"]


def test_a_recipe_is_a_hash_of_its_parts() -> None:
    assert recipe_hash({"a": 1, "b": 2}) == recipe_hash({"b": 2, "a": 1})
    assert recipe_hash({"a": 1}) != recipe_hash({"a": 2})
    assert len(recipe_hash({})) == 32


def test_a_corruption_s_code_is_what_it_imports() -> None:
    def files(name: str, dialect: corruptions.types.Dialect = "ours") -> set[str]:
        corruption = corruptions.load(name, dialect)
        closure = provenance.corruption_files(corruption)
        return {provenance.project_name(file) for file in closure}

    fog = files("fog")
    assert {"corruptions/spatial/fog.py", "corruptions/types.py"} <= fog
    assert not [name for name in fog if re.search("temporal|compression|codec|original", name)]
    assert "corruptions/codec/coding.py" in files("h264_crf")
    assert "corruptions/original.py" in files("fog", "original")


def test_one_recipe_file_per_corruption_stage_and_dataset(tmp_path: Path) -> None:
    copy_repository(tmp_path)
    params = load(tmp_path / "params.yaml")
    folder = tmp_path / "data/recipes"
    write_recipes(params, tmp_path)
    (folder / "corruptions/gone.json").write_text("{}")
    fog = folder / "corruptions/fog.json"
    assert json.loads(fog.read_text())["ours"]["family"] == "spatial"
    fog.write_text("{}")
    times = {path: path.stat().st_mtime_ns for path in folder.rglob("*.json")}
    write_recipes(params, tmp_path)
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*.json")}
    assert names == {
        *(f"corruptions/{name}.json" for name in corruptions.names()),
        *(f"stages/{stage}.json" for stage in STAGES),
        *(f"models/{dataset}.json" for dataset in params.models),
        "shards/evaluation.json",
        "videos/evaluation.json",
    }
    written = [path for path in times if path.exists() and path.stat().st_mtime_ns != times[path]]
    assert written == [fog]
