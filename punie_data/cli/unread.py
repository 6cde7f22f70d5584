"""One rule for all commands: a line that can't be read as a row is told, the others are gone on with, and the exit code is 1."""

from collections.abc import Sequence

import click

from punie_data.plain import plain_line

IN_REJECTED = "in rejected.jsonl, with the reason"
_TOLD = 10


def tell_lines(lines: Sequence[object]) -> None:
    """The lines that are no rows, on standard error: the first few of many."""
    for line in lines[:_TOLD]:
        click.echo(plain_line(f"left out: {line}"), err=True)
    if len(lines) > _TOLD:
        click.echo(f"left out: {len(lines) - _TOLD:,} more lines, in rejected.jsonl", err=True)


def end_unless_all_read(count: int, where: str = "punie-data validate says why", told: bool = False) -> None:
    """End with 1 where so many lines could not be read, and say so on standard error unless the command's own output has told it."""
    if count and not told:
        click.echo(f"{count:,} line{'' if count == 1 else 's'} could not be read ({where})", err=True)
    if count:
        raise SystemExit(1)
