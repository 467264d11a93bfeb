"""docs/docker.md: the command line, compose and the entrypoint know every command."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from pipeline.__main__ import app
from tests.support.project import REPOSITORY

CLI: Any = typer.main.get_command(app)
PROGRAMS = ("dvc", "python", "torchrun", "sh", "cp")


def commands() -> list[str]:
    """Return the lines of the page's shell blocks."""
    blocks = re.findall(r"```sh\n(.*?)```", (REPOSITORY / "docs/docker.md").read_text(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def parse(words: list[str]) -> None:
    """Refuse what `python -m pipeline WORDS` would refuse before it does anything."""
    if words == ["--help"]:
        return
    name, *rest = words
    CLI.commands[name].make_context(name, rest)


def test_the_page_has_commands() -> None:
    lines = commands()
    assert sum(line.startswith("docker build") for line in lines) >= 2
    assert sum(line.startswith("docker run") for line in lines) >= 8
    assert sum("docker compose" in line for line in lines) >= 6


def test_buildkit_is_switched_on_before_a_build_that_needs_it() -> None:
    """Docker 20.10, which Debian 12 has, refuses --mount and --chmod without it."""
    text = (REPOSITORY / "docker/Dockerfile").read_text()
    needs = "RUN --mount" in text or "COPY --chmod" in text
    lines = [line for line in commands() if line.startswith(("export", "docker build"))]
    assert (lines[0] == "export DOCKER_BUILDKIT=1") == needs


@pytest.mark.parametrize("line", [line for line in commands() if line.startswith("docker run")])
def test_docker_run(line: str) -> None:
    words = shlex.split(line)
    (place,) = [index for index, word in enumerate(words) if word.startswith("video-corruptions:")]
    options, words = words[:place], words[place + 1 :]
    assert "--rm" in options
    assert options[options.index("--network") + 1] == "none"
    if "-v" in options:
        assert options[options.index("--user") + 1] == "$(id -u):$(id -g)"
    if words[0] not in PROGRAMS:
        parse(words)
    elif "pipeline" in words:
        parse(words[words.index("pipeline") + 1 :])


def test_programs_are_those_of_the_entrypoint() -> None:
    text = (REPOSITORY / "docker/entrypoint").read_text()
    assert f"{' | '.join(PROGRAMS)})" in text


@pytest.mark.parametrize(
    "line", [line for line in commands() if "docker compose" in line and " run " in line]
)
def test_docker_compose_run(line: str) -> None:
    assert "-f docker/compose.yaml" in line
    service, *arguments = shlex.split(line.partition(" run --rm ")[2])
    known = yaml.safe_load((REPOSITORY / "docker/compose.yaml").read_text())["services"][service]
    if known["entrypoint"][0] == "python":
        parse([*known["entrypoint"][3:], *(arguments or known.get("command", []))])


@pytest.mark.parametrize("line", [line for line in commands() if line.startswith("docker build")])
def test_docker_build(line: str) -> None:
    words = shlex.split(line)
    text = Path(REPOSITORY / words[words.index("-f") + 1]).read_text()
    target = words[words.index("--target") + 1]
    assert f"AS {target}\n" in text
    assert words[words.index("-t") + 1] == f"video-corruptions:{target}"
    if "--build-arg" in words:
        argument = words[words.index("--build-arg") + 1].split("=")[0]
        assert f"ARG {argument}=" in text
