"""The folder of the zoo is the registry, and listing it is cheap."""

import subprocess
import sys

import pytest
import torch

from pipeline.models import registry
from pipeline.provenance import import_closure


def test_the_folder_is_the_registry() -> None:
    files = {file.stem for file in registry.ZOO.iterdir() if not file.stem.startswith("_")}
    assert files == set(registry.names())
    assert {"i3d", "resnet3d_50", "timesformer"} <= files
    for name in registry.names():
        entry = registry.load(name)
        assert entry.source
        assert entry.file.name == f"{name}.py"
        with torch.device("meta"):
            assert f"{entry.head}.weight" in entry.build(5).state_dict()
    with pytest.raises(ValueError, match="unknown model 'resnet'"):
        registry.load("resnet")


def test_importing_and_listing_does_not_import_torch() -> None:
    code = "import sys, pipeline.models as m; m.names(); sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_code_of_a_model_is_its_own_file_and_what_it_imports() -> None:
    files = {file.name for file in import_closure([registry.load("resnet3d_50").file])}
    assert {"resnet3d_50.py", "_resnet3d.py", "_init.py", "spec.py"} <= files
    assert not {"i3d.py", "resnet3d_18.py"} & files
