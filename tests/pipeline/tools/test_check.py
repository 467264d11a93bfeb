"""Check: a sound machine passes; what is missing or different is named and ends with code 1."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

import corruptions
from pipeline.__main__ import app
from pipeline.tools import check


def test_this_machine_is_sound() -> None:
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 0, result.output
    for name in (*corruptions.SETS["all14"], "torch", "dvc", "libx264", "libx265", "payload"):
        assert f"ok    {name} " in result.output


def test_other_bytes_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(check.EXPECTED, "fog", "0" * 12)
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 1
    assert "WRONG fog" in result.output
    assert "elsewhere 000000000000" in result.output
    assert "Failed: wrong here: fog." in result.output


def test_every_output_is_another_one() -> None:
    """Damage really happens to the clip: bit_error and packet_loss differ from sound streams."""
    assert len(set(check.EXPECTED.values())) == len(check.EXPECTED)


def test_libraries_that_are_missing_or_of_another_version(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("no-such-library==1.0\nnumpy==0.1\nrich==0.1\nPyYAML==6.0.3\n")
    missing, other, harmless, same = check.libraries(requirements)
    assert (missing.good, other.good, harmless.good, same.good) == (False, False, True, True)
    assert missing.detail == "not installed; requirements.txt names 1.0"
    assert other.detail.endswith("; requirements.txt names 0.1")
    assert same.detail == "6.0.3"


def test_nothing_is_computed_without_the_libraries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "requirements.txt").write_text("no-such-library==1.0\n")
    monkeypatch.setattr(check, "REQUIREMENTS", tmp_path / "requirements.txt")
    assert [finding.what for finding in check.check()] == ["no-such-library"]
