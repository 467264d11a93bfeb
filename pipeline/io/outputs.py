"""Checks before an output is written: inputs are never overwritten, existing files on request."""

from collections.abc import Iterable
from pathlib import Path

from ..errors import SettingsError


def check_output(output: Path, inputs: Iterable[Path], *, force: bool) -> None:
    """Raise SettingsError if `output` is one of the inputs, or exists and `force` is False.

    Links are followed, so that another name of an input is found too.
    """
    for source in inputs:
        if output.exists() and source.exists() and output.samefile(source):
            raise SettingsError(
                f"--output: same file as the input (got {str(output)!r}); choose another name."
            )
    _check_folder(output.parent)
    if output.is_dir():
        raise SettingsError(f"--output: is a folder (got {str(output)!r}); name a file.")
    if not force and (output.exists() or output.is_symlink()):
        raise SettingsError(
            f"--output: already exists (got {str(output)!r}); choose another name, or overwrite it "
            "with --force."
        )


def check_separate(output: Path, inputs: Iterable[Path]) -> None:
    """Raise SettingsError if a folder of outputs is, contains or is inside an input folder."""
    _check_folder(output)
    folder = output.resolve()
    for source in inputs:
        other = source.resolve()
        if folder.is_relative_to(other) or other.is_relative_to(folder):
            raise SettingsError(
                f"--output: overlaps the inputs in {str(source)!r} (got {str(output)!r}); choose "
                "another folder."
            )


def _check_folder(folder: Path) -> None:
    """Raise SettingsError if the folder, or one above it, is a file."""
    first = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not first.is_dir():
        raise SettingsError(f"--output: is a file (got {str(first)!r}); name a folder.")
