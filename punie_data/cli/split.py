"""`punie-data split`: train, valid and test, with nothing on two sides."""

import sys
from pathlib import Path
from typing import Any

import click
import orjson

from punie_data.cli.progress import progress
from punie_data.cli.rows import Rows
from punie_data.cli.unread import IN_REJECTED, end_unless_all_read, tell_lines
from punie_data.dedupe.reading import Advance, line_count, opened
from punie_data.errors import UserError
from punie_data.plain import plain_line
from punie_data.split import SIDES, Report, Shares, leaks_of
from punie_data.split import split as split_dataset

_TOLD = 20


@click.command(
    epilog="Examples:\n\n\b\n  punie-data split data/sample --out data/sample-split\n"
    "  punie-data split data/sample --out data/sample-split --by repo --unseen-repos h11,click\n"
    "  punie-data split data/sample-split --check",
)
@click.argument("path", metavar="FILE|DATASET", type=Rows())
@click.option("--out", type=click.Path(path_type=Path), help="The folder to write.")
@click.option("--valid", type=click.FloatRange(0, 1), default=0.1, show_default=True, help="Share of valid.")
@click.option("--test", type=click.FloatRange(0, 1), default=0.1, show_default=True, help="Share of test.")
@click.option(
    "--by",
    type=click.Choice(["origin", "file", "symbol", "repo"]),
    default="origin",
    show_default=True,
    help="What two sides must not share: files and symbols, only files, only symbols, or repositories. Questions never are.",
)
@click.option(
    "--unseen-repos",
    default="",
    metavar="N|NAMES",
    help="Repositories of which only test has rows: how many, or which, with commas.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed, another split.")
@click.option("--check", is_flag=True, help="Write nothing: tell what two parts of a dataset share.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def split(
    path: Path,
    out: Path | None,
    valid: float,
    test: float,
    by: Any,
    unseen_repos: str,
    seed: int,
    check: bool,
    as_json: bool,
) -> None:
    """Divide a dataset into train, valid and test by where its rows come from.

    A row's side follows from a seeded hash of the files that it is about (of its question, where it is about none), and from nothing else: when
    rows are added, no row changes its side. What two sides must not share goes by evaluation first: a row of train that shares a question, a file or
    a symbol with valid or test is set aside, in rejected.jsonl with the id of the row that it shares it with; so is one of valid that shares it with test. Rows
    about files of several sides are on train's.

    Exits with 0, with 1 when a side stays empty, when lines could not be read or when --check finds something, with 2 when it can't be done.
    """
    if check:
        raise SystemExit(_check(path, by, as_json))
    if out is None:
        raise click.UsageError("name the folder to write with --out, or ask for --check")
    count, names = _unseen(unseen_repos)
    with progress(quiet=as_json) as bars:

        def stage(name: str) -> Advance:
            bars.stage(name, line_count(path))
            return bars.advance

        report = split_dataset(path, out, Shares(valid, test, by, names, seed), count, stage)
    wished = {"train": 1 - valid - test, "valid": valid, "test": test + bool(report.unseen)}
    empty = [side for side in reversed(SIDES) if wished[side] > 0 and not report.sides[side]]
    if as_json:
        click.echo(orjson.dumps(report.to_json() | {"empty": empty}, option=orjson.OPT_INDENT_2))
    else:
        _table(report, wished)
        if report.unseen:
            click.echo(
                f"unseen: {plain_line(','.join(report.unseen))} (name them to keep them when others come)"
            )
        click.echo(f"\n{sum(report.sides.values()):,} of {report.rows:,} rows are in {out}")
        for reason, rows in sorted(report.aside.items(), key=lambda pair: (-pair[1], pair[0])):
            click.echo(f"  {rows:,} set aside: {reason}")
    for side in empty:
        click.echo(f"{side} is empty: enlarge --{side}, divide --by file, or take another --seed", err=True)
    tell_lines(report.unreadable)
    end_unless_all_read(len(report.unreadable), IN_REJECTED)
    if empty:
        raise SystemExit(1)


def _unseen(given: str) -> tuple[int, tuple[str, ...]]:
    if given.strip().isdigit():
        return int(given), ()
    return 0, tuple(sorted({name.strip() for name in given.split(",")} - {""}))


def _check(path: Path, by: Any, as_json: bool) -> int:
    with progress(quiet=as_json) as bars:
        source = opened(path)
        if len(source.files) < 2:
            raise UserError(f"{path} is one part, and --check compares the parts of a split dataset")
        bars.stage("reading", line_count(path))
        leaks = list(leaks_of(source, by, bars.advance))
    if as_json:
        told = {"parts": list(source.files), "leaks": [leak.to_json() for leak in leaks]}
        told["unreadable"] = [str(line) for line in source.unreadable]
        click.echo(orjson.dumps(told, option=orjson.OPT_INDENT_2))
    else:
        for leak in leaks[:_TOLD]:
            click.echo(plain_line(str(leak)))
        if len(leaks) > _TOLD:
            click.echo(f"… and {len(leaks) - _TOLD:,} more")
        click.echo(
            f"{', '.join(source.files)}: {len(leaks):,} leaks"
            if leaks
            else f"{', '.join(source.files)}: no leak"
        )
    tell_lines(source.unreadable)
    return 1 if leaks or source.unreadable else 0


def _table(report: Report, wished: dict[str, float]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    table = Table(box=None, pad_edge=False)
    table.add_column("kind", no_wrap=True)
    for name in ("train", "valid", "test", "aside", "rows"):
        table.add_column(name, justify="right")
    whole = {**report.sides, "aside": sum(report.aside.values())}
    for kind, counts in [*sorted(report.table.items()), ("all", whole)]:
        rows = sum(counts.values())
        table.add_row(
            kind,
            *(_share(counts.get(side, 0), rows) for side in ("train", "valid", "test", "aside")),
            f"{rows:,}",
        )
    table.add_row("wished", *(f"{100 * min(wished[side], 1):.0f} %" for side in ("train", "valid")), "" if report.unseen else f"{100 * wished['test']:.0f} %")  # fmt: skip
    console.print(table)


def _share(count: int, rows: int) -> str:
    return f"{count:,} ({100 * count / max(rows, 1):.0f} %)" if count else ""
