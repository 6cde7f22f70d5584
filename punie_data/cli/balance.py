"""`punie-data balance`: the largest subset that keeps to a mix."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from punie_data.errors import UserError

if TYPE_CHECKING:
    from punie_data.balance.conflict import Conflict
    from punie_data.balance.mix import Mix
    from punie_data.balance.plan import Plan, Standing

_VALUES = 12
"""Values that are printed of an axis, beside those that are outside their band."""


@click.command(
    epilog="""\b
Examples:
  punie-data balance old.jsonl --tool 0.67 --out new.jsonl
  punie-data balance data/svcs --mix mix.toml --out data/svcs-balanced
  punie-data balance new.jsonl --tool 0.67 --check"""
)
@click.argument("source", metavar="FILE|DATASET", type=click.Path(path_type=Path))
@click.option("--tool", metavar="SHARE", help="The share of rows that call a tool, as 0.67.")
@click.option("--tolerance", metavar="SHARE", help="How far --tool may be missed.  [default: 0.02]")
@click.option(
    "--mix",
    "mix_file",
    type=click.Path(path_type=Path),
    help="A TOML file with bands over several axes.  [default: 65–75 % tool]",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="The file (or, for a dataset, the folder) to write."
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

    DATASET is a folder; each of its files is balanced on its own, into the folder --out. The input is never changed, rows keep their bytes and
    their order. Exits with 0 when the bands are met, with 1 when they can't be (or, with --check, are not), with 2 when it can't be told.
    """
    from punie_data.balance.folder import COUNTED, write_folder
    from punie_data.balance.plan import judge, plan, write
    from punie_data.validate.files import dataset_files

    mix = _mix(tool, tolerance, mix_file)
    files = dataset_files([source])
    is_folder = source.is_dir() and not (out is not None and out.suffix == ".jsonl" and len(files) == 1)
    if check:
        if out is not None:
            raise UserError("--check writes nothing: leave --out away")
    elif out is not None:
        _refuse(out, source, files, is_folder)
    elif not dry_run:
        raise UserError("say where the rows go with --out, or only look with --dry-run or --check")
    axes = _axes(shown)
    if check:
        plans = [judge(file, mix, axes, jobs) for file in files]
        met = not any(one.outside for one in plans)
    else:
        plans = [plan(file, mix, seed, (*axes, *(COUNTED if is_folder else ())), jobs) for file in files]
        met = not any(one.conflict for one in plans)
    written = []
    if met and out is not None and not dry_run:
        if is_folder:
            written = write_folder(source, plans, out, mix, seed)
        else:
            write(plans[0], out)
            written = [out]
    if as_json:
        report = {"met": met, "mix": mix.to_json(), "seed": seed, "files": [one.to_json() for one in plans]}
        report["written"] = [str(path) for path in written]
        click.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2))
    else:
        for one in plans:
            _print(one, {"kind", *mix.axes, *axes}, check)
        for path in written:
            click.echo(f"written: {path}")
    if not met:
        raise SystemExit(1)


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


def _refuse(out: Path, source: Path, files: list[Path], is_folder: bool) -> None:
    """The input stays as it is, and what is written goes to a file or folder of its own."""
    if is_folder:
        if out.exists() and not out.is_dir():
            raise UserError(f"{out} is a file, and {source} is a folder: name a folder with --out")
        if out.exists() and out.samefile(source):
            raise UserError("the input is never changed: choose another folder with --out")
    elif out.is_dir():
        raise UserError(f"{out} is a folder: name a file with --out")
    elif out.exists() and any(out.samefile(file) for file in files):
        raise UserError("the input is never changed: choose another file with --out")
    elif out.exists() and not out.is_file():
        raise UserError(f"{out} is not a regular file")


def _print(plan: "Plan", axes: set[str], check: bool) -> None:
    if plan.after is None:
        head = f"{plan.path}: {_rows(plan.before)}"
    else:
        head = f"{plan.path}: {plan.before:,} → {_rows(plan.after)}"
    click.echo(f"{head}\n")
    _table(_lines(plan, axes))
    click.echo()
    if plan.conflict:
        _print_conflict(plan.conflict)
    elif check:
        outside = [
            f"{one.axis} {one.value} is {_percent(one.before, plan.before)}, asked {one.band}"
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


def _print_conflict(conflict: "Conflict") -> None:
    click.echo(f"the mix can't be met: {conflict.reason}")
    if conflict.nearest:
        click.echo(f"the nearest mix that can keeps {_rows(conflict.rows)}:")
        for change in conflict.nearest:
            click.echo(f"  {change.asked.name}: {change.nearest} instead of {change.asked}")
    click.echo("nothing was written")


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
    return axis, one.value, f"{one.before:,}", _percent(one.before, plan.before), *after, band, verdict


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
