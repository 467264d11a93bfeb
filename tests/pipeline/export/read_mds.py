"""Read an MDS export with the library itself; prints a JSON line a sample.

A program of its own: mosaicml-streaming imports two names of torchvision for data sets of images,
which cannot be had here and stay empty, and leaves shared memory behind.
"""

import json
import sys
from hashlib import sha256
from types import ModuleType

import transformers.feature_extraction_utils  # before the stand-ins, which it would look at
import transformers.tokenization_utils_base  # noqa: F401

NAMES = {
    "torchvision": {},
    "torchvision.datasets": {"VisionDataset": object},
    "torchvision.transforms": {},
    "torchvision.transforms.functional": {"to_tensor": None},
}
for name, content in NAMES.items():
    sys.modules[name] = ModuleType(name)
    sys.modules[name].__dict__.update(content)

import streaming  # noqa: E402

dataset = streaming.StreamingDataset(
    local=sys.argv[1], shuffle=False, batch_size=1, validate_hash="sha256"
)
for sample in dataset:
    sample["video"] = sha256(sample["video"]).hexdigest()
    sys.stdout.write(json.dumps(sample) + "\n")
