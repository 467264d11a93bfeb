"""What every stage imports, so that a forked stage starts at once. Nothing is computed here: a fork
takes no threads along."""

import cv2  # noqa: F401
import joblib  # noqa: F401
import matplotlib.pyplot  # noqa: F401
import pandas  # noqa: F401
import pyarrow.parquet  # noqa: F401
import pytest  # noqa: F401 - the forked process looks at the main module, which may be pytest's
import torch  # noqa: F401
import torch.utils.data  # noqa: F401
import vl_convert  # noqa: F401

import corruptions
import pipeline.corrupt
import pipeline.decode
import pipeline.evaluate
import pipeline.filter
import pipeline.report
import pipeline.stages
import pipeline.summary
import pipeline.synthesize
import pipeline.tools
import pipeline.train  # noqa: F401
import tests.survival.running  # noqa: F401
from corruptions.registry import load
from pipeline import recipes

FILES = recipes.PIPELINE.rglob("*.py")

for name in corruptions.names():  # hashes of code and versions are kept once they are known
    recipes.corruption_code(load(name))
recipes.library_versions()
recipes.pipeline_code(file.relative_to(recipes.PIPELINE).as_posix() for file in FILES)
