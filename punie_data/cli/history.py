"""`punie-data history`: what was trained and measured, kept by itself."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from punie_data.plain import plain_line

if TYPE_CHECKING:
    from punie_data.history.run import Run

_FILE = click.option(
    "--history",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The history's file.  [default: punie-history.sqlite of the project, or $PUNIE_DATA_HISTORY]",
)
_OWN = click.option("--own", is_flag=True, help="Without the results that come with punie-data.")
_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")


@click.group(
    invoke_without_command=True,
    epilog="""\b
Examples:
  punie-data history
  punie-data history --kind evaluate --name mine --since 2026-01-01
  punie-data history show r15
  punie-data history enter --name "Phase 28" --metric accuracy=24/25 --metric steady_seconds=2.4
  punie-data history page --out tracker""",
)
@_FILE
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(("train", "fuse", "quantize", "evaluate", "bench", "reported")),
    help="Only these. Repeatable.",
)
@click.option(
    "--name", "names", multiple=True, help="Only those in whose name, or phase, this stands. Repeatable."
)
@click.option("--since", metavar="DATE", default="", help="Only from this day on, as 2026-02-01.")
@_OWN
@_JSON
@click.pass_context
def history(
    context: click.Context,
    file: Path | None,
    kinds: tuple[str, ...],
    names: tuple[str, ...],
    since: str,
    own: bool,
    as_json: bool,
) -> None:
    """Show what was trained and measured: every run of train, fuse, quantize, evaluate and bench, and results reported by others.

    Each of these commands leaves a record by itself: configuration, dataset, fingerprints of the weights, versions, machine and metrics. The records
    are in one SQLite file, punie-history.sqlite in the folder of the project (the nearest one with .git or pyproject.toml).
    """
    context.obj = file
    if context.invoked_subcommand is not None:
        return
    from punie_data.history.listing import runs_of

    place = _place(file)
    found = runs_of(place, own=own, kinds=kinds, names=names, since=since)
    if as_json:
        _print_json([run.to_json() for run in found])
        return
    _table(found)
    if not any(run.id.isdecimal() for run in runs_of(place, own=True)):
        where = f": {plain_line(str(place))}" if place else " (PUNIE_DATA_HISTORY=off)"
        click.echo(f"no records of your own yet{where}", err=True)


@history.command()
@click.argument("identifier", metavar="ID")
@_FILE
@_JSON
@click.pass_obj
def show(outer: Path | None, identifier: str, file: Path | None, as_json: bool) -> None:
    """Show all that is known of a record."""
    from punie_data.history.listing import flat, run_of
    from punie_data.history.metric import in_order, metric_of, told

    run = run_of(_place(file or outer), identifier)
    if as_json:
        _print_json(run.to_json())
        return
    heading = [f"{run.id}: {run.kind}, {run.name}"]
    heading += [
        f"started {run.started}" if run.started else "",
        f"took {run.seconds:,.1f} s" if run.seconds else "",
    ]
    click.echo(plain_line("; ".join(filter(None, heading))))
    for key, value in (("reported by", run.source), ("note", run.note), ("dataset", run.dataset)):
        if value:
            click.echo(f"  {plain_line(f'{key}: {value}')}")
    parts: list[tuple[str, list[tuple[str, Any]]]] = [
        ("metrics", [(metric_of(key).label, told(key, run.metrics[key])) for key in in_order(run.metrics)]),
        ("configuration", list(flat(run.configuration))),
        ("weights that went in", list(run.inputs.items())),
        ("artefacts", list(flat(run.artefacts))),
        ("versions", list(run.versions.items())),
        ("machine", list(run.machine.items())),
    ]
    for title, pairs in parts:
        if pairs:
            click.echo(title)
        for key, value in pairs:
            click.echo(f"  {plain_line(f'{key}: {_said(value)}')}")
    if run.answers:
        click.echo(
            f"answers\n  {sum(run.answers.values()):,} of {len(run.answers):,} queries right; --json names them"
        )


@history.command()
@click.argument("source", metavar="[TOML]", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--name", help="What was measured: a phase, a system.")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="KEY=VALUE",
    help="As accuracy=23/25, steady_seconds=2.4, load_seconds=6.5..8.1. Repeatable.",
)
@click.option(
    "--set",
    "configured",
    multiple=True,
    metavar="KEY=VALUE",
    help="What it was, as model=… or quantization.bits=5. Repeatable.",
)
@click.option("--from", "origin", default="", help="Who or what reports it.")
@click.option("--date", default="", help="The day of it, as 2026-02-01.")
@click.option("--note", default="", help="A sentence.")
@_FILE
@click.pass_obj
def enter(
    outer: Path | None,
    source: Path | None,
    name: str | None,
    metrics: tuple[str, ...],
    configured: tuple[str, ...],
    origin: str,
    date: str,
    note: str,
    file: Path | None,
) -> None:
    """Enter results that were measured elsewhere: those of a TOML file ([[result]]), or one given by options. They are marked as reported."""
    from punie_data.errors import UserError
    from punie_data.history.ledger import Ledger
    from punie_data.history.reported import entered, results_of

    place = _place(file or outer)
    if place is None:
        raise UserError("PUNIE_DATA_HISTORY=off: name a file with --history")
    if source is not None and (name or metrics or configured):
        raise UserError("name a file, or a result by --name and --metric, not both")
    runs = (
        results_of(source) if source is not None else [entered(name, metrics, configured, origin, date, note)]
    )
    ledger = Ledger(place)
    for run in runs:
        click.echo(plain_line(f"{ledger.record(run)}: {run.name}"))


@history.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FOLDER",
    help="Where tracker.html and tracker.md go.",
)
@click.option(
    "--targets",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="TOML",
    help="Your own targets, under [target], as steady_seconds = {below = 3}.",
)
@_OWN
@_FILE
@click.pass_obj
def page(outer: Path | None, out: Path, targets: Path | None, own: bool, file: Path | None) -> None:
    """Write the tracker, as one HTML file that loads nothing from anywhere, and as Markdown.

    Quick reference, plots over the phases, targets met or missed, the best so far, what changed beside what it did, repeated runs told apart from noise,
    what to measure anew, and every system with its configuration and metrics.
    """
    from punie_data.history.listing import runs_of
    from punie_data.history.reported import TARGETS, targets_of
    from punie_data.history.run import machine, versions
    from punie_data.history.tracker import write_tracker

    wanted = targets_of(targets) if targets else TARGETS
    for written in write_tracker(runs_of(_place(file or outer), own=own), out, wanted, versions(), machine()):
        click.echo(plain_line(str(written)))


def _place(file: Path | None) -> Path | None:
    from punie_data.history.place import history_file

    return history_file(file)


def _table(found: "list[Run]") -> None:
    from rich.console import Console
    from rich.table import Table

    from punie_data.history.listing import line

    console = Console(highlight=False, width=None if sys.stdout.isatty() else 132)
    table = Table(box=None, pad_edge=False)
    for title, right in (("id", True), ("kind", False), ("name", False), ("day", False), ("accuracy", True),
                         ("field access", True), ("a query", True), ("on disk", True)):  # fmt: skip
        table.add_column(
            title, justify="right" if right else "left", no_wrap=title != "name", overflow="fold"
        )
    for run in found:
        table.add_row(*(_cell(text) for text in line(run)))
    console.print(table)


def _cell(text: str) -> Any:
    from rich.text import Text

    return Text(plain_line(text))


def _said(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _print_json(told: Any) -> None:
    click.echo(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())
