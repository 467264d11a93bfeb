"""Records by which DVC sees what an evaluation reads: one small file per manifest.

The evaluate stage depends on the folder of records of `evaluate.reads`: the decode and corrupt
stages write those of shards, the filter stage that of videos.
"""

import json

from ..io.atomic import write_text
from ..io.hashing import sha256_file
from .paths import DatasetPaths

SHARDS = "shards"
VIDEOS = "videos"


def write_record(paths: DatasetPaths, reads: str, name: str) -> None:
    """Record the hash of a manifest, which in turn holds the hashes of shards or videos."""
    manifest = paths.manifest(name)
    text = json.dumps({paths.relative(manifest): sha256_file(manifest)}) + "\n"
    write_text(paths.input_record(reads, name), text)
