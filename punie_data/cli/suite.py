"""`punie-data suite`: queries to evaluate with, chosen from mined rows or mined from repositories that nobody trained on."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import orjson

from punie_data.cli.progress import progress
from punie_data.cli.repositories import CORPUS, REPO, repositories
from punie_data.cli.suite_import import import_
from punie_data.errors import UserError
from punie_data.plain import plain_line
from punie_data.temporary import temporary_root

_queries_option = click.option(
    "--queries", type=click.IntRange(min=1), default=100, show_default=True, help="How many, at most."
)
_seed_option = click.option(
    "--seed", type=int, default=0, show_default=True, help="Another seed, other queries."
)
_out_option = click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write."
)
_cache_option = click.option(
    "--cache", type=click.Path(path_type=Path), help="Cache folder.  [default: the user's, or $PUNIE_DATA_CACHE]"
)  # fmt: skip
_jobs_option = click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    default=lambda: os.cpu_count() or 1,
    help="Worker processes.  [default: one a core]",
)
_json_option = click.option("--json", "as_json", is_flag=True, help="The outcome as JSON.")


@click.group(epilog="Example:  punie-data suite make --repo itsdangerous==2.2.0 --out unseen.jsonl")
def suite() -> None:
    """Queries to evaluate with, gold answers included: make a suite, check it, list those that come along."""


suite.add_command(import_)


@suite.command(
    epilog="""\b
Examples:
  punie-data generate --repo itsdangerous==2.2.0 --out data/unseen
  punie-data suite choose data/unseen --queries 200 --out unseen.jsonl
  punie-data suite choose data/unseen --picks mine.txt --out mine.jsonl
  punie-data evaluate unseen.jsonl --model models/mine --out results/unseen"""
)
@click.argument("source", metavar="DATASET|FILE", type=click.Path(path_type=Path))
@_queries_option
@click.option(
    "--picks",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A text file that names the queries, a line each: KIND REPOSITORY: QUESTION.",
)
@_seed_option
@_out_option
def choose(source: Path, queries: int, picks: Path | None, seed: int, out: Path) -> None:
    """Choose queries from mined rows: kinds and categories in fair shares, one question each, or those that you name with --picks.

    The manifest beside the file says where they come from. `punie-data decontaminate --against` takes out of a training set what a suite asks.
    """
    from punie_data import dataset, importing
    from punie_data.evaluate import suite as choosing
    from punie_data.evaluate import suite_file
    from punie_data.evaluate.picks import picked

    dataset.refuse_input(out, [source])
    rows = []
    for path in dataset.part_files(source).values():
        for line in importing.records(path):
            if line.row is None:
                raise UserError(f"{path}:{line.number}: {line.problem}")
            rows.append(line.row)
    if picks is not None:
        description, chosen = picked(picks, rows)
        about = suite_file.About(description, seed)
    else:
        chosen = choosing.choose(rows, queries, seed)
        about = suite_file.About(f"Questions of {source.name}, kinds and categories in fair shares.", seed)
    if not chosen:
        raise UserError(f"{source} has no row that asks one question")
    _tell(suite_file.write(out, chosen, importing.manifest_of(source), about), out)


@suite.command(
    epilog="""\b
