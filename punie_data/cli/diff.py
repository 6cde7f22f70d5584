"""`punie-data diff`: two datasets, row by row."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from punie_data.cli.progress import progress
from punie_data.cli.rows import Rows
from punie_data.cli.unread import end_unless_all_read
from punie_data.plain import plain_line

if TYPE_CHECKING:
    from rich.console import Console

    from punie_data.diff.compare import Difference, Place

NAMED = 10
"""Rows of each sort that are named unless another number is asked for."""
_VALUES = 8
"""Values of an axis that are shown; `--json` has all."""


@click.command(
    epilog="""\b
Examples:
  punie-data diff data/sample data/sample
  punie-data diff data/old data/new --limit 0"""
)
@click.argument("a", metavar="A", type=Rows())
@click.argument("b", metavar="B", type=Rows())
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=NAMED,
    show_default=True,
    help="Name at most so many rows of each sort; 0 names all.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def diff(a: Path, b: Path, limit: int, as_json: bool) -> None:
    """Compare two datasets: rows that were removed, added, changed or moved to another split, composition, rejected rows, manifests.

    A and B are dataset folders or files of rows. A row is changed where the other dataset has one of the same id, or with the same question from the
    same generator and repository, that is otherwise another. Exits with 0 when they are the same, with 1 when they differ or lines could not be read.
    """
    from punie_data.diff.compare import compare
    from punie_data.stats.length import Characters

    with progress(quiet=as_json) as shown:
        found = compare(a, b, Characters(), limit or None, shown.stage, shown.advance)
    if as_json:
        click.echo(orjson.dumps(found.to_json(), option=orjson.OPT_INDENT_2))
    else:
        from rich.console import Console

        console = Console(
            highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else 120
        )
        _print(console, found)
    end_unless_all_read(found.a.not_rows + found.b.not_rows, told=as_json)
    if not found.same:
        raise click.exceptions.Exit(1)


def _print(console: "Console", found: "Difference") -> None:
    from punie_data.diff.rows import aspect_counts

    matched = found.matched
    console.print(f"{plain_line(found.a.name)} → {plain_line(found.b.name)}", style="bold")
    if found.same:
        console.print(f"the same: {found.b.rows:,} rows")
        if found.manifest is None:
            console.print("manifests were not compared: one of the two has none")
        return
    console.print(
        f"{found.a.rows:,} → {found.b.rows:,} rows; {matched.same:,} are the same, in the same split"
    )
    if matched.removed:
        console.print(f"{len(matched.removed):,} removed")
    if matched.added:
        console.print(f"{len(matched.added):,} added")
    if matched.changed:
        console.print(f"{len(matched.changed):,} changed: {_counts(aspect_counts(matched.changed))}")
    if matched.moved:
        ways = {f"{a} → {b}": rows for (a, b), rows in found.moves.items()}
        console.print(f"{len(matched.moved):,} moved: {_counts(ways)}")
    if matched.reordered:
        console.print(f"in another order: {plain_line(', '.join(matched.reordered))}")
    for name, one, other in (("lines that are no rows", found.a.not_rows, found.b.not_rows),):
        if one or other:
            console.print(f"{name}: {one:,} → {other:,}")
    _rows(console, "-", found.removed, len(matched.removed))
    _rows(console, "+", found.added, len(matched.added))
    _changed(console, found)
    _composition(console, found)
    if found.rejected_differ:
        reasons = dict.fromkeys([*found.a.rejected, *found.b.rejected])
        console.print("\nrejected rows differ", style="bold")
        for reason in reasons:
            one, other = found.a.rejected.get(reason, 0), found.b.rejected.get(reason, 0)
            if one != other:
                console.print(f"{one:>7,} → {other:<7,} {plain_line(reason)}", soft_wrap=True)
    _manifest(console, found)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{plain_line(name)} {count:,}" for name, count in counts.items())


def _rows(console: "Console", sign: str, rows: "list[Place]", of: int) -> None:
    if not rows:
        return
    console.print()
    for place in rows:
        _line(console, f"{sign} {place}  {place.id}  {place.question}")
    _more(console, of - len(rows))


def _changed(console: "Console", found: "Difference") -> None:
    if not found.changed:
        return
    console.print()
    for one, other, aspects in found.changed:
        _line(console, f"~ {one} → {other}  {', '.join(aspects)}: {other.question}")
    _more(console, len(found.matched.changed) - len(found.changed))


def _line(console: "Console", text: str) -> None:
    # A question of many lines is one here: the lists are to be looked over.
    console.print(plain_line(text), soft_wrap=not console.is_terminal, no_wrap=True, overflow="ellipsis")


def _more(console: "Console", count: int) -> None:
    if count > 0:
        console.print(f"… and {count:,} more (--limit 0 names all)", style="dim")


def _composition(console: "Console", found: "Difference") -> None:
    from rich.table import Table
    from rich.text import Text

    from punie_data.stats.figures import AXES

    for axis, plural in AXES.items():
        shifts = [shift for shift in found.shifts if shift.axis == axis]
        if not shifts:
            continue
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column(plural, no_wrap=True, overflow="ellipsis")
        for name in ("before", "after", "share before", "after", "points"):
            table.add_column(name, justify="right")
        for shift in shifts[:_VALUES]:
            one, other = found.a.share(shift.a), found.b.share(shift.b)
            table.add_row(
                Text(plain_line(shift.value)),
                f"{shift.a:,}",
                f"{shift.b:,}",
                f"{one:.1%}",
                f"{other:.1%}",
                f"{100 * (other - one):+.1f}",
            )
        console.print()
        console.print(table)
        if len(shifts) > _VALUES:
            console.print(f"… and {len(shifts) - _VALUES:,} more (--json has all)", style="dim")


def _manifest(console: "Console", found: "Difference") -> None:
    if found.manifest is None:
        console.print("\nmanifests were not compared: one of the two has none")
        return
    if not found.manifest:
        return
    console.print("\nmanifest", style="bold")
    for said in found.manifest:
        console.print(plain_line(f"{said.where}: {_said(said.a)} → {_said(said.b)}"), soft_wrap=True)


def _said(value: Any) -> str:
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else orjson.dumps(value).decode()
