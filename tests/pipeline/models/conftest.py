import pytest
import torch

# Small networks gain nothing from threads, and lose much where other tests run beside them.
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _same_weights_every_time() -> None:
    torch.manual_seed(0)
