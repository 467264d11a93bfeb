"""Pages of the corruptions, one each and an overview, from their modules and pictures."""

import inspect
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from types import ModuleType

from corruptions import SETS, load, names, original
from corruptions.original import THROUGH_LOADER
from corruptions.registry import FAMILIES, SEVERITIES, TABLES, Corruption
from corruptions.types import Level
from docs.site import strips
from docs.site.docstring import Description, Parameter, describe, markdown
from docs.site.tables import table

BENCHMARK = SETS["all14"]
DATASETS = {"mini_kinetics": "Mini Kinetics-C", "mini_ssv2": "Mini SSV2-C"}

ACTS_ON = {
    "pixels": "the decoded frames, after resize and crop",
    "encoder": "the source video, which is encoded again at its native size and then cropped",
    "stream": "the coded stream of the source, which is damaged, decoded and then cropped",
}

THROUGH_LOADER_WORDS = (
    "With `dialect: original` the first and the last frame of the clip are omitted, and every "
    "frame is encoded and decoded as JPEG of quality 80, 4:2:0, as by the original's loader and "
    "writer."
)
NOT_OF_THE_BENCHMARK = (
    "Only `ours` exists: this corruption is not part of the original benchmark, and "
    "`dialect: original` raises an error."
)
DIALECTS = (
    "`dialect` in `params.yaml` selects one of two definitions; the severity tables are identical. "
    "`ours`, the default, corrects the errors of the benchmark's original code. `original` "
    "reproduces that code, in order to audit published numbers; the page of each corruption lists "
    "the differences."
)
TILE = 224


def corruption_page(name: str, pictures: Path, side: int) -> str:
    """Return the page of one corruption."""
    corruption = load(name)
    words = describe(corruption)
    strip = strips.make(corruption, pictures, side)
    parts = [
        f"# {name}",
        words.lead,
        _pictures(corruption, words, strip),
        f"*{strip.shows}* {_made_by(corruption)}",
        "## Definition",
        *words.body,
        *_notation(words),
        *_touched(corruption),
        "## Severities",
        *_severities(corruption, words.parameters),
        "## Dialects",
        *_dialects(name, words),
        "## Source",
        f"{markdown(corruption.source)}.",
        *(
            ["Part of the benchmark: [how to cite](../results.md#how-to-cite)."]
            * (name in BENCHMARK)
        ),
        "## Use",
        _use(corruption),
    ]
    return "\n\n".join(parts) + "\n"


def overview() -> str:
    """Return the page of all corruptions, by family."""
    parts = [
        "# Corruptions",
        f"{len(names())} corruptions, each at five severities, here at severity 3. The first "
        "fourteen are those of the benchmark; the others are from later studies. A set is the list "
        "of corruptions over which an mPC is averaged.",
        _filters(),
        _cards(sorted(names(), key=lambda name: (name not in BENCHMARK, name))),
    ]
    for family in FAMILIES:
        members = [name for name in names() if load(name).family == family]
        members.sort(key=lambda name: (name not in BENCHMARK, name))
        listed = ", ".join(f"[{name}]({name}.md)" for name in members)
        parts += [f"## {family.capitalize()}", listed, _contents(members)]
    parts += ["## Sets"]
    rows = [
        (f"`{title}`", str(len(members)), ", ".join(f"[{one}]({one}.md)" for one in members))
        for title, members in SETS.items()
    ]
    parts += ["\n".join(table(("set", "size", "corruptions"), rows))]
    parts += ["## Dialects", DIALECTS, *_paragraphs(original)[1:]]
    return "\n\n".join(parts) + "\n"


def _paragraphs(module: ModuleType) -> list[str]:
    return [markdown(part) for part in (inspect.getdoc(module) or "").split("\n\n")]


def _contents(members: Sequence[str]) -> str:
    return "\n".join(["```{toctree}", ":hidden:", "", *members, "```"])


def _filters() -> str:
    """Return the form that selects cards by family and set; `gallery.js` makes it work."""
    fields = []
    for name, choices in (("family", FAMILIES), ("set", tuple(SETS))):
        options = "".join(f'<option value="{one}">{one}</option>' for one in choices)
        fields.append(
            f'<label>{name} <select name="{name}"><option value="">all</option>{options}</select>'
            "</label>"
        )
    return f'<form class="filters" hidden>{"".join(fields)}<output></output></form>'


def _cards(members: Sequence[str]) -> str:
    """Return links to pages, with a moving picture each, a still one where motion is unwanted."""
    cards = []
    for name in members:
        sets = " ".join(title for title, inside in SETS.items() if name in inside)
        cards.append(
            f'<a class="card" href="{name}.html" data-family="{load(name).family}" '
            f'data-sets="{sets}"><picture>'
            f'<source srcset="../pictures/{name}-card.webp" '
            'media="(prefers-reduced-motion: reduce)">'
            f'<img src="../pictures/{name}-moving.webp" width="{TILE // 2}" height="{TILE // 2}" '
            f'loading="lazy" alt=""></picture><span>{name.replace("_", "_<wbr>")}</span></a>'
        )
    return '<div class="cards">\n' + "\n".join(cards) + "\n</div>"


