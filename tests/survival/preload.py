"""What every stage imports, so that a forked stage starts at once. Nothing is computed here: a fork
takes no threads along."""

import cv2  # noqa: F401
import joblib  # noqa: F401
import matplotlib.pyplot  # noqa: F401
import pandas  # noqa: F401
import pyarrow.parquet  # noqa: F401
import pytest  # noqa: F401 - the forked process looks at the main module, which may be pytest's
import tabulate  # noqa: F401 - torch loads it at the end of a process
import torch  # noqa: F401
import torch.utils.data  # noqa: F401
import vl_convert  # noqa: F401

import corruptions
import pipeline.cli.stage_commands
import pipeline.cli.tables
import pipeline.cli.tool_commands
import pipeline.stages.corrupt
import pipeline.stages.decode
import pipeline.stages.evaluate.evaluate
import pipeline.stages.filter
import pipeline.stages.report.report
import pipeline.stages.synthesize.synthesize
import pipeline.stages.train.train  # noqa: F401
import tests.survival.running  # noqa: F401
from corruptions.registry import load
from pipeline import provenance
from pipeline.models import registry

for name in corruptions.names():  # hashes of code and versions are kept once they are known
    provenance.corruption_code(load(name))
provenance.library_versions()
for stage in ("synthesize", "filter", "decode", "corrupt", "train", "evaluate", "report"):
    provenance.stage_code(stage)
for entry in registry.names():
    provenance.code_of(registry.ZOO / f"{entry}.py")
