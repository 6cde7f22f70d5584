"""`punie-data compare`: evaluated systems, paired query by query."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from punie_data.errors import UserError
from punie_data.plain import plain

if TYPE_CHECKING:
    from punie_data.evaluate.compare import Comparison, Evaluation, Pair

SHOWN = 20
FORMATS = ("text", "markdown", "html", "json")


@click.command(
    epilog="""\b
Examples:
  punie-data compare results/base results/mine
  punie-data compare base=results/a f16=results/b 4bit=results/c --format html --out page.html"""
)
@click.argument("systems", nargs=-1, required=True, metavar="[NAME=]FOLDER...")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--out", type=click.Path(path_type=Path), help="Write to this file; a page needs one.")
@click.option(
    "--suite",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The file that was asked, so that the page has its questions; not needed for those that ship.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the bootstrap intervals."
)
def compare(
    systems: tuple[str, ...], form: str, as_json: bool, out: Path | None, suite: Path | None, seed: int
) -> None:
    """Say whether one of several evaluated systems is better, or whether the difference may be chance.

    Each folder is what evaluate wrote, all of the same suite. Shares come with Wilson intervals of 95 %, differences with Newcombe's and a bootstrap's; the
    verdict is McNemar's exact test on the queries that all were scored on, corrected after Holm where there are several pairs.
    """
    from punie_data.evaluate import compare as comparing

    form = "json" if as_json else form
    if form == "html" and out is None:
        raise UserError("a page goes into a file: name it with --out")
    never_over(out, systems, suite)
    evaluations = evaluations_of(systems)
    if len(evaluations) < 2:
        raise UserError("name two folders or more: a system alone has nothing to be compared with")
    found = comparing.compare(evaluations, seed)
    if form == "json":
        text = json.dumps(as_data(found, evaluations), indent=1) + "\n"
    elif form == "markdown":
        from punie_data.decide.markdown import markdown

        text = markdown(found)
    elif form == "html":
        from punie_data.decide.answers import suite_file
        from punie_data.decide.page import page

        text = page(found, evaluations, suite=suite_file(suite, evaluations))
    else:
        text = "\n".join(as_text(found)) + "\n"
    give(text, out)


def evaluations_of(systems: tuple[str, ...]) -> "list[Evaluation]":
    """Of each FOLDER or NAME=FOLDER. Where two folders have the same name, their parents' tell them apart."""
    from punie_data.evaluate.compare import load_results

    places = [_place(given) for given in systems]
    plain = [folder.resolve().name for name, folder in places if not name]
    return [
        load_results(
            folder,
            name or ("/".join(folder.resolve().parts[-2:]) if plain.count(folder.resolve().name) > 1 else ""),
        )
        for name, folder in places
    ]


def _place(given: str) -> tuple[str, Path]:
    """(its name, "" for none; the folder). A folder may have the sign in its own name."""
    name, sign, folder = given.partition("=")
    named = bool(sign) and not Path(given).exists()
    return (name if named else "", Path(folder if named else given))


def never_over(out: Path | None, systems: tuple[str, ...], *files: Path | None) -> None:
    """UserError where `out` is one of what is read, which is never changed."""
    if out is None or not out.exists():
        return
    inputs = [
        folder / name for _, folder in map(_place, systems) for name in ("results.jsonl", "summary.json")
    ]
    for file in filter(None, (*inputs, *files)):
        if file.exists() and out.samefile(file):
            raise UserError(f"{out} is where the input lies, which is never changed: choose another --out")


def give(text: str, out: Path | None) -> None:
    """Print it, or write it whole to a file."""
    from punie_data.jsonl import whole_file

    if out is None:
        click.echo(text, nl=False)
        return
    with whole_file(out) as file:
        file.write(text.encode())
    click.echo(f"written to {out}")


def as_data(found: "Comparison", evaluations: "list[Evaluation]") -> dict[str, Any]:
    """The comparison as JSON has it."""
    return {
        "suite": evaluations[0].summary["suite"],
        "systems": {each.name: each.summary["system"] for each in evaluations},
        "shared": found.shared,
        "groups": [asdict(group) for group in found.groups],
        "pairs": [
            asdict(pair)
            | {"distinguishable": pair.distinguishable, "needed": pair.needed, "verdict": pair.verdict}
            for pair in found.pairs
        ],
        "queries": [asdict(asked) | {"differs": asked.differs} for asked in found.queries],
        "notes": list(found.notes),
    }


def as_text(found: "Comparison") -> list[str]:
    """For a terminal: shares, tests, and the queries on which systems differ."""
    two = len(found.systems) == 2
    by_group = {(pair.axis, pair.group): pair for pair in found.pairs}
    labels = [group.name if group.axis == "all" else f"{group.axis} {group.name}" for group in found.groups]
    wide = min(max(map(len, labels)), 40) + 2
    column = max(28, *(len(name) + 2 for name in found.systems))
    lines = [f"{found.shared:,} queries of {found.suite or 'a suite'} that every system was scored on", ""]
    lines.append(" " * wide + "".join(f"{name:<{column}}" for name in found.systems).rstrip())
    for label, group in zip(labels, found.groups, strict=True):
        told = "".join(f"{_share(share):<{column}}" for share in group.shares)
        verdict = by_group[group.axis, group.name].verdict if two else ""
        lines.append(f"{label[: wide - 2]:<{wide}}{told}{verdict}".rstrip())
    lines.append("")
    for pair in found.pairs:
        if pair.axis == "all":
            lines += [f"{pair.first} / {pair.second}: {pair.verdict}", f"  {_counts(pair)}"]
    if not two:
        lines += [
            f"{pair.first} / {pair.second}, {pair.axis} {pair.group}: {pair.verdict}"
            for pair in found.pairs
            if pair.axis != "all" and pair.distinguishable
        ]
    lines += _differing(found)
    lines += ["", *(f"note: {note}" for note in found.notes)] if found.notes else []
    return [plain(line.replace("\n", " ")) for line in lines]


def _share(share: Any) -> str:
    return f"{share.passed:>4}/{share.total:<4} {share.share:>6.1%} ({share.low:.0%}–{share.high:.0%})"


def _counts(pair: "Pair") -> str:
    low, high = pair.bootstrap
    difference = f"{100 * pair.difference:+.1f} points ({100 * pair.low:+.1f} to {100 * pair.high:+.1f}, bootstrap {100 * low:+.1f} to {100 * high:+.1f})"
    return f"difference {difference}; only {pair.first} right {pair.only_first}, only {pair.second} right {pair.only_second}"


def _differing(found: "Comparison") -> list[str]:
    differing = [asked for asked in found.queries if asked.differs]
    if not differing:
        return ["", "no query on which they differ"]
    lines = ["", f"{len(differing):,} of {len(found.queries):,} queries on which they differ:"]
    for asked in differing[:SHOWN]:
        lines.append(f"  {asked.id[:12]}  {asked.kind}/{asked.category}")
        for name, outcome in zip(found.systems, asked.outcomes, strict=True):
            if outcome is None:
                told = "unscored"
            else:
                told = "right" if outcome.right else f"wrong ({outcome.failed}): {outcome.explanation}"
            lines.append(f"    {name}: {told[:160]}")
    if len(differing) > SHOWN:
        lines.append(f"  and {len(differing) - SHOWN:,} more, in --format html or json")
    return lines
