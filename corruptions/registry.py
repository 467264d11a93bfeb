"""Registry of corruptions, read from the folders spatial/, temporal/ and compression/.

A corruption is one file. Its module holds

- `SOURCE`: source of the definition (paper, section);
- `LEVELS`: the parameters of severities 1..5, or a dict of such tuples by severity table
  ("mini_kinetics", "mini_ssv2") where the tables differ;
- a function of the module's name (dialect `ours`), and one named `<name>_original` where the
  benchmark's own code differs;
- for pixel corruptions whose output has another length or frame rate than the input, the rules
  `output_frames(num_frames, level, fps)` (and `output_frames_original`) and
  `output_fps(level, fps)`, and `output_frames_at(times, level)` for variable frame rates.
"""

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fractions import Fraction
from functools import cache
from numbers import Integral
from pathlib import Path
from types import ModuleType

from corruptions.original import frames_loaded
from corruptions.sets import SETS
from corruptions.types import Dialect, Family, Level

FAMILIES: tuple[Family, ...] = ("spatial", "temporal", "compression")
TABLES = ("mini_kinetics", "mini_ssv2")
SEVERITIES = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Corruption:
    """One corruption in one dialect, as described by its module."""

    name: str
    family: Family
    dialect: Dialect
    source: str
    levels: dict[str, tuple[Level, ...]]
    """Severity table by dataset: five levels, weakest first."""
    function: Callable[..., object]
    """PixelFunction, EncodingFunction or DamageFunction of `corruptions.types`."""
    module: ModuleType

    @property
    def acts_on(self) -> str:
        """Kind of change: "pixels", "encoder" (re-encodes the source) or "stream" (damages it)."""
        if self.family != "compression":
            return "pixels"
        return str(self.module.ACTS_ON)

    @property
    def file(self) -> Path:
        """Path of the module file."""
        return Path(inspect.getfile(self.module))

    def level(self, severity: int, table: str) -> Level:
        """Return the parameter of `severity` (1..5) in the severity table of a dataset."""
        whole = isinstance(severity, Integral) and not isinstance(severity, bool)
        if not whole or severity not in SEVERITIES:
            raise ValueError(f"{severity = } must be a whole number in 1..5 for {self.name!r}.")
        if table not in TABLES:
            raise ValueError(f"{table = } must be one of {', '.join(TABLES)} for {self.name!r}.")
        return self.levels[table][severity - 1]

    def output_frames(
        self,
        num_frames: int,
        level: Level,
        fps: Fraction,
        times: tuple[Fraction, ...] | None = None,
    ) -> int:
        """Return the number of output frames for `num_frames` input frames at `fps`."""
        if times is not None and hasattr(self.module, "output_frames_at"):
            return int(self.module.output_frames_at(times, level))
        rule = getattr(self.module, "output_frames", None)
        if self.dialect == "original":
            num_frames = frames_loaded(self.name, num_frames)
            rule = getattr(self.module, "output_frames_original", rule)
        return num_frames if rule is None else int(rule(num_frames, level, fps))

    @property
    def keeps_times(self) -> bool:
        """True if output frame k is shown when input frame k is, if there are equally many."""
        return not hasattr(self.module, "output_fps")

    def output_fps(self, level: Level, fps: Fraction) -> Fraction:
        """Return the output frame rate for an input at `fps` frames per second."""
        rule = getattr(self.module, "output_fps", None)
        return fps if rule is None else Fraction(rule(level, fps))


@cache
def families() -> dict[str, Family]:
    """Return the family of every corruption by name, read from the folders."""
    here = Path(__file__).parent
    return {
        file.stem: family
        for family in FAMILIES
        for file in sorted((here / family).glob("*.py"))
        if not file.stem.startswith("_")
    }


def names(set: str | None = None) -> tuple[str, ...]:  # noqa: A002 - the word users know
    """Return the names of all corruptions, or of those in a named set such as "paper12".

    Parameters
    ----------
    set
        A key of `SETS`; None means all corruptions.

    Returns
    -------
    tuple of str
        Names, in alphabetical order or in that of the set.

    Raises
    ------
    ValueError
        There is no set of this name.

    """
    if set is None:
        return tuple(sorted(families()))
    if set not in SETS:
        raise ValueError(f"{set = } is not a set of corruptions; choose from {', '.join(SETS)}.")
    return SETS[set]


@cache
def load(name: str, dialect: Dialect = "ours") -> Corruption:
    """Import one corruption by name.

    Parameters
    ----------
    name
        One of `names()`.
    dialect
        "ours", or "original" for the definition in the benchmark's own code.

    Returns
    -------
    Corruption
        Function, levels, family and source.

    Raises
    ------
    ValueError
        There is no corruption or dialect of this name.

    """
    if name not in families():
        similar = get_close_matches(name, names(), 1)
        hint = f" (did you mean {similar[0]!r}?)" if similar else ""
        raise ValueError(f"unknown corruption {name!r}{hint}; there are: {', '.join(names())}.")
    if dialect not in ("ours", "original"):
        raise ValueError(f"{dialect = } must be 'ours' or 'original'.")
    family = families()[name]
    module = importlib.import_module(f"corruptions.{family}.{name}")
    levels = module.LEVELS
    function = getattr(module, name)
    if dialect == "original":
        function = getattr(module, f"{name}_original", function)
    return Corruption(
        name=name,
        family=family,
        dialect=dialect,
        source=module.SOURCE,
        levels=levels if isinstance(levels, dict) else dict.fromkeys(TABLES, levels),
        function=function,
        module=module,
    )


def with_levels(corruption: Corruption, levels: tuple[Level, ...] | None) -> Corruption:
    """Return the corruption with other levels of its severities 1 to 5; None keeps its own."""
    return (
        corruption if levels is None else replace(corruption, levels=dict.fromkeys(TABLES, levels))
    )