Examples:
  punie-data suite make --repo itsdangerous==2.2.0 --queries 200 --out suites/unseen.jsonl
  punie-data suite make --repo ./mine --repo arrow==1.3.0 --unseen-in data/train --drop --out suites/two.jsonl"""
)
@click.option(
    "--repo",
    "repos",
    multiple=True,
    metavar="SPEC",
    help="A folder, a git URL (with @commit) or NAME==VERSION from the package index. Repeatable.",
)
@click.option("--corpus", metavar="FILE", help="A corpus file, or 'starter'.")
@click.option("--only", metavar="NAMES", help="Only these repositories of the corpus (comma between).")
@click.option(
    "--queries", type=click.IntRange(min=1), default=200, show_default=True, help="How many, at most."
)
@_seed_option
@_out_option
@click.option(
    "--unseen-in",
    "unseen_in",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    metavar="DATASET",
    help="A training set that may hold nothing of the repositories, nor ask what the suite asks. Repeatable.",
)
@click.option(
    "--drop", is_flag=True, help="Leave questions out that a training set asks, instead of refusing."
)
@click.option(
    "--twins",
    "with_twins",
    is_flag=True,
    help="Write the renamed twins too, into a file of the same name with -twins behind it.",
)
@click.option(
    "--without",
    multiple=True,
    metavar="REGEX",
    help="Leave rows out that hold what it finds, in a question, a result or an answer. Repeatable.",
)
@click.option("--description", help="What the suite asks, in a sentence, for its manifest.")
@_jobs_option
@_cache_option
@_json_option
def make(
    repos: tuple[str, ...],
    corpus: str | None,
    only: str | None,
    queries: int,
    seed: int,
    out: Path,
    unseen_in: tuple[Path, ...],
    drop: bool,
    with_twins: bool,
    without: tuple[str, ...],
    description: str | None,
    jobs: int,
    cache: Path | None,
    as_json: bool,
) -> None:
    """Mine repositories that are in no training set, and choose queries from them.

    Gold answers are what LibCST and the tools say, run for real. Kinds, categories and repositories have fair shares. The same repositories, seed
    and versions give the same bytes.
    """
    from punie_data import dataset
    from punie_data.corpus import cache_folder
    from punie_data.evaluate import suite as choosing
    from punie_data.evaluate import suite_file
    from punie_data.evaluate.suite_make import mined
    from punie_data.evaluate.unseen import seen_in, unseen
    from punie_data.generate.without import check_expressions

    check_expressions(without)
    dataset.refuse_input(out, [path for path in unseen_in if path.is_file()])
    folder = cache_folder(cache)
    with temporary_root(), progress(quiet=as_json) as shown:
        seen = [seen_in(path) for path in unseen_in]
        sources = _sources(repos, corpus, only, folder, shown.line)
        unseen(
            [], [{"name": source.name} for source in sources], seen, drop
        )  # before time is spent on mining
        rows, manifest, ledger = mined(sources, folder, seed, jobs, shown, without)
    candidates, dropped = unseen(rows, manifest["sources"], seen, drop)
    chosen = choosing.choose(candidates, queries, seed)
    names = ", ".join(source.name for source in sources)
    about = suite_file.About(
        description or f"Questions about {names}, mined from {'it' if len(sources) == 1 else 'them'}.",
        seed,
        extra={
            "unseen_in": [{"name": one.name, "sha256": one.sha256} for one in seen],
            "counts": {"dropped": {"asked in a training set": dropped}} if dropped else {},
        },
    )
    made = suite_file.write(out, chosen, manifest, about)
    for failure in ledger.failures:
        click.echo(plain_line(failure), err=True)
    if not as_json:
        _tell(made, out)
    told = [made["suite"] | {"file": str(out)}]
    if with_twins:
        places = {source.name: source for source in sources}
        twins_out = out.with_name(f"{out.stem}-twins.jsonl")
        told.append(_write_twins(out, twins_out, places, seed, jobs, folder, as_json))
    if as_json:
        click.echo(orjson.dumps(told if with_twins else told[0], option=orjson.OPT_INDENT_2).decode())
    if ledger.mistakes:
        raise click.exceptions.Exit(1)


@suite.command(
    epilog="""\b
Examples:
  punie-data suite twins suites/unseen.jsonl --out suites/unseen-twins.jsonl
  punie-data suite twins suites/mine.jsonl --repo ./mine --out suites/mine-twins.jsonl"""
)
@click.argument("suite_file", metavar="SUITE", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_seed_option
@_out_option
@REPO
@CORPUS
@_jobs_option
@_cache_option
@_json_option
def twins(
    suite_file: Path,
    seed: int,
    out: Path,
    repos: tuple[str, ...],
    corpora: tuple[str, ...],
    jobs: int,
    cache: Path | None,
    as_json: bool,
) -> None:
    """Ask the queries of SUITE of the same repositories under other names: who learned them by heart answers with the old ones.

    Each repository's own names are replaced, and it is mined again. A twin is the row of the same generator about the same symbol in the same
    words; its gold answer is what the tools say of the renamed repository. Queries without a twin are counted. The manifest pairs the ids.
    """
    from punie_data import dataset
    from punie_data.corpus import cache_folder

    dataset.refuse_input(out, [suite_file])
    folder = cache_folder(cache)
    manifest = dataset.read_manifest(suite_file)
    entries = {entry["name"]: entry["origin"] for entry in manifest.get("sources", ())}
    with temporary_root(), progress(quiet=as_json) as shown:
        places = repositories(entries, suite_file, repos, corpora, folder, shown.line)
    told = _write_twins(suite_file, out, places, seed, jobs, folder, as_json)
    if as_json:
        click.echo(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())


def _write_twins(
    original: Path, out: Path, places: Mapping[str, Any], seed: int, jobs: int, cache: Path, quiet: bool
) -> dict[str, Any]:
    """What the manifest says of the twins, which were written and, unless `quiet`, told."""
    from punie_data.evaluate.twins import write_twins

    with temporary_root(), progress(quiet=quiet) as shown:
        made = write_twins(original, out, places, seed, jobs, cache, shown)
    told = made["suite"]
    if not quiet:
        _tell(made, out)
        for one in told["twins"]["repositories"]:
            click.echo(f"  {one['of']} is {one['name']}: {one['renamed']} names replaced, {one['kept']} kept")
        for reason, count in told["twins"]["unpaired"].items():
            click.echo(f"  without a twin, {reason}: {count}")
    return told | {"file": str(out)}


@suite.command(
    epilog="""\b
