"""The architecture: who may import whom, where things are, and a dvc.yaml that agrees with both."""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

from corruptions.registry import families
from pipeline import provenance
from pipeline.__main__ import app
from pipeline.params import Params
from pipeline.stages.recipes import STAGES

ROOT = Path(__file__).resolve().parent.parent
PIPELINE = ROOT / "pipeline"
LIBRARIES_OF_CORRUPTIONS = {"numpy", "cv2", "scipy", "wand"}
VALUES = {"class_names", "errors", "messages", "validation_messages", "__init__"}
"""Modules that every room of the pipeline may import."""

BELOW = {
    "corruptions": set(),
    "metrics": set(),
    "class_names": set(),
    "messages": set(),
    "validation_messages": set(),
    "errors": set(),
    "resources": set(),
    "io": set(),
    "setting_types": set(),
    "settings": {"setting_types", "corruptions"},
    "model_settings": {"setting_types"},
    "corrupt_checks": {"corruptions"},
    "media": {"corruptions", "resources"},
    "storage": {"settings", "resources", "io", "corruptions"},
    "models": {"settings", "io"},
    "provenance": {"media", "corruptions"},
    "params": {
        "settings", "model_settings", "setting_types", "corrupt_checks", "models", "corruptions",
        "io",
    },
    "execution": {"provenance", "resources", "settings", "io"},
    "metadata": {"storage", "params", "settings", "setting_types", "provenance", "io"},
    "datasets": {"storage", "media", "params", "settings", "io", "corruptions"},
    "stages": {
        "datasets", "storage", "media", "models", "metrics", "execution", "provenance", "params",
        "settings", "model_settings", "resources", "io", "corruptions",
    },
    "tools": {
        "stages", "datasets", "storage", "media", "models", "metrics", "metadata", "execution",
        "provenance", "params", "settings", "model_settings", "resources", "io", "corruptions",
    },
}  # fmt: skip
"""Room or module of the pipeline to the rooms that it may import besides itself and VALUES."""

BELOW["cli"] = {"tools", *BELOW["tools"]}
BELOW["__main__"] = {"cli"}


def modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@cache
def packages(file: Path) -> frozenset[str]:
    """Top-level names that a file imports absolutely, also inside functions."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
        elif isinstance(node, ast.Import):
            names.update(item.name.split(".")[0] for item in node.names)
    return frozenset(names)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def room(file: Path) -> str:
    """First folder below pipeline/, or the module beside the folders; or corruptions."""
    parts = file.relative_to(ROOT).parts
    return parts[0] if parts[0] == "corruptions" else parts[1].removesuffix(".py")


def place(file: Path) -> Path:
    """A stage or a tool: the module or folder directly below stages/ or tools/."""
    parts = file.relative_to(PIPELINE).parts
    return Path(*parts[:2]).with_suffix("")


def stage_test(stage: str) -> Path:
    folder = ROOT / "tests/pipeline/stages"
    file = folder / f"test_{stage}.py"
    return file if file.is_file() else folder / stage / f"test_{stage}.py"


@pytest.mark.parametrize("folder", sorted(BELOW))
def test_imports_go_down_only(folder: str) -> None:
    files = [file for file in modules("pipeline", "corruptions") if room(file) == folder]
    assert files, f"there is no {folder}: take it out of the table"
    for file in files:
        used = {room(path) for path in provenance.imported_files(file)}
        wrong = used - BELOW[folder] - {folder} - VALUES
        assert not wrong, f"{name(file)} imports {sorted(wrong)}"


def test_every_room_is_in_the_table() -> None:
    assert {room(file) for file in modules("pipeline")} - {"__init__"} <= set(BELOW)


@pytest.mark.parametrize("folder", ["stages", "tools"])
def test_no_stage_imports_a_stage_and_no_tool_a_tool(folder: str) -> None:
    for file in modules(f"pipeline/{folder}"):
        for path in provenance.imported_files(file):
            beside = room(path) == folder and path.name != "__init__.py"
            assert not beside or place(path) == place(file), f"{name(file)} imports {name(path)}"


def test_the_pipeline_imports_itself_relatively() -> None:
    for file in modules("pipeline"):
        assert "pipeline" not in packages(file), name(file)


def test_corruptions_import_only_what_they_may() -> None:
    for file in modules("corruptions"):
        allowed = LIBRARIES_OF_CORRUPTIONS | {"corruptions"}
        if file.parent.name == "codec":
            allowed |= {"av"}  # encoders and decoders in memory
        used = packages(file) - set(sys.stdlib_module_names)
        assert used <= allowed, f"{name(file)} imports {used - allowed}"


def test_a_corruption_imports_no_other() -> None:
    for corruption, family in families().items():
        folder = ROOT / "corruptions" / family
        for path in provenance.imported_files(folder / f"{corruption}.py"):
            private = path.stem.startswith("_")
            assert path.parent != folder or private, f"{corruption} imports {name(path)}"


def test_processes_start_in_one_place() -> None:
    for file in modules("corruptions", "pipeline"):
        starts = {"subprocess", "multiprocessing"} & packages(file)
        assert not starts or name(file) == "pipeline/media/ffmpeg.py", name(file)


def test_no_module_has_a_name_that_says_nothing() -> None:
    for file in modules("corruptions", "pipeline", "tests", "benchmarks"):
        assert file.stem not in ("utils", "util", "helpers", "common", "misc"), name(file)


def test_files_stay_short() -> None:
    for file in modules("corruptions", "pipeline"):
        lines = len(file.read_text().splitlines())
        assert lines <= 300, f"{name(file)} has {lines} lines; split it"


def test_packages_only_hand_names_on() -> None:
    for file in modules("corruptions", "pipeline"):
        if file.name != "__init__.py" or file.parent.parent == ROOT:
            continue
        for node in ast.parse(file.read_text()).body:
            kept = isinstance(node, ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign)
            text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            assert kept or text, f"{name(file)}, line {node.lineno}: move it to a module"


def test_stages_are_those_of_dvc_yaml() -> None:
    graph = yaml.safe_load((ROOT / "dvc.yaml").read_text())
    assert set(graph["stages"]) == {"recipes", "model_files", *STAGES}
    folders = {place(file).name for file in modules("pipeline/stages")} - {"__init__"}
    assert folders == {"recipes", "model_files", *STAGES}


@pytest.mark.parametrize("stage", STAGES)
def test_one_word_per_stage(stage: str) -> None:
    graph = yaml.safe_load((ROOT / "dvc.yaml").read_text())
    assert graph["stages"][stage]["desc"]
    assert provenance.stage_file(stage).is_file()
    assert stage_test(stage).is_file()
    assert stage in Params.model_fields
    assert stage in {command.name for command in app.registered_commands}


@pytest.mark.parametrize("stage", STAGES)
def test_dvc_tracks_the_code_of_every_stage(stage: str) -> None:
    entry = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"][stage]
    assert f"data/recipes/stages/{stage}.json" in entry["deps"]
    assert not [dep for dep in entry["deps"] if dep.startswith(("pipeline", "corruptions"))]
    # Models and corruptions are loaded by name, so that no import leads to them.
    closure = provenance.import_closure([provenance.stage_file(stage)])
    zoo = [path for path in closure if path.is_relative_to(PIPELINE / "models/zoo")]
    assert not zoo, f"{stage} imports {name(zoo[0])}: load it by name"
    if any(path.is_relative_to(PIPELINE / "models") for path in closure) and stage != "report":
        assert "data/recipes/models/${item.dataset}.json" in entry["deps"]
    if ROOT / "corruptions/registry.py" in closure and stage == "corrupt":
        assert "data/recipes/corruptions/${item.corruption}.json" in entry["deps"]


def test_dvc_tracks_all_code() -> None:
    """Folders and files, since the folder `corruptions` itself has the name of a parameter."""
    entry = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]["recipes"]
    assert all((ROOT / dep).exists() for dep in entry["deps"])
    assert "corruptions" not in entry["deps"]
    for file in [*modules("corruptions"), *modules("pipeline")]:
        assert any(file.is_relative_to(ROOT / dep) for dep in entry["deps"]), name(file)


def test_what_has_no_effect_exists() -> None:
    for entry in provenance.NO_EFFECT:
        assert (ROOT / entry).exists(), entry
