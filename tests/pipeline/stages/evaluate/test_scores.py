"""Softmax statistics: against hand-computed values, torch.distributions and cross-entropy."""

import math

import pytest
import torch

from pipeline.stages.evaluate.cells import EvaluationCell
from pipeline.stages.evaluate.predict import prediction_rows
from pipeline.stages.evaluate.scores import softmax_statistics


def test_by_hand() -> None:
    """Logits log 2, log 1, log 1: probabilities 1/2, 1/4, 1/4."""
    logits = torch.tensor([[math.log(2), 0.0, 0.0]])
    found = softmax_statistics(logits, [1])
    assert found["confidence"] == pytest.approx([0.5])
    assert found["entropy"] == pytest.approx([1.5 * math.log(2)])
    assert found["logsumexp"] == pytest.approx([math.log(4)])
    assert found["nll"] == pytest.approx([math.log(4)])
    assert found["sum_p2"] == pytest.approx([0.375])


def test_against_torch() -> None:
    logits = 5 * torch.randn(100, 17, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(100) % 17
    found = {
        name: torch.tensor(v) for name, v in softmax_statistics(logits, labels.tolist()).items()
    }
    distribution = torch.distributions.Categorical(logits=logits.double())
    losses = torch.nn.functional.cross_entropy(logits.double(), labels, reduction="none")
    for name, wanted in (
        ("confidence", distribution.probs.amax(1)),
        ("entropy", distribution.entropy()),
        ("logsumexp", torch.logsumexp(logits.double(), 1)),
        ("nll", losses),
        ("sum_p2", distribution.probs.square().sum(1)),
    ):
        torch.testing.assert_close(found[name].double(), wanted, rtol=1e-5, atol=1e-6)


def test_extreme_logits_stay_finite() -> None:
    found = softmax_statistics(torch.tensor([[3e38, -3e38], [0.0, -200.0]]), [0, 1])
    assert found["confidence"] == [1.0, 1.0]
    assert found["entropy"] == pytest.approx([0, 0], abs=1e-12)
    assert found["nll"][0] == 0
    assert found["nll"][1] == pytest.approx(200)


def test_rows_carry_the_statistics_of_their_own_clip() -> None:
    rows = tuple(
        {"dataset": "demo", "key": key, "label_id": label, "status": status}
        for key, label, status in (("a", 0, "ok"), ("b", 1, "failed"), ("c", 1, "ok"))
    )
    logits = torch.tensor([[1.0, 0.0], [3.0, 0.0]])
    first, failed, last = prediction_rows(
        EvaluationCell("fog", 2, rows), "net", "benchmark", logits
    )
    assert first["nll"] == pytest.approx(math.log1p(math.exp(-1)))
    assert last["nll"] == pytest.approx(3 + math.log1p(math.exp(-3)))
    assert last["confidence"] == pytest.approx(1 / (1 + math.exp(-3)))
    assert "nll" not in failed
    (alone,) = prediction_rows(
        EvaluationCell("fog", 2, rows[1:2]), "net", "benchmark", torch.empty(0, 1)
    )
    assert "confidence" not in alone
