"""`punie-data generate`: a repository in, verified examples out."""

import json
import os
from dataclasses import asdict, replace
from pathlib import Path

import click

from punie_data import jsonl
from punie_data.chat import KINDS
from punie_data.cli.progress import progress
from punie_data.errors import UserError
from punie_data.temporary import temporary_root


@click.command(
    epilog="""\b
Examples:
  punie-data generate --repo .
  punie-data generate --repo svcs==25.1.0 --repo ./my-project --out data/both
  punie-data generate --corpus starter --limit 500
  punie-data generate --repo . --dry-run"""
)
@click.option(
    "--repo",
    "repos",
    multiple=True,
    metavar="SPEC",
    help="A folder, a git URL (with @commit) or NAME==VERSION from the package index. Repeatable.",
)
@click.option(
    "--corpus", "corpora", multiple=True, metavar="FILE", help="A corpus file, or 'starter'. Repeatable."
)
@click.option("--only", metavar="NAMES", help="Only these repositories of the corpus (comma between).")
@click.option("--out", type=click.Path(path_type=Path), help="Dataset folder.  [default: data/<name>]")
@click.option(
    "--generators",
    metavar="NAMES",
    help="Only these (comma between); a folder among them adds its generators.",
)
@click.option(
    "--license",
    "licences",
    multiple=True,
    metavar="NAMES",
    help="Only repositories under these licences (SPDX identifiers, comma between). Repeatable.",
)
@click.option("--kinds", metavar="KINDS", help=f"Only rows of these kinds, of {', '.join(KINDS)}.")
@click.option(
    "--limit", type=click.IntRange(1), help="At most so many examples, shared fairly between generators."
)
@click.option(
    "--quota",
    type=click.IntRange(1, 10_000),
    help="Rows of one generator from one repository.  [default: 24, fewer where the cap is low]",
)
@click.option(
    "--cap", type=click.IntRange(1), help="Rows of one repository.  [default: the corpus's own, else 1500]"
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Chooses other symbols and other phrasings."
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    default=lambda: os.cpu_count() or 1,
    help="Worker processes.  [default: one a core]",
)
@click.option(
    "--without",
    multiple=True,
    metavar="REGEX",
    help="Reject rows that hold what it finds, in a question, a result or an answer. Repeatable.",
)
@click.option("--allow-exec", is_flag=True, help="Run the repositories' tests and commands, in the sandbox.")
@click.option(
    "--requires",
    multiple=True,
    metavar="REQUIREMENT",
    help="With --allow-exec: what the tests of --repo need besides pytest, such as 'attrs>=23'. Repeatable.",
)
@click.option(
    "--cache",
    type=click.Path(path_type=Path),
    help="Cache folder.  [default: the user's, or $PUNIE_DATA_CACHE]",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be mined.")
@click.option("--json", "as_json", is_flag=True, help="The closing report as JSON on standard output.")
def generate(
    repos: tuple[str, ...],
    corpora: tuple[str, ...],
    only: str | None,
    out: Path | None,
    generators: str | None,
    licences: tuple[str, ...],
    kinds: str | None,
    limit: int | None,
    quota: int | None,
    cap: int | None,
    seed: int,
    jobs: int,
    without: tuple[str, ...],
    allow_exec: bool,
    requires: tuple[str, ...],
    cache: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Mine repositories for verified examples: every tool result in them really happened.

    Writes examples.jsonl, rejected.jsonl (with a reason a row) and manifest.json into the dataset folder. Nothing of the repository's code is
    run unless you say --allow-exec.
    """
    from punie_data.corpus import cache_folder
    from punie_data.dataset import claimed
    from punie_data.generate.dataset import write_dataset
    from punie_data.generate.engine import Options, mine_all, take_snapshots
    from punie_data.generate.share import quotas
    from punie_data.generate.without import check_expressions
    from punie_data.licences import allowed

    wanted_kinds, wanted_licences = _kinds(kinds), allowed(licences)
    chosen = _generators(generators, allow_exec)
    check_expressions(without)
    folder = cache_folder(cache)
    with temporary_root(), progress(quiet=as_json) as shown:
        sources, corpus_cap, name = _sources(repos, requires, corpora, only, folder, shown)
        sources, refused = _licensed(sources, wanted_licences, shown)
        target = out or Path("data") / name
        usual, derived_quota = quotas(cap or corpus_cap, len(chosen))
        quota = quota or usual
        options = Options(
            seed=seed,
            jobs=jobs,
            quota=min(quota, limit or quota),
            derived_quota=derived_quota,
            allow_exec=allow_exec,
            without=without,
        )
        trees = take_snapshots(sources, folder, shown)
        if dry_run:
            _dry_run(trees, chosen, target, as_json)
            return
        with claimed(target):
            mined, ledger = mine_all(trees, chosen, folder, options, shown)
            report = write_dataset(
                target, mined, folder, options, wanted_kinds, limit, cap or corpus_cap, refused
            )
            _remember_places(target, mined)
    if as_json:
        click.echo(
            json.dumps(asdict(report) | {"seconds": ledger.seconds, "failures": ledger.failures}, indent=1)
        )
    else:
        from punie_data.cli.tables import closing_table

        closing_table(report, ledger)
    if ledger.mistakes:
        raise click.exceptions.Exit(1)


def _licensed(sources: list, licences, shown) -> tuple[list, list]:
    """The sources that may be mined, and for each other one why not. UserError where none is left."""
    from punie_data.chat import Rejected
    from punie_data.licences import REASON

    refused = [
        Rejected(REASON, repo=source.name, detail=source.license)
        for source in sources
        if not licences.allows(source.license)
    ]
    for one in refused:
        shown.line(f"{one.repo}: left out: {one.reason}: {one.detail}")
    if len(refused) == len(sources):
        raise UserError(
            f"no repository is under {', '.join(sorted(licences.names))}: {refused[0].repo} is under {refused[0].detail}"
        )
    return [source for source in sources if licences.allows(source.license)], refused


def _remember_places(target: Path, mined: list) -> None:
    """Where local folders were, for `verify`: beside the dataset and no part of it, since it differs from machine to machine."""
    places = {one.site.name: str(one.source.root) for one in mined if not one.source.immutable}
    if places:
        with jsonl.whole_file(target / ".sources.json") as file:
            file.write(json.dumps(places, indent=1).encode() + b"\n")


def _kinds(given: str | None) -> frozenset[str]:
    names = frozenset(name.strip() for name in given.split(",")) if given else frozenset(KINDS)
    unknown = sorted(names - set(KINDS))
    if unknown:
        raise UserError(f"no kind {unknown[0]!r}; there are {', '.join(KINDS)}")
    return names


def _generators(given: str | None, allow_exec: bool) -> list:
    from punie_data.generators import discover

    parts = [part.strip() for part in given.split(",") if part.strip()] if given else []
    shipped = discover()  # "tests" is a generator, whatever folder lies beside us; the folder is ./tests
    folders = [Path(part) for part in parts if part not in shipped and Path(part).is_dir()]
    names = [part for part in parts if part in shipped or not Path(part).is_dir()]
    known = discover(folders)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UserError(f"no generator {unknown[0]!r}; `punie-data generators` lists them")
    forbidden = [name for name in names if known[name].executes and not allow_exec]
    if forbidden:
        raise UserError(f"{forbidden[0]} runs the repository's own code; allow it with --allow-exec")
    if not [name for name in names if not known[name].derives] and names:
        raise UserError(f"{names[0]} makes rows out of other generators' rows; name one of those too")
    chosen = [known[name] for name in names] if names else list(known.values())
    return [generator for generator in chosen if allow_exec or not generator.executes]


def _sources(
    repos: tuple[str, ...],
    requires: tuple[str, ...],
    corpora: tuple[str, ...],
    only: str | None,
    cache: Path,
    shown,
) -> tuple[list, int, str]:
    """The sources, the cap of a repository and the dataset's name."""
    from punie_data.corpus import fetch_entry, load_corpus
    from punie_data.renaming.folder import resolve

    if not repos and not corpora:
        raise UserError("what shall be mined? Give --repo PATH or --corpus FILE")
    wanted = {name.strip() for name in only.split(",")} if only else set()
    sources = []
    cap = 1500
    names = []
    for spec in repos:
        sources.append(replace(resolve(spec, cache, shown.line), exec_requirements=requires))
        names.append(sources[-1].name)
    for given in corpora:
        corpus = load_corpus(given)
        cap = corpus.cap
        names.append(corpus.name)
        for entry in corpus.entries:
            if wanted and entry.name not in wanted:
                continue
            sources.append(fetch_entry(entry, cache, shown.line))
    missing = sorted(wanted - {source.name for source in sources})
    if missing:
        raise UserError(f"no repository {missing[0]!r} in the corpus; `punie-data corpus list` shows them")
    doubled = sorted({s.name for s in sources if [t.name for t in sources].count(s.name) > 1})
    if doubled:
        raise UserError(
            f"two repositories are called {doubled[0]!r}; mine them one by one, or rename a folder"
        )
    return sources, cap, "-".join(names[:3])


def _dry_run(trees: list, generators: list, target: Path, as_json: bool) -> None:
    rows = [
        {
            "repository": source.name,
            "origin": source.origin,
            "license": source.license,
            "files": len(tree.files),
            "python_files": len(tree.paths(".py")),
            "documents": len(tree.paths(".md", ".rst")),
            "git": bool(tree.head),
            "left_out": len(tree.skipped),
        }
        for source, tree in trees
    ]
    if as_json:
        names = [generator.name for generator in generators]
        click.echo(json.dumps({"sources": rows, "generators": names, "out": str(target)}, indent=1))
        return
    for row in rows:
        git = "with git history" if row["git"] else "without git history"
        click.echo(
            f"{row['repository']} ({row['origin']}, {row['license']}): {row['python_files']} Python files, {row['documents']} documents, {git}"
        )
    click.echo(f"{len(generators)} generators: {', '.join(generator.name for generator in generators)}")
    click.echo(f"would write {target}/examples.jsonl, rejected.jsonl and manifest.json")
