"""`punie-data scan`: the gate before publication."""

import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from punie_data.cli.progress import progress
from punie_data.cli.rows import Rows, given_as
from punie_data.cli.unread import IN_REJECTED, end_unless_all_read
from punie_data.errors import UserError
from punie_data.plain import plain_line

if TYPE_CHECKING:
    from punie_data.gate.residue import Residue

MEGABYTE = 1_000_000


@click.command(
    epilog="""\b
Examples:
  punie-data scan data/sample
  punie-data scan data/sample --license MIT,BSD-3-Clause,Apache-2.0 --out data/clean"""
)
@click.argument("path", metavar="FILE|DATASET", type=Rows())
@click.option(
    "--license",
    "licences",
    multiple=True,
    metavar="NAMES",
    help="Only rows under these licences (SPDX identifiers with commas). Repeatable.",
)
@click.option("--ignore", default="", metavar="KINDS", help="Not these: secret, e-mail, phone, ip, home.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Write the rows that may be published into this folder, the others into its rejected.jsonl.",
)
@click.option("--redact", is_flag=True, help="With --out: take personal data out where the row stays true.")
@click.option(
    "--limit-findings",
    type=click.IntRange(min=0),
    default=100,
    show_default=True,
    help="Print at most so many; 0 prints all.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def scan(
    path: Path,
    licences: tuple[str, ...],
    ignore: str,
    out: Path | None,
    redact: bool,
    limit_findings: int,
    as_json: bool,
) -> None:
    """Look for what must not be published: secrets, e-mail addresses, telephone numbers, public IP addresses, users' names in paths.

    Every text of every row is searched, and of a folder the manifest and the card too. Prints `file:line: kind: what, and where`; what was found
    is not repeated. Exits with 0 when nothing is left, with 1 when something is, with 2 when it can't be told. With --out it is 0 when the folder
    is written, whose rows are clean. A line that could not be read makes it 1 either way.
    """
    from punie_data.gate.scan import kinds
    from punie_data.licences import allowed

    names, unwanted = allowed(licences), kinds(ignore)
    if out is not None:
        _write(path, out, redact, names, unwanted, as_json)
        return
    if redact:
        raise UserError("--redact changes rows, and the input is never changed: name a folder with --out")
    _look(path, names, unwanted, limit_findings, as_json)


def _look(path: Path, names, unwanted: frozenset[str], limit: int, as_json: bool) -> None:
    from punie_data import jsonl
    from punie_data.dataset import part_files
    from punie_data.gate.scan import scan as scan_rows

    rows = size = unread = 0
    by_kind: dict[str, int] = {}
    places: set[tuple[Path, int]] = set()
    printed: list[tuple[Path, Residue]] = []
    with progress(quiet=as_json) as shown:
        shown.stage("scanning MB", sum(f.stat().st_size for f in part_files(path).values()) // MEGABYTE)

        def seen(line: jsonl.Line) -> None:
            nonlocal rows, size, unread
            rows += 1
            unread += bool(line.problem)
            size += len(line.raw)
            if size >= MEGABYTE:
                shown.advance(size // MEGABYTE)
                size %= MEGABYTE

        for file, one in scan_rows(path, unwanted, names, seen):
            by_kind[one.kind] = by_kind.get(one.kind, 0) + 1
            places.add((file, one.line))
            if limit and sum(by_kind.values()) > limit:
                continue
            if as_json:
                printed.append((file, one))
            else:
                where = f" in {one.where}" if one.where else ""
                click.echo(plain_line(f"{given_as(file)}:{one.line}: {one.kind}: {one.what}{where}"))
    total = sum(by_kind.values())
    if as_json:
        told = {
            "rows": rows,
            "unread": unread,
            "residue": total,
            "places": len(places),
            "by_kind": dict(sorted(by_kind.items())),
        }
        told["findings"] = [{"file": str(file)} | one.to_json() for file, one in printed]
        click.echo(orjson.dumps(told, option=orjson.OPT_INDENT_2))
    elif not total:
        click.echo(f"{_rows(rows)}: nothing that must not be published")
    else:
        if limit and total > limit:
            click.echo(f"… and {total - limit:,} more (--limit-findings 0 prints all)")
        kinds_told = ", ".join(f"{count:,} × {kind}" for kind, count in sorted(by_kind.items()))
        click.echo(
            f"{_rows(rows)}: {kinds_told}, in {len(places):,} line{'' if len(places) == 1 else 's'}; not to be published so"
        )
        click.echo(f"Without them:  punie-data scan {given_as(path)} --redact --out FOLDER")
    end_unless_all_read(unread, told=as_json)
    if total:
        raise SystemExit(1)


def _shown(quiet: bool) -> AbstractContextManager[object]:
    """Something that moves on the terminal meanwhile."""
    if quiet or not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console

    return Console(stderr=True).status("scanning")


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


def _write(path: Path, out: Path, redact: bool, names, unwanted: frozenset[str], as_json: bool) -> None:
    from punie_data.dataset import claimed, part_files, refuse_input
    from punie_data.gate.scan import NO_ROW, sift

    refuse_input(out, list(part_files(path).values()))
    with claimed(out), _shown(as_json):
        told = sift(path, out, redact, names, unwanted)
    if as_json:
        click.echo(orjson.dumps(asdict(told), option=orjson.OPT_INDENT_2))
        end_unless_all_read(told.rejected.get(NO_ROW, 0), told=True)
        return
    click.echo(f"{told.kept:,} of {_rows(told.rows)} may be published, in {out}")
    if told.mended:
        click.echo(f"{told.taken_out:,} things were taken out of {told.mended:,} of them")
    for reason, count in told.rejected.items():
        click.echo(f"{count:,} rejected: {plain_line(reason)}")
    end_unless_all_read(told.rejected.get(NO_ROW, 0), IN_REJECTED)
