"""The command line: `python -m pipeline STAGE [options]`."""

import sys

from pipeline import stages, tools  # noqa: F401 - their commands join the application
from pipeline.command import app
from pipeline.export import command as export  # noqa: F401

if __name__ == "__main__":
    sys.exit(app())
