"""The generated reference: docstrings render as written, and every command and option is there."""

import html
import re
from importlib import import_module
from pathlib import Path

import pytest

from docs.site import api, project_pages
from docs.site.commands import commands
from docs.site.tables import attribute_docstrings


def shown(path: Path) -> str:
    """Return the text of a built page, without tags and with single spaces."""
    return plain(html.unescape(re.sub(r"<[^>]+>", "", path.read_text())))


def plain(text: str) -> str:
    return " ".join(text.replace("`", "").split())


@pytest.mark.parametrize("name", api.PAGES)
def test_docstrings_of_attributes_render_as_written(name: str, site: Path) -> None:
    text = shown(site / f"reference/{name}.html")
    for module in api.PAGES[name].modules:
        for (owner, attribute), words in attribute_docstrings(import_module(module)).items():
            if not owner.startswith("_") and not attribute.startswith("_"):
                assert plain(words) in text, f"{module}.{owner}.{attribute}: {words}"


def test_every_command_and_option_is_in_the_reference(site: Path) -> None:
    text = shown(site / "reference/commands.html")
    for name, command in commands().items():
        assert f"python -m pipeline {name}" in text
        for parameter in command.params:
            if parameter.name != "help":
                for option in parameter.opts if parameter.opts[0].startswith("-") else ():
                    assert option in text, (name, option)


def test_the_readme_and_the_guides_are_in_the_site(site: Path) -> None:
    for guide, page in project_pages.GUIDES.items():
        titles = re.findall(r"^#+ (.+)$", (project_pages.ROOT / guide).read_text(), re.MULTILINE)
        text = shown(site / "reference" / page.replace(".md", ".html"))
        for title in titles:
            assert plain(title) in text, (guide, title)
