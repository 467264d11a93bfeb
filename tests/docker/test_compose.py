"""Compose file: one service per stage, with the command of dvc.yaml."""

import re
from typing import Any

import pytest
import yaml

from tests.support.project import REPOSITORY

FILE = REPOSITORY / "docker/compose.yaml"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text())["services"]
STAGES = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())["stages"]


def command(service: dict[str, Any]) -> str:
    return " ".join([*service["entrypoint"], *service.get("command", [])])


@pytest.mark.parametrize("stage", STAGES)
def test_a_service_a_stage_with_its_command(stage: str) -> None:
    # DVC names dataset and corruption by its stage; without a name corrupt writes all corruptions.
    dataset = " --dataset ${DATASET:-demo}" if "dataset" in STAGES[stage].get("matrix", {}) else ""
    assert command(SERVICES[stage]) == STAGES[stage]["cmd"] + dataset


@pytest.mark.parametrize("name", SERVICES)
def test_data_are_mounted_and_belong_to_the_user(name: str) -> None:
    service = SERVICES[name]
    assert "..:/project" in service["volumes"]
    assert service["user"] == "${UID:-1000}:${GID:-1000}"
    assert service["network_mode"] == "none"
    target = service["build"]["target"]
    assert service["image"] == f"video-corruptions:{target}"
    assert (FILE.parent / service["build"]["context"]).resolve() == REPOSITORY


def test_gpus_are_reserved_where_models_run_and_nowhere_else() -> None:
    reserving = {name for name, service in SERVICES.items() if "deploy" in service}
    assert reserving == {"train", "evaluate"}
    for name in reserving:
        (device,) = SERVICES[name]["deploy"]["resources"]["reservations"]["devices"]
        assert device["capabilities"] == ["gpu"]
        assert SERVICES[name]["build"]["target"] == "gpu"
        assert command(SERVICES[f"{name}-cpu"]) == command(SERVICES[name])


def test_builds_get_the_arguments_of_the_dockerfile() -> None:
    """Rule: with their values, since compose 1.29 passes unset variables as empty ones."""
    text = (FILE.parent / "Dockerfile").read_text()
    for service in SERVICES.values():
        for name, value in service["build"].get("args", {}).items():
            default = re.fullmatch(rf"\$\{{{name}-(.+)\}}", value)
            assert default
            assert f"ARG {name}={default[1]}\n" in text


def test_old_compose_reads_it() -> None:
    """Rule: works with compose 1.29, which has no top-level `name`, no `!reset`, no `include`."""
    top = set(yaml.safe_load(FILE.read_text()))
    assert {name for name in top if not name.startswith("x-")} == {"services"}
    assert not re.search(r":\s*!", FILE.read_text())
