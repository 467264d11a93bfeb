"""Weights of the train stage are read only as it wrote them."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from pipeline.errors import StageError
from pipeline.stages.evaluate import load


def test_a_flipped_byte_in_trained_weights_is_noticed(tmp_path: Path) -> None:
    """Also where PyTorch would read the file: the record of the train stage has its hash."""
    weights = tmp_path / "weights.pt"
    weights.write_bytes(b"weights")
    record = tmp_path / "recipe.json"
    record.write_text(json.dumps({"weights_sha256": sha256(b"weights").hexdigest()}))
    load._check_trained(weights)
    weights.write_bytes(b"weighus")
    with pytest.raises(StageError, match=r"weights.pt: not the weights that the train stage wrote"):
        load._check_trained(weights)
    record.unlink()
    load._check_trained(weights)  # weights of another origin have no record
