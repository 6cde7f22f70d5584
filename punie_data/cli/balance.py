"""`punie-data balance`: the largest subset that keeps to a mix."""

import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from punie_data import jsonl
from punie_data.cli.progress import progress
from punie_data.cli.rows import Rows, given_as
from punie_data.cli.unread import end_unless_all_read
from punie_data.dataset import claimed, part_files, refuse_input
from punie_data.errors import UserError
from punie_data.importing import manifest_of
from punie_data.plain import plain_line

if TYPE_CHECKING:
    from punie_data.balance.conflict import Conflict
    from punie_data.balance.mix import Mix
    from punie_data.balance.plan import Plan, Standing

_VALUES = 12
"""Values that are printed of an axis, beside those that are outside their band."""
_LARGE = 4 * 1024 * 1024
"""Bytes from which on counting takes more than a second or two where the rows are of another format."""


@click.command(
    epilog="""\b
Examples:
  punie-data balance data/sample --dry-run
  punie-data balance old.jsonl --tool 0.67 --out new.jsonl
  punie-data balance data/svcs --mix mix.toml --out data/svcs-balanced
  punie-data balance new.jsonl --tool 0.67 --check"""
)
@click.argument("source", metavar="FILE|DATASET", type=Rows())
@click.option("--tool", metavar="SHARE", help="The share of rows that call a tool, as 0.67.")
@click.option("--tolerance", metavar="SHARE", help="How far --tool may be missed.  [default: 0.02]")
@click.option(
    "--mix",
    "mix_file",
    type=click.Path(path_type=Path),
    help="A TOML file with bands over several axes.  [default: 65–75 % tool]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE|DIR",
    help="A folder for a dataset with its manifest, or, of a FILE, a file if its name ends in .jsonl.  [default: only say what would be kept]",
)
@click.option("--check", is_flag=True, help="Only judge: exit 1 when a share is outside its band.")
@click.option("--dry-run", is_flag=True, help="Say what would be kept, and write nothing.")
@click.option("--show", "shown", multiple=True, metavar="AXES", help="Print these axes as well, with commas.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed, other rows.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=None,
    help="Worker processes for large files.  [default: one for each core]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def balance(
    source: Path,
    tool: str | None,
    tolerance: str | None,
    mix_file: Path | None,
    out: Path | None,
    check: bool,
    dry_run: bool,
    shown: tuple[str, ...],
    seed: int,
    jobs: int | None,
    as_json: bool,
) -> None:
    """Keep the largest subset of rows whose shares lie in the bands of a mix.

    A mix has bands over the axes kind, tool, first_tool, category, repo, generator, turns, multi_tool, field_access, outcome and template:

    \b
      [kind]
      tool = [0.65, 0.75]       # between 65 and 75 % of all rows
      [repo]
      "*" = [0, 0.2]            # no repository more than 20 %
      [split.valid.repo]
      "*" = [0, 0.5]            # but for valid.jsonl

    FILE is of any form that import reads. DATASET is a folder; each of its splits is balanced on its own. What is left out goes to
    rejected.jsonl in the folder --out; beside a single file it stays in the input alone. The input is never changed, rows keep their bytes and their order. Exits with 0 when the bands are met,
    with 1 when they can't be (or, with --check, are not) or lines could not be read, with 2 when it can't be told.
    """
    from punie_data.balance.plan import judge, plan

    mix = _mix(tool, tolerance, mix_file)
    parts = part_files(source)
    if check and out is not None:
        raise UserError("--check writes nothing: leave --out away")
    if out is not None:
        _refuse(out, source)
    axes = _axes(shown)
    plans = []
    for name, file in parts.items():
        large = file.stat().st_size >= _LARGE
        with progress(as_json) if large else nullcontext() as bar:
            told = _counting(bar, file) if large else _silent
            if check:
                plans.append(judge(file, mix.of(name), axes, jobs, told))
            else:
                plans.append(plan(file, mix.of(name), seed, axes, jobs, told))
    met = not any(one.outside or one.unread if check else one.conflict for one in plans)
    written = []
    if met and out is not None and not dry_run and not check:
        written = _write(out, source, plans, mix, seed)
    if as_json:
        report = {"met": met, "mix": mix.to_json(), "seed": seed, "files": [one.to_json() for one in plans]}
        report["written"] = [str(path) for path in written]
        click.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2))
    else:
        for one in plans:
            _print(one, {"kind", *mix.of(one.path.stem).axes, *axes}, check)
        for path in written:
            click.echo(f"written: {plain_line(str(path))}")
        if not met and not check:
            click.echo("nothing was written")
    end_unless_all_read(sum(len(one.unread) for one in plans), told=True)
    if not met:
        raise SystemExit(1)


