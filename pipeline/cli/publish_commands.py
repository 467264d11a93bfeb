"""The commands `publish` and `rebuild`."""

from pathlib import Path
from typing import Annotated

import typer

from .app import DEFAULT, Dataset, ParamsFile, console, load, tool
from .findings import conclude


@tool
def publish(
    folder: Annotated[Path, typer.Argument(help="Folder to write: new, or written by publish.")],
    dataset: Dataset,
    params: ParamsFile = DEFAULT,
) -> None:
    """Write what others need to rebuild and prove a dataset, without its clips."""
    from ..tools.publish.publish import publish as work

    files = work(dataset, *load(params), folder)
    console.print(f"{folder}: {len(files)} files; REBUILD.md has the commands.", soft_wrap=True)


@tool
def rebuild(
    folder: Annotated[Path, typer.Argument(help="Folder that `publish` wrote.")],
    videos: Annotated[Path, typer.Option(help="Your copies of the videos, in any layout.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Project to write. Default: FOLDER/rebuilt."),
    ] = None,
) -> None:
    """Rebuild a published dataset from your videos and verify it against the published hashes."""
    from ..tools.publish.publication import REBUILT
    from ..tools.publish.rebuild import open_publication
    from ..tools.publish.rebuild import rebuild as work
    from ..tools.verify.verify import verify

    root = folder / REBUILT if output is None else output
    publication = open_publication(folder, videos, root)
    for words in publication.other_versions:
        console.print(f"Other version, bytes can differ: {words}.", style="yellow", soft_wrap=True)
    work(publication, videos)
    found = verify(publication.dataset, publication.params, root, against=[publication.description])
    conclude(found, f"rebuild {publication.dataset}")
