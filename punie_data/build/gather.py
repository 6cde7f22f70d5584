"""The beginning of a build: every source is mined or imported, and their rows become one dataset, in the recipe's order."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

import orjson

from punie_data import jsonl
from punie_data.build.recipe import Mine, Recipe, Take
from punie_data.chat import KINDS, canonical
from punie_data.corpus import Source, fetch_entry, load_corpus
from punie_data.corpus.cache import write_json
from punie_data.dataset import (
    PARTS,
    Step,
    claimed,
    digest,
    part_files,
    read_manifest,
    write_parts,
)
from punie_data.errors import UserError
from punie_data.generate.dataset import write_dataset
from punie_data.generate.engine import Options, mine_all, take_snapshots
from punie_data.generate.share import quotas
from punie_data.generate.without import check_expressions
from punie_data.generators import Generator, discover
from punie_data.importing.convert import Options as Import
from punie_data.importing.convert import convert
from punie_data.lineage import steps_of
from punie_data.renaming.folder import resolve
from punie_data.verify import is_import

PLACES = ".sources.json"
"""Where local repositories stood on this machine: `verify` asks for it, and it is no part of the dataset."""

CAP = 1500


class Progress(Protocol):
    def line(self, text: str) -> None: ...
    def stage(self, name: str, total: int) -> None: ...
    def advance(self, count: int = 1) -> None: ...


@dataclass(frozen=True, slots=True)
class Means:
    """What a build works with, and what its outcome doesn't depend on."""

    cache: Path
    jobs: int
    progress: Progress


def mine(wanted: Mine, seed: int, out: Path, means: Means) -> None:
    """What `generate` does, into the folder `out`. UserError as it."""
    check_expressions(wanted.without)
    sources, cap = _repositories(wanted, means)
    generators = _generators(wanted)
    cap = wanted.cap or cap
    usual, derived_quota = quotas(cap, len(generators))
    quota = wanted.quota or usual
    options = Options(
        seed=seed,
        jobs=means.jobs,
        quota=min(quota, wanted.limit or quota),
        derived_quota=derived_quota,
        allow_exec=wanted.allow_exec,
        without=wanted.without,
    )
    with claimed(out):
        trees = take_snapshots(sources, means.cache, means.progress)
        mined, ledger = mine_all(trees, generators, means.cache, options, means.progress)
        if ledger.mistakes:
            raise UserError(
                f"a generator failed: {ledger.failures[0]}; without its rows the dataset would be another"
            )
        kinds = frozenset(wanted.kinds or KINDS)
        write_dataset(out, mined, means.cache, options, kinds, wanted.limit, cap)
        places = {one.site.name: str(one.source.root) for one in mined if not one.source.immutable}
        if places:
            write_json(out / PLACES, places)


def _repositories(wanted: Mine, means: Means) -> tuple[list[Source], int]:
    if wanted.repo:
        source = resolve(wanted.repo, means.cache, means.progress.line)
        return [replace(source, exec_requirements=wanted.requires)], CAP
    corpus = load_corpus(wanted.corpus)
    missing = sorted(set(wanted.only) - {entry.name for entry in corpus.entries})
    if missing:
        raise UserError(f"no repository {missing[0]!r} in the corpus {wanted.corpus}")
    entries = [entry for entry in corpus.entries if not wanted.only or entry.name in wanted.only]
    return [fetch_entry(entry, means.cache, means.progress.line) for entry in entries], corpus.cap


def _generators(wanted: Mine) -> list[Generator]:
    known = discover()
    for name in wanted.generators:
        if name not in known:
            raise UserError(f"no generator {name!r}; `punie-data generators` lists them")
        if known[name].executes and not wanted.allow_exec:
            raise UserError(f"{name} runs the repository's own code; allow it with allow_exec = true")
    chosen = [known[name] for name in wanted.generators] or list(known.values())
    return [generator for generator in chosen if wanted.allow_exec or not generator.executes]


def take(wanted: Take, out: Path) -> None:
    """What `import` does, into the folder `out`. UserError as it, and where no row is a record."""
    if not wanted.path.exists():
        raise UserError(f"{wanted.path}: there is no such file")
    done = convert([wanted.path], out, Import(wanted.format, wanted.license, wanted.tools))
    if not done.rows:
        raise UserError(f"{wanted.path}: none of its rows can be read; `punie-data import` tells why")


