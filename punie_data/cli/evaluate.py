"""`punie-data evaluate`: what a model decides, query by query."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from punie_data.cli.progress import progress
from punie_data.cli.recording import recorded, tell_history
from punie_data.errors import UserError

if TYPE_CHECKING:
    from punie_data.evaluate.systems import Replies


@click.command(
    epilog="""\b
Examples:
  punie-data evaluate data/mine/test.jsonl --model models/qwen --out results/base
  punie-data evaluate data/mine/test.jsonl --model models/qwen --adapter adapters/mine --out results/mine
  punie-data evaluate data/mine/test.jsonl --endpoint http://localhost:8080/v1 --out results/served
  punie-data compare results/base results/mine"""
)
@click.argument("suite", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--model", type=click.Path(path_type=Path), help="Folder of a model in MLX form.")
@click.option("--adapter", type=click.Path(path_type=Path), help="Folder of an adapter to it.")
@click.option("--endpoint", metavar="URL", help="An OpenAI-compatible server, in place of --model.")
@click.option(
    "--served-model", metavar="NAME", help="Which of the endpoint's models.  [default: its only one]"
)
@click.option(
    "--api-key-from",
    metavar="VARIABLE",
    help="The variable of the environment that holds the endpoint's key.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1),
    default=120.0,
    show_default=True,
    help="Seconds for an answer of the endpoint.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder for results.jsonl and summary.json."
)
@click.option(
    "--dialect",
    help="How calls are written: the one of the training.  [default: hermes; of an endpoint native]",
)
@click.option("--system-prompt", help="In place of that of the manifest beside SUITE.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first so many queries.")
@click.option(
    "--most-tokens", type=click.IntRange(min=1), default=256, show_default=True, help="Written at most."
)
@click.option(
    "--batch-size", type=click.IntRange(min=1), help="Queries at a time.  [default: 16; of an endpoint 1]"
)
@click.option("--json", "as_json", is_flag=True, help="The summary as JSON.")
@recorded
def evaluate(
    suite: Path,
    model: Path | None,
    adapter: Path | None,
    endpoint: str | None,
    served_model: str | None,
    api_key_from: str | None,
    timeout: float,
    out: Path,
    dialect: str | None,
    system_prompt: str | None,
    limit: int | None,
    most_tokens: int,
    batch_size: int | None,
    as_json: bool,
) -> None:
    """Ask a system the queries of SUITE, a file of records, and score the turn that counts.

    A system is a model in MLX form, or whatever an OpenAI-compatible endpoint serves, with proof of which model answered.

    In layers: read by the runtime's parser, the right decision (tool, direct, ask, cannot), the right tools, the right arguments. At temperature 0,
    with the prompt of the training. Malformed is never abstention; what can't be asked is unscored, neither right nor wrong. An evaluation that was
    ended goes on where it was when it is started again.
    """
    from punie_data import dataset
    from punie_data.evaluate import run
    from punie_data.history.outcomes import evaluated
    from punie_data.train.fast_blas import use_fast_blas

    if (model is None) == (endpoint is None):
        raise UserError("name what is to be evaluated: either --model or --endpoint")
    warning = use_fast_blas() if model is not None else ""
    if system_prompt is None:
        system_prompt = str(dataset.manifest_of(suite).get("system_prompt", ""))
    foreign = out.is_dir() and any(not file.name.endswith(".part") for file in out.iterdir())
    if foreign and not (out / run.SUMMARY).exists():
        raise UserError(f"{out} holds other files; choose an empty folder with --out")
    system: "Replies"
    if model is not None:
        from punie_data.evaluate.systems import InProcess

        system = InProcess(model, adapter, dialect or "hermes", system_prompt, most_tokens, batch_size or 16)
    else:
        from punie_data.evaluate.endpoint import Endpoint
        from punie_data.evaluate.requests import Server, key_from

        assert endpoint is not None
        server = Server(endpoint.rstrip("/"), key_from(api_key_from), timeout)
        system = Endpoint(
            server, served_model, dialect or "native", system_prompt, most_tokens, batch_size or 1
        )
    with progress(quiet=as_json) as shown:
        if warning:
            shown.line(warning)
        summary = run.evaluate_system(suite, system, out, shown.stage, shown.advance, limit)
    tell_history(lambda: evaluated(summary, out / run.RESULTS, model, adapter, system.batch))
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
