"""`punie-data evaluate`: what a model decides, query by query."""

import json
from pathlib import Path
from typing import Any

import click

from punie_data.cli.progress import progress
from punie_data.errors import UserError


@click.command(
    epilog="""\b
Examples:
  punie-data evaluate data/mine/test.jsonl --model models/qwen --out results/base
  punie-data evaluate data/mine/test.jsonl --model models/qwen --adapter adapters/mine --out results/mine
  punie-data compare results/base results/mine"""
)
@click.argument("suite", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--model", type=click.Path(path_type=Path), required=True, help="Folder of a model in MLX form."
)
@click.option("--adapter", type=click.Path(path_type=Path), help="Folder of an adapter to it.")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder for results.jsonl and summary.json."
)
@click.option(
    "--dialect", default="hermes", show_default=True, help="How calls are written: the one of the training."
)
@click.option("--system-prompt", help="In place of that of the manifest beside SUITE.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first so many queries.")
@click.option(
    "--most-tokens", type=click.IntRange(min=1), default=256, show_default=True, help="Written at most."
)
@click.option(
    "--batch-size", type=click.IntRange(min=1), default=16, show_default=True, help="Queries at a time."
)
@click.option("--json", "as_json", is_flag=True, help="The summary as JSON.")
def evaluate(
    suite: Path,
    model: Path,
    adapter: Path | None,
    out: Path,
    dialect: str,
    system_prompt: str | None,
    limit: int | None,
    most_tokens: int,
    batch_size: int,
    as_json: bool,
) -> None:
    """Ask a model the queries of SUITE, a file of records, and score the turn that counts.

    In layers: read by the runtime's parser, the right decision (tool, direct, ask, cannot), the right tools, the right arguments. At temperature 0,
    with the prompt of the training. Malformed is never abstention; what can't be asked is unscored, neither right nor wrong.
    """
    from punie_data import dataset
    from punie_data.evaluate import run
    from punie_data.train.fast_blas import use_fast_blas

    warning = use_fast_blas()
    if system_prompt is None:
        system_prompt = str(dataset.manifest_of(suite).get("system_prompt", ""))
    foreign = out.is_dir() and any(not file.name.endswith(".part") for file in out.iterdir())
    if foreign and not (out / run.SUMMARY).exists():
        raise UserError(f"{out} holds other files; choose an empty folder with --out")
    with progress(quiet=as_json) as shown:
        if warning:
            shown.line(warning)
        summary = run.evaluate(
            suite,
            model,
            adapter,
            dialect,
            system_prompt,
            out,
            shown.stage,
            shown.advance,
            limit,
            most_tokens,
            batch_size,
        )
    if as_json:
        click.echo(json.dumps(summary, indent=1))
        return
    _print(summary)
    click.echo(f"each answer with its explanation: {out / run.RESULTS}")


def _print(summary: dict[str, Any]) -> None:
    rows = [*summary["layers"].items(), ("all of them", summary["strict"])]
    rows += [(f"{kind} rows", share) for kind, share in summary["by_kind"].items()]
    for name, share in rows:
        click.echo(f"{name:<14}{told(share)}")
    for kind, decided in summary["decisions"].items():
        click.echo(f"{kind:<14}decided " + ", ".join(f"{name} {count}" for name, count in decided.items()))
    if summary["unscored"]:
        click.echo(f"unscored      {summary['unscored']}")


def told(share: dict[str, Any]) -> str:
    """`52 of 60, 86.7 % (75.8 to 93.1)`."""
    part = share["passed"] / share["total"] if share["total"] else 0.0
    return f"{share['passed']} of {share['total']}, {part:.1%} ({share['low']:.1%} to {share['high']:.1%})"