def gather(recipe: Recipe, folders: Sequence[Path], out: Path) -> None:
    """One dataset of all sources, which stand in `folders`: their rows one after another, and what their manifests say of them."""
    manifests = [read_manifest(folder) for folder in folders]
    files = [part_files(folder) for folder in folders]
    inputs = {
        f"{folder.name}/{file.name}": digest(file)
        for folder, parts in zip(folders, files, strict=True)
        for file in parts.values()
    }
    base: dict[str, Any] = {
        "steps": list(chain.from_iterable(map(steps_of, manifests))),
        "sources": _sources(manifests),
        "tools": {name: version for one in manifests for name, version in one.get("tools", {}).items()},
        **_prompts(recipe, manifests),
        **_signatures(manifests, files),
    }
    counts = {folder.name: sum(one["counts"].get(part, 0) for part in PARTS) for folder, one in zip(folders, manifests, strict=True)}  # fmt: skip
    with claimed(out):
        write_parts(
            out,
            base,
            Step("gather", {}, inputs, counts),
            {"examples": chain.from_iterable(map(_rows, files))},
        )


def _sources(manifests: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Where the rows are from, each once. UserError where two different repositories go by one name, which is all that a row says."""
    found: dict[bytes, dict[str, Any]] = {}
    for one in chain.from_iterable(map(_sources_of, manifests)):
        found[canonical(one)] = one
    mined = [one["name"] for one in found.values() if not is_import(one)]
    twice = next((name for name in mined if mined.count(name) > 1), None)
    if twice is not None:
        raise UserError(f"two sources hold different states of the repository {twice}: take one of them")
    return list(found.values())


def _sources_of(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A file whose rows were all records already is no source of its own: they say where they are from."""
    counts = next((one["counts"] for one in manifest.get("steps", ())[-1:] if one["command"] == "import"), {})
    if counts and counts["untouched"] == counts["rows"]:
        digests = set(manifest["steps"][-1]["inputs"].values())
        return [one for one in manifest["sources"] if not is_import(one) or one["digest"] not in digests]
    return list(manifest.get("sources", ()))


def _rows(parts: Mapping[str, Path]) -> Iterator[bytes]:
    for file in parts.values():
        with jsonl.opened(file) as lines:
            yield from lines


def _prompts(recipe: Recipe, manifests: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The system prompt: the recipe's own for every row, else that of the sources, if it is one."""
    if recipe.system_prompt:
        return {"system_prompt": recipe.system_prompt}
    prompts = list(dict.fromkeys(one["system_prompt"] for one in manifests if one.get("system_prompt")))
    if len(prompts) > 1:
        raise UserError(
            f"{recipe.path}: the sources have different system prompts; state the dataset's own as system_prompt"
        )
    others = [entry for one in manifests for entry in one.get("system_prompts", ())]
    return {"system_prompt": prompts[0] if prompts else ""} | ({"system_prompts": others} if others else {})


def _signatures(
    manifests: Sequence[Mapping[str, Any]], files: Sequence[Mapping[str, Path]]
) -> dict[str, Any]:
    """Foreign tools by name. Where two sources mean different tools by one name, the later one's is a variant for its rows."""
    found: dict[str, Any] = {}
    variants: list[dict[str, Any]] = []
    for manifest, parts in zip(manifests, files, strict=True):
        variants += manifest.get("signature_variants", ())
        told = {row for one in manifest.get("signature_variants", ()) for row in one["rows"].split()}
        other = {
            name: one
            for name, one in manifest.get("signatures", {}).items()
            if found.setdefault(name, one) != one
        }
        if not other:
            continue
        rows: dict[str, list[str]] = {name: [] for name in other}
        for raw in _rows(parts):
            row = orjson.loads(raw)
            for name in rows.keys() & set(row["tools"]) if row["id"] not in told else ():
                rows[name].append(row["id"])
        variants += [{"tool": name, "signature": other[name], "rows": " ".join(rows[name])} for name in other]
    kept = {"signatures": found} if found else {}
    return kept | ({"signature_variants": variants} if variants else {})
