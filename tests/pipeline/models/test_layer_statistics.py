"""Statistics of layers are per channel, whichever axis the channels are."""

import pytest
import torch
from torch import nn

from pipeline.errors import SettingsError
from pipeline.models.layer_statistics import channel_moments, norm_layers, outputs_of


def network() -> nn.Module:
    return nn.Sequential(
        nn.Conv3d(3, 4, 1), nn.BatchNorm3d(4), nn.ReLU(), nn.GroupNorm(2, 4), nn.LayerNorm(5)
    )


def test_normalisation_layers_are_found_by_name() -> None:
    assert norm_layers(network()) == ["1", "3", "4"]


def test_moments_are_over_everything_but_the_channels() -> None:
    torch.manual_seed(0)
    module = network().eval()
    with outputs_of(module, ["1", "4"]) as found:
        module(torch.rand(2, 3, 4, 6, 5))
    mean, var = channel_moments(module[1], found["1"])  # type: ignore[index]
    torch.testing.assert_close(mean, found["1"].mean(dim=(0, 2, 3, 4)))
    torch.testing.assert_close(var, found["1"].var(dim=(0, 2, 3, 4), unbiased=False))
    mean, _ = channel_moments(module[4], found["4"])  # type: ignore[index]
    torch.testing.assert_close(mean, found["4"].mean(dim=(0, 1, 2, 3)))


def test_hooks_end_with_their_block() -> None:
    module = network()
    with outputs_of(module, ["1"]) as found:
        module(torch.rand(2, 3, 4, 6, 5))
    kept = found["1"]
    module(torch.rand(2, 3, 4, 6, 5))
    assert found["1"] is kept


def test_layers_that_are_not_there_or_not_run_are_refused() -> None:
    unknown = pytest.raises(SettingsError, match="unknown layer '7'.*choose from 1, 3, 4")
    with unknown, outputs_of(network(), ["7"]):
        pass
    unused = pytest.raises(SettingsError, match=r"not run by the forward pass \(got 1\)")
    with unused, outputs_of(network(), ["1"]):
        pass
