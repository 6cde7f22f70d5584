"""`punie-data build`: a dataset from a recipe."""

import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from punie_data.chat import KINDS
from punie_data.cli.progress import progress
from punie_data.plain import plain_line
from punie_data.temporary import temporary_root

if TYPE_CHECKING:
    from punie_data.build import Built, MixNotMet, Recipe


@click.command(
    epilog="""\b
Examples:
  punie-data build corpora/recipes/sample.toml --out data/built
  punie-data build starter
  punie-data build corpora/recipes/phase-5.toml --dry-run"""
)
@click.argument("recipe", metavar="RECIPE.toml")
@click.option("--out", type=click.Path(path_type=Path), help="Dataset folder.  [default: data/<name>]")
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    default=lambda: os.cpu_count() or 1,
    help="Worker processes.  [default: one a core]",
)
@click.option(
    "--cache",
    type=click.Path(path_type=Path),
    help="Cache folder.  [default: the user's, or $PUNIE_DATA_CACHE]",
)
@click.option("--no-report", is_flag=True, help="Leave report.html out.")
@click.option("--dry-run", is_flag=True, help="Only read the recipe and say what would be done.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def build(
    recipe: str,
    out: Path | None,
    jobs: int,
    cache: Path | None,
    no_report: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make a dataset from a recipe: validate, dedupe, decontaminate, split, balance, and the proof that the mix is met.

    RECIPE.toml names the sources (repositories to mine, files of rows) and the settings of the steps; schemas/recipe.schema.json defines it, and
    a name without a folder is looked for in corpora/recipes/. Writes the splits, rejected.jsonl (every row that a step rejected, with the step
    and the reason), README.md, report.html and, last, manifest.json. A build that was stopped goes on where it was. Exits with 0 when it is
    done, with 1 when the mix can't be met, with 2 for what you can mend.
    """
    from punie_data.build import Means, MixNotMet, load_recipe
    from punie_data.build import build as build_dataset
    from punie_data.corpus import cache_folder

    loaded = load_recipe(recipe)
    target = out or Path("data") / loaded.name
    if dry_run:
        _dry_run(loaded, target, as_json)
        return
    try:
        with temporary_root(), progress(quiet=as_json) as shown:
            means = Means(cache_folder(cache), jobs, shown)
            built = build_dataset(loaded, target, means, None if no_report else _report())
    except MixNotMet as error:
        _not_met(error, as_json)
        raise SystemExit(1) from None
    if as_json:
        click.echo(orjson.dumps(built.to_json(), option=orjson.OPT_INDENT_2))
    else:
        _print(built)


def _report() -> Callable[[Path], None] | None:
    """What draws report.html, where this installation can."""
    if find_spec("punie_data.report") is None:
        return None
    from punie_data.report.write import write_report

    def draw(dataset: Path) -> None:
        write_report(dataset)

    return draw


def _dry_run(recipe: "Recipe", target: Path, as_json: bool) -> None:
    if as_json:
        click.echo(orjson.dumps({"recipe": recipe.data, "out": str(target)}, option=orjson.OPT_INDENT_2))
        return
    click.echo(plain_line(f"{recipe.name}: {recipe.description}".rstrip(": ")))
    for source in recipe.data["source"]:
        said = ", ".join(f"{key} {value}" for key, value in source.items())
        click.echo(f"  from {plain_line(said)}")
    for step in ("scan", "validate", "dedupe", "decontaminate", "split", "balance"):
        settings = recipe.data.get("mix" if step == "balance" else step, {})
        left_out = step in recipe.skip or (
            recipe.scan is None
            if step == "scan"
            else step == "decontaminate" and not recipe.decontaminate.files()
        )
        said = "left out" if left_out else orjson.dumps(settings).decode() if settings else "as by default"
        click.echo(f"  {step}: {plain_line(said)}")
    click.echo(plain_line(f"would write {target}"))


def _print(built: "Built") -> None:
    width = max(len(name) for name in (*built.rejected, *(name for name, _ in built.steps)))
    taken = {name for name, _ in built.steps}
    for name, gone in built.rejected.items():
        if name not in taken:
            click.echo(f"{name.ljust(width)}  {gone:,} rejected")
    for name, rows in built.steps:
        gone = built.rejected.get(name, 0)
        click.echo(f"{name.ljust(width)}  {rows:>9,} rows" + (f", {gone:,} rejected" if gone else ""))
    click.echo()
    for name, rows in built.parts.items():
        kinds = built.kinds[name]
        shares = ", ".join(f"{kinds[kind] / rows:.1%} {kind}" for kind in KINDS if kinds.get(kind))
        click.echo(f"{name.ljust(width)}  {rows:>9,} rows: {shares}")
    click.echo(
        f"\nIt is in {plain_line(str(built.out))}. Look at it:  punie-data stats {plain_line(str(built.out))}"
    )


def _not_met(error: "MixNotMet", as_json: bool) -> None:
    if as_json:
        plans = [plan.to_json() for plan in error.plans]
        click.echo(orjson.dumps({"met": False, "mix": plans}, option=orjson.OPT_INDENT_2))
        return
    for plan in error.plans:
        if plan.conflict is None:
            continue
        click.echo(plain_line(f"{plan.path.stem}: the mix can't be met: {plan.conflict.reason}"))
        if plan.conflict.nearest:
            click.echo(f"  the nearest mix that can keeps {plan.conflict.rows:,} of {plan.before:,} rows:")
        for change in plan.conflict.nearest:
            click.echo(f"    {plain_line(change.asked.name)}: {change.nearest} instead of {change.asked}")
    click.echo("nothing was written")
