"""Base class of the sections of params.yaml, and the types of their values."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Positive = Annotated[int, Field(gt=0)]

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$")]


def _inside(name: str) -> str:
    path = Path(name)
    empty = not path.parts and name != "."
    if path.is_absolute() or ".." in path.parts or empty or not name.isprintable():
        raise ValueError("must be a path inside the dataset's folder")
    return name


FileName = Annotated[str, AfterValidator(_inside)]

ADDRESS = r"^(tcp://|tls://)?[^\s:/]+:[0-9]+$"


def _device(name: str) -> str:
    if not re.fullmatch(r"auto|cpu|(cuda|xpu|mps)(:[0-9]{1,3})?", name):
        raise ValueError("must be auto, cpu, cuda or a numbered GPU such as cuda:1")
    return name


Device = Annotated[str, AfterValidator(_device)]

CustomLevel = int | float | tuple[int | float, ...]

ModelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]


class Settings(BaseModel):
    """A section of params.yaml: frozen, and unknown keys are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
