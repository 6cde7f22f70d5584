"""A dataset on disk: which rows are kept, in which order, and the manifest that is written last."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from punie_data import __version__, jsonl
from punie_data.chat import Rejected
from punie_data.dataset import FORMAT, prepare_folder
from punie_data.errors import UserError
from punie_data.generate.card import card
from punie_data.generate.digests import tool_versions
from punie_data.generate.engine import Mined, Options
from punie_data.generate.share import fair_shares
from punie_data.generate.store import Store
from punie_data.generate.task import CODE, Shard, failed_key
from punie_data.generate.without import leave_out
from punie_data.question import asked

SYSTEM_PROMPT = (
    "You are a coding assistant for Python projects. Use the tools at hand when the answer depends on the project's files, types, "
    "tests or history, and answer directly when it does not. Ask when something needed is missing, and say so when no tool can help. "
    "Report only what the tools returned."
)
Cell = tuple[str, str]
"""(repository, generator)"""


@dataclass(slots=True)
class Report:
    """What was made, for the closing table and `--json`."""

    out: str
    examples: int = 0
    rejected: int = 0
    over_cap: int = 0
    duplicates: int = 0
    generators: dict[str, dict[str, Any]] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)
    repositories: dict[str, int] = field(default_factory=dict)
    unavailable: list[str] = field(default_factory=list)
    redactions: int = 0

    def entry(self, generator: str) -> dict[str, Any]:
        return self.generators.setdefault(generator, {"examples": 0, "rejected": {}, "seconds": 0.0})


def write_dataset(
    out: Path,
    mined: list[Mined],
    cache: Path,
    options: Options,
    kinds: frozenset[str],
    limit: int | None,
    cap: int,
    refused: Sequence[Rejected] = (),
) -> Report:
    """Write `examples.jsonl`, `rejected.jsonl` and, last, `manifest.json` into `out`; the whole is a function of its arguments.

    `refused` are rejected before anything was mined: a repository under a licence that isn't wanted.
    """
    report = Report(str(out))
    prepare_folder(out)
    store = Store(cache)
    shards = partial(_shards, mined, store, options.without)  # three times, so that one is in memory
    kept = _allot(shards(), kinds, limit, cap, report)
    try:
        # First the file by which a listing knows the folder for a dataset, whenever we are stopped.
        report.rejected = jsonl.write(out / "rejected.jsonl", _rejections(shards(), report, refused))
        report.examples = jsonl.write(out / "examples.jsonl", _examples(shards(), kept, report))
        manifest = _manifest(mined, options, kinds, limit, cap, report)
        with jsonl.whole_file(out / "README.md") as file:
            file.write(card(out.name, manifest).encode())
        manifest["files"] = {
            name: hashlib.sha256((out / name).read_bytes()).hexdigest()
            for name in ("examples.jsonl", "rejected.jsonl")
        }
        with jsonl.whole_file(out / "manifest.json") as file:
            file.write(orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n")
    except OSError as error:
        raise UserError(f"{out}: {error.strerror or error}") from None
    finally:
        store.close()
    return report


def _shards(mined: list[Mined], store: Store, without: Sequence[str]) -> Iterator[tuple[str, str, Shard]]:
    """(repository, generator, shard), one in memory at a time."""
    for one in mined:
        for generator, key in one.shards:
            data = store.get(key) or store.get(failed_key(key))
            if data is not None:
                yield one.site.name, generator, leave_out(Shard.from_bytes(data), without)


def _allot(
    shards: Iterable[tuple[str, str, Shard]],
    kinds: frozenset[str],
    limit: int | None,
    cap: int,
    report: Report,
) -> set[str]:
    """The ids that are kept: no id twice, no question twice of a repository, no repository over its cap, no more than the limit; generators share
    fairly. The same question with other tools at hand is another one: a row that can't be answered beside one that can is meant to be.
    """
    cells: dict[Cell, list[str]] = {}
    seen: set[object] = set()
    for repo, _, shard in shards:
        for row in shard.rows:
            if row["label"]["kind"] not in kinds:
                continue
            question = (
                repo,
                row["label"]["kind"],
                row["label"]["kind"] == "tool" and row["tools"] == [CODE],
                *asked(row["messages"]),
            )
            if row["id"] in seen or question in seen:
                report.duplicates += 1
                continue
            seen |= {row["id"], question}
            cells.setdefault((repo, row["origin"]["generator"]), []).append(row["id"])
    shares: dict[Cell, int] = {}
    for repo in dict.fromkeys(repo for repo, _ in cells):
        shares |= fair_shares({cell: len(ids) for cell, ids in cells.items() if cell[0] == repo}, cap)
    if limit is not None:
        shares = fair_shares(shares, limit)
    report.over_cap = sum(map(len, cells.values())) - sum(shares.values())
    return {row_id for cell, ids in cells.items() for row_id in ids[: shares[cell]]}


def _examples(
    shards: Iterable[tuple[str, str, Shard]], kept: set[str], report: Report
) -> Iterator[dict[str, Any]]:
    kinds: Counter[str] = Counter()
    repositories: Counter[str] = Counter()
    left = set(kept)
    for repo, generator, shard in shards:
        entry = report.entry(generator)
        entry["seconds"] += shard.seconds
        report.redactions += shard.redactions
        for name, reason in shard.unavailable.items():
            report.unavailable.append(f"{repo}: {name}: {reason}")
        for row in shard.rows:
            if row["id"] not in left:
                continue
            left.discard(row["id"])
            kinds[row["label"]["kind"]] += 1
            repositories[repo] += 1
            name = row["origin"]["generator"]
            report.entry(name)["examples"] += 1
            yield row
    report.kinds = dict(sorted(kinds.items()))
    report.repositories = dict(repositories)


def _rejections(
    shards: Iterable[tuple[str, str, Shard]], report: Report, refused: Sequence[Rejected]
) -> Iterator[dict[str, Any]]:
    yield from (one.to_json() for one in refused)
    for _, _, shard in shards:
        for row in shard.rejected:
            entry = report.entry(row["generator"])
            entry["rejected"][row["reason"]] = entry["rejected"].get(row["reason"], 0) + 1
            yield row


def _manifest(
    mined: list[Mined],
    options: Options,
    kinds: frozenset[str],
    limit: int | None,
    cap: int,
    report: Report,
) -> dict[str, Any]:
    """No time and no path of this machine: the same inputs give the same bytes everywhere."""
    return {
        "format": FORMAT,
        "made_by": f"punie-data {__version__}",
        "system_prompt": SYSTEM_PROMPT,
        "options": {
            "seed": options.seed,
            "quota": options.quota,
            "derived_quota": options.derived_quota,
            "allow_exec": options.allow_exec,
            "kinds": sorted(kinds),
            "limit": limit,
            "cap": cap,
            **({"without": list(options.without)} if options.without else {}),
        },
        "tools": tool_versions(),
        "sources": [
            {
                "name": one.site.name,
                "origin": one.source.origin,
                "revision": one.site.revision,
                "license": one.site.license,
                "digest": one.tree.digest,
                "files": len(one.tree.files),
                "python_lines": one.lines,
                "exec_requirements": list(one.source.exec_requirements),
                "pytest_arguments": list(one.source.pytest_arguments),
                "unreadable": [{"path": path, "reason": reason} for path, reason in one.problems],
                "left_out": [{"path": path, "reason": reason} for path, reason in one.tree.skipped],
            }
            for one in mined
        ],
        "counts": {
            "examples": report.examples,
            "rejected": report.rejected,
            "over_cap": report.over_cap,
            "duplicates": report.duplicates,
            "redactions": report.redactions,
            "kinds": report.kinds,
            "repositories": report.repositories,
        },
        "generators": {
            name: {"examples": entry["examples"], "rejected": dict(sorted(entry["rejected"].items()))}
            for name, entry in sorted(report.generators.items())
        },
        "unavailable": sorted(report.unavailable),
    }
