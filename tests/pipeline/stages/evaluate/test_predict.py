"""Batches hold only the frames that the models take, and rows are those of the logits."""

import torch

from pipeline.stages.evaluate.cells import EvaluationCell
from pipeline.stages.evaluate.predict import prediction_rows
from pipeline.storage.rows import CellRow


def clip(key: str, label: int, status: str = "ok") -> CellRow:
    return {"dataset": "demo", "key": key, "label_id": label, "status": status}


def test_rows_hold_the_five_best_classes_and_failed_clips_have_none() -> None:
    rows = (clip("a", 2), clip("b", 0, "failed"), clip("c", 5))
    cell = EvaluationCell("fog", 3, rows)
    scores = torch.tensor([[0.0, 1, 9, 3, 4, 5], [6.0, 5, 4, 3, 2, 1]])
    first, failed, last = prediction_rows(cell, "m", "benchmark", scores)
    assert {row["protocol"] for row in (first, failed, last)} == {"benchmark"}
    assert first["top5"] == [2, 5, 4, 3, 1]
    assert first["top5_logits"] == [9, 5, 4, 3, 1]
    assert (first["correct1"], first["correct5"]) == (True, True)
    assert (last["correct1"], last["correct5"]) == (False, False)
    assert "top5" not in failed
    assert (failed["correct1"], failed["correct5"]) == (False, False)
    assert {(row["corruption"], row["severity"]) for row in (first, failed, last)} == {("fog", 3)}
