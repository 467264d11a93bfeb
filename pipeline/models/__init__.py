"""The models of the leaderboard, and the door for anyone's own.

Nothing heavy is imported until a model is loaded or opened.
"""

from pipeline.models.loaded import LoadedModel, logits
from pipeline.models.opening import open_model
from pipeline.models.registry import ModelEntry, load, names
from pipeline.models.spec import InputSpec, prepare, take_frames

__all__ = [
    "InputSpec",
    "LoadedModel",
    "ModelEntry",
    "load",
    "logits",
    "names",
    "open_model",
    "prepare",
    "take_frames",
]
