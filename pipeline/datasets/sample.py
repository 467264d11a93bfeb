"""Stratified samples of the listed clips: a score of a few clips of every class."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from hashlib import blake2b

from .listed_clip import ListedClip


def stratified(clips: Sequence[ListedClip], count: int | None) -> list[ListedClip]:
    """Return a sample of each split in which classes have the shares that they have in the list.

    Parameters
    ----------
    clips
        Listed clips.
    count
        Clips to draw per split; None, or more than there are, keeps all.

    Returns
    -------
    list[ListedClip]
        The drawn clips in the order of `clips`. The draw depends on the keys of the clips only: a
        smaller sample of the same list is, up to rounding of the shares, part of a larger one.

    """
    if count is None:
        return list(clips)
    by_split: dict[str, list[ListedClip]] = defaultdict(list)
    for clip in clips:
        by_split[clip.split].append(clip)
    drawn = {clip.key for some in by_split.values() for clip in _draw(some, count)}
    return [clip for clip in clips if clip.key in drawn]


def class_sizes(clips: Sequence[ListedClip]) -> Mapping[str, Mapping[int, int]]:
    """Return the number of listed clips by split and class, of which a sample is drawn."""
    found: dict[str, Counter[int]] = defaultdict(Counter)
    for clip in clips:
        found[clip.split][clip.label_id] += 1
    return found


def _draw(clips: Sequence[ListedClip], count: int) -> list[ListedClip]:
    if count >= len(clips):
        return list(clips)
    by_class: dict[int, list[ListedClip]] = defaultdict(list)
    for clip in clips:
        by_class[clip.label_id].append(clip)
    shares = {label: count * len(some) / len(clips) for label, some in by_class.items()}
    numbers = {label: int(share) for label, share in shares.items()}
    # Largest remainders; of equal ones, those of the classes whose first clip comes first.
    order = sorted(
        by_class,
        key=lambda label: (numbers[label] - shares[label], _rank(by_class[label])[0].key),
    )
    for label in order[: count - sum(numbers.values())]:
        numbers[label] += 1
    return [clip for label, some in by_class.items() for clip in _rank(some)[: numbers[label]]]


def _rank(clips: Sequence[ListedClip]) -> list[ListedClip]:
    """Return clips in an order that looks random and is always the same."""
    return sorted(clips, key=lambda clip: blake2b(clip.key.encode(), digest_size=8).digest())
