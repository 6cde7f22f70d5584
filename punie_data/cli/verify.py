"""`punie-data verify`: every tool call of a dataset, run again and compared."""

import json
import os
from dataclasses import asdict
from pathlib import Path

import click

from punie_data.cli.progress import progress
from punie_data.cli.repositories import CACHE, CORPUS, REPO, repositories
from punie_data.plain import plain_line
from punie_data.temporary import temporary_root


@click.command(
    epilog="""\b
Examples:
  punie-data verify data/svcs
  punie-data verify data/mine --repo ./mine
  punie-data verify suites/unseen.jsonl"""
)
@click.argument("dataset", metavar="DATASET|FILE", type=click.Path(path_type=Path, exists=True))
@REPO
@CORPUS
@click.option(
    "--allow-exec", is_flag=True, help="Also run the repositories' tests and commands again, in the sandbox."
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    default=lambda: os.cpu_count() or 1,
    help="Worker processes.  [default: one a core]",
)
@CACHE
@click.option("--json", "as_json", is_flag=True, help="The verdict as JSON.")
def verify(
    dataset: Path,
    repos: tuple[str, ...],
    corpora: tuple[str, ...],
    allow_exec: bool,
    jobs: int,
    cache: Path | None,
    as_json: bool,
) -> None:
    """Run every tool call of a dataset, or of a suite, again, on the revision it was mined from, and compare. Exit 1 when a result differs."""
    from punie_data import verify as verifying
    from punie_data.corpus import cache_folder
    from punie_data.dataset import read_manifest

    folder = cache_folder(cache)
    with temporary_root(), progress(quiet=as_json) as shown:
        entries = {
            entry["name"]: entry["origin"]
            for entry in read_manifest(dataset)["sources"]
            if not verifying.is_import(entry)
        }
        sources = repositories(entries, dataset, repos, corpora, folder, shown.line)
        verdict = verifying.verify(dataset, sources, folder, jobs, allow_exec, shown.line)
    if as_json:
        click.echo(json.dumps(asdict(verdict), indent=1))
    else:
        for difference in verdict.differences[:20]:
            file = dataset / f"{difference.part}.jsonl" if dataset.is_dir() else dataset
            click.echo(f"{file}:{difference.line}: {plain_line(difference.call)}")
            click.echo(f"  the row says  {_short(difference.said, difference.now)}")
            click.echo(f"  now it says   {_short(difference.now, difference.said)}")
        if len(verdict.differences) > 20:
            click.echo(f"… and {len(verdict.differences) - 20} more")
        same = verdict.calls - len(verdict.differences)
        click.echo(f"{same} of {verdict.calls} calls in {verdict.rows} rows gave the same result again")
        if verdict.imported:
            click.echo(
                f"{verdict.imported} of the rows were imported: no repository is known that their calls could be run on"
            )
        if verdict.not_run:
            click.echo(
                f"{verdict.not_run} calls run the repository's own code and were left out; --allow-exec runs them"
            )
    if verdict.differences:
        raise click.exceptions.Exit(1)


def _short(text: str, other: str) -> str:
    """The part of `text` around the first place where it differs from `other`."""
    at = next(
        (i for i, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), min(len(text), len(other))
    )
    start = max(0, at - 40)
    return ("…" if start else "") + repr(text[start : at + 60])
