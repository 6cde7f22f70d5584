"""`punie-data decide`: which of several systems to deploy."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from punie_data.cli.compare import as_data, evaluations_of, give, never_over
from punie_data.errors import UserError
from punie_data.plain import plain_line

if TYPE_CHECKING:
    from punie_data.decide.verdict import Decision

FORMATS = ("text", "markdown", "html", "json")


@click.command(
    epilog="""\b
Examples:
  punie-data decide results/5bit results/6bit --bench bench.json
  punie-data decide old=results/a new=results/b --bench bench.json --criteria criteria.toml --deployed old --format html --out page.html"""
)
@click.argument("systems", nargs=-1, required=True, metavar="[NAME=]FOLDER...")
@click.option(
    "--bench", "benches", type=click.Path(path_type=Path, exists=True, dir_okay=False), multiple=True,
    help="What bench wrote; any number of files.",
)  # fmt: skip
@click.option(
    "--criteria",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="TOML, in place of the default ones (above).",
)
@click.option("--deployed", help="The name of the system that is in use now.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
@click.option(
    "--suite",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The file that was asked, so that the page has its questions; not needed for those that ship.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the bootstrap intervals."
)
def decide(
    systems: tuple[str, ...],
    benches: tuple[Path, ...],
    criteria: Path | None,
    deployed: str | None,
    form: str,
    as_json: bool,
    out: Path | None,
    suite: Path | None,
    seed: int,
) -> None:
    """Deploy, keep, or undecided: for each evaluated system and for all of them, and why.

    By default a system must reach 80 % of all queries and of those of field access, take at most 3 s a query, 20 GB of memory and 20 GB of disk. A criterion
    is met where the whole 95 % interval says so, missed where the whole interval says that, and undecided between. Of systems that can't be told apart
    the smaller one is preferred, then the faster. Exit 0 for deploy, and for keep where --deployed meets the criteria; 1 otherwise.
    """
    from punie_data.decide import criteria as criteria_of
    from punie_data.decide.answers import suite_file
    from punie_data.decide.markdown import markdown
    from punie_data.decide.measured import benches_of
    from punie_data.decide.page import page
    from punie_data.decide.verdict import decide as decided
    from punie_data.evaluate.compare import compare

    form = "json" if as_json else form
    if form == "html" and out is None:
        raise UserError("a page goes into a file: name it with --out")
    never_over(out, systems, suite, criteria, *benches)
    wanted = criteria_of.load_criteria(criteria)
    evaluations = evaluations_of(systems)
    comparison = compare(evaluations, seed) if len(evaluations) > 1 else None
    benched = benches_of(benches, evaluations)
    found = decided(evaluations, comparison, benched, wanted, deployed or "")
    if form == "json":
        data = asdict(found) | {"comparison": as_data(comparison, evaluations) if comparison else None}
        text = json.dumps(data, indent=1) + "\n"
    elif form == "markdown":
        text = markdown(comparison, found)
    elif form == "html":
        text = page(
            comparison or compare(evaluations), evaluations, found, benched, suite_file(suite, evaluations)
        )
    else:
        text = "\n".join(_as_text(found)) + "\n"
    give(text, out)
    if found.outcome == "undecided" or (found.outcome == "keep" and not _is_good(found)):
        raise SystemExit(1)


def _is_good(found: "Decision") -> bool:
    return any(each.system == found.system and each.outcome == "deploy" for each in found.verdicts)


def _as_text(found: "Decision") -> list[str]:
    from punie_data.decide.markdown import cell, headline

    table = [["", *(each.system for each in found.verdicts)]]
    for number, criterion in enumerate(found.criteria.criteria):
        table.append([criterion.told, *(cell(each.judgements[number]) for each in found.verdicts)])
    table.append(["verdict", *(each.outcome for each in found.verdicts)])
    table = [[plain_line(each) for each in row] for row in table]
    widths = [max(map(len, column)) + 2 for column in zip(*table, strict=True)]
    lines = [
        "".join(f"{each:<{width}}" for each, width in zip(row, widths, strict=True)).rstrip() for row in table
    ]
    told = ["", *(f"{each.system}: {each.outcome}: {each.why}" for each in found.verdicts)]
    told += ["", f"=> {headline(found)}", *(f"- {reason}" for reason in found.why)]
    return [*lines, *(plain_line(line) for line in told)]
