"""Clips that flip: right when clean, wrong under corruption, for the clip browser."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..evaluated import Evaluated

LISTED = 40
"""Flips that are listed per corruption."""
PLAYED = 2
"""Flips per corruption whose videos are on the page, if they fit."""


@dataclass(frozen=True)
class Flip:
    """A clip and the cell in which most models flip, at the lowest severity where so many do."""

    clip: int
    """Index of the listed clip."""
    corruption: str
    severity: int
    models: tuple[bool, ...]
    """Models that flip, in the order of the leaderboard."""
    predicted: tuple[int, ...] | None
    """Class that each model predicts in the cell."""


def choose_flips(results: Evaluated) -> list[Flip]:
    """Return the flips of each corruption, those of most models and lowest severity first.

    The first PLAYED of each corruption are of different classes where possible.
    """
    measured = results.measured
    if not measured.flips:
        return []
    flipped = np.stack([one.right[:, :1] & ~one.right for one in measured.flips.values()])
    return [
        flip
        for number, corruption in enumerate(results.corruptions)
        for flip in _of_corruption(results, corruption, number, flipped)
    ]


def _of_corruption(
    results: Evaluated, corruption: str, number: int, flipped: NDArray[np.bool_]
) -> Iterator[Flip]:
    count = len(results.severities)
    start = 1 + number * count
    cells = flipped[:, :, start : start + count]
    models = cells.sum(axis=0)
    most, level = models.max(axis=1), models.argmax(axis=1)
    order = np.lexsort((np.arange(len(most)), level, -most))
    clips = [int(index) for index in order[: 4 * LISTED] if most[index]]
    for index in _varied(clips, results)[:LISTED]:
        column = start + int(level[index])
        found = results.measured.flips.values()
        classes = [one.classes for one in found]
        known = [one for one in classes if one is not None]
        yield Flip(
            clip=int(results.measured.clips[index]),
            corruption=corruption,
            severity=results.severities[level[index]],
            models=tuple(bool(flag) for flag in cells[:, index, level[index]]),
            predicted=tuple(int(one[index, column]) for one in known)
            if len(known) == len(classes)
            else None,
        )


def _varied(clips: Sequence[int], results: Evaluated) -> list[int]:
    """Return the clips with the first clip of each of the first PLAYED classes in front."""
    labels = results.labels[results.measured.clips]
    first: dict[int, int] = {}
    for index in clips:
        first.setdefault(int(labels[index]), index)
    front = list(first.values())[:PLAYED]
    return front + [index for index in clips if index not in front]


def played(flips: Sequence[Flip]) -> list[Flip]:
    """Return the flips whose videos are on the page: the first PLAYED of each corruption."""
    found: list[Flip] = []
    for flip in flips:
        if sum(one.corruption == flip.corruption for one in found) < PLAYED:
            found.append(flip)
    return found


def flip_values(results: Evaluated, flips: Sequence[Flip]) -> list[dict[str, Any]]:
    """Return the flips for the clip browser, ready for JSON."""
    return [
        {
            "key": results.keys[flip.clip],
            "label": results.class_names[results.labels[flip.clip]],
            "corruption": flip.corruption,
            "severity": flip.severity,
            "models": [int(flag) for flag in flip.models],
            "predicted": None
            if flip.predicted is None
            else [results.class_names[index] for index in flip.predicted],
        }
        for flip in flips
    ]


def flip_shares(results: Evaluated) -> dict[str, list[list[float | None]]]:
    """Return the share of clips, right when clean, that flip: (corruptions, severities) by model.

    In percent; null where no clip is right.
    """
    shape = (len(results.corruptions), len(results.severities))
    found: dict[str, list[list[float | None]]] = {}
    for model, one in results.measured.flips.items():
        clean = one.right[:, 0]
        if not clean.any():
            found[model] = [[None] * shape[1]] * shape[0]
            continue
        wrong = (clean[:, None] & ~one.right[:, 1:]).sum(axis=0)
        shares = 100 * wrong / int(clean.sum())
        found[model] = np.round(shares.reshape(shape), 2).tolist()
    return found
