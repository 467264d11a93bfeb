"""Licence, notice, citation, changelog, guides: consistent with code and pinned packages."""

import ctypes
import re
import subprocess
from importlib import metadata
from pathlib import Path

import imageio_ffmpeg
import pytest
import yaml

from pipeline import __version__
from tests.support.project import REPOSITORY

GUIDES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "NOTICE", "CITATION.cff")
NOTICE = (REPOSITORY / "NOTICE").read_text()
TERMS = ("clip", "key", "cell", "set", "payload", "shard", "part", "manifest", "recipe", "dialect")


def words_of(text: str) -> str:
    return " ".join(text.split())


def library(package: str, name: str) -> ctypes.CDLL:
    """Load a shared library that the wheel of `package` contains."""
    files = metadata.files(package) or []
    (path,) = [file for file in files if re.match(rf"{name}-\w+\.so", file.name)]
    return ctypes.CDLL(str(path.locate()))


def said(package: str, function: str) -> str:
    call = getattr(library(package, "libavcodec"), function)
    call.restype = ctypes.c_char_p
    return str(call().decode())


def test_the_notice_names_the_versions_that_are_pinned() -> None:
    pinned = dict(re.findall(r"^([\w-]+)==(\S+)$", _read("requirements.txt"), re.MULTILINE))
    for package in ("imageio-ffmpeg", "av", "opencv-python-headless"):
        assert f"\n{package} {pinned[package]}" in NOTICE, package


def test_the_notice_says_what_the_ffmpeg_program_says() -> None:
    program = imageio_ffmpeg.get_ffmpeg_exe()
    version = subprocess.run([program, "-version"], capture_output=True, text=True, check=True)
    licence = subprocess.run([program, "-L"], capture_output=True, text=True, check=True)
    assert f"ffmpeg {version.stdout.split()[2]}," in NOTICE
    assert (
        "General Public License as published by the Free Software Foundation; either version 3 "
        "of the License, or (at your option) any later version" in words_of(licence.stdout)
    )
    for option in ("--enable-gpl", "--enable-version3", "--enable-libx264", "--enable-libx265"):
        assert option in version.stdout
        assert option in NOTICE


def test_the_notice_says_what_the_libraries_of_pyav_say() -> None:
    import av  # noqa: F401 - loads the libraries that libavcodec needs

    assert said("av", "avcodec_license") == "LGPL version 3 or later"
    options = said("av", "avcodec_configuration").split()
    assert {"--enable-version3", "--enable-libx264", "--enable-libx265"} <= set(options)
    assert "--enable-gpl" not in options
    names = [file.name for file in metadata.files("av") or []]
    for codec in ("x264", "x265"):
        (build,) = {name.split(".so.")[1] for name in names if name.startswith(f"lib{codec}-")}
        assert f"lib{codec} (build {build})" in words_of(NOTICE)


def test_the_notice_says_what_the_libraries_of_opencv_say() -> None:
    import cv2  # noqa: F401 - loads the libraries that libavcodec needs

    licence = said("opencv-python-headless", "avcodec_license")
    assert f'"{licence}"' in words_of(NOTICE)
    assert "x26" not in said("opencv-python-headless", "avcodec_configuration")


def test_the_image_contains_licence_and_notice() -> None:
    allowed = _read(".dockerignore").splitlines()
    assert {"!LICENSE", "!NOTICE"} <= set(allowed)


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load(_read("CITATION.cff"))
    assert citation["version"] == __version__
    assert citation["title"] == "video-corruptions"
    assert citation["license"] == "Apache-2.0"
    assert f"## [{__version__}]" in _read("CHANGELOG.md")


@pytest.mark.parametrize("page", GUIDES[:4])
def test_links_of_the_guides_lead_to_files_and_headings(page: str) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", _read(page)):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        assert (REPOSITORY / path).is_file(), target
        if anchor:
            assert anchor in _anchors(REPOSITORY / path), target


def test_the_glossary_defines_the_terms_of_the_project() -> None:
    titles = re.findall(r"^## (.+)$", _read("docs/glossary.md"), re.MULTILINE)
    assert {*(term.capitalize() for term in TERMS), "Strict and common"} <= set(titles)


def test_hooks_and_workflow_run_the_same_checks_as_make() -> None:
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", _read("Makefile"), re.MULTILINE)
    assert recipe
    made = {" ".join(line.split()[:2]) for line in recipe[1].splitlines()}
    (local,) = yaml.safe_load(_read(".pre-commit-config.yaml"))["repos"]
    assert {" ".join(hook["entry"].split()[:2]) for hook in local["hooks"]} == made
    workflow = yaml.safe_load(_read(".github/workflows/ci.yml"))
    assert workflow["jobs"]["make"]["strategy"]["matrix"] == {"command": ["demo", "test"]}
    commands = [step.get("run") for step in workflow["jobs"]["make"]["steps"]]
    assert "make ${{ matrix.command }}" in commands


def _read(name: str) -> str:
    return (REPOSITORY / name).read_text()


def _anchors(page: Path) -> set[str]:
    """Return the anchors of the headings, as GitHub derives them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
