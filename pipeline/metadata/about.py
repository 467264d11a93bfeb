"""Statements about a dataset that only people can make: purpose, biases, limits, licence.

They are in `manifests/about/<dataset>.yaml`. The file is written with empty values when it is
missing; the values are then filled in by hand. Croissant and the dataset card are written from it.
"""

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from ..errors import SettingsError
from ..io.atomic import write_text
from ..io.text import read_yaml
from ..setting_types import Settings
from ..validation_messages import explain
from .known_sources import KNOWN_SOURCES, NO_SOURCE

URL = r"^(https?://\S+)?$"


class SourceStatement(Settings):
    """Data set that the videos come from."""

    name: str
    url: Annotated[str, Field(pattern=r"^((https?://|urn:)\S+)?$")]
    """Page of the data set, or a URN that names it."""
    terms: str
    """Terms under which the videos may be used; the corrupted frames fall under them."""


class About(Settings):
    """Statements of the people who publish a dataset."""

    title: str
    description: str
    creators: tuple[str, ...]
    license: Annotated[str, Field(pattern=r"^(https?://\S+|[A-Za-z0-9.+-]*)$")]
    """Licence of the published files: an SPDX identifier or a URL."""
    url: Annotated[str, Field(pattern=URL)]
    """Page of the dataset."""
    published: datetime.date | None
    source: SourceStatement
    purpose: str
    limitations: str
    biases: str
    sensitive: str
    """Personal and sensitive content."""
    social_impact: str
    maintenance: str

    @property
    def license_url(self) -> str:
        """Licence as a URL."""
        if self.license.startswith("http"):
            return self.license
        return f"https://spdx.org/licenses/{self.license}"


TEMPLATE = """\
# Statements about the dataset {dataset} that only people can make. Fill in every empty value.
# `export croissant`, the dataset card and `publish` are written from this file.
title: ""          # name of the dataset
description: ""    # what it is, in one paragraph
creators: []       # people or organisations
license: ""        # of the files that you publish: an SPDX identifier such as CC-BY-4.0, or a URL
url: ""            # page of the dataset
published:         # date, such as 2026-05-04
source:            # data set that the videos come from
  name: {name}
  url: {url}
  terms: {terms}
purpose: ""        # what it is for, and what it must not be used for
limitations: ""    # conditions under which conclusions from it do not hold
biases: ""         # over- and under-represented people, places, activities, recording conditions
sensitive: ""      # personal and sensitive content: faces, children, health, ...
social_impact: ""  # benefits and risks, and how risks are reduced
maintenance: ""    # who corrects errors and until when; how to reach them
"""


def about_path(root: Path, dataset: str) -> Path:
    """Return the path of the statements about a dataset."""
    return root / "manifests" / "about" / f"{dataset}.yaml"


def read_about(root: Path, dataset: str) -> About:
    """Read the statements about a dataset; write the file to fill in if there is none.

    Raises
    ------
    SettingsError
        If the file is missing (it is written), has an empty value, or is malformed.

    """
    path = about_path(root, dataset)
    if not path.exists():
        source = KNOWN_SOURCES.get(dataset, NO_SOURCE)
        quoted = {key: _yaml(value) for key, value in source.items()}
        write_text(path, TEMPLATE.format(dataset=dataset, **quoted))
        raise SettingsError(f"{path}: written; fill in its empty values, then run this again.")
    data = read_yaml(path, "delete the file and run this again to get one to fill in")
    try:
        about = About.model_validate(data)
    except ValidationError as error:
        raise SettingsError(f"{path}: {'; '.join(explain(error, About))}.") from None
    empty = list(_empty(about, ""))
    if empty:
        raise SettingsError(f"{path}: empty values: {', '.join(empty)}; fill them in.")
    return about


def _empty(values: Settings, prefix: str) -> Iterator[str]:
    for name in type(values).model_fields:
        value = getattr(values, name)
        if isinstance(value, Settings):
            yield from _empty(value, f"{prefix}{name}.")
        elif not value or (isinstance(value, str) and not value.strip()):
            yield f"{prefix}{name}"


def _yaml(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
