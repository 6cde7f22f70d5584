"""`punie-data preflight`: the traps of mlx-lm's data code."""

from pathlib import Path

import click
import orjson

from punie_data.cli.progress import progress
from punie_data.errors import UserError
from punie_data.plain import plain_line

MARKS = {"ok": ("ok", "green"), "trap": ("TRAP", "red"), "note": ("note", "yellow")}


@click.command(
    epilog="""\b
Example:
  punie-data preflight data/mlx --tokenizer models/qwen"""
)
@click.argument("folder", metavar="EXPORTED_DIR", type=click.Path(path_type=Path))
@click.option(
    "--tokenizer", required=True, type=click.Path(path_type=Path), metavar="FOLDER",
    help="The folder of the model that will be trained.",
)  # fmt: skip
@click.option(
    "--batch-size", type=click.IntRange(min=1), help="The batch of the training.  [default: the export's]"
)
@click.option(
    "--max-seq-length", type=click.IntRange(min=1), help="The limit of the training.  [default: the export's]"
)
@click.option(
    "--ignore", multiple=True, metavar="NUMBERS",
    help="Traps that you know of and that shall not count, with commas: 9 where you fuse with --dequantize.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def preflight(
    folder: Path,
    tokenizer: Path,
    batch_size: int | None,
    max_seq_length: int | None,
    ignore: tuple[str, ...],
    as_json: bool,
) -> None:
    """Prove that an export walks into none of the traps of mlx-lm's data code.

    The rows go through mlx-lm's own code where it is installed. One line for each trap; exit 1 when one is there.
    """
    from punie_data.preflight import TRAPS
    from punie_data.preflight import preflight as judge

    ignored = {number.strip() for given in ignore for number in given.split(",") if number.strip()}
    unknown = sorted(ignored - {str(number) for number in TRAPS})
    if unknown:
        raise UserError(f"there is no trap {unknown[0]}: {', '.join(map(str, TRAPS))}")
    with progress(quiet=as_json) as shown:
        shown.stage("reading", sum(1 for _ in _lines(folder)))
        found = judge(folder, tokenizer, batch_size, max_seq_length, shown.advance)
    if as_json:
        traps = [{"trap": v.trap, "name": v.name, "state": v.state, "said": v.said} for v in found.verdicts]
        click.echo(orjson.dumps({"read_by": found.read_by, "traps": traps}, option=orjson.OPT_INDENT_2))
    else:
        for verdict in found.verdicts:
            mark, colour = MARKS[verdict.state]
            click.echo(
                f"{click.style(f'{mark:>4}', fg=colour)} {verdict.trap:>2} {verdict.name}: {plain_line(verdict.said)}"
            )
        click.echo(f"read by {found.read_by}")
    if any(verdict.state == "trap" and str(verdict.trap) not in ignored for verdict in found.verdicts):
        raise SystemExit(1)


def _lines(folder: Path):
    """The lines of all files, counted for the progress."""
    for name in ("train", "valid", "test"):
        path = folder / f"{name}.jsonl"
        if path.is_file():
            with path.open("rb") as file:
                yield from file
