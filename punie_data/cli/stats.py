"""`punie-data stats`: the figures of datasets in the terminal, the same that `report` draws."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from punie_data.cli.progress import progress
from punie_data.cli.rows import Rows
from punie_data.cli.unread import end_unless_all_read
from punie_data.plain import plain_line

if TYPE_CHECKING:
    from rich.console import Console

    from punie_data.stats.figures import Figures

MOST = 12
"""Values of an axis that are printed unless all are asked for."""
_BAR = 24
_EIGHTHS = " ▏▎▍▌▋▊▉█"


@click.command(
    epilog="""\b
Examples:
  punie-data stats data/sample
  punie-data stats data/sample --json"""
)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=Rows())
@click.option(
    "--tokenizer",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Count tokens with this model's tokenizer.json.  [default: estimated from the characters]",
)
@click.option("--all", "everything", is_flag=True, help=f"Every value, not only the {MOST} most frequent.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="A JSON object with every figure; a list of them for several paths.",
)
def stats(paths: tuple[Path, ...], tokenizer: Path | None, everything: bool, as_json: bool) -> None:
    """Count what is in a dataset: kinds, categories, generators, repositories, licences, tools, lengths, duplicates, rejected rows.

    PATH is a dataset folder or a file of rows in any format that `validate` reads. Nothing is judged: exit 0, or 1 where lines could not be read.
    """
    from punie_data.dataset import manifest_of
    from punie_data.stats.length import measure_of
    from punie_data.stats.survey import dataset_parts, survey

    measure = measure_of(tokenizer)
    found = []
    sources = [
        (path, *dataset_parts(path)) for path in paths
    ]  # a wrong name is said before anything is counted
    with progress(quiet=as_json) as shown:
        for path, parts, rejected in sources:
            name = path.resolve().name
            size = sum(file.stat().st_size for file in parts.values())
            shown.stage(f"{name}, bytes", size)
            found.append(survey(name, parts, measure, rejected, shown.advance, manifest_of(path))[0])
    unread = sum(figures.not_rows for figures in found)
    if as_json:
        told = [figures.to_json() for figures in found]
        click.echo(orjson.dumps(told[0] if len(told) == 1 else told, option=orjson.OPT_INDENT_2))
        end_unless_all_read(unread, told=True)
        return
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else 100)
    for number, figures in enumerate(found):
        if number:
            console.print()
        _print(console, figures, None if everything else MOST)
    end_unless_all_read(unread, told=True)


def _print(console: "Console", figures: "Figures", most: int | None) -> None:
    from rich.text import Text

    from punie_data.stats.figures import AXES

    console.print(Text(plain_line(figures.name), "bold"))
    splits = ", ".join(f"{rows:,} {plain_line(part)}" for part, rows in figures.parts.items())
    console.print(f"{figures.rows:,} rows ({splits}), {sum(figures.rejected.values()):,} rejected")
    if figures.not_rows:
        lines = "line is no row" if figures.not_rows == 1 else "lines are no rows"
        console.print(f"{figures.not_rows:,} {lines} (punie-data validate says why)")
    if not figures.rows:
        return
    for axis, plural in AXES.items():
        _axis(console, figures, axis, plural, most)
    _lengths(console, figures)
    _calls(console, figures)
    for label, repeats in (
        ("the same conversation", figures.same_conversation),
        ("the same question", figures.same_question),
    ):
        console.print(
            f"{label}: {repeats.rows:,} rows repeat an earlier one, in {repeats.groups:,} groups"
            if repeats.rows
            else f"{label}: no two rows"
        )
    if figures.rejected:
        console.print()
        console.print(Text("rejected, by reason", "bold"))
        reasons = sorted(figures.rejected.items(), key=lambda pair: (-pair[1], pair[0]))
        for reason, rows in reasons[:most]:
            console.print(f"{rows:>7,}  {plain_line(reason)}", soft_wrap=True)
        _more(console, len(reasons), most)


def _axis(console: "Console", figures: "Figures", axis: str, plural: str, most: int | None) -> None:
    from rich.table import Table
    from rich.text import Text

    ranked = figures.ranked(axis)
    if not ranked:
        return
    table = Table(box=None, pad_edge=False, show_header=True, header_style="bold")
    table.add_column("rows by tool called" if axis == "tool" else plural, overflow="ellipsis", no_wrap=True)
    table.add_column("rows", justify="right")
    table.add_column("share", justify="right")
    parts = list(figures.parts) if len(figures.parts) > 1 else []
    for part in parts:
        table.add_column(Text(plain_line(part)), justify="right")
    table.add_column("")
    top = max(rows for _, rows in ranked) or 1
    for value, rows in ranked[:most]:
        splits = [f"{figures.axes[axis][value].get(part, 0):,}" for part in parts]
        table.add_row(
            Text(plain_line(value)),
            f"{rows:,}",
            f"{figures.share(rows):.1%}",
            *splits,
            Text(_bar(rows / top), "cyan"),
        )
    console.print()
    console.print(table)
    _more(console, len(ranked), most)


def _more(console: "Console", count: int, most: int | None) -> None:
    if most is not None and count > most:
        console.print(f"… and {count - most:,} more (--all prints them)")


def _bar(share: float) -> str:
    eighths = max(1, round(share * _BAR * 8)) if share else 0
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _lengths(console: "Console", figures: "Figures") -> None:
    from rich.text import Text

    lengths = figures.lengths
    if not figures.rows:
        return
    console.print()
    console.print(Text("tokens a row" if lengths.exact else "tokens a row (an estimate)", "bold"))
    quantiles = ", ".join(f"{name} {value:,}" for name, value in lengths.quantiles.items())
    console.print(
        f"shortest {lengths.shortest:,}, {quantiles}, longest {lengths.longest:,}; {lengths.total:,} in all"
    )
    console.print(Text(plain_line(lengths.how), "dim"))
    if lengths.whole:
        console.print(Text(str(lengths.whole), "dim"))
    top = max(b.rows for b in lengths.bins)
    width = len(f"{lengths.bins[-1].last:,}")
    for each in lengths.bins:
        console.print(
            f"{each.first:>{width},}–{each.last:<{width},} {each.rows:>9,}  ",
            Text(_bar(each.rows / top), "cyan"),
            sep="",
        )


def _calls(console: "Console", figures: "Figures") -> None:
    from rich.text import Text

    calls = figures.calls
    console.print()
    console.print(Text("calls", "bold"))
    by_number = ", ".join(f"{rows:,} with {n}" for n, rows in sorted(calls.rows_by_calls.items()))
    console.print(
        f"{calls.calls:,} calls; rows: {by_number or 'none'}; with two tools or more: {calls.rows_with_two_tools:,}"
    )
    told = {
        "recorded": "results are what the recorded run gave (SHA-256)",
        "imported": "results came with imported rows and were never run here",
        "changed": "results differ from the recorded run",
        "unrecorded": "calls have no recorded run",
    }
    for state, words in told.items():
        if calls.states[state]:
            console.print(f"{calls.states[state]:,} {words}")
    if calls.failed or calls.truncated:
        console.print(
            f"{calls.failed:,} ended with an exit code other than 0, {calls.truncated:,} results were cut"
        )
    console.print()
