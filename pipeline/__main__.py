"""Entry point: `python -m pipeline COMMAND`, or `video-corruptions COMMAND` once installed."""

import sys
from traceback import walk_tb

from . import __title__

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line, shown under the name by which it was called."""
    try:
        app()
    except ModuleNotFoundError as error:
        sys.exit(_hint(error))


def _hint(error: ModuleNotFoundError) -> str:
    """Return a message for a missing library of the pipeline.

    A module that is missing elsewhere, such as in the code of a user's model, is not part of the
    extra: then `error` is raised again.
    """
    *_, (frame, _) = walk_tb(error.__traceback__)
    if not f"{frame.f_globals.get('__package__')}.".startswith(f"{__package__}."):
        raise error
    return (
        f"Failed: {error.name}: not installed; install the extra `pipeline` of {__title__}, or in "
        "a clone the libraries of requirements.txt."
    )


try:
    from .cli import (  # noqa: F401 - register commands
        adapt_command,
        export_command,
        list_commands,
        mirror_command,
        predictions_command,
        publish_commands,
        score_command,
        stage_commands,
        tool_commands,
        video_commands,
    )
    from .cli.app import app
except ModuleNotFoundError as error:
    sys.exit(_hint(error))

if __name__ == "__main__":
    main()
