"""Check passes on a working installation; a missing or different part is named and exits with 1."""

import re
import sys
from hashlib import sha256
from importlib import metadata
from pathlib import Path

import pytest
from typer.testing import CliRunner

import corruptions
from pipeline.__main__ import app
from pipeline.errors import StageError
from pipeline.tools.check import check
from pipeline.tools.check.dataset import later_problems
from tests.support.project import REPOSITORY, make_project, write_params


def test_a_working_installation_passes() -> None:
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 0, result.output
    for name in (*corruptions.SETS["all14"], "torch", "dvc", "libx264", "libx265", "payload"):
        assert f"ok     {name} " in result.output


def test_other_bytes_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(check.EXPECTED, "fog", "0" * 12)
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 1
    assert "FAILED fog" in result.output
    assert "expected 000000000000" in result.output
    assert "Failed: checks failed: fog." in result.output


def test_the_reference_clip_is_really_damaged() -> None:
    """Outputs differ from each other and from the clip: no corruption leaves it as it was."""
    made = {name: make() for name, make in check._makers().items()}
    made["clean"] = check._clip().tobytes()
    assert len({sha256(data).hexdigest() for data in made.values()}) == len(check.EXPECTED) + 1


def test_libraries_that_are_missing_or_of_another_version() -> None:
    pins = {"no-such-library": "1.0", "numpy": "0.1", "rich": "0.1", "PyYAML": "6.0.3"}
    missing, other, harmless, same = check.libraries(pins)
    results = (missing.passed, other.passed, harmless.passed, same.passed)
    assert results == (False, False, True, True)
    assert missing.detail == "not installed; required: 1.0"
    assert other.detail.endswith("; required: 0.1")
    assert same.detail == "6.0.3"


def test_a_checkout_and_its_wheel_require_the_same_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Laid out as pip installs it: loose requirements of the library, and the pins as an extra."""
    checkout = check.requirements()
    assert checkout["numpy"] == metadata.version("numpy")
    installed = tmp_path / "video_corruptions-1.0.0.dist-info"
    installed.mkdir()
    lines = ["Metadata-Version: 2.4", "Name: video-corruptions", "Version: 1.0.0"]
    lines += ["Requires-Dist: numpy>=2", "Requires-Dist: wand", "Provides-Extra: pipeline"]
    lines += [
        f'Requires-Dist: {name}=={version}; extra == "pipeline"'
        for name, version in checkout.items()
    ]
    (installed / "METADATA").write_text("\n".join(lines) + "\n")
    monkeypatch.setattr(check, "REQUIREMENTS", tmp_path / "requirements.txt")
    monkeypatch.syspath_prepend(tmp_path)
    assert check.requirements() == checkout


def test_without_a_list_of_versions_the_error_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "REQUIREMENTS", tmp_path / "requirements.txt")
    monkeypatch.setattr(check, "PROJECT", "no-such-project")
    with pytest.raises(StageError, match="run from a checkout or install 'no-such-project'"):
        check.requirements()


def test_imagemagick_is_optional_and_who_asks_for_it_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its library is missing: Python refuses these two modules as wand does then."""
    for module in ("wand.image", "wand.version"):
        monkeypatch.setitem(sys.modules, module, None)
    results = {one.name: one for one in (*check.programs(), *check.same_bytes())}
    assert [name for name, one in results.items() if not one.passed] == []
    assert "only motion_blur_magick needs it" in results["ImageMagick library"].detail
    assert "apt-get install libmagickwand" in results["motion_blur_magick"].detail
    make_project(tmp_path)
    default, asked = (
        write_params(tmp_path, corruptions=[name]) for name in ("fog", "motion_blur_magick")
    )
    assert later_problems("demo", default, tmp_path) == ""
    assert "apt-get install libmagickwand" in later_problems("demo", asked, tmp_path)


def test_the_demo_needs_no_system_package_but_venv() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    (system,) = re.findall(r"^system:\n((?:\t.*\n)+)", makefile, flags=re.MULTILINE)
    assert re.findall(r"PACKAGES=(\S+)", system) == ["python3-venv"]


def test_nothing_is_computed_without_the_libraries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "requirements.txt").write_text("no-such-library==1.0\n")
    monkeypatch.setattr(check, "REQUIREMENTS", tmp_path / "requirements.txt")
    assert [result.name for result in check.check()] == ["no-such-library"]
