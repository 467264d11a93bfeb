"""TSM's TSNDataSet: JPEG frames and lists of `folder num_frames label`."""

from .mmaction2_rawframes import FOLDER as FOLDER
from .mmaction2_rawframes import UNIT as UNIT
from .mmaction2_rawframes import index as index
from .mmaction2_rawframes import write_shard as write_shard
