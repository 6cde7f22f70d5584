"""`punie-data bench`: how fast systems are, and what they take."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from punie_data.cli.progress import progress
from punie_data.cli.recording import recorded, tell_history
from punie_data.errors import UserError
from punie_data.plain import plain_line

if TYPE_CHECKING:
    from punie_data.bench.figures import Faster, Figures, Measured
    from punie_data.bench.run import Bench
    from punie_data.bench.system import BenchSystem
    from punie_data.history.run import Run

MEANING = {
    "seconds": "steady, mean a query",
    "p50_seconds": "steady, p50",
    "p95_seconds": "steady, p95",
    "prompt_seconds": "of that, the prompt",
    "prompt_rate": "prompt tokens/s",
    "generation_rate": "generated tokens/s",
    "token_seconds": "s a generated token",
    "load_seconds": "load",
    "warm_up_seconds": "warm-up",
    "memory_bytes": "memory, peak",
}

REMEMBERED = {
    "steady_seconds": ("p50_seconds", 1),
    "steady_p95_seconds": ("p95_seconds", 1),
    "load_seconds": ("load_seconds", 1),
    "warm_up_seconds": ("warm_up_seconds", 1),
    "prompt_tokens_per_second": ("prompt_rate", 1),
    "tokens_per_second": ("generation_rate", 1),
    "inference_peak_gb": ("memory_bytes", 1e9),
}
"""The history's metric → our figure, and how many of its units make one."""


@click.command(
    epilog="""\b
Examples:
  punie-data bench data/suites/shop-60.jsonl --system mine=models/mine --system 5bit=models/mine-5bit --out bench.json
  punie-data bench data/suites/shop-60.jsonl --system mine=models/base+adapters/mine --kv-bits 8
  punie-data bench data/suites/shop-60.jsonl --system a=models/mine --system b=models/mine,draft-model=models/small"""
)
@click.argument("suite", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--system", "systems", multiple=True, required=True, metavar="NAME=MODEL[+ADAPTER][,OPTION=VALUE]",
    help="Any number of them; OPTION is kv-bits, kv-group-size, quantized-kv-start, max-kv-size, draft-model, num-draft-tokens or dialect.",
)  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write all to this JSON file.")
@click.option(
    "--queries", type=click.IntRange(min=1), default=10, show_default=True, help="So many of SUITE, evenly."
)
@click.option(
    "--rounds", type=click.IntRange(min=1), default=3, show_default=True, help="Each loads every system anew."
)
@click.option(
    "--warm-up",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Queries that are not counted.",
)
@click.option(
    "--most-tokens", type=click.IntRange(min=1), default=128, show_default=True, help="Written at most."
)
@click.option("--dialect", default="hermes", show_default=True, help="Of systems that name none.")
@click.option("--system-prompt", help="In place of that of the manifest beside SUITE.")
@click.option("--kv-bits", type=int, help="Bench each system also with its cache in so many bits.")
@click.option("--kv-group-size", type=int, default=64, show_default=True, help="Goes with --kv-bits.")
@click.option(
    "--max-kv-size",
    type=click.IntRange(min=1),
    help="Bench each system also with a rotating cache of this size.",
)
@click.option(
    "--draft-model", type=click.Path(path_type=Path), help="Bench each system also with this one drafting."
)
@click.option(
    "--num-draft-tokens",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="Goes with --draft-model.",
)
@click.option(
    "--timeout", type=click.FloatRange(min=1), default=1800, show_default=True, help="Seconds for one run."
)
@click.option("--json", "as_json", is_flag=True, help="All as JSON.")
@recorded
def bench(
    suite: Path,
    systems: tuple[str, ...],
    out: Path | None,
    queries: int,
    rounds: int,
    warm_up: int,
    most_tokens: int,
    dialect: str,
    system_prompt: str | None,
    kv_bits: int | None,
    kv_group_size: int,
    max_kv_size: int | None,
    draft_model: Path | None,
    num_draft_tokens: int,
    timeout: float,
    as_json: bool,
) -> None:
    """Measure what systems take: disk, memory, loading, warming up, and then each query of a part of SUITE, alone and at temperature 0.

    Each run is a process of its own, one at a time, and those of different systems alternate, so that a busy machine is busy for all alike. Warming up is
    never in an average; prompt and generation are told apart. With --kv-bits, --max-kv-size or --draft-model each system is benched with and without,
    and it is checked whether it still writes the same. Exit 1 when a system failed.
    """
    from punie_data import dataset
    from punie_data.bench import run
    from punie_data.bench.system import parse, with_options
    from punie_data.train.fast_blas import use_fast_blas

    parsed = [parse(each, dialect) for each in systems]
    asked: list[dict[str, Any]] = []
    if kv_bits is not None:
        asked.append({"kv_bits": kv_bits, "kv_group_size": kv_group_size})
    if max_kv_size is not None:
        asked.append({"max_kv_size": max_kv_size})
    if draft_model is not None:
        asked.append({"draft_model": draft_model, "num_draft_tokens": num_draft_tokens})
    parsed = [each for one in parsed for each in (one, *(with_options(one, **more) for more in asked))]
    if out is not None and out.exists():
        run.read(out)  # never over a file that is something else
    warning = use_fast_blas()
    if system_prompt is None:
        system_prompt = str(dataset.manifest_of(suite.parent).get("system_prompt", ""))
    with progress(quiet=as_json) as shown:
        if warning:
            shown.line(warning)
        shown.stage("preparing", 1)
        made = run.plan(suite, parsed, system_prompt, queries, rounds, warm_up, most_tokens, timeout)
        count = len(made.suite["queries"])
        if made.left_out:
            shown.line(f"{made.left_out} queries are left out: not every system can be asked them")
        shown.stage("asking", len(parsed) * rounds * (count + made.warm_up))
        found = run.bench(made, out, shown.advance, shown.line)
    for figure in found.figures:
        _remember(figure, next(each for each in parsed if each.name == figure.system), found)
    if not found.figures:
        raise UserError("; ".join(f"{name}: {why}" for name, why in found.failures.items()))
    if as_json:
        click.echo(json.dumps(run.as_data(found), indent=1))
    else:
        _print(found, count, rounds)
        if out is not None:
            click.echo(f"all of it: {out}")
    if found.failures:
        raise SystemExit(1)


