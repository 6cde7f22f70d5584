"""`punie-data parity`: does a server answer as the weights themselves do?"""

import json
from contextlib import ExitStack
from pathlib import Path

import click

from punie_data.cli.progress import progress
from punie_data.errors import UserError
from punie_data.plain import plain_line
from punie_data.temporary import temporary_root


@click.command(
    epilog="""\b
Examples:
  punie-data parity data/suites/shop-60.jsonl --model models/qwen --adapter adapters/mine
  punie-data parity data/suites/shop-60.jsonl --model models/qwen --endpoint http://localhost:8080/v1 --dialect native"""
)
@click.argument("suite", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--model", type=click.Path(path_type=Path), required=True, help="Folder of a model in MLX form."
)
@click.option("--adapter", type=click.Path(path_type=Path), help="Folder of an adapter to it.")
@click.option(
    "--endpoint", metavar="URL", help="A server that runs already.  [default: mlx_lm.server is started]"
)
@click.option(
    "--served-model", metavar="NAME", help="Which of the endpoint's models.  [default: its only one]"
)
@click.option(
    "--api-key-from",
    metavar="VARIABLE",
    help="The variable of the environment that holds the endpoint's key.",
)
@click.option("--dialect", default="hermes", show_default=True, help="How calls are written.")
@click.option("--system-prompt", help="In place of that of the manifest beside SUITE.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="Only the first so many queries.",
)
@click.option(
    "--most-tokens", type=click.IntRange(min=1), default=256, show_default=True, help="Written at most."
)
@click.option("--json", "as_json", is_flag=True, help="What was found as JSON.")
def parity(
    suite: Path,
    model: Path,
    adapter: Path | None,
    endpoint: str | None,
    served_model: str | None,
    api_key_from: str | None,
    dialect: str,
    system_prompt: str | None,
    limit: int,
    most_tokens: int,
    as_json: bool,
) -> None:
    """Ask the queries of SUITE twice, in process and through a server, and compare the calls. Exit 1 where they differ.

    The server is a real mlx_lm.server on this machine's loopback, started with the same model and adapter, or one that runs already: then this is the
    proof of which weights it answers with.
    """
    from punie_data import dataset
    from punie_data.evaluate.endpoint import Endpoint
    from punie_data.evaluate.parity import parity as compared
    from punie_data.evaluate.requests import Server, key_from
    from punie_data.evaluate.served import LOADED, serving
    from punie_data.evaluate.systems import InProcess
    from punie_data.train.fast_blas import use_fast_blas

    if endpoint is None and (served_model or api_key_from):
        raise UserError("--served-model and --api-key-from are of an --endpoint")
    for folder in filter(None, (model, adapter)):
        if not folder.is_dir():
            raise UserError(f"{folder} is no folder")
    warning = use_fast_blas()
    if system_prompt is None:
        manifest = dataset.manifest_of(suite) or dataset.manifest_of(suite.parent)
        system_prompt = str(manifest.get("system_prompt", ""))
    with ExitStack() as stack:
        stack.enter_context(temporary_root())
        shown = stack.enter_context(progress(quiet=as_json))
        if warning:
            shown.line(warning)
        if endpoint is None:
            server = stack.enter_context(serving(model, adapter))
        else:
            server = Server(endpoint.rstrip("/"), key_from(api_key_from))
        name = LOADED if endpoint is None else served_model
        served = Endpoint(server, name, dialect, system_prompt, most_tokens)
        here = InProcess(model, adapter, dialect, system_prompt, most_tokens)
        found = compared(suite, here, served, shown.stage, shown.advance, limit)
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=1))
    else:
        for difference in found.differences:
            click.echo(f"{difference.id}  {plain_line(difference.question)}")
            click.echo(f"  in process  {plain_line(difference.in_process)}")
            click.echo(f"  served      {plain_line(difference.served)}")
        for identity, reason in found.unasked:
            click.echo(f"{identity}  not compared: {plain_line(reason)}")
        same = found.compared - len(found.differences)
        click.echo(
            f"{same} of {found.compared} queries end in the same, {found.same_text} of them to the letter"
        )
    if found.differences:
        raise click.exceptions.Exit(1)
