"""The demo's pictures: pure functions of their names, and only motion tells the class."""

import numpy as np

from corruptions.types import ClipRandom
from pipeline.datasets.class_list import read_classes
from pipeline.stages.synthesize import scenes
from tests.support.project import REPOSITORY


def scene(name: str, key: str = "key") -> scenes.Scene:
    return scenes.scene(ClipRandom(1, "demo", key, "synthesize", "0"), name, 32, 160, 128)


def test_class_list_in_git_is_that_of_the_motions() -> None:
    assert read_classes(REPOSITORY / "manifests/classes/demo.csv") == sorted(scenes.MOTIONS)


def test_frames_do_not_depend_on_order() -> None:
    some = scene("moving left")
    backwards = [scenes.frame(some, index) for index in reversed(range(32))]
    assert np.array_equal(np.stack(backwards[::-1]), scenes.clip(scene("moving left")))


def test_classes_differ_only_in_motion() -> None:
    clips = [scenes.clip(scene(name)) for name in scenes.MOTIONS]
    assert all(np.array_equal(clip[:, :8, :8], clips[0][:, :8, :8]) for clip in clips)
    assert len({clip.tobytes() for clip in clips}) == len(clips)


def test_opposite_motions_are_mirrored_in_time() -> None:
    for one, other in (("moving left", "moving right"), ("growing", "shrinking")):
        middles = []
        for name in (one, other):
            some = scene(name)
            still = scenes.Scene(**{**vars(some), "hand": some.hand * [0, 1, 1], "drift": (0, 0)})
            middles.append(scenes.clip(still))
        assert np.array_equal(middles[0], middles[1][::-1])
