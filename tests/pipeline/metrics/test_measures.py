"""All metrics of all models: names, values against each module, paired differences."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline import metrics
from pipeline.metrics.measures import MEASURES, accuracy_estimates, output_ratios
from pipeline.metrics.ratios import difference, estimate_all
from tests.support.outputs import outputs_of, random_probabilities, skilled_labels
from tests.support.predictions import hand_made, random_predictions


def test_by_hand() -> None:
    """Classes 0 (clips 0, 1) and 1 (clips 2, 3): 5 and 3 of 8 cells right; curve 75, 75, 25."""
    found = accuracy_estimates({"net": hand_made()}, np.array([0, 0, 1, 1]), 3, resamples=50)["net"]
    values = {name: estimate.value for name, estimate in found.items()}
    assert values["clean_top1"] == 75
    assert values["mpc"] == 50
    assert values["worst_cell"] == 25
    assert values["worst_class"] == pytest.approx(100 * 3 / 8)
    assert values["worst_decile"] == values["worst_class"]
    assert values["half_severity"] == pytest.approx(1 + 2 * (75 - 37.5) / 50)
    assert values["resist_rate"] == pytest.approx(50)
    assert np.isnan(values["effective_robustness"])


def test_every_metric_has_a_description() -> None:
    probabilities = random_probabilities(40, 9)
    outputs = outputs_of(probabilities, skilled_labels(probabilities), ("reverse", "jumble"))
    models, labels = {"a": random_predictions()}, np.zeros(200, int)
    accuracy = accuracy_estimates(models, labels, 1, 10, reference="a")["a"]
    found = {*output_ratios(outputs), *accuracy} - {"clean_top1", "mpc"}
    assert found == set(MEASURES)
    bare = replace(outputs, classes=None, confidence=None, nll=None, sum_p2=None)
    assert output_ratios(bare) == {}


def test_intervals_and_differences_of_models_are_paired() -> None:
    models = {name: random_predictions(seed=n, skill=0.5 + n / 10) for n, name in enumerate("abc")}
    labels = np.arange(200) % 7
    found = accuracy_estimates(models, labels, 7, resamples=400)
    for name, one in models.items():
        summary = metrics.summarize(one, resamples=400)
        assert found[name]["mpc"].value == pytest.approx(summary.mpc)
        assert found[name]["mpc"].draws.std() > 0
        assert found[name]["mpc"].ci95 == pytest.approx(summary.mpc_ci95, abs=0.2)
    compared = metrics.compare(models["a"], models["b"], resamples=400)
    one = difference(found["a"]["mpc"], found["b"]["mpc"])
    assert one.value == pytest.approx(compared.mpc)
    assert one.ci95 == pytest.approx(compared.mpc_ci95, abs=0.2)
    above = [found[name]["effective_robustness"].value for name in models]
    wanted = metrics.effective_robustness(
        np.array([found[name]["clean_top1"].value for name in models]),
        np.array([found[name]["mpc"].value for name in models]),
    )
    assert above == pytest.approx(wanted)


def test_corruption_errors_have_paired_intervals() -> None:
    models = {name: random_predictions(seed=n, skill=0.5 + n / 10) for n, name in enumerate("ab")}
    found = accuracy_estimates(models, np.arange(200) % 7, 7, 300, reference="b")
    assert found["b"]["mce"].ci95 == (100, 100)
    cells = {name: metrics.accuracies(one) for name, one in models.items()}
    wanted = metrics.corruption_errors(
        models["a"].corruptions, cells["a"][1], cells["a"][0], cells["b"][1], cells["b"][0]
    )
    assert found["a"]["mce"].value == pytest.approx(wanted.mce)
    assert found["a"]["relative_mce"].value == pytest.approx(wanted.relative_mce)
    low, high = found["a"]["mce"].ci95
    assert 100 < low < wanted.mce < high
    assert "mce" not in accuracy_estimates(models, np.arange(200) % 7, 7, 10)["a"]


def test_the_line_goes_through_the_models_that_it_names() -> None:
    models = {name: random_predictions(seed=n, skill=0.4 + n / 10) for n, name in enumerate("abcd")}
    labels = np.arange(200) % 7
    line = metrics.LineModels(frozenset("abc"), (95.0,), (80.0,))
    found = accuracy_estimates(models, labels, 7, 50, line=line)
    clean, mpc = (
        np.array([one[name].value for one in found.values()]) for name in ("clean_top1", "mpc")
    )
    intercept, slope = metrics.fitted_line(np.append(clean[:3], 95), np.append(mpc[:3], 80))
    for number, one in enumerate(found.values()):
        wanted = mpc[number] - metrics.line_at(clean[number], intercept, slope)
        assert one["effective_robustness"].value == pytest.approx(wanted)


def test_draws_do_not_depend_on_the_other_models() -> None:
    probabilities = random_probabilities(60, 5)
    ratios = output_ratios(outputs_of(probabilities, skilled_labels(probabilities)))
    alone = estimate_all({"a": ratios}, 60)["a"]
    beside = estimate_all(
        {
            "b": output_ratios(outputs_of(probabilities[:, ::-1], skilled_labels(probabilities))),
            "a": ratios,
        },
        60,
    )["a"]
    for name, estimate in alone.items():
        assert (estimate.draws == beside[name].draws).all(), name
