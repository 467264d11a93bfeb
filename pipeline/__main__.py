"""Entry point: `python -m pipeline COMMAND [options]`."""

import sys

from .cli import export_command, stage_commands, tool_commands  # noqa: F401 - register commands
from .cli.app import app

if __name__ == "__main__":
    sys.exit(app())
