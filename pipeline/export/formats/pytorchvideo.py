"""PyTorchVideo's labeled_video_dataset: lists of `path label`."""

from pipeline.export.formats.mmaction2_video import FOLDER as FOLDER
from pipeline.export.formats.mmaction2_video import UNIT as UNIT
from pipeline.export.formats.mmaction2_video import index as index
from pipeline.export.formats.mmaction2_video import write_shard as write_shard
