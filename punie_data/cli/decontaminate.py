"""`punie-data decontaminate`: nothing of the evaluations is trained on."""

from pathlib import Path

import click
import orjson

from punie_data.cli.progress import progress
from punie_data.cli.rows import Rows
from punie_data.cli.unread import IN_REJECTED, end_unless_all_read, tell_lines
from punie_data.decontaminate import Options, suites
from punie_data.decontaminate import decontaminate as decontaminate_dataset
from punie_data.dedupe.reading import Advance, line_count
from punie_data.plain import plain_line

_TOLD = 10


@click.command(
    epilog="Examples:\n\n\b\n  punie-data decontaminate old.jsonl --against my-evaluation.jsonl --out data/clean\n"
    "  punie-data decontaminate data/sample --against data/sample-split --out data/sample-clean",
)
@click.argument("path", metavar="FILE|DATASET", type=Rows())
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to write.")
@click.option(
    "--against",
    multiple=True,
    metavar="FILE|DATASET",
    type=click.Path(path_type=Path),
    help="An evaluation as JSONL of any common shape, or a split dataset, of which test and valid count. Can be repeated.",
)
@click.option("--no-suites", is_flag=True, help="Leave out the suites that come with punie-data.")
@click.option(
    "--words",
    type=click.IntRange(min=4),
    default=13,
    show_default=True,
    help="So many words in a row of a longer question make a match.",
)
@click.option("--everywhere", is_flag=True, help="Look for them in arguments, results and answers too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def decontaminate(
    path: Path,
    out: Path,
    against: tuple[Path, ...],
    no_suites: bool,
    words: int,
    everywhere: bool,
    as_json: bool,
) -> None:
    """Take out rows that ask what an evaluation asks.

    A question of fewer words than --words blocks a row whose user asks the same, as a whole turn or as sentences of one (case, white space,
    back-ticks and punctuation don't count). A longer one blocks a row that has --words words in a row of it, and most of the names that it asks about. What goes is in rejected.jsonl, with
    the file and line of the question that it meets. An evaluation with a line in which no question can be found is refused.

    Exits with 0, with 1 when lines were no records, with 2 when it can't be done.
    """
    files = [*([] if no_suites else suites()), *against]
    with progress(quiet=as_json) as bars:

        def stage(name: str) -> Advance:
            bars.stage(name, line_count(path))
            return bars.advance

        report = decontaminate_dataset(path, out, files, Options(words, everywhere), stage)
    if as_json:
        click.echo(orjson.dumps(report.to_json(), option=orjson.OPT_INDENT_2))
    else:
        for name, questions in report.against.items():
            click.echo(plain_line(f"against {questions:,} questions of {name}"))
        for reason, rows in report.removed.items():
            click.echo(f"  {rows:,} {'row' if rows == 1 else 'rows'}: {reason}")
        for where, rows in report.hits.most_common(_TOLD):
            click.echo(plain_line(f"    {where} × {rows:,}"))
        if len(report.hits) > _TOLD:
            click.echo(f"    and {len(report.hits) - _TOLD:,} more questions, in rejected.jsonl")
        click.echo(f"{report.kept:,} of {report.rows:,} rows are in {out}")
    tell_lines(report.unreadable)
    end_unless_all_read(len(report.unreadable), IN_REJECTED)
