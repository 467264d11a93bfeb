"""Rules of the image that its file must keep, checked without a container engine.

Each test names its rule; test_image.py checks the built image where an engine is available.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.project import REPOSITORY

DOCKER = REPOSITORY / "docker"
TEXT = (DOCKER / "Dockerfile").read_text()
TARGETS = ("cpu", "gpu")


def instructions() -> list[tuple[str, str]]:
    """Return keyword and arguments of each instruction."""
    lines = [line for line in TEXT.splitlines() if line.strip() and not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [(one[0], " ".join(one[1:])) for one in (line.split() for line in joined.splitlines())]


def stages() -> dict[str, list[tuple[str, str]]]:
    """Return the instructions of each build stage by its name, FROM first."""
    found: dict[str, list[tuple[str, str]]] = {}
    for keyword, arguments in instructions():
        if keyword == "FROM":
            found[arguments.split()[2]] = []
        if found:
            found[list(found)[-1]].append((keyword, arguments))
    return found


def test_only_what_every_engine_understands() -> None:
    """Rule: no frontend is downloaded to build, and buildah, podman and kaniko build it too."""
    assert not re.search(r"^#\s*syntax\s*=", TEXT, re.MULTILINE | re.IGNORECASE)
    assert "<<" not in TEXT
    assert "--link" not in TEXT
    known = {"ARG", "FROM", "RUN", "COPY", "ENV", "WORKDIR", "ENTRYPOINT", "CMD", "USER"}
    assert {keyword for keyword, _ in instructions()} <= known


def test_everything_comes_from_one_debian() -> None:
    """Rule: one base image, so that one build argument moves the build to a mirror."""
    assert ("ARG", "BASE=debian:bookworm-slim") in instructions()
    seen = {"${BASE}"}
    for name, (first, *_) in stages().items():
        assert first[1].split()[0] in seen, name
        seen.add(name)
    images = re.findall(r"--from=(\S+)|from=([a-z]+),", TEXT)
    assert {one or other for one, other in images} <= seen


def test_both_targets_differ_in_the_index_of_torch_alone() -> None:
    """Rule: the CPU and the GPU image make the same bytes: same libraries, same code."""
    assert list(stages())[-1] == "cpu"  # what a build without --target gives
    cpu, gpu = ([one for one in stages()[target] if one[0] != "FROM"] for target in TARGETS)
    assert [one for one in cpu if one not in gpu] == [
        ("ARG", "TORCH_INDEX=https://download.pytorch.org/whl/cpu")
    ]
    assert [one for one in gpu if one not in cpu] == [("ARG", "TORCH_INDEX=")]
    for target in TARGETS:
        assert stages()[target][0][1].startswith("libraries "), target


@pytest.mark.parametrize("target", TARGETS)
def test_it_is_not_root(target: str) -> None:
    """Rule: without --user nothing runs as root."""
    assert stages()[target][-1] == ("USER", "1000:1000")


def test_requirements_are_in_one_list() -> None:
    """Rule: versions of libraries stand in requirements.txt and nowhere else."""
    script = (DOCKER / "install").read_text()
    assert "/requirements.txt" in script
    assert "pip install" not in TEXT
    assert not re.search(r"==\d", TEXT + script)


def test_system_packages_leave_no_lists_and_no_compiler() -> None:
    """Rule: the image has what runs, and nothing to build or attack with."""
    for stage, lines in stages().items():
        for keyword, arguments in lines:
            if keyword == "RUN" and "apt-get install" in arguments:
                assert "--no-install-recommends" in arguments, stage
                assert "rm -rf /var/lib/apt/lists/*" in arguments, stage
                assert not re.search(r"gcc|build-essential|-dev\b", arguments), stage


def test_the_image_gets_what_the_graph_needs_and_no_more() -> None:
    """Rule: every stage runs in the image, and no data or history of a clone gets into it."""
    lines = (REPOSITORY / ".dockerignore").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")][0] == "*"
    allowed = [Path(line[1:]) for line in lines if line.startswith("!")]
    graph = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())
    deps = {dep for stage in graph["stages"].values() for dep in stage.get("deps", [])}
    # Whatever git tracks below them; what stages make is not in an image.
    inputs = [dep for dep in deps if dep.startswith(("pipeline", "corruptions", "manifests/class"))]
    assert {"pipeline", "corruptions"} <= {Path(dep).parts[0] for dep in inputs}
    for dep in (*inputs, "dvc.yaml", "examples", "params.yaml", "requirements.txt"):
        assert any(Path(dep).is_relative_to(one) for one in allowed), dep
    for folder in ("tests", "data", ".git", "report", ".venv", "docs", "benchmarks"):
        assert not any(one.is_relative_to(folder) for one in allowed), folder


@pytest.mark.parametrize("script", ["install", "entrypoint"])
def test_scripts_are_plain_shell(script: str) -> None:
    """Rule: the image has no shell but Debian's plain one."""
    subprocess.run(["sh", "-n", str(DOCKER / script)], check=True)


def entrypoint(*arguments: str) -> str:
    """Return what the image's entrypoint prints with this environment's programs."""
    done = subprocess.run(
        ["sh", str(DOCKER / "entrypoint"), *arguments],
        cwd=REPOSITORY,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_words_after_the_image_are_a_command_of_the_pipeline_or_a_program() -> None:
    assert "--corruption" in entrypoint("corrupt", "--help")
    assert "Usage" in entrypoint("--help")
    assert entrypoint("python", "-c", "print('it', 'runs')") == "it runs\n"


def test_dvc_works_in_a_folder_without_git(tmp_path: Path) -> None:
    (tmp_path / "system").mkdir()
    (tmp_path / "system/config").write_text((DOCKER / "dvc.config").read_text())
    folder = tmp_path / "project"
    (folder / ".dvc").mkdir(parents=True)
    (folder / ".dvc/config").touch()
    (folder / "dvc.yaml").write_text("stages: {make: {cmd: echo made > made, outs: [made]}}\n")
    subprocess.run(
        [sys.executable, "-m", "dvc", "repro", "--quiet"],
        cwd=folder,
        env=os.environ | {"DVC_SYSTEM_CONFIG_DIR": str(tmp_path / "system")},
        check=True,
    )
    assert (folder / "made").read_text() == "made\n"
