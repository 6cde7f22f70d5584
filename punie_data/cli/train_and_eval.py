"""`punie-data train-and-eval`: from a recipe to a verdict."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from punie_data.cli.progress import progress
from punie_data.cli.recording import recorded, tell_history
from punie_data.cli.repositories import REPO, repositories
from punie_data.errors import UserError
from punie_data.plain import plain_line
from punie_data.temporary import temporary_root

if TYPE_CHECKING:
    from punie_data.evaluate.sites import Sites
    from punie_data.train_and_eval import Outcome, Wanted


@click.command(
    "train-and-eval",
    epilog="""\b
Examples:
  punie-data train-and-eval phase-5 --dry-run
  punie-data train-and-eval corpora/recipes/phase-5.toml --model smollm2-135m --scale small
  punie-data train-and-eval phase-5 --model models/qwen --set train.iterations=600""",
)
@click.argument("recipe", metavar="RECIPE")
@click.option("--model", metavar="FOLDER|NAME", help="In the place of the recipe's base model: a folder, or a name of `model list`.")  # fmt: skip
@click.option("--scale", type=click.Choice(("full", "small")), default="full", show_default=True, help="small: few rows, steps and queries.")  # fmt: skip
@click.option("--rows", type=click.Path(path_type=Path, exists=True), help="In the place of the recipe's sources: a dataset, or a file of rows.")  # fmt: skip
@click.option("--set", "given", multiple=True, metavar="TABLE.KEY=VALUE", help="A setting, as train.epochs=2. Repeatable.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run.  [default: data/runs/<name>]")  # fmt: skip
@REPO
@click.option("--jobs", type=click.IntRange(1, 256), default=lambda: os.cpu_count() or 1, help="Worker processes of the build.  [default: one a core]")  # fmt: skip
@click.option("--cache", type=click.Path(path_type=Path), help="Cache folder.  [default: the user's, or $PUNIE_DATA_CACHE]")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only read the recipe and say what would be done.")
@click.option("--json", "as_json", is_flag=True, help="The outcome as JSON.")
@recorded
def train_and_eval(
    recipe: str,
    model: str | None,
    scale: str,
    rows: Path | None,
    given: tuple[str, ...],
    out: Path | None,
    repos: tuple[str, ...],
    jobs: int,
    cache: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Run a recipe from its dataset to a verdict: build, train, fuse, quantize, evaluate, compare, decide.

    RECIPE is a TOML file, or a name in corpora/recipes/. What is wrong with the data is said before anything is trained. Every step is kept: a run
    that was stopped goes on where it was, and a changed setting repeats only what depends on it. Exits with 0 when it is done, whatever the verdict.
    """
    from punie_data.train_and_eval.wanted import load_wanted

    changes = dict(_change(pair) for pair in given)
    wanted = load_wanted(recipe, scale, changes, rows)
    target = out or Path("data", "runs", wanted.folder if scale == "full" else f"{wanted.folder}-small")
    if dry_run:
        _dry_run(wanted, model, target, as_json)
        return
    from punie_data.build import Means
    from punie_data.corpus import cache_folder
    from punie_data.models.named import named_model
    from punie_data.train.fast_blas import use_fast_blas
    from punie_data.train_and_eval import train_and_eval as run
    from punie_data.train_and_eval.recorded import recorded as records

    warning = use_fast_blas()
    place = cache_folder(cache)
    with temporary_root(), progress(quiet=as_json) as shown:
        if warning:
            shown.line(warning)
        others = not model and not wanted.model.base and (wanted.evaluate.command or wanted.evaluate.endpoint)
        folder = None if others else named_model(model or wanted.model.base, place, shown.line)

        def opened(suite: Path, count: int) -> "Sites":
            return _sites(suite, count, repos, place, shown.line)

        outcome = run(wanted, folder, target, Means(place, jobs, shown), opened)
    for system, make in records(outcome):
        tell_history(make, system)
    if as_json:
        click.echo(orjson.dumps(outcome.to_json(), option=orjson.OPT_INDENT_2))
    else:
        _print(outcome)


def _sites(
    suite: Path, count: int, repos: tuple[str, ...], cache: Path, line: Callable[[str], None]
) -> "Sites":
    """The repositories that the suite asks about."""
    from punie_data.dataset import manifest_of
    from punie_data.evaluate.queries import queries
    from punie_data.evaluate.sites import Sites

    asked = list(queries(suite, count))
    manifest = manifest_of(suite)
    origins = {entry["name"]: entry["origin"] for entry in manifest.get("sources", ())}
    entries = {query.repo: origins.get(query.repo, "") for query in asked}
    sources = repositories(entries, suite.parent, repos, (), cache, line)
    return Sites(asked, manifest, sources, cache, False, line)


def _change(pair: str) -> tuple[str, Any]:
    """`train.epochs=2` as ("train.epochs", 2): a value as TOML writes it, or a plain word."""
    import tomllib

    key, equals, text = pair.partition("=")
    if not equals:
        raise UserError(f"--set {pair}: write TABLE.KEY=VALUE")
    try:
        return key, tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return key, text


def _dry_run(wanted: "Wanted", model: str | None, target: Path, as_json: bool) -> None:
    from punie_data.train_and_eval.plan import planned

    lines = planned(wanted, model)
    if as_json:
        steps = [{"step": name, "told": told} for name, told in lines]
        click.echo(orjson.dumps({"recipe": wanted.name, "out": str(target), "steps": steps}, option=orjson.OPT_INDENT_2))  # fmt: skip
        return
    click.echo(plain_line(f"{wanted.name}: {wanted.description}".rstrip(": ")))
    width = max(len(name) for name, _ in lines)
    for name, told in lines:
        click.echo(f"  {name.ljust(width)}  {plain_line(told)}")
    click.echo(plain_line(f"would write {target}"))


def _print(outcome: "Outcome") -> None:
    from punie_data.train_and_eval.verdict import table

    rows = list(table(outcome))
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    verdict = outcome.verdict
    assert verdict is not None
    for name, said in verdict.failures.items():
        if said:
            click.echo(f"{name}: {'; '.join(said)}")
    if outcome.wanted.reported:
        click.echo(plain_line(f"reported: {outcome.wanted.reported}"))
    click.echo(plain_line(verdict.line))
    click.echo(plain_line(f"the page: {outcome.page}"))
