"""Read an MDS export with the library itself; prints a JSON line a sample.

A program of its own: mosaicml-streaming needs stand-ins and leaves shared memory behind.
"""

import json
import sys
from hashlib import sha256

import without_torchvision  # noqa: F401 - before streaming

# isort: split
import streaming

dataset = streaming.StreamingDataset(
    local=sys.argv[1], shuffle=False, batch_size=1, validate_hash="sha256"
)
for sample in dataset:
    sample["video"] = sha256(sample["video"]).hexdigest()
    sys.stdout.write(json.dumps(sample) + "\n")
