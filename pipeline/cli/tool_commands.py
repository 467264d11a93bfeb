"""Commands that are not stages."""

from itertools import chain
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from ..errors import SettingsError, StageError
from .app import DEFAULT, AsJson, Dataset, Force, ParamsFile, console, load, tool
from .findings import conclude
from .terminal import open_console

SHOWN_FILES = 10


@tool
def check(
    dataset: Annotated[
        str | None,
        typer.Option("--dataset", "-d", help="Check the inputs of this dataset as well."),
    ] = None,
    params: ParamsFile = DEFAULT,
) -> None:
    """Check dependencies, that this machine produces the reference output, and a dataset."""
    from ..tools.check.check import check as work
    from ..tools.check.dataset import check_dataset

    results = work()
    if dataset is not None:
        values, root = load(params)
        values.check_dataset(dataset)
        results = chain(results, check_dataset(dataset, values, root))
    failed = []
    for result in results:
        colour = "green" if result.passed else "red"
        mark = "ok    " if result.passed else "FAILED"
        line = Text.assemble((mark, colour), f" {result.name:24} {result.detail}")
        console.print(line, soft_wrap=True)
        if not result.passed:
            failed.append(result.name)
    if failed:
        raise StageError(f"checks failed: {', '.join(failed)}.")


@tool
def classes(dataset: Dataset, force: Force = False, params: ParamsFile = DEFAULT) -> None:
    """Write the class list of a dataset: all classes that its annotations name."""
    from ..tools.class_lists import write_class_list

    values, root = load(params)
    path = write_class_list(values, root, dataset, force=force)
    console.print(str(path), soft_wrap=True, highlight=False)


@tool
def clean(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only print what would be removed.")
    ] = False,
    params: ParamsFile = DEFAULT,
) -> None:
    """Remove the outputs of all stages; videos, annotations and other files stay."""
    from ..tools.clean import clean as work

    root = params.resolve().parent
    done = work(root, remove=not dry_run)
    verb = "would be removed" if dry_run else "removed"
    console.print(f"{done.files:,} files ({done.bytes / 1e9:,.2f} GB) {verb} below {root}.")
    for path in done.kept[:SHOWN_FILES]:
        console.print(f"kept, not written by a stage: {path}", soft_wrap=True, highlight=False)
    if len(done.kept) > SHOWN_FILES:
        console.print(f"... and {len(done.kept) - SHOWN_FILES:,} more.")
    if done.cache_kept:
        console.print("kept: .dvc/cache, since .dvc files are there; `dvc gc -w` makes it smaller.")


@tool
def verify(
    dataset: Annotated[
        str | None, typer.Option("--dataset", "-d", help="Dataset name in params.yaml.")
    ] = None,
    mirror: Annotated[
        Path | None, typer.Option(help="Folder of a mirror to verify instead of a dataset.")
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(help="Folder of the videos of --mirror, to recompute some outputs from."),
    ] = None,
    corruption: Annotated[
        list[str] | None,
        typer.Option(
            "--corruption",
            "-c",
            help="Corruption to process; may be repeated. Default: all in params.yaml.",
        ),
    ] = None,
    recompute: Annotated[
        int,
        typer.Option(
            help="Number of random shards (outputs of a mirror) to recompute from the videos.",
            min=0,
        ),
    ] = 3,
    sample_seed: Annotated[int, typer.Option(help="Seed for sampling the shards.")] = 0,
    against: Annotated[
        list[Path] | None,
        typer.Option(help="Published manifest or Croissant file to compare with; may be repeated."),
    ] = None,
    stored: Annotated[
        bool, typer.Option(help="Read every stored shard (slow) or only recompute the sample.")
    ] = True,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write all problems to this CSV file.")
    ] = None,
    params: ParamsFile = DEFAULT,
) -> None:
    """Verify hashes, recompute a sample of shards and compare with published manifests."""
    if (dataset is None) == (mirror is None):
        raise SettingsError("--dataset, --mirror: give one of them.")
    if mirror is not None:
        from ..tools.verify.mirrored import verify_mirror

        found = verify_mirror(mirror, source, samples=recompute, seed=sample_seed)
    else:
        from ..tools.verify.verify import verify as work

        values, root = load(params)
        found = work(
            str(dataset),
            values,
            root,
            chosen=corruption or (),
            check_stored=stored,
            samples=recompute,
            sample_seed=sample_seed,
            against=against or (),
        )
    conclude(found, f"verify {dataset or mirror}", output)


@tool
def plan(
    dataset: Dataset,
    clips: Annotated[
        int,
        typer.Option(help="Clips to measure per split; more clips give narrower intervals.", min=3),
    ] = 12,
    seed: Annotated[int, typer.Option(help="Seed for sampling the clips.")] = 0,
    no_models: Annotated[
        bool, typer.Option("--no-models", help="Skip the evaluation estimate.")
    ] = False,
    json_: AsJson = False,
    params: ParamsFile = DEFAULT,
) -> None:
    """Estimate run time, disk usage and shard count from a few clips."""
    import json
    from dataclasses import asdict

    from ..tools.check.dataset import later_problems
    from ..tools.plan.plan import plan as work
    from ..tools.plan.tables import show

    values, root = load(params)
    problems = "" if no_models else later_problems(dataset, values, root)
    if problems:  # said before the work starts
        open_console(stderr=True, soft_wrap=True).print(problems, highlight=False)
    made = work(dataset, values, root, clips=clips, seed=seed, models=not no_models)
    if json_:
        typer.echo(json.dumps(asdict(made) | {"fits_disk": made.fits_disk}, indent=2))
    else:
        for part in show(made):
            console.print(part, soft_wrap=True)
    if problems:
        raise StageError(
            f"{dataset}: a later stage would fail, as said above; "
            f"`python -m pipeline check --dataset {dataset}` says why."
        )
