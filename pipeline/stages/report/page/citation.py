"""Leaderboard as a LaTeX table and the run as a BibTeX entry, to copy from the page."""

from collections.abc import Mapping, Sequence
from typing import Any

from .... import __version__
from ....params import Params
from ..evaluated import Evaluated

ESCAPES = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
}  # fmt: skip


def latex(text: str) -> str:
    """Return text with the characters escaped that LaTeX interprets."""
    return "".join(ESCAPES.get(letter, letter) for letter in text)


def latex_table(
    results: Evaluated, rows: Sequence[Mapping[str, Any]], set_name: str, params: Params
) -> str:
    """Return the leaderboard as a LaTeX table, which needs the package booktabs."""
    estimates = results.measured.estimates
    with_ece = any("ece" in some for some in estimates.values())
    heading = ["Model", "Clean", "mPC", r"95\,\% CI", "rPC", "Rank", "Resist"]
    heading += ["ECE"] if with_ece else []
    lines = [
        r"\begin{table}",
        r"  \centering",
        f"  \\caption{{{latex(_caption(results, set_name, params))}}}",
        f"  \\begin{{tabular}}{{l{'r' * (len(heading) - 1)}}}",
        r"    \toprule",
        f"    {' & '.join(heading)} \\\\",
        r"    \midrule",
        *(f"    {' & '.join(_row(row, estimates, with_ece))} \\\\" for row in rows),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _caption(results: Evaluated, set_name: str, params: Params) -> str:
    summary = next(iter(results.summaries.values()))
    return (
        f"Robustness on {results.dataset}: top-1 accuracy in %, corruption set {set_name}, "
        f"severities {', '.join(map(str, results.severities))}, dialect {params.dialect}, "
        f"N = {results.counts} clips ({summary.accounting} accounting). Ranks hold jointly "
        "with probability 95 %."
    )


def _row(row: Mapping[str, Any], estimates: Mapping[str, Any], with_ece: bool) -> list[str]:
    external = "file" in row
    some = {} if external else estimates.get(row["model"], {})
    low, high = row.get("mpc_low"), row.get("mpc_high")
    interval = "--" if low is None or high is None else f"{low:.1f}--{high:.1f}"
    best, worst = row.get("rank_best"), row.get("rank_worst")
    rank = "--" if best is None else str(best) if best == worst else f"{best}--{worst}"
    cells = [latex(row["model"]), _fixed(row["clean_top1"]), _fixed(row["mpc"]), interval]
    cells += [_fixed(row["rpc"]), rank, _estimate(some, "resist_rate")]
    return cells + ([_estimate(some, "ece")] if with_ece else [])


def _estimate(some: Mapping[str, Any], name: str) -> str:
    return _fixed(some[name].value if name in some else None)


def _fixed(value: float | None) -> str:
    return "--" if value is None or value != value else f"{value:.1f}"  # noqa: PLR0124 - nan


def bibtex(results: Evaluated, set_name: str, params: Params, digest: str) -> str:
    """Return a BibTeX entry of this run: set, N, accounting, protocol, version and recipes."""
    summary = next(iter(results.summaries.values()))
    picture = params.decode.pictures[results.dataset]
    note = (
        f"Corruption set {set_name}, severities {', '.join(map(str, results.severities))}, "
        f"dialect {params.dialect}, seed {params.seed}; N = {results.counts} of "
        f"{summary.num_clips_strict} listed clips ({summary.accounting} accounting); "
        f"{params.evaluate.frames} frames, uniform, short side {picture.short_side}, centre crop "
        f"{picture.crop}{'' if params.evaluate.has_payload else ', no payload'}; recipes {digest}"
    )
    return (
        f"@misc{{video-corruptions-{results.dataset.replace('_', '-')}-{digest[:8]},\n"
        f"  key = {{video-corruptions}},\n"
        f"  title = {{Robustness of video models on {latex(results.dataset)}}},\n"
        f"  howpublished = {{video-corruptions, version {__version__}}},\n"
        f"  note = {{{latex(note)}}}\n"
        "}\n"
    )
