"""Where the repositories of a dataset or a suite are now: options that say it, and the search for those that nobody named."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from punie_data.errors import UserError

if TYPE_CHECKING:
    from punie_data.corpus import Source

REPO = click.option(
    "--repo",
    "repos",
    multiple=True,
    metavar="SPEC",
    help="Where a repository that was a local folder is now. Repeatable; found by its name.",
)
CORPUS = click.option(
    "--corpus",
    "corpora",
    multiple=True,
    metavar="FILE",
    help="The corpus file, or 'starter', that entries came from.",
)
CACHE = click.option(
    "--cache",
    type=click.Path(path_type=Path),
    help="Cache folder.  [default: the user's, or $PUNIE_DATA_CACHE]",
)


def repositories(
    entries: Mapping[str, str],
    folder: Path,
    repos: tuple[str, ...],
    corpora: tuple[str, ...],
    cache: Path,
    line: Callable[[str], None],
) -> "dict[str, Source]":
    """The repositories by name, `entries` being name → origin: given ones first, then where `folder` remembers them, then fetched by their origin.

    A renamed twin is made anew of its original, which may be the one that was given.
    """
    from punie_data.corpus import fetch_entry, load_corpus
    from punie_data.renaming.folder import again, resolve

    given: dict[str, Any] = {}
    for spec in repos:
        source = resolve(spec, cache, line)
        given[source.name] = source
    listed = {entry.name: entry for corpus in corpora for entry in load_corpus(corpus).entries}
    remembered = folder / ".sources.json"
    places = json.loads(remembered.read_text()) if remembered.is_file() else {}
    found = {}
    for name, origin in entries.items():
        if name in given:
            found[name] = given[name]
        elif name in listed:
            found[name] = fetch_entry(listed[name], cache, line)
        elif name in places and Path(places[name]).is_dir():
            found[name] = resolve(places[name], cache, line)
        elif (twin := again(origin, given, cache, line)) is not None:
            found[name] = twin
        elif "==" in origin or "://" in origin:
            found[name] = resolve(origin, cache, line)
        else:
            original = origin.rpartition(":")[2]
            raise UserError(f"{original} was a local folder; say where it is with --repo")
    return found
