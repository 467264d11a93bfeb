"""The models of the leaderboard, and the door for anyone's own.

Nothing heavy is imported until a model is loaded or opened.
"""

from .inference import LoadedModel, logits
from .loading import load_model
from .registry import ModelEntry, load, names
from .spec import InputSpec, prepare

__all__ = [
    "InputSpec",
    "LoadedModel",
    "ModelEntry",
    "load",
    "logits",
    "names",
    "load_model",
    "prepare",
]
