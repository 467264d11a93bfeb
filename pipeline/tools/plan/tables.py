"""Tables and sentences that show a plan in a terminal."""

from collections.abc import Iterator

from rich.table import Table

from .estimate import EstimateInterval
from .plan import Plan, StageEstimate


def show(plan: Plan) -> Iterator[Table | str]:
    """Yield the tables and sentences of a plan."""
    clips = ", ".join(f"{count:,} of {split}" for split, count in plan.clips.items())
    measured = ", ".join(f"{count} of {split}" for split, count in plan.measured.items())
    known = "" if plan.sizes_known else " (estimated: the filter stage has not run)"
    yield f"Usable clips: {clips}{known}. Measured: {measured}."
    yield _stages(plan)
    unit, factor = _hours(plan.total.core_hours)
    wall = _range(plan.wall_hours, f" {unit}", factor)
    yield (
        f"With {plan.workers} workers: {wall} for decoding and corrupting, if the workers do not "
        "slow each other down."
    )
    if plan.evaluations:
        yield _models(plan)
        for one in plan.evaluations:
            if one.hours is None:
                yield f"WARNING: {one.model} was not timed: {one.reason}"
    yield _ways(plan)
    yield from _memory(plan)
    yield from _disk(plan)
    if plan.failed:
        yield f"WARNING: {plan.failed} of the measured clips and cells failed."


def _stages(plan: Plan) -> Table:
    table = Table(
        title=f"{plan.dataset}: {plan.cells} cells and the clean set",
        caption="In brackets: 95 % interval over the measured clips, without a busier machine.",
    )
    unit, factor = _hours(plan.total.core_hours)
    for name in ("stage", f"core-{unit}", "size", "shards"):
        table.add_column(name, justify="left" if name == "stage" else "right", no_wrap=True)
    for line in plan.stages:
        table.add_row(*_row(line, factor))
    table.add_section()
    table.add_row(*_row(plan.total, factor))
    return table


def _row(line: StageEstimate, factor: float) -> tuple[str, ...]:
    unit, divisor = _unit(line.bytes.value)
    size = _range(line.bytes, f" {unit}", 1 / divisor)
    return line.name, _range(line.core_hours, "", factor), size, f"{line.shards:,}"


def _hours(total: EstimateInterval) -> tuple[str, float]:
    """Return hours, or minutes if the total is below one hour, and the factor from hours."""
    return ("hours", 1.0) if total.value >= 1 else ("minutes", 60.0)


def _models(plan: Plan) -> Table:
    gpu = plan.device.startswith("cuda")
    timed = [one.hours for one in plan.evaluations if one.hours is not None]
    unit, factor = _hours(max(timed, key=lambda hours: hours.value)) if timed else ("hours", 1.0)
    hours = f"GPU-{unit}" if gpu else f"core-{unit} on this CPU"
    table = Table(
        title=f"Evaluation on {plan.device}, {plan.precision}",
        caption="Wall-clock time measured on this device."
        if gpu
        else "No GPU found. GPU-hours: petaMAC / (achieved petaMAC/s of the GPU x 3600).",
    )
    for name in ("model", hours, "petaMAC"):
        table.add_column(name, justify="left" if name == "model" else "right", no_wrap=True)
    for one in plan.evaluations:
        name = one.model if one.trained else f"{one.model} (random weights)"
        taken = "-" if one.hours is None else _range(one.hours, "", factor)
        table.add_row(name, taken, "-" if one.petamac is None else _number(one.petamac))
    return table


def _ways(plan: Plan) -> Table:
    hours = [one.hours for one in plan.evaluations if one.hours is not None]
    models = EstimateInterval(
        *(sum(getattr(one, name) for one in hours) for name in ("value", "low", "high"))
    )
    kind = "GPU" if plan.device.startswith("cuda") else "core"
    unit, factor = _hours(max((way.core_hours for way in plan.ways), key=lambda one: one.value))
    model_unit, model_factor = _hours(models)
    table = Table(
        title="Ways to evaluate: evaluate.reads and corrupt.frames, the evaluated split only",
        caption="Core time is from the videos to the frames of the models. Videos store no frames.",
    )
    for name in ("way", f"core-{unit}", "size", f"models, {kind}-{model_unit}"):
        table.add_column(name, justify="left" if name == "way" else "right", no_wrap=True)
    for way in plan.ways:
        size_unit, divisor = _unit(way.bytes.value)
        table.add_row(
            way.name,
            _range(way.core_hours, "", factor),
            _range(way.bytes, f" {size_unit}", 1 / divisor) if way.bytes.value else "0",
            _range(models, "", model_factor) if hours else "-",
        )
    return table


def _memory(plan: Plan) -> Iterator[str]:
    memory = plan.memory
    together = plan.workers * (memory.worker + memory.ffmpeg)
    yield (
        f"Memory: {_bytes(memory.worker)} per worker and at most {_bytes(memory.ffmpeg)} for its "
        f"ffmpeg process; {_bytes(together)} for {plan.workers} workers. The longest measured "
        f"clip has {memory.measured_frames:,} frames, the longest known one "
        f"{memory.longest_frames:,}."
    )


def _disk(plan: Plan) -> Iterator[str]:
    need = plan.total.bytes
    yield (
        f"Disk: {_bytes(need.value)} of shards (up to {_bytes(need.high)}) in {plan.files:,} files "
        f"with their parts; {_bytes(plan.disk_used)} are already written, "
        f"{_bytes(plan.disk_free)} are free. "
        + (
            "DVC's cache holds hard links to the same files and takes no space of its own; "
            if plan.cache_is_linked
            else "DVC's cache is on another disk or file system without hard links and takes the "
            "same space again; "
        )
        + "shards that a later change replaces stay in it until `dvc gc --workspace`."
    )
    if not plan.fits_disk:
        yield (
            "WARNING: the disk is too small. Set `corrupt.frames: 32` in params.yaml to store only "
            "the frames used for evaluation, process fewer corruptions at a time, or use a larger "
            "disk."
        )


def _range(interval: EstimateInterval, unit: str, factor: float) -> str:
    value, low, high = (
        _number(bound * factor) for bound in (interval.value, interval.low, interval.high)
    )
    return f"{value}{unit} ({low} .. {high})"


def _number(value: float) -> str:
    """Format with three significant digits, without an exponent."""
    if value == 0:
        return "0"
    return f"{value:,.0f}" if value >= 100 else f"{value:#.3g}" if value >= 1e-3 else f"{value:.1g}"


def _unit(value: float) -> tuple[str, float]:
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if value >= size:
            return unit, size
    return "kB", 1e3


def _bytes(value: float) -> str:
    unit, size = _unit(value)
    return f"{_number(value / size)} {unit}"
