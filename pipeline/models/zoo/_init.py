"""He initialisation, which all convolutional networks of the zoo use."""

from torch import nn


def he_initialise(network: nn.Module, head: nn.Linear | nn.Conv3d) -> None:
    """Draw convolutions from N(0, 2 / fan_out), the head from N(0, 0.01^2); norms are 1 and 0.

    Source: He et al. 2015, Delving Deep into Rectifiers (section 2.2).
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Conv3d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d | nn.BatchNorm3d):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
    nn.init.normal_(head.weight, std=0.01)
    if head.bias is not None:
        nn.init.zeros_(head.bias)
