"""Command-line options shared by all benchmarks: `--help` and `--smallest`."""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any


def new_parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser that shows a module's docstring unchanged."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def parse(
    parser: argparse.ArgumentParser,
    smallest: Mapping[str, Any],
    arguments: Sequence[str] | None = None,
) -> argparse.Namespace:
    """Parse the command line; `--smallest` changes the defaults to those of `smallest`."""
    words = ", ".join(f"--{name.replace('_', '-')} {value}" for name, value in smallest.items())
    parser.add_argument(
        "--smallest",
        action="store_true",
        help="run the smallest setting, to see that the benchmark works; its numbers mean nothing"
        + (f" ({words})" if words else ""),
    )
    chosen = parser.parse_args(arguments)
    if chosen.smallest:
        parser.set_defaults(**smallest)
        chosen = parser.parse_args(arguments)
    return chosen


def print_measured(measured: Iterable[float], limits: Mapping[str, float]) -> bool:
    """Print measurements, in the order of their limits; return True if one is exceeded."""
    pairs = dict(zip(limits, measured, strict=True))
    for name, value in pairs.items():
        print(f"{name}: {value:.2f} (limit {limits[name]:g})")
    return any(value > limits[name] for name, value in pairs.items())


def without_missing(libraries: Mapping[str, Any], purpose: str) -> dict[str, Any]:
    """Return the entries whose key is an importable library; print which are left out."""
    found = {name: value for name, value in libraries.items() if find_spec(MODULES.get(name, name))}
    missing = [name for name in libraries if name not in found]
    if missing:
        print(f"Without {purpose} {', '.join(missing)}: not installed. {HOW_TO_INSTALL}")
    return found


def require(library: str, purpose: str) -> None:
    """Exit with a message if a library that only the tests require is not installed."""
    if find_spec(MODULES.get(library, library)) is None:
        raise SystemExit(f"{library} is not installed; needed for {purpose}. {HOW_TO_INSTALL}")


MODULES = {"scikit-image": "skimage", "PyAV": "av"}
"""Names of modules that differ from those of their libraries."""

HOW_TO_INSTALL = (
    "Install the libraries of the tests: .venv/bin/pip install -r tests/requirements.txt"
)
