"""`punie-data evaluate`: what a model decides, query by query."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from punie_data.cli.benchmarks import lines
from punie_data.cli.progress import progress
from punie_data.cli.recording import recorded, tell_history
from punie_data.cli.repositories import CACHE, CORPUS, REPO, repositories
from punie_data.errors import UserError
from punie_data.plain import plain_line
from punie_data.temporary import temporary_root

if TYPE_CHECKING:
    from punie_data.evaluate.run import Mode
    from punie_data.evaluate.sites import Sites
    from punie_data.evaluate.systems import Replies


@click.command(
    epilog="""\b
Examples:
  punie-data evaluate data/mine/test.jsonl --model models/qwen --out results/base
  punie-data evaluate data/mine/test.jsonl --model models/qwen --adapter adapters/mine --out results/mine
  punie-data evaluate data/mine/test.jsonl --model models/qwen --agentic --repo ./mine --out results/agentic
  punie-data evaluate data/mine/test.jsonl --endpoint http://localhost:8080/v1 --out results/served
  punie-data evaluate data/mine/test.jsonl --command 'claude -p {query}' --repo ./mine --out results/claude
  punie-data evaluate suites/when2call.jsonl --model models/qwen --by-likelihood --out results/when2call
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
    "--command",
    metavar="'AGENT … {query}'",
    help="A command-line agent, in place of --model; {repo} is its copy of the repository.",
)
@click.option(
    "--writable",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    help="What the agent may write besides its copy and its own sessions. Repeatable.",
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
@click.option(
    "--agentic", is_flag=True, help="Run the system's calls on the repository and go on until it answers."
)
@click.option(
    "--run", "single_run", is_flag=True, help="Run the calls of the turn that counts, and nothing after it."
)
@click.option(
    "--by-likelihood",
    is_flag=True,
    help="Write nothing: decide for the likeliest of the suite's choices (When2Call's).",
)
@click.option(
    "--turns",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    help="Turns for an answer, of --agentic.",
)
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0.1),
    default=300.0,
    show_default=True,
    help="Seconds for a query, of --agentic and --command.",
)
@click.option(
    "--allow-exec",
    is_flag=True,
    help="Let calls run the repository's own code (its tests, commands), in the sandbox.",
)
@REPO
@CORPUS
@CACHE
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
    command: str | None,
    writable: tuple[Path, ...],
    out: Path,
    dialect: str | None,
    system_prompt: str | None,
    limit: int | None,
    most_tokens: int,
    batch_size: int | None,
    agentic: bool,
    single_run: bool,
    by_likelihood: bool,
    turns: int,
    time_limit: float,
    allow_exec: bool,
    repos: tuple[str, ...],
    corpora: tuple[str, ...],
    cache: Path | None,
    as_json: bool,
) -> None:
    """Ask a system the queries of SUITE, a file of records, and score the turn that counts.

    A system is a model in MLX form, whatever an OpenAI-compatible endpoint serves, with proof of which model answered, or a command-line agent, which works
    in a copy of the repository and whose transcript is read.

    In layers: read by the runtime's parser, the right decision (tool, direct, ask, cannot), all the right tools, the right arguments; with --run that the
    calls run; with --agentic, where the conversation goes on with real results, that the answer is complete and grounded. At temperature 0, with the
    prompt of the training. Malformed is never abstention; what can't be asked is unscored, neither right nor wrong. An evaluation that was
    ended goes on where it was when it is started again.
    """
    from punie_data.evaluate import run
    from punie_data.history.outcomes import evaluated
    from punie_data.train.fast_blas import use_fast_blas

    if sum(named is not None for named in (model, endpoint, command)) != 1:
        raise UserError("name what is to be evaluated: one of --model, --endpoint and --command")
    if by_likelihood and (agentic or single_run or model is None):
        raise UserError("--by-likelihood needs --model, and goes with neither --agentic nor --run")
    warning = use_fast_blas() if model is not None else ""
    if system_prompt is None:
        system_prompt = str(_manifest(suite).get("system_prompt", ""))
    foreign = out.is_dir() and any(not file.name.endswith(".part") for file in out.iterdir())
    if foreign and not (out / run.SUMMARY).exists():
        raise UserError(f"{out} holds other files; choose an empty folder with --out")
    system: Replies
    if model is not None:
        from punie_data.evaluate.systems import InProcess

        system = InProcess(model, adapter, dialect or "hermes", system_prompt, most_tokens, batch_size or 16)
    elif command is not None:
        from punie_data.evaluate.agent import CommandLine

        system = CommandLine(command, time_limit, tuple(path.resolve() for path in writable), batch_size or 1)
    else:
        from punie_data.evaluate.endpoint import Endpoint
        from punie_data.evaluate.requests import Server, key_from

        assert endpoint is not None
        server = Server(endpoint.rstrip("/"), key_from(api_key_from), timeout)
        system = Endpoint(
            server, served_model, dialect or "native", system_prompt, most_tokens, batch_size or 1
        )
    with ExitStack() as stack:
        shown = stack.enter_context(progress(quiet=as_json))
        if warning:
            shown.line(warning)
        mode: Mode | None = None
        if by_likelihood:
            from punie_data.evaluate.by_likelihood import ByLikelihood

            mode = ByLikelihood()
        elif agentic or single_run or command is not None:
            stack.enter_context(temporary_root())
            sites = stack.enter_context(_sites(suite, limit, repos, corpora, cache, allow_exec, shown.line))
            mode = _mode(sites, command is not None, agentic, turns, time_limit)
        summary = run.evaluate_system(suite, system, out, shown.stage, shown.advance, limit, mode)
    tell_history(lambda: evaluated(summary, out / run.RESULTS, model, adapter, system.batch))
    if as_json:
        click.echo(json.dumps(summary, indent=1))
        return
    _print(summary)
    click.echo(f"each answer with its explanation: {out / run.RESULTS}")


