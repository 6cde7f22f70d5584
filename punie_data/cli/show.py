"""`punie-data show`: a few rows, to be read."""

import sys
from pathlib import Path

import click
import orjson

from punie_data.chat import KINDS
from punie_data.errors import UserError


@click.command(epilog="Example:\n\n\b\n  punie-data show data/sample --rows 2 --kind tool")
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option("--rows", type=click.IntRange(min=1), default=3, show_default=True, help="How many.")
@click.option(
    "--id", "row_id", default="", metavar="ID", help="The row with this id, or the rows whose id begins so."
)
@click.option("--generator", default="", metavar="NAME", help="Only rows of this generator.")
@click.option("--kind", type=click.Choice(KINDS), default=None, help="Only rows of this kind.")
@click.option("--tool", default="", metavar="NAME", help="Only rows that call this tool.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed, other rows.")
@click.option("--full", is_flag=True, help="Show long results whole.")
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON Lines.")
def show(
    dataset: Path,
    rows: int,
    row_id: str,
    generator: str,
    kind: str | None,
    tool: str,
    seed: int,
    full: bool,
    as_json: bool,
) -> None:
    """Print a few rows as conversations.

    DATASET is a folder with examples.jsonl (or train, valid and test), or one file; `rejected.jsonl` too. The rows are chosen by chance, the same ones
    for the same seed.
    """
    from rich.console import Console

    from punie_data.show import FOLD, Wanted, render, sample
    from punie_data.validate.files import dataset_files

    wanted = Wanted(row_id, generator, kind or "", tool)
    chosen = sample(dataset_files([dataset]), wanted, rows, seed)
    if not chosen.rows:
        told = f"none of {chosen.read} rows fits" if chosen.read else f"no line of {dataset} is a row"
        raise UserError(f"{told}{'; punie-data validate says why' if chosen.strange else ''}")
    if as_json:
        for row in chosen.rows:
            sys.stdout.buffer.write(orjson.dumps(row) + b"\n")
        return
    console = Console(highlight=False, markup=False, emoji=False)
    for row in chosen.rows:
        render(row, console, 0 if full else FOLD)
    console.print(
        f"{len(chosen.rows)} of {chosen.fitting:,} rows"
        + _aside(chosen.read - chosen.fitting, chosen.strange),
        style="dim",
    )


def _aside(others: int, strange: int) -> str:
    parts = [f"{others:,} do not fit"] * bool(others) + [
        f"{strange:,} lines are no rows (punie-data validate says why)"
    ] * bool(strange)
    return f" ({', '.join(parts)})" if parts else ""
