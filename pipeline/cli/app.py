"""Application shared by all commands: options, logging, and errors printed as one message.

Exit codes: 0 when the work is done, 1 when it failed, 2 for wrong settings, 130 after Ctrl-C and
143 after SIGTERM.
"""

import inspect
import logging
import os
import signal
import sys
import warnings
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.logging import RichHandler

from ..errors import ClipError, SettingsError, StageError
from ..execution.watchdog import end_with_parent
from ..messages import RESUME_HINT
from ..resources import memory_is_short, out_of_memory
from .terminal import open_console

if TYPE_CHECKING:  # params.py imports NumPy and pydantic, and `--help` must be quick
    from ..params import Params

log = logging.getLogger(__name__)

app = typer.Typer(
    name="pipeline",
    help="Measure how robust video models are to corrupted video.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = open_console()

Dataset = Annotated[str, typer.Option("--dataset", "-d", help="Dataset name in params.yaml.")]
ParamsFile = Annotated[Path, typer.Option("--params", help="Path to params.yaml.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite existing files.")]
DEFAULT = Path("params.yaml")

TORCH_OUT_OF_MEMORY = "can't allocate memory"
"""Message by which torch reports host out-of-memory, which it does not raise as MemoryError."""


def _commands(panel: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that registers a command in one panel of `--help`."""

    def command(function: Callable[..., None]) -> Callable[..., None]:
        @wraps(function)
        def run(*args: Any, **options: Any) -> None:
            _handle_termination()
            try:
                function(*args, **options)
            except SettingsError as error:
                _say(f"Settings: {error}")
                raise typer.Exit(2) from None
            except (StageError, ClipError) as error:
                _say(f"Failed: {error}")
                raise typer.Exit(1) from None
            except OSError as error:  # disk full, permission denied, device missing
                log.info("where it failed:", exc_info=True)
                _say(f"Failed: {error}. {RESUME_HINT}")
                raise typer.Exit(1) from None
            except Exception as error:  # without memory a half-loaded library can fail in any way
                if not isinstance(error, MemoryError) and not _lacks_memory(error):
                    raise
                log.info("where it failed:", exc_info=True)
                _say(f"Failed: {out_of_memory()}")
                raise typer.Exit(1) from None
            except KeyboardInterrupt as error:
                number = signal.SIGTERM if isinstance(error, _Terminated) else signal.SIGINT
                _say(f"Stopped by {number.name}. {RESUME_HINT}")
                raise typer.Exit(128 + number) from None
            finally:
                _end_workers()

        name = function.__name__.rstrip("_").replace("_", "-")
        return app.command(name=name, help=_help(function), rich_help_panel=panel)(run)

    return command


def _help(function: Callable[..., None]) -> str:
    """Return the help of a command, with the pipeline's module name in a clone or as installed."""
    text = inspect.getdoc(function) or ""
    return text.replace("-m pipeline ", f"-m {__package__.removesuffix('.cli')} ")


def _lacks_memory(error: Exception) -> bool:
    """Return True if the cause is missing memory, which torch and threads report in words only."""
    return TORCH_OUT_OF_MEMORY in str(error) or memory_is_short()


def _end_workers() -> None:
    """Shut down idle workers.

    joblib would tell them to exit one after the other through a queue. A worker that is killed
    from outside at that moment can keep the queue's lock, and the others would wait indefinitely.
    """
    reusable = sys.modules.get("joblib.externals.loky.reusable_executor")
    executor = getattr(reusable, "_executor", None)
    if executor is not None:
        executor.shutdown(wait=True, kill_workers=True)


class _Terminated(KeyboardInterrupt):
    """SIGTERM, handled like Ctrl-C: workers and programs are stopped, temporary files removed."""


def _terminate(number: int, frame: FrameType | None) -> None:
    raise _Terminated


def _handle_termination() -> None:
    signal.signal(signal.SIGTERM, _terminate)
    if "DVC_STAGE" in os.environ:  # DVC leaves its stage running when it is terminated or killed
        end_with_parent(os.getppid(), signal.SIGTERM)


stage = _commands("Stages, in the order of the data flow")
tool = _commands("Tools")


def _say(text: str) -> None:
    open_console(stderr=True, soft_wrap=True).print(text, style="red", highlight=False)


def load(params: Path) -> "tuple[Params, Path]":
    """Return the parameters and the project folder, which is the folder of params.yaml."""
    from ..params import load as read

    return read(params), params.resolve().parent


def _print_version(wanted: bool) -> None:
    if wanted:
        from .. import __version__

        console.print(f"video-corruptions {__version__}", highlight=False)
        raise typer.Exit


@app.callback()
def main(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Verbose logging.")] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Measure how robust video models are to corrupted video."""
    # joblib's words when it is loaded without semaphores; ours name the cause and the way out.
    warnings.filterwarnings("ignore", "(?s).*joblib (will operate in serial|backend 'loky' is not)")
    logging.basicConfig(  # every command writes its log to stderr
        level=logging.INFO if verbose else logging.WARNING,
        format="%(message)s",
        handlers=[RichHandler(console=open_console(stderr=True), show_path=False)],
    )
