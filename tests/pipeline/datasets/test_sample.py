"""A sample has the classes in their shares, and is the same wherever it is drawn."""

from collections import Counter

import pytest

from pipeline.datasets.listed_clip import ListedClip
from pipeline.datasets.sample import class_sizes, stratified


def listed(sizes: dict[int, int], split: str = "val") -> list[ListedClip]:
    return [
        ListedClip(f"{split}-{label}-{number:03d}", "v", split, label, f"class {label}", None)
        for label, count in sizes.items()
        for number in range(count)
    ]


def counts(clips: list[ListedClip]) -> dict[int, int]:
    return dict(Counter(clip.label_id for clip in clips))


def test_sizes_are_of_all_listed_clips() -> None:
    clips = [*listed({0: 3, 2: 1}), *listed({1: 2}, "train")]
    assert class_sizes(clips) == {"val": {0: 3, 2: 1}, "train": {1: 2}}


def test_classes_keep_their_shares() -> None:
    assert counts(stratified(listed({0: 60, 1: 30, 2: 10}), 20)) == {0: 12, 1: 6, 2: 2}


@pytest.mark.parametrize("count", [1, 3, 7, 50, 99])
def test_as_many_as_asked_and_each_class_within_one_of_its_share(count: int) -> None:
    sizes = {0: 41, 1: 29, 2: 17, 3: 13}
    found = counts(stratified(listed(sizes), count))
    assert sum(found.values()) == count
    assert all(abs(found.get(label, 0) - count * size / 100) < 1 for label, size in sizes.items())


def test_each_split_has_its_own_sample() -> None:
    clips = [*listed({0: 9, 1: 9}, "train"), *listed({0: 30, 1: 30}, "val")]
    assert Counter(clip.split for clip in stratified(clips, 10)) == {"train": 10, "val": 10}


def test_all_clips_where_the_sample_is_not_smaller() -> None:
    clips = listed({0: 3, 1: 2})
    assert stratified(clips, None) == clips
    assert stratified(clips, 5) == stratified(clips, 500) == clips


def test_the_draw_does_not_depend_on_the_order_and_keeps_it() -> None:
    clips = listed({0: 20, 1: 20})
    drawn = stratified(clips, 12)
    assert drawn == [clip for clip in clips if clip in drawn]
    assert {clip.key for clip in stratified(clips[::-1], 12)} == {clip.key for clip in drawn}


def test_a_smaller_sample_is_part_of_a_larger_one() -> None:
    clips = listed({0: 40, 1: 40})
    small, large = ({clip.key for clip in stratified(clips, count)} for count in (10, 30))
    assert small < large
