"""Tutorials as programs: their blocks are run in order, on small files in the real formats.

`sh`: commands of the project run in this process, `mkdir` and `ln` as programs; what installs or
downloads is passed over. `yaml`: is merged into params.yaml. `python`: is run. A block whose first
line is a comment with a file's name is written to that file.
"""

import glob
import re
import shlex
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml
from typer.testing import CliRunner

from pipeline.__main__ import app
from tests.support.project import REPOSITORY, merge

BLOCK = re.compile(r"^```(sh|yaml|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (\S+\.(?:py|yaml))\n")
SHELL = ("mkdir", "ln")
PASSED_OVER = ("git", "cd", "make", ".", "hf")
TUTORIALS = REPOSITORY / "docs/tutorials"


Program = Callable[[], None]


def run(
    name: str,
    folder: Path,
    places: Mapping[str, str],
    programs: Mapping[str, Program] | None = None,
) -> str:
    """Run a tutorial in `folder`, the current folder; return what its commands print.

    `places` has the paths of the tests instead of those of the text. `programs` stand for programs
    that are not installed here, by name: they write what those write.
    """
    text = (TUTORIALS / f"{name}.md").read_text()
    for place, here in places.items():
        assert place in text, f"{name}.md does not name {place}"
        text = text.replace(place, here)
    printed = []
    for language, code in BLOCK.findall(text):
        file = FILE.match(code)
        if file:
            path = folder / file[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(code)
        elif language == "yaml":
            values = yaml.safe_load((folder / "params.yaml").read_text())
            for section, value in yaml.safe_load(code).items():
                values[section] = merge_section(section, values[section], value)
            (folder / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
        elif language == "python":
            exec(compile(code, f"{name}.md", "exec"), {})  # noqa: S102 - of our own pages
        else:
            lines = code.replace("\\\n", " ").splitlines()
            printed += [_command(line, folder, programs or {}) for line in lines]
    return "\n".join(printed)


def merge_section(section: str, known: object, value: object) -> object:
    """Return a section after an edit; splits are replaced, since the text leaves some out."""
    if not isinstance(value, dict) or not isinstance(known, dict):
        return value
    merged = merge(known, value)
    if section == "filter":
        for dataset, source in value.get("sources", {}).items():
            merged["sources"][dataset]["splits"] = source["splits"]
    return merged


def expanded(word: str) -> list[str]:
    """Return the files that a pattern names, as a shell does."""
    return sorted(glob.glob(word)) or [word]  # noqa: PTH207 - relative, as the shell writes them


def _command(line: str, folder: Path, programs: Mapping[str, Program]) -> str:
    words = [path for word in shlex.split(line, comments=True) for path in expanded(word)]
    if words[:3] == ["python", "-m", "pipeline"]:
        done = CliRunner().invoke(app, words[3:], env={"COLUMNS": "200"})
        assert done.exit_code == 0, f"{line}\n{done.output}"
        return done.output
    if words[0] in programs:
        programs[words[0]]()
    elif words[0] in SHELL:
        subprocess.run(words, cwd=folder, check=True)
    else:
        assert words[0] in PASSED_OVER, f"{line}: what should the test do with it?"
    return ""
