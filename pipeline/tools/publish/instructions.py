"""Instructions inside a publication: how to rebuild the dataset and prove that it is the same."""

from ...metadata.dataset_facts import Described
from .publication import CHECKSUMS, REBUILT, SHARDS, VERSIONS

FILES = f"""\
Recipes, not clips: everything from which the dataset is rebuilt, byte for byte, with your own
copies of the source videos. `REBUILD.md` has the commands.

| file | content |
|---|---|
| `params.yaml` | every parameter |
| `manifests/` | clips of the source, clean set and corruptions, with hashes; class list |
| `croissant.json` | description of all files and columns, with hashes (Croissant 1.1) |
| `{VERSIONS}` | version, commit and libraries that wrote the dataset |
| `{SHARDS}` | SHA-256 of every shard that is rebuilt |
| `{CHECKSUMS}` | SHA-256 of every file here |"""

TEXT = """\
# Rebuild {title}

You need the videos of {source} ({url}), obtained under their terms, and {gigabytes} GB of disk.

1. Install {name} {version}{commit}, with the pinned libraries of `{versions}`.
2. Rebuild the dataset from your videos, in any layout of folders:

   ```sh
   video-corruptions rebuild . --videos /path/to/videos
   ```

   In a clone of the project it is `python -m pipeline rebuild`, with the path of this folder. It
   checks this folder against `{checksums}`, finds and decodes the videos, corrupts them into
   `{rebuilt}/`, and ends with the verdict of `verify`: every clip and every shard compared with the
   published hashes. A run that was stopped is resumed by the same command.
3. Check without the project, if you like:

   ```sh
   sha256sum --check {checksums}
   cd {rebuilt} && sha256sum --check ../{shards}
   ```

A video that you lack or have in another version is named in the verdict; all other clips are still
compared. `{rebuilt}/` is a project: add models to its `params.yaml` and run `evaluate` and `report`
there.
"""


def instructions(described: Described) -> str:
    """Return the instructions as Markdown."""
    about, software = described.about, described.facts.software
    return TEXT.format(
        title=about.title,
        source=about.source.name,
        url=about.source.url,
        gigabytes=f"{max(sum(shard.size for shard in described.shards) / 1e9, 0.1):,.1f}",
        name=software.name,
        version=software.version,
        commit=f" at commit {software.commit}" if software.commit else "",
        versions=VERSIONS,
        checksums=CHECKSUMS,
        shards=SHARDS,
        rebuilt=REBUILT,
    )
