"""Dataset card of the Hugging Face Hub: README.md with a YAML head, from the values of Croissant.

Fields of the head: https://huggingface.co/docs/hub/datasets-cards.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from .about import About
from .citation import CITATION
from .dataset_facts import DatasetFacts

SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"))
LARGEST = "1M<n<10M"

HUB_LICENSES = frozenset(
    {"apache-2.0", "mit", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0"}
)
"""SPDX identifiers, in lower case, that the Hub names; all others are "other" with a link."""

Configs = Mapping[str, Sequence[tuple[str, str]]]
"""By name of a configuration: split and pattern of its files."""


def card(about: About, facts: DatasetFacts, configs: Configs, files: str) -> str:
    """Return the dataset card; `files` says, in Markdown, what the folder holds."""
    head = {
        "pretty_name": about.title,
        **_license(about),
        "task_categories": ["video-classification"],
        "size_categories": [_size(facts.num_clips)],
        "tags": ["video", "action-recognition", "robustness", "corruption", "croissant"],
        **config_head(configs),
    }
    return f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---\n\n" + (
        TEXT.format(
            about=about,
            facts=facts,
            files=files,
            creators=", ".join(about.creators),
            missing=facts.missing(),
            preprocessing=facts.preprocessing(),
            manipulation=facts.manipulation(),
            commit=f" (commit {facts.software.commit})" if facts.software.commit else "",
            citation=CITATION,
        )
    )


def config_head(configs: Configs) -> dict[str, Any]:
    """Return the configurations as the head of a card names them."""
    return {
        "configs": [
            {
                "config_name": name,
                "data_files": [{"split": split, "path": path} for split, path in files],
            }
            for name, files in configs.items()
        ]
    }


def _license(about: About) -> dict[str, str]:
    name = about.license.lower()
    if name in HUB_LICENSES:
        return {"license": name}
    return {
        "license": "other",
        "license_name": about.license.rsplit("/", 1)[-1].lower() or "other",
        "license_link": about.license_url,
    }


def _size(clips: int) -> str:
    return next((name for limit, name in SIZES if clips < limit), LARGEST)


TEXT = """\
# {about.title}

{about.description}

- Creators: {creators}
- Page: {about.url}
- Licence of the files here: {about.license}
- Source of the videos: [{about.source.name}]({about.source.url})
- Written by {facts.software.name} {facts.software.version}{commit}

## Terms of the source

{about.source.terms} Corrupting a video does not change who owns it: corrupted clips fall under the
same terms as their source.

## Files

{files}

## How it was made

{preprocessing} {manipulation}

{missing}

## Uses

{about.purpose}

## Limitations

{about.limitations}

## Biases

{about.biases}

## Personal and sensitive content

{about.sensitive}

## Social impact

{about.social_impact}

## Maintenance

{about.maintenance}

## Citation

```bibtex
{citation}
```
"""
