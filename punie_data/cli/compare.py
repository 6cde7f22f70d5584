"""`punie-data compare`: two evaluations, paired query by query."""

import json
from dataclasses import asdict
from pathlib import Path

import click


@click.command(
    epilog="""\b
Example:
  punie-data compare results/base results/mine"""
)
@click.argument("first", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("second", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def compare(first: Path, second: Path, as_json: bool) -> None:
    """Say whether one of two evaluated systems is better, or whether the difference may be chance.

    Shares come with their Wilson intervals of 95 %; the verdict is McNemar's exact test on the queries that both were scored on.
    """
    from punie_data.evaluate import compare as comparing

    (summary, ours), (other, theirs) = comparing.load_results(first), comparing.load_results(second)
    found = comparing.compare(ours, theirs)
    if as_json:
        rows = [
            asdict(one) | {"distinguishable": one.distinguishable, "verdict": one.verdict} for one in found
        ]
        click.echo(
            json.dumps({"first": summary["system"], "second": other["system"], "groups": rows}, indent=1)
        )
        return
    if summary["system"]["weights"] == other["system"]["weights"]:
        click.echo("both were answered by the same weights", err=True)
    for one in found:
        click.echo(f"{one.group:<26}{_share(one.first)}   {_share(one.second)}   {one.verdict}")


def _share(share) -> str:  # type: ignore[no-untyped-def]
    return f"{share.passed:>4}/{share.total:<4} {share.share:>6.1%} ({share.low:.0%}–{share.high:.0%})"