def _silent(size: int) -> None:
    pass


def _counting(bar, file: Path) -> Callable[[int], None]:
    """A stage of the progress bar, in megabytes."""
    done = 0
    bar.stage(f"{file.name}, MB", file.stat().st_size // 1_000_000)

    def advance(size: int) -> None:
        nonlocal done
        bar.advance((done + size) // 1_000_000 - done // 1_000_000)
        done += size

    return advance


def _mix(tool: str | None, tolerance: str | None, file: Path | None) -> "Mix":
    from punie_data.balance.mix import DEFAULT, Mix, load_mix, tool_share

    if tool is None:
        if tolerance is not None:
            raise UserError("--tolerance goes with --tool")
        return DEFAULT if file is None else load_mix(file)
    mix = Mix(()) if file is None else load_mix(file)
    return mix.with_band(tool_share(tool, tolerance))


def _axes(shown: tuple[str, ...]) -> tuple[str, ...]:
    from punie_data.balance.axes import AXES

    named = [name.strip() for value in shown for name in value.split(",") if name.strip()]
    for name in named:
        if name not in AXES:
            raise UserError(f"--show {name}: no such axis; there are {', '.join(AXES)}")
    return tuple(dict.fromkeys(("kind", *named)))


def _refuse(out: Path, source: Path) -> None:
    """The input stays as it is, and a dataset becomes a folder."""
    if _is_file(out, source):
        if out.exists() and out.samefile(source):
            raise UserError(f"{out} is the input, which is never changed: name another file with --out")
        if out.exists() and not out.is_file():
            raise UserError(f"{out} is not a regular file")
    else:
        refuse_input(out, [source])
        if out.exists() and not out.is_dir():
            raise UserError(f"{out} is a file, and {source} is a folder: name a folder with --out")


def _is_file(out: Path, source: Path) -> bool:
    """Whether one file is to be written, as `import` decides it."""
    if source.is_dir() or out.is_dir():
        return False
    return out.exists() or out.suffix == ".jsonl"


def _write(out: Path, source: Path, plans: list["Plan"], mix: "Mix", seed: int) -> list[Path]:
    """The files that were written."""
    from punie_data.balance.written import write_file, write_folder

    if _is_file(out, source):
        return write_file(out, manifest_of(source), plans[0], mix, seed)
    with claimed(out):
        counts = write_folder(out, manifest_of(source), plans, mix, seed)
        _take_places(source, out)
    return [*(out / f"{name}.jsonl" for name in counts), out / "manifest.json"]


def _take_places(source: Path, out: Path) -> None:
    """Where local repositories stood on this machine: `verify` asks for it."""
    places = source / ".sources.json"
    if places.is_file():
        with jsonl.whole_file(out / places.name) as file:
            file.write(places.read_bytes())


def _print(plan: "Plan", axes: set[str], check: bool) -> None:
    head = _rows(plan.before) if plan.after is None else f"{plan.before:,} → {_rows(plan.after)}"
    click.echo(f"{plain_line(given_as(plan.path))}: {head}\n")
    _table(_lines(plan, axes))
    click.echo()
    if plan.unread:
        number, why = plan.unread[0]
        click.echo(
            f"{_lines_are(len(plan.unread))} and left out: {plain_line(given_as(plan.path))}:{number}: {plain_line(why)}"
            + (" …" if len(plan.unread) > 1 else "")
        )
    if plan.conflict:
        _print_conflict(plan.conflict)
    elif check:
        outside = [
            f"{one.axis} {plain_line(one.value)} is {_percent(one.before, plan.before)}, asked {one.band}"
            for one in plan.outside
        ]
        click.echo("\n".join(f"outside: {line}" for line in outside) or "every share is inside its band")
    elif plan.after == plan.before:
        click.echo("every row stays: the bands are met as it is")
    elif plan.after == plan.ceiling:
        click.echo(f"no subset of more than {_rows(plan.after or 0)} meets the bands")
    else:
        click.echo(
            f"no subset of more than {_rows(plan.ceiling or 0)} meets the bands; this is the largest that was found"
        )


def _lines_are(count: int) -> str:
    return "1 line is no row" if count == 1 else f"{count:,} lines are no rows"


def _print_conflict(conflict: "Conflict") -> None:
    click.echo(plain_line(f"the mix can't be met: {conflict.reason}"))
    if conflict.nearest:
        click.echo(f"the nearest mix that can keeps {_rows(conflict.rows)}:")
        for change in conflict.nearest:
            click.echo(f"  {plain_line(change.asked.name)}: {change.nearest} instead of {change.asked}")


def _lines(plan: "Plan", axes: set[str]) -> list[tuple[str, ...]]:
    lines = []
    outside = {id(one) for one in plan.outside}
    for axis in dict.fromkeys(one.axis for one in plan.standings if one.axis in axes):
        here = [one for one in plan.standings if one.axis == axis]
        first = axis
        for one in here[:_VALUES]:
            lines.append(_line(plan, one, first, id(one) in outside))
            first = ""
        hidden = here[_VALUES:]
        if hidden:
            wrong = [one for one in hidden if id(one) in outside]
            lines += [_line(plan, one, "", True) for one in wrong[:_VALUES]]
            if rest := len(hidden) - len(wrong[:_VALUES]):
                lines.append(("", f"… {rest:,} more", *[""] * 6))
    return lines


def _line(plan: "Plan", one: "Standing", axis: str, outside: bool) -> tuple[str, ...]:
    after = (
        ("", "")
        if one.after is None or not plan.after
        else (f"{one.after:,}", _percent(one.after, plan.after))
    )
    band = "" if one.band is None else str(one.band)
    verdict = "" if one.band is None else "outside" if outside else "ok"
    return (
        axis,
        plain_line(one.value),
        f"{one.before:,}",
        _percent(one.before, plan.before),
        *after,
        band,
        verdict,
    )


_HEADS = ("axis", "value", "before", "", "after", "", "band", "")


def _table(lines: list[tuple[str, ...]]) -> None:
    if all(not line[4] for line in lines):
        lines = [(*line[:4], *line[6:]) for line in lines]
        heads = (*_HEADS[:4], *_HEADS[6:])
    else:
        heads = _HEADS
    right = range(2, len(heads) - 2)
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table

        table = Table(box=None, pad_edge=False)
        for number, head in enumerate(heads):
            table.add_column(head, justify="right" if number in right else "left", no_wrap=number != 1)
        for line in lines:
            table.add_row(*line, style="red" if line[-1] == "outside" else None)
        Console(highlight=False, markup=False, emoji=False).print(table)
        return
    widths = [max(len(line[place]) for line in (heads, *lines)) for place in range(len(heads))]
    for line in (heads, *lines):
        cells = (
            text.rjust(width) if place in right else text.ljust(width)
            for place, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        click.echo("  ".join(cells).rstrip())


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else ""


def _rows(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"
