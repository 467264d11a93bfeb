"""Entries of metrics.json and of the folder headline: the numbers of one model."""

import math
from collections.abc import Mapping
from typing import Any

from ...errors import SettingsError
from ...metrics.measures import MEASURES
from ...metrics.ratios import Estimate
from ...metrics.summary import Summary
from .evaluated import Evaluated
from .predictions import BENCHMARK

HEADLINE = ("clean_top1", "mpc", "rpc", "mce", "ece")
"""Numbers that `dvc metrics` and `dvc exp show` show: one column each, which fit a terminal."""


def dataset_values(one: Evaluated, set_name: str, reference: str | None) -> dict[str, Any]:
    """Return the entry of a dataset in metrics.json, by model; accuracies in percent."""
    ranks = one.rank_intervals
    return {
        model: {
            **as_metrics(summary, set_name),
            **_protocol(one.protocols[model]),
            "hardware": one.hardware[model],
            **_estimated(one, model),
            **({"imported": True} if model in one.imported else {}),
            **_against(reference, one, model),
            "rank_ci95": list(ranks[model]),
            "measures": as_measures(one.measured.estimates[model]),
            "measures_clips": _clips(one),
        }
        for model, summary in one.summaries.items()
    }


def _protocol(protocol: str) -> dict[str, str]:
    """Return the entry of an input that differs from the benchmark's protocol."""
    return {} if protocol == BENCHMARK else {"protocol": protocol}


def _estimated(one: Evaluated, model: str) -> dict[str, Any]:
    """Return the mPC of all clips as estimated from a sample; nothing without a sample."""
    if one.sampled is None:
        return {}
    mpc = one.sampled.mpc[model]
    return {
        "estimate": {
            "mpc": number(mpc.value),
            "mpc_ci95": [number(bound) for bound in mpc.ci95],
            "num_clips": one.sampled.num_clips,
        }
    }


def as_metrics(summary: Summary, set_name: str) -> dict[str, Any]:
    """Return the accuracies of one model; in percent."""
    return {
        "clean_top1": summary.clean_top1,
        "clean_top1_ci95": list(summary.clean_top1_ci95),
        "clean_top5": summary.clean_top5,
        "mpc": summary.mpc,
        "mpc_ci95": list(summary.mpc_ci95),
        "rpc": number(summary.rpc),
        "rpc_ci95": [number(bound) for bound in summary.rpc_ci95],
        "chance": summary.chance,
        "rpc_corrected": number(summary.rpc_corrected),
        "rpc_corrected_ci95": [number(bound) for bound in summary.rpc_corrected_ci95],
        "gamma_a": summary.gamma_a,
        "gamma_r": number(summary.gamma_r),
        "set": set_name,
        "accounting": summary.accounting,
        "num_clips": summary.num_clips,
        "num_clips_listed": summary.num_clips_strict,
        "cells": {
            corruption: {str(severity): value for severity, value in some.items()}
            for corruption, some in summary.cells.items()
        },
    }


def as_measures(estimates: Mapping[str, Estimate]) -> dict[str, Any]:
    """Return all metrics by name in the order of MEASURES; null where one is not available.

    An infinite half severity, which no severity reaches, is the text "not reached".
    """
    found: dict[str, Any] = {}
    for name in MEASURES:
        one = estimates.get(name)
        if one is None or math.isnan(one.value):
            found[name] = None
        else:
            found[name] = {
                "value": number(one.value),
                "ci95": [number(bound) for bound in one.ci95],
            }
    return found


def headline(one: Mapping[str, Any]) -> dict[str, float]:
    """Return the few numbers that `dvc metrics` shows of a model's entry in metrics.json."""
    measures = {name: some["value"] for name, some in one["measures"].items() if some}
    numbers = {name: one.get(name, measures.get(name)) for name in HEADLINE}
    return {name: round(value, 2) for name, value in numbers.items() if value is not None}


def number(value: float) -> float | str | None:
    """Return the number; None where it is not defined, since JSON has no NaN."""
    if math.isinf(value):
        return "not reached"
    return None if math.isnan(value) else value


def _clips(one: Evaluated) -> dict[str, int]:
    """Return the number of clips by what a metric is computed from."""
    outputs = len(one.measured.clips)
    return {"accuracy": one.measured.num_clips, "classes": outputs, "scores": outputs}


def _against(reference: str | None, one: Evaluated, model: str) -> dict[str, Any]:
    """Return mCE and relative mCE in percent; nothing without a reference model."""
    if reference is None:
        return {}
    if reference not in one.summaries:
        raise SettingsError(
            f"params.yaml: report.reference_model: unknown model of {one.dataset} "
            f"(got {reference!r}); choose from {', '.join(one.summaries)}."
        )
    estimates = one.measured.estimates[model]
    return {
        "reference": reference,
        **{name: number(estimates[name].value) for name in ("mce", "relative_mce")},
    }
