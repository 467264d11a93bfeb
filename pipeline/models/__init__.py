"""Model zoo of the leaderboard, and loading of user-supplied models.

torch is imported when a model is loaded, not before.
"""

from .inference import LoadedModel, logits
from .loading import load_model
from .registry import ModelEntry, load, names
from .spec import InputSpec, complete_input, prepare

__all__ = [
    "InputSpec",
    "LoadedModel",
    "ModelEntry",
    "complete_input",
    "load",
    "logits",
    "names",
    "load_model",
    "prepare",
]
