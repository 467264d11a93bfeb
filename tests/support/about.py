"""Statements about the dataset of the tests, as a person fills them in."""

from pathlib import Path

ABOUT = """\
title: Moving Squares-C
description: Short clips of a moving square, corrupted.
creators: [Ada Example, The Example Group]
license: CC-BY-4.0
url: https://example.org/squares
published: 2026-05-04
source:
  name: Moving Squares
  url: https://example.org/source
  terms: For research; ask before you share the videos.
purpose: Tests of descriptions, and nothing else.
limitations: Squares are not people.
biases: All squares are bright.
sensitive: None; nobody is in the pictures.
social_impact: None is known.
maintenance: Corrected on request.
"""


def write_about(root: Path) -> Path:
    """Write the statements about the dataset `demo` of a project."""
    path = root / "manifests/about/demo.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(ABOUT)
    return path
