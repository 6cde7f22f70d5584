"""`punie-data dedupe`: each thing said once."""

import sys
from pathlib import Path
from typing import Any

import click
import orjson

from punie_data.cli.progress import progress
from punie_data.cli.rows import Rows
from punie_data.cli.unread import IN_REJECTED, end_unless_all_read, tell_lines
from punie_data.dedupe import REASONS, Options, Report
from punie_data.dedupe import dedupe as dedupe_dataset
from punie_data.dedupe.reading import Advance, line_count
from punie_data.plain import plain_line


@click.command(
    epilog="Examples:\n\n\b\n  punie-data dedupe data/sample --out data/sample-deduped\n"
    "  punie-data dedupe old.jsonl --out data/old --exact-only",
)
@click.argument("path", metavar="FILE|DATASET", type=Rows())
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to write.")
@click.option(
    "--threshold",
    type=click.FloatRange(0.3, 1.0),
    default=0.85,
    show_default=True,
    help="From which similarity rows are near duplicates.",
)
@click.option("--exact-only", is_flag=True, help="Take out rows of the same content, and nothing else.")
@click.option(
    "--conflicts",
    type=click.Choice(["keep-best", "drop", "keep"]),
    default="keep-best",
    show_default=True,
    help="One question, different first actions: keep the best, none, or all.",
)
@click.option(
    "--same-question",
    type=click.Choice(["repo", "anywhere", "keep"]),
    default="repo",
    show_default=True,
    help="Keep a question once in a repository, once altogether, or as often as it comes.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="For the hashes that find candidates.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def dedupe(
    path: Path,
    out: Path,
    threshold: float,
    exact_only: bool,
    conflicts: Any,
    same_question: Any,
    seed: int,
    as_json: bool,
) -> None:
    """Take out rows that say twice what is said once, and rows that contradict each other.

    In this order: rows of the same content; rows that begin differently on the same question; the same question again (case, white space,
    back-ticks and punctuation don't count); near duplicates, which ask about the same names and agree in most of their words. Results of tools
    are not compared, and two rows that name different things are never near.

    Of several rows the one with verified runs stays, then the one with the lowest id; in a conflict, the most frequent action before the id.
    In a split dataset rows of test stay before rows of valid and train. What goes is in rejected.jsonl, with the reason and the id of the row
    for which it went. Exits with 0, with 1 when lines could not be read, with 2 when it can't be done.
    """
    with progress(quiet=as_json) as bars:

        def stage(name: str) -> Advance:
            bars.stage(name, line_count(path) if name == "reading" else 1)
            return bars.advance

        report = dedupe_dataset(
            path, out, Options(threshold, exact_only, conflicts, same_question, seed), stage
        )
    if as_json:
        click.echo(orjson.dumps(report.to_json(), option=orjson.OPT_INDENT_2))
    else:
        _table(report)
        click.echo(
            f"\n{report.kept:,} of {report.rows:,} rows are in {out}, the others in {out}/rejected.jsonl"
        )
    tell_lines(report.unreadable)
    end_unless_all_read(len(report.unreadable), IN_REJECTED)


def _table(report: Report) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    table = Table(box=None, pad_edge=False)
    table.add_column("kind", no_wrap=True)
    table.add_column("generator", no_wrap=True)
    for name in ("before", "exact", "conflict", "question", "near", "after"):
        table.add_column(name, justify="right")
    whole = [report.rows, *(report.removed[reason] for reason in REASONS), report.kept]
    for row in report.to_json()["table"]:
        numbers = [row["rows"], *(row[reason] for reason in REASONS), row["kept"]]
        if row["rows"] != row["kept"]:
            table.add_row(plain_line(row["kind"]), plain_line(row["generator"]), *_shown(numbers))
    same = sum(row["rows"] == row["kept"] for row in report.to_json()["table"])
    if same:
        table.add_row("", f"{same} more, unchanged")
    table.add_row("all", "", *_shown(whole))
    console.print(table)


def _shown(numbers: list[int]) -> list[str]:
    first, *middle, last = numbers
    return [f"{first:,}", *(f"{number:,}" if number else "" for number in middle), f"{last:,}"]
