"""Import this first, and mosaicml-streaming can be imported without torchvision.

It takes two names from there, for data sets of images; here they stay empty.
"""

import sys
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
