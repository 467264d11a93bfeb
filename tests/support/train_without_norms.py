"""`python -m pipeline train` with batch normalisation that keeps its first statistics.

Then nothing depends on how a batch is shared, and any number of processes makes the same weights.
"""

from torch import nn

from pipeline.__main__ import app


class FixedNorm(nn.BatchNorm3d):
    def train(self, mode: bool = True) -> "FixedNorm":
        return super().train(False)


if __name__ == "__main__":
    nn.BatchNorm3d = FixedNorm
    app(["train", "--dataset", "demo"])
