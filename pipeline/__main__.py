"""Entry point: `python -m pipeline COMMAND [options]`."""

import sys

from .cli import (  # noqa: F401 - register commands
    export_command,
    list_commands,
    stage_commands,
    tool_commands,
    video_commands,
)
from .cli.app import app

if __name__ == "__main__":
    sys.exit(app())