Example:
  punie-data suite gap results/unseen results/unseen-twins --twins suites/unseen-twins.jsonl"""
)
@click.argument("results", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("results_twins", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--twins",
    "twins_file",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The suite of twins, whose manifest pairs the queries.",
)
@click.option(
    "--margin", type=click.FloatRange(min=0), default=3.0, show_default=True, help="Points that may be lost."
)
@_json_option
def gap(results: Path, results_twins: Path, twins_file: Path, margin: float, as_json: bool) -> None:
    """Say how much worse a system is on renamed twins than on the queries themselves. Exit 1 where it is more than the margin."""
    from punie_data import dataset
    from punie_data.evaluate.compare import load_results
    from punie_data.evaluate.twin_gap import pairs, twin_gap

    paired = pairs(dataset.read_manifest(twins_file))
    found = twin_gap(load_results(results).rows, load_results(results_twins).rows, paired)
    if as_json:
        click.echo(orjson.dumps([asdict(one) for one in found], option=orjson.OPT_INDENT_2).decode())
    else:
        for one in found:
            shares = f"{one.original.passed} and {one.twins.passed} of {one.original.total}"
            click.echo(f"{one.group:<8}{shares:<24}{one.verdict(margin)}")
    if found[0].points > margin:
        raise click.exceptions.Exit(1)


@suite.command("list", epilog="Example:  punie-data suite list")
@_json_option
def list_(as_json: bool) -> None:
    """Show the suites that come with punie-data."""
    from punie_data import dataset
    from punie_data.evaluate import suite_file

    found = [(file, dataset.manifest_of(file)["suite"]) for file in suite_file.shipped()]
    if as_json:
        rows = [told | {"file": str(file)} for file, told in found]
        click.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
        return
    for file, told in found:
        click.echo(
            f"{told['name']} {told['version']}: {told['counts']['queries']} queries ({_counts(told['counts']['kinds'])})"
        )
        click.echo(f"  {told['description']}")
        click.echo(f"  {file}")


@suite.command("check", epilog="Example:  punie-data suite check data/suites/shop-60.jsonl")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))  # fmt: skip
def check(files: tuple[Path, ...]) -> None:
    """Check that a suite is what its manifest says, and that the scorer gives each gold answer full marks. Exit 1 where not."""
    from punie_data.evaluate import suite_file

    trouble = 0
    for file in files:
        problems = suite_file.check(file)
        trouble += len(problems)
        for problem in problems:
            click.echo(f"{file}: {plain_line(problem)}")
        if not problems:
            click.echo(f"{file}: good; every gold answer scores full in {', '.join(suite_file.DIALECTS)}")
    if trouble:
        raise click.exceptions.Exit(1)


def _sources(repos: Sequence[str], corpus: str | None, only: str | None, cache: Path, line: Any) -> list[Any]:
    from punie_data.corpus import fetch_entry, load_corpus
    from punie_data.renaming.folder import resolve

    if only and corpus is None:
        raise UserError("--only chooses from a corpus: name one with --corpus")
    if not repos and corpus is None:
        raise UserError("what shall be asked about? Give --repo PATH or --corpus FILE")
    found = [resolve(spec, cache, line) for spec in repos]
    if corpus is not None:
        wanted = {name.strip() for name in only.split(",")} if only else None
        entries = {entry.name: entry for entry in load_corpus(corpus).entries}
        missing = sorted((wanted or set()) - set(entries))
        if missing:
            raise UserError(
                f"no repository {missing[0]!r} in the corpus; `punie-data corpus list` shows them"
            )
        found += [fetch_entry(entry, cache, line) for name, entry in entries.items() if wanted is None or name in wanted]  # fmt: skip
    names = [source.name for source in found]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise UserError(f"two repositories are called {doubled[0]!r}: rename a folder, or make two suites")
    return found


def _counts(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counted.items())


def _tell(manifest: Mapping[str, Any], out: Path) -> None:
    """What was written, in a line or two."""
    told = manifest["suite"]
    counts = told["counts"]
    click.echo(f"{counts['queries']} queries ({_counts(counts['kinds'])}): {out}")
    for line in _more(counts):
        click.echo(line)


def _more(counts: Mapping[str, Any]) -> Iterator[str]:
    if len(counts["repositories"]) > 1:
        yield f"  about {_counts(counts['repositories'])}"
    for reason, count in counts.get("dropped", {}).items():
        yield f"  left out, {reason}: {count}"
