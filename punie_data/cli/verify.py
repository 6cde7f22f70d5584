"""`punie-data verify`: every tool call of a dataset, run again and compared."""

import json
import os
from dataclasses import asdict
from pathlib import Path

import click

from punie_data.cli.progress import progress
from punie_data.errors import UserError
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
@click.option(
    "--repo",
    "repos",
    multiple=True,
    metavar="SPEC",
    help="Where a repository that was a local folder is now. Repeatable; found by its name.",
)
@click.option(
    "--corpus",
    "corpora",
    multiple=True,
    metavar="FILE",
    help="The corpus file, or 'starter', that entries came from.",
)
@click.option(
    "--allow-exec", is_flag=True, help="Also run the repositories' tests and commands again, in the sandbox."
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    default=lambda: os.cpu_count() or 1,
    help="Worker processes.  [default: one a core]",
)
@click.option(
    "--cache",
    type=click.Path(path_type=Path),
    help="Cache folder.  [default: the user's, or $PUNIE_DATA_CACHE]",
)
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
        sources = _sources(read_manifest(dataset), dataset, repos, corpora, folder, shown.line)
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


def _sources(
    manifest: dict, dataset: Path, repos: tuple[str, ...], corpora: tuple[str, ...], cache: Path, line
) -> dict:
    """The manifest's repositories by name: given ones first, then where they were on this machine, then fetched by their origin."""
    from punie_data.corpus import fetch_entry, load_corpus, resolve
    from punie_data.verify import is_import

    given = {}
    for spec in repos:
        source = resolve(spec, cache, line)
        given[source.name] = source
    entries = {entry.name: entry for corpus in corpora for entry in load_corpus(corpus).entries}
    remembered = dataset / ".sources.json"
    places = json.loads(remembered.read_text()) if remembered.is_file() else {}
    found = {}
    for entry in manifest["sources"]:
        name = entry["name"]
        if is_import(entry):
            continue
        if name in given:
            found[name] = given[name]
        elif name in entries:
            found[name] = fetch_entry(entries[name], cache, line)
        elif name in places and Path(places[name]).is_dir():
            found[name] = resolve(places[name], cache, line)
        elif "==" in entry["origin"] or "://" in entry["origin"]:
            found[name] = resolve(entry["origin"], cache, line)
        else:
            raise UserError(f"{name} was a local folder; say where it is with --repo")
    return found
