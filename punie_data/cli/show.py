"""`punie-data show`: a few rows, to be read."""

import sys
from pathlib import Path

import click
import orjson

from punie_data.chat import KINDS
from punie_data.cli.rows import Rows
from punie_data.errors import UserError


@click.command(
    epilog="""\b
Examples:
  punie-data show data/sample --rows 2 --kind tool
  punie-data show data/sample --rows 1 --mask --tokenizer models/qwen"""
)
@click.argument("dataset", type=Rows())
@click.option("--rows", type=click.IntRange(min=1), default=3, show_default=True, help="How many.")
@click.option(
    "--id", "row_id", default="", metavar="ID", help="The row with this id, or the rows whose id begins so."
)
@click.option("--generator", default="", metavar="NAME", help="Only rows of this generator.")
@click.option("--kind", type=click.Choice(KINDS), default=None, help="Only rows of this kind.")
@click.option("--tool", default="", metavar="NAME", help="Only rows that call this tool.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed, other rows.")
@click.option("--full", is_flag=True, help="Show long results whole.")
@click.option("--mask", is_flag=True, help="Show which tokens are learned; needs --tokenizer.")
@click.option(
    "--tokenizer",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="With --mask: the model's folder; tokenizer.json and a chat template are enough.",
)
@click.option(
    "--dialect",
    default="",
    metavar="NAME",
    help="With --mask: how calls are written.  [default: native, json-fence for a template without tools]",
)
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
    mask: bool,
    tokenizer: Path | None,
    dialect: str,
    as_json: bool,
) -> None:
    """Print a few rows as conversations.

    DATASET is a folder with examples.jsonl (or train, valid and test), or one file; `rejected.jsonl` too. The rows are chosen by chance, the same ones
    for the same seed.

    With --mask a row is printed as the model reads it: in green what is learned by a mask of all the assistant's turns, underlined what mlx-lm's
    --mask-prompt learns too (between « and » where there are no colours).
    """
    if mask and as_json:
        raise UserError("--mask is to be looked at: leave --json out")
    if mask != (tokenizer is not None) or (dialect and not mask):
        raise UserError("--mask, --tokenizer and --dialect go together: give --mask --tokenizer FOLDER")
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
    if tokenizer is not None:
        _show_masks(dataset, chosen.rows, tokenizer, dialect, console, 0 if full else FOLD)
    else:
        for row in chosen.rows:
            render(row, console, 0 if full else FOLD)
    console.print(
        f"{len(chosen.rows)} of {chosen.fitting:,} rows"
        + _aside(chosen.read - chosen.fitting, chosen.strange),
        style="dim",
    )


def _show_masks(dataset: Path, rows: list, folder: Path, dialect: str, console, fold: int) -> None:
    from punie_data.described import Described
    from punie_data.importing import manifest_of
    from punie_data.show import render_mask
    from punie_data.validate.tokenizer import Tokenizer

    target = Tokenizer(folder, dialect)
    described = Described(manifest_of(dataset))
    for row in rows:
        shown = target.show(row, described.prompt(row["id"]), described.signatures(row["id"]))
        render_mask(row, shown, target, console, fold)


def _aside(others: int, strange: int) -> str:
    parts = [f"{others:,} do not fit"] * bool(others) + [
        f"{strange:,} {'line is no row' if strange == 1 else 'lines are no rows'} (punie-data validate says why)"
    ] * bool(strange)
    return f" ({', '.join(parts)})" if parts else ""