def _remember(figure: "Figures", system: "BenchSystem", found: "Bench") -> None:
    """A record a round, so that the history can tell noise from change."""
    from dataclasses import replace

    from punie_data.history.outcomes import benched

    asked = dict(found.told["asked"])
    told = asked | {"queries": len(found.told["suite"]["queries"]), **system.options.told()}
    first: Run | None = None
    for number in range(len(figure.figures["seconds"].rounds)):

        def make(number: int = number) -> "Run":
            nonlocal first
            by_name = {
                metric: figure.figures[name].rounds[number] / unit
                for metric, (name, unit) in REMEMBERED.items()
                if len(figure.figures[name].rounds) > number
            }
            if first is None:  # the weights are read once, not once a round
                first = replace(benched(told, by_name, system.model, system.adapter), name=system.name)
                return first
            return replace(first, metrics=dict(first.metrics) | by_name)

        tell_history(make, system.name if len(found.told["systems"]) > 1 else "")


def _print(found: "Bench", count: int, rounds: int) -> None:
    systems = {each["name"]: each for each in found.told["systems"]}
    turns = "1 round" if rounds == 1 else f"{rounds} rounds"
    click.echo(f"{count} queries in {turns}, with 95 % intervals\n")
    table = [["", *(figure.system for figure in found.figures)]]
    table.append(["disk", *(_bytes(systems[figure.system]["disk_bytes"]) for figure in found.figures)])
    table += [
        [words, *(_told(name, figure.figures[name]) for figure in found.figures)]
        for name, words in MEANING.items()
    ]
    widths = [max(map(len, column)) + 2 for column in zip(*table, strict=True)]
    for row in table:
        cells = (f"{plain_line(cell):<{width}}" for cell, width in zip(row, widths, strict=True))
        click.echo("".join(cells).rstrip())
    click.echo("")
    for figure in found.figures:
        click.echo(plain_line(f"{figure.system}: {_consistency(figure)}"))
    for pair in found.pairs:
        click.echo(plain_line(_versus(pair)))
    for name, why in found.failures.items():
        click.echo(plain_line(f"{name} failed: {why}"))


def _told(name: str, measured: "Measured") -> str:
    if not measured.rounds:
        return "–"
    if name == "memory_bytes":
        return _bytes(measured.value)
    unit = "" if "rate" in name else " s"
    figure = f"{_number(measured.value)}{unit}"
    if measured.low is None or measured.high is None:
        return figure
    return f"{figure} ({_number(measured.low)}–{_number(measured.high)})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _bytes(value: float) -> str:
    return f"{value / 1e9:.2f} GB" if value >= 1e8 else f"{value / 1e6:.1f} MB"


def _consistency(figure: "Figures") -> str:
    parts = []
    for name, words in (("seconds", "steady"), ("load_seconds", "load"), ("warm_up_seconds", "warm-up")):
        measured = figure.figures[name]
        if measured.change is not None and measured.variation is not None:
            parts.append(f"{words} {measured.change:+.1%} first to last, varies by {measured.variation:.1%}")
    if figure.same_outputs is not None:
        parts.append(
            "the same output in every round" if figure.same_outputs else "OTHER OUTPUT in another round"
        )
    if figure.drafted:
        parts.append(f"{figure.drafted} of {figure.tokens} tokens drafted")
    return "; ".join(parts) or "one round: how steady it is can't be said"


def _versus(pair: "Faster") -> str:
    told = f"{pair.second} takes {pair.ratio:.2f} × the time of {pair.first} ({pair.low:.2f}–{pair.high:.2f})"
    told += f": {pair.faster} is faster" if pair.faster else ": not distinguishable"
    if pair.same is not None:
        told += f"; {pair.same} of {pair.queries} outputs are the same"
    if pair.differing:
        told += f", the first that is not parts at token {pair.differing[0][1] + 1}"
    return told
