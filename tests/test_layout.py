"""The architecture: who may import whom, one word a stage, and deps of dvc.yaml that are true."""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

import corruptions
from corruptions.registry import families
from pipeline.params import Params

ROOT = Path(__file__).resolve().parent.parent
STAGES = ("synthesize", "filter", "decode", "corrupt", "train", "evaluate", "report")
TOOLS = (
    "pipeline/apply",
    "pipeline/verify",
    "pipeline/export",
    "pipeline/plan",
    "pipeline/on_the_fly",
)
LIBRARIES_OF_CORRUPTIONS = {"numpy", "cv2", "scipy", "wand"}

MOVES_NO_BYTE = frozenset(
    {
        "pipeline/__init__.py",
        "pipeline/errors.py",  # words of errors
        "pipeline/layout.py",  # where files lie: dvc.yaml says the same
        "pipeline/parent.py",  # when a process ends
        "pipeline/params.py",  # DVC watches the parameters themselves
        "pipeline/recipes.py",  # what makes a shard be made again; its own stage's output is a dep
        "pipeline/workers.py",  # where tasks run
        *(f"pipeline/cluster/{name}.py" for name in ("__init__", "alike", "on_dask", "on_ray")),
        "pipeline/io/__init__.py",
        "pipeline/io/atomic.py",
    }
)
"""Files that no stage lists: an edit of them cannot change what a stage writes."""


def modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@cache
def imports(file: Path) -> frozenset[str]:
    """Dotted names that a file imports, also inside functions."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{file}: relative import"
            names.add(node.module)
            names.update(f"{node.module}.{item.name}" for item in node.names)
        elif isinstance(node, ast.Import):
            names.update(item.name for item in node.names)
    return frozenset(names)


def ours(file: Path) -> set[Path]:
    """Files of the project that a file imports."""
    found = set()
    for name in imports(file):
        base = ROOT / name.replace(".", "/")
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if path.is_file():
                found.add(path)
    return found


def closure(file: Path, stop: frozenset[str] = frozenset()) -> set[Path]:
    """The file and everything of the project that it needs, but for what only `stop` needs."""
    found, waiting = {file}, [file]
    while waiting:
        for path in ours(waiting.pop()) - found:
            if name(path) not in stop:
                found.add(path)
                waiting.append(path)
    return found


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_corruptions_import_only_what_they_may() -> None:
    for file in modules("corruptions"):
        top = {one.split(".")[0] for one in imports(file)} - set(sys.stdlib_module_names)
        allowed = LIBRARIES_OF_CORRUPTIONS | {"corruptions"}
        if file.name == "codec.py":
            allowed |= {"av"}  # encoders and decoders in memory
        if file.name == "dialect.py":
            allowed |= {"simplejpeg"}  # the original's hidden JPEG
        assert top <= allowed, f"{name(file)} imports {top - allowed}"


def test_a_corruption_imports_no_other() -> None:
    for corruption, family in families().items():
        folder = ROOT / "corruptions" / family
        for path in ours(folder / f"{corruption}.py"):
            private = path.stem.startswith("_")
            assert path.parent != folder or private, f"{corruption} imports {name(path)}"


def test_no_stage_imports_another() -> None:
    for stage in STAGES:
        others = {ROOT / "pipeline" / f"{other}.py" for other in STAGES if other != stage}
        assert not closure(ROOT / "pipeline" / f"{stage}.py") & others, stage


def test_no_stage_imports_a_tool() -> None:
    for stage in STAGES:
        used = {name(path) for path in closure(ROOT / "pipeline" / f"{stage}.py")}
        assert not [path for path in used if path.startswith(TOOLS)], stage


def test_export_imports_no_stage() -> None:
    stages = {ROOT / "pipeline" / f"{stage}.py" for stage in STAGES}
    for file in modules("pipeline/export"):
        assert not closure(file) & stages, f"{name(file)} imports {closure(file) & stages}"


def test_io_imports_only_values() -> None:
    allowed = {"pipeline/errors.py", "pipeline/params.py", "corruptions/types.py"}
    for file in modules("pipeline/io"):
        for path in ours(file):
            inside = path.parent == ROOT / "pipeline/io" or path.name == "__init__.py"
            codec = name(path) == "corruptions/codec.py" and file.name == "ffmpeg.py"
            assert inside or codec or name(path) in allowed, f"{name(file)} imports {name(path)}"


def test_metrics_and_models_import_nothing_of_ours_but_values() -> None:
    assert not ours(ROOT / "pipeline/metrics.py") - {ROOT / "pipeline/errors.py"}
    for file in modules("pipeline/models"):
        for path in ours(file):
            inside = path.is_relative_to(ROOT / "pipeline/models")
            assert inside or name(path) in ("pipeline/errors.py", "pipeline/__init__.py"), (
                f"{name(file)} imports {name(path)}"
            )


def test_processes_start_in_one_place() -> None:
    for file in modules("corruptions", "pipeline"):
        starts = {"subprocess", "os.system", "multiprocessing"} & imports(file)
        assert not starts or name(file) == "pipeline/io/ffmpeg.py", name(file)


def test_nothing_prints_or_is_called_utils() -> None:
    for file in modules("corruptions", "pipeline"):
        assert file.stem not in ("utils", "util", "helpers", "common", "misc"), name(file)


def test_files_stay_short() -> None:
    for file in modules("corruptions", "pipeline"):
        lines = len(file.read_text().splitlines())
        assert lines <= 400, f"{name(file)} has {lines} lines; split it"


@pytest.mark.parametrize("stage", STAGES)
def test_one_word_a_stage(stage: str) -> None:
    graph = yaml.safe_load((ROOT / "dvc.yaml").read_text())
    assert stage in graph["stages"]
    assert graph["stages"][stage]["desc"]
    assert (ROOT / "pipeline" / f"{stage}.py").is_file()
    assert (ROOT / "tests/pipeline" / f"test_{stage}.py").is_file()
    assert stage in Params.model_fields


@pytest.mark.parametrize("stage", STAGES)
def test_deps_of_dvc_yaml_are_the_real_imports(stage: str) -> None:
    entry = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"][stage]
    listed = [ROOT / dep for dep in entry["deps"] if dep.startswith(("pipeline", "corruptions"))]
    for path in listed:
        assert path.exists(), f"dvc.yaml: {stage}: no such dep {name(path)}"
    # What a corruption imports is in its recipe (manifests/recipes), which corrupt depends on.
    needed = {
        path
        for path in closure(ROOT / "pipeline" / f"{stage}.py", MOVES_NO_BYTE)
        if path.is_relative_to(ROOT / "pipeline")
    }
    for path in needed:
        assert any(path == dep or path.is_relative_to(dep) for dep in listed), (
            f"dvc.yaml: {stage} imports {name(path)} but does not list it in deps"
        )
    for dep in listed:
        assert any(path == dep or path.is_relative_to(dep) for path in needed), (
            f"dvc.yaml: {stage} lists {name(dep)} but does not import it"
        )


def test_every_set_names_corruptions_that_exist() -> None:
    for name_of_set, members in corruptions.SETS.items():
        assert set(members) <= set(corruptions.names()), name_of_set
