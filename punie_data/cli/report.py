"""`punie-data report`: a dataset as one HTML file."""

from dataclasses import asdict
from pathlib import Path

import click
import orjson

from punie_data.cli.progress import progress
from punie_data.cli.rows import Rows, is_held
from punie_data.cli.unread import end_unless_all_read
from punie_data.errors import UserError
from punie_data.plain import plain_line


@click.command(
    epilog="""\b
Examples:
  punie-data report data/sample --out sample.html
  punie-data report data/new --before data/old --tokenizer ./models/qwen3"""
)
@click.argument("dataset", type=Rows())
@click.option(
    "--before",
    type=click.Path(path_type=Path),
    metavar="DATASET",
    help="Show what the composition was in this one.",
)
@click.option(
    "--tokenizer",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Count tokens with this model's tokenizer.json.  [default: estimated from the characters]",
)
@click.option(
    "--verdict",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What `punie-data verify DATASET --json` printed: shows which rows were replayed.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write.  [default: report.html in the folder, NAME.report.html beside a file]",
)
@click.option(
    "--rows",
    type=click.IntRange(min=0),
    default=None,
    help="Rows that the page carries at the most; of more it carries a sample.  [default: 50000]",
)
@click.option("--json", "as_json", is_flag=True, help="Say what was written as JSON.")
def report(
    dataset: Path,
    before: Path | None,
    tokenizer: Path | None,
    verdict: Path | None,
    out: Path | None,
    rows: int | None,
    as_json: bool,
) -> None:
    """Write one HTML file that shows a dataset: composition, lengths, findings, rejected rows, repeats, and every row as a conversation.

    DATASET is a folder or a file of rows. The file opens from disk, loads nothing from anywhere, and `#row=ID` at the end of its address opens
    a row. Nothing is judged: exit 0 also where the validator finds something, but 1 where lines could not be read.
    """
    if out is None and is_held(dataset):
        raise UserError("what comes through standard input lies nowhere: name a place with --out")
    from punie_data.report.write import ROWS, write_report

    with progress(quiet=as_json) as shown:
        written = write_report(
            dataset,
            out,
            before=before,
            tokenizer=tokenizer,
            verdict=verdict,
            rows=ROWS if rows is None else rows,
            progress=shown,
        )
    if as_json:
        click.echo(orjson.dumps({**asdict(written), "path": str(written.path)}, option=orjson.OPT_INDENT_2))
        end_unless_all_read(written.not_rows, told=True)
        return
    found = [_count(written.rows, "row")]
    if written.not_rows:
        found.append(f"{_count(written.not_rows, 'line')} without a row")
    found += [
        f"{written.rejected:,} rejected",
        _count(written.errors, "error"),
        _count(written.warnings, "warning"),
    ]
    click.echo(f"{plain_line(str(written.path))}: {', '.join(found)}; {written.size / 1e6:.1f} MB")
    lines = written.rows + written.not_rows
    if written.shown < lines:
        click.echo(
            f"it carries {written.shown:,} of {lines:,}, drawn by chance; figures are of all (--rows {lines} carries more)"
        )
    end_unless_all_read(written.not_rows, told=True)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