def _sites(
    suite: Path,
    limit: int | None,
    repos: tuple[str, ...],
    corpora: tuple[str, ...],
    cache: Path | None,
    allow_exec: bool,
    line: Callable[[str], None],
) -> "Sites":
    """The repositories that the suite asks about."""
    from punie_data.corpus import cache_folder
    from punie_data.evaluate.queries import queries
    from punie_data.evaluate.sites import Sites

    asked = list(queries(suite, limit))
    manifest = _manifest(suite)
    origins = {entry["name"]: entry["origin"] for entry in manifest.get("sources", ())}
    entries = {query.repo: origins.get(query.repo, "") for query in asked}
    folder = cache_folder(cache)
    sources = repositories(entries, suite.parent, repos, corpora, folder, line)
    return Sites(asked, manifest, sources, folder, allow_exec, line)


def _manifest(suite: Path) -> dict[str, Any]:
    """That of the suite, or of the folder in which it lies."""
    from punie_data import dataset

    return dataset.manifest_of(suite) or dataset.manifest_of(suite.parent)


def _mode(sites: "Sites", command: bool, agentic: bool, turns: int, seconds: float) -> "Mode":
    from punie_data.evaluate.agent import Commanded
    from punie_data.evaluate.agentic import Agentic, OneRun
    from punie_data.evaluate.episode import Limits

    if command:
        return Commanded(sites)
    return Agentic(sites, Limits(turns, seconds)) if agentic else OneRun(sites)


def _print(summary: dict[str, Any]) -> None:
    rows = [(layer, share) for layer, share in summary["layers"].items() if share["total"]]
    rows.append(("all of them", summary["strict"]))
    rows += [(f"{kind} rows", share) for kind, share in summary["by_kind"].items()]
    for name, share in rows:
        click.echo(f"{name:<14}{told(share)}")
    for kind, decided in summary["decisions"].items():
        click.echo(f"{kind:<14}decided " + ", ".join(f"{name} {count}" for name, count in decided.items()))
    if "sources" in summary:
        click.echo(
            "read from     " + ", ".join(f"{name} {count}" for name, count in summary["sources"].items())
        )
    if "ended" in summary:
        click.echo(
            "ended         " + ", ".join(f"{name} {count}" for name, count in summary["ended"].items())
        )
        answered = summary["answered"]
        click.echo(
            f"answered      {answered['passed']} of {answered['total']} completely, and with nothing made up; "
            f"{summary['calls']} calls, {summary['failed_calls']} of them failed"
        )
    if "likelihood" in summary:
        f1 = summary["likelihood"]
        click.echo(
            f"macro F1      {f1['macro_f1']:.1%} by the mean of a token; by character {f1['macro_f1_by_character']:.1%}, summed {f1['macro_f1_summed']:.1%}"
        )
    for line in lines(summary["benchmark"]) if "benchmark" in summary else ():
        click.echo(line)
    if summary["unscored"]:
        click.echo(f"unscored      {summary['unscored']}")
        for reason, count in summary["unscored_reasons"].items():
            click.echo(f"  {count}: {plain_line(reason)}")


def told(share: dict[str, Any]) -> str:
    """`52 of 60, 86.7 % (75.8 to 93.1)`."""
    part = share["passed"] / share["total"] if share["total"] else 0.0
    return f"{share['passed']} of {share['total']}, {part:.1%} ({share['low']:.1%} to {share['high']:.1%})"