def _pictures(corruption: Corruption, words: Description, strip: strips.Strip) -> str:
    """Return the strip of pictures, clean and five severities, as a grid or as rows."""
    name, levels = corruption.name, corruption.levels["mini_kinetics"]
    temporal = corruption.family == "temporal"
    size = (strips.IN_A_ROW * TILE // 2, TILE // 2) if temporal else (TILE, TILE)
    figures = []
    for number, file in enumerate(strip.files):
        title = "clean"
        if number:
            title = f"severity {number}: {named_level(words.parameters, levels[number - 1])}"
        figures.append(
            f'<figure><img src="../pictures/{file.name}" width="{size[0]}" height="{size[1]}" '
            f'loading="lazy" alt="{name}, {escape(title)}">'
            f"<figcaption>{escape(title)}</figcaption></figure>"
        )
    kind = "rows" if temporal else "grid"
    return f'<div class="strip {kind}">\n' + "\n".join(figures) + "\n</div>"


def _made_by(corruption: Corruption) -> str:
    made = "From a rendered clip of 224 x 224 at 25 frames per second, by `corruptions.corrupt`"
    if corruption.acts_on == "pixels":
        return f"{made}."
    return f"{made}, with camera noise; the pipeline encodes the source video instead."


def _notation(words: Description) -> list[str]:
    """Return the definition of x and y if the formulas use them."""
    formulas = "".join(part for part in words.body if part.startswith("$$"))
    if not re.search(r"\by\b|y_", formulas):
        return []
    scale = "0 (black) to 255" if "255" in formulas else "0 (black) to 1"
    return [
        "*x* is the clean clip and *y* the corrupted one; an index is a frame number, from 0. "
        f"Values range from {scale}."
    ]


def _touched(corruption: Corruption) -> list[str]:
    """Return which frames a localized corruption changes, from the module `_localized`."""
    local = getattr(corruption.module, "_localized", None)
    if local is None:
        return []
    return _paragraphs(local)


def values(level: Level) -> tuple[str, ...]:
    """Return the numbers of a level as text."""
    numbers = level if isinstance(level, tuple) else (level,)
    return tuple(str(number) for number in numbers)


def named_level(parameters: Sequence[Parameter], level: Level) -> str:
    """Return a level with the names of its parameters, such as "k = 2, d = 1.7"."""
    pairs = zip(parameters, values(level), strict=True)
    return ", ".join(f"{one.symbol} = {value}" for one, value in pairs)


def _severities(corruption: Corruption, parameters: Sequence[Parameter]) -> list[str]:
    """Return the severity tables: one, unless the datasets differ."""
    shared = len({corruption.levels[dataset] for dataset in TABLES}) == 1
    parts = []
    for dataset in TABLES[:1] if shared else TABLES:
        levels = [values(level) for level in corruption.levels[dataset]]
        rows = [
            (f"*{one.symbol}*", one.meaning.replace("*", "\\*"), *(level[at] for level in levels))
            for at, one in enumerate(parameters)
        ]
        head = ("", "parameter", *(str(severity) for severity in SEVERITIES))
        parts += ["" if shared else f"{DATASETS[dataset]}:", "\n".join(table(head, rows))]
    return parts


def _dialects(name: str, words: Description) -> list[str]:
    if name not in BENCHMARK:
        return [NOT_OF_THE_BENCHMARK]
    if words.dialects is None:
        raise KeyError(f"{name}: the docstring has no paragraph 'Dialects:'; add it.")
    own = words.dialects[0].upper() + words.dialects[1:]
    return [own, *([THROUGH_LOADER_WORDS] if name in THROUGH_LOADER else [])]


def _use(corruption: Corruption) -> str:
    name = corruption.name
    sets = ", ".join(f"`{title}`" for title, members in SETS.items() if name in members) or "none"
    functions = [name]
    if hasattr(corruption.module, f"{name}_original"):
        functions.append(f"{name}_original")
    directives = "\n".join(
        f".. autofunction:: {corruption.module.__name__}.{function}" for function in functions
    )
    rows = [
        ("family", corruption.family),
        ("acts on", ACTS_ON[corruption.acts_on]),
        ("sets", sets),
        ("file", f"`corruptions/{corruption.family}/{name}.py`"),
    ]
    return "\n".join(
        [
            "```python",
            "from corruptions import corrupt",
            "",
            f'corrupted = corrupt(clip, "{name}", 3, key=clip_id)  # (T, H, W, 3), uint8, RGB',
            "```",
            "",
            *table(("", ""), rows),
            "",
            "```{eval-rst}",
            directives,
            "```",
        ]
    )
