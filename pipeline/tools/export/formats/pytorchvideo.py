"""PyTorchVideo's labeled_video_dataset: lists of `path label`."""

from .mmaction2_video import FOLDER as FOLDER
from .mmaction2_video import UNIT as UNIT
from .mmaction2_video import index as index
from .mmaction2_video import write_shard as write_shard
