"""`punie-data corpus`: which repositories a corpus pins, and bringing them into the cache."""

from pathlib import Path
from typing import Any

import click
import orjson

from punie_data.corpus import Corpus, Entry, cache_folder, cached, fetch_entry, load_corpus
from punie_data.errors import UserError

_corpus_option = click.option(
    "--corpus",
    "corpus_file",
    default="starter",
    show_default=True,
    metavar="FILE",
    help="A corpus file, or the name of one.",
)
_cache_option = click.option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where fetched repositories are kept [default: $PUNIE_DATA_CACHE, else the user's cache folder].",
)


@click.group(epilog="Example:  punie-data corpus list")
def corpus() -> None:
    """The repositories that are mined: list them, fetch them."""


@corpus.command("list", epilog="Example: punie-data corpus list --corpus starter")
@_corpus_option
@_cache_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array instead of a table.")
def list_(corpus_file: str, cache: Path | None, as_json: bool) -> None:
    """Show every repository of a corpus.

    `release` is what is mined, `commits` how many releases its git history holds, `next` the release whose changes lie
    uncommitted in the work tree, `lines` its lines of Python once it is in the cache.
    """
    loaded = load_corpus(corpus_file)
    rows = [_row(entry, cache_folder(cache)) for entry in loaded.entries]
    if as_json:
        click.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
    else:
        _print_table(loaded, rows)


@corpus.command("fetch", epilog="Example: punie-data corpus fetch svcs httpx")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@_corpus_option
@_cache_option
def fetch(names: tuple[str, ...], corpus_file: str, cache: Path | None) -> None:
    """Bring the repositories of a corpus (or those NAMEd) into the cache, each checked against its pinned hash and licence."""
    loaded = load_corpus(corpus_file)
    known = {entry.name: entry for entry in loaded.entries}
    if unknown := [name for name in names if name not in known]:
        raise UserError(
            f"{loaded.name} has no {', '.join(unknown)}; `punie-data corpus list` shows what it has"
        )
    chosen = [known[name] for name in dict.fromkeys(names)] or list(loaded.entries)
    place = cache_folder(cache)
    failed = 0
    for entry in chosen:
        try:
            fetch_entry(entry, place, lambda line: click.echo(line, err=True))
        except UserError as error:
            failed += 1
            click.echo(
                f"{entry.name}: {error}".replace(f"{entry.name}: {entry.name}", entry.name, 1), err=True
            )
    if failed:
        raise UserError(f"{failed} of {len(chosen)} repositories could not be fetched")
    click.echo(f"{len(chosen)} repositories of {loaded.name} are in {place}")


def _row(entry: Entry, cache: Path) -> dict[str, Any]:
    facts = cached(entry, cache)
    return {
        "name": entry.name,
        "license": entry.license,
        "releases": [release.version for release in entry.releases],
        "next": entry.next.version if entry.next else None,
        "git": entry.git or None,
        "commit": entry.commit or None,
        "cached": facts is not None,
        "python_files": facts["python_files"] if facts else None,
        "python_lines": facts["python_lines"] if facts else None,
    }


def _print_table(loaded: Corpus, rows: list[dict[str, Any]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(
        box=box.SIMPLE_HEAD, padding=0, title=f"{loaded.name}: {len(rows)} repositories", title_justify="left"
    )
    for heading in ("repository", "licence", "release", "commits", "next", "cached"):
        table.add_column(heading, overflow="fold")
    table.add_column("lines", justify="right")
    for row in rows:
        history = len(row["releases"]) > 1 or row["next"]
        table.add_row(
            row["name"],
            row["license"],
            row["releases"][-1] if row["releases"] else row["commit"][:12],
            str(len(row["releases"])) if history else "all" if row["git"] else "none",
            row["next"] or "",
            "yes" if row["cached"] else "no",
            f"{row['python_lines']:,}" if row["cached"] else "–",
        )
    total = sum(row["python_lines"] or 0 for row in rows)
    table.add_section()
    table.add_row("", "", "", "", "", f"{sum(row['cached'] for row in rows)} of {len(rows)}", f"{total:,}")
    Console(highlight=False).print(table)
