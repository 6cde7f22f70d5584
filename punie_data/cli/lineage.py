"""`punie-data lineage`: where a row came from, and how a dataset is made again."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from punie_data.errors import UserError
from punie_data.plain import plain_line

if TYPE_CHECKING:
    from punie_data.lineage import Lineage, Place


@click.command(
    epilog="""\b
Examples:
  punie-data lineage data/sample
  punie-data lineage data/sample 746e97b8979876bdd3f2"""
)
@click.argument("dataset", metavar="DATASET|FILE", type=click.Path(path_type=Path))
@click.argument("row_id", required=False)
@click.option(
    "--recipe", "recipe_only", is_flag=True, help="Print the recipe that the dataset was built from."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def lineage(dataset: Path, row_id: str | None, recipe_only: bool, as_json: bool) -> None:
    """Tell where a dataset came from and how to make it again; with ROW_ID, where that row came from.

    A row is found by the first six or more digits of its id, among the rows and among those that were rejected. Exits with 1 where the
    dataset's files are not what its manifest says, with 2 when it can't be told.
    """
    from punie_data.lineage import find_row, passed
    from punie_data.lineage import lineage as lineage_of

    told = lineage_of(dataset, row_id is None)
    if recipe_only:
        if told.recipe is None:
            raise UserError(f"{dataset} was not built from a recipe")
        click.echo(told.recipe, nl=False)
        return
    place = find_row(dataset, row_id) if row_id is not None else None
    if as_json:
        report = told.to_json() if place is None else _row_json(told, place, passed(told.steps, place))
        click.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2))
    elif place is None:
        _print(told)
    else:
        _print_row(told, place, passed(told.steps, place))
    if told.changed:
        click.echo(
            f"not what the manifest says: {', '.join(told.changed)} changed after the dataset was made",
            err=True,
        )
        raise SystemExit(1)


def _print(told: "Lineage") -> None:
    click.echo(plain_line(f"{told.dataset}, made by {told.made_by}") + "\n")
    for number, step in enumerate(told.steps, 1):
        counts = ", ".join(f"{name} {_short(count)}" for name, count in step.get("counts", {}).items())
        click.echo(plain_line(f"{number}. {step['command']}" + (f": {counts}" if counts else "")))
        for name, sha256 in step.get("inputs", {}).items():
            click.echo(f"   reads {plain_line(name)} (sha256 {plain_line(sha256)[:12]}…)")
    if told.sources:
        click.echo("\nfrom")
        for source in told.sources:
            click.echo(f"   {plain_line(_source(source))}")
    click.echo("\nto make it again")
    for command in told.commands:
        click.echo(f"   {plain_line(command)}")


def _print_row(told: "Lineage", place: "Place", passed: list[str]) -> None:
    origin = place.row.get("origin") or {}
    lines = [("row", f"{place.row.get('id')} in {place.part}.jsonl, line {place.line}")]
    if place.reason:
        lines.append(("rejected", ": ".join(filter(None, (place.stage, place.reason, place.detail)))))
    label = place.row.get("label") or {}
    lines += [
        ("is", f"{label.get('kind')}, {label.get('category')}"),
        ("generator", f"{origin.get('generator')}, seed {origin.get('seed')}"),
        ("repository", f"{origin.get('repo')} at {origin.get('revision')}, {origin.get('license')}"),
    ]
    source = _source_of(told, origin)
    if source is not None:
        lines.append(("fetched as", str(source.get("origin"))))
    lines += [("path", path) for path in origin.get("paths") or ()]
    lines += [("span", span) for span in origin.get("spans") or ()]
    if origin.get("symbol"):
        lines.append(("symbol", origin["symbol"]))
    for run in place.row.get("runs") or ():
        lines.append(
            (
                "ran",
                f"{run['call_id']}: {run['tool_version']}, exit {run['exit']}, sha256 {run['sha256'][:12]}…",
            )
        )
    lines.append(("passed", ", ".join(passed) or "nothing"))
    for name, value in lines:
        click.echo(f"{name:<11}{plain_line(str(value))}")


def _row_json(told: "Lineage", place: "Place", passed: list[str]) -> dict[str, Any]:
    origin = place.row.get("origin") or {}
    return {
        "dataset": str(told.dataset),
        "id": place.row.get("id"),
        "part": place.part,
        "line": place.line,
        "rejected": {"stage": place.stage, "reason": place.reason, "detail": place.detail}
        if place.reason
        else None,
        "label": place.row.get("label"),
        "origin": origin,
        "source": _source_of(told, origin),
        "runs": place.row.get("runs"),
        "passed": passed,
        "commands": list(told.commands),
    }


def _source_of(told: "Lineage", origin: Mapping[str, Any]) -> Mapping[str, Any] | None:
    named = [one for one in told.sources if one.get("name") == origin.get("repo")]
    same = [one for one in named if one.get("revision") == origin.get("revision")]
    return next(iter(same or named), None)


def _source(source: Mapping[str, Any]) -> str:
    revision = str(source.get("revision") or "no revision")
    return f"{source.get('name')} {source.get('origin')} at {revision[:19]}, {source.get('license')}"


def _short(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else orjson.dumps(value).decode()
