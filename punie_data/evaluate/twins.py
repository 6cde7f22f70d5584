"""Counterfactual twins: the queries of a suite, asked of the same repositories under other names.

A repository is renamed (`renaming`), the renamed one is type-checked against the original, and it is mined as the original was. A twin is the row
of the same generator about the same symbol in the same words, but for the names; its gold answer is what the tools say of the renamed repository.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from punie_data.chat import Example, example_from_json
from punie_data.code.tree import snapshot
from punie_data.corpus import Source
from punie_data.errors import ToolUnavailable, UserError
from punie_data.evaluate import suite_file
from punie_data.evaluate.suite_make import mined
from punie_data.generate.engine import Progress
from punie_data.renaming.folder import Renamed, renamed
from punie_data.renaming.names import Names
from punie_data.tools.typecheck import check
from punie_data.tools.workspace import Workspace
from punie_data.verify import check_digest

BROKEN = ("unresolved-", "unknown-argument", "missing-argument", "invalid-syntax", "possibly-missing", "possibly-unbound")  # fmt: skip
"""What ty says of code whose names don't fit together."""
ROUNDS = 6
_COLUMN = re.compile(
    r'((?:\.pyi?|line \d+|lines? \d+-\d+)?:\d+):\d+|(\b(?:end_)?col(?:umn)?s?"?(?::|=| )\s*)\d+',
    re.IGNORECASE,
)
NOT_MINED, OTHER_CALLS = (
    "the renamed repository was not asked the same",
    "the same question led to other calls",
)


@dataclass(slots=True)
class Twins:
    """`pairs` are ids, query → twin; `unpaired` counts queries without a twin by the reason."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    pairs: dict[str, str] = field(default_factory=dict)
    unpaired: Counter[str] = field(default_factory=Counter)
    repositories: list[dict[str, Any]] = field(default_factory=list)
    manifest: dict[str, Any] = field(default_factory=dict)


def write_twins(
    original: Path,
    out: Path,
    places: Mapping[str, Source],
    seed: int,
    jobs: int,
    cache: Path,
    progress: Progress,
) -> dict[str, Any]:
    """Write the twins of a suite, whose repositories are in `places` by name; the manifest is returned. UserError where no query has one."""
    manifest, rows = suite_file.load(original)
    about = manifest["suite"]
    for entry in manifest["sources"]:
        if "digest" in entry and entry["name"] in places:
            source = places[entry["name"]]
            tree = snapshot(source.root, cache, source.immutable, progress.line)
            check_digest(entry, tree)
    asked = sorted({row["origin"]["repo"] for row in rows})
    sources = [places[name] for name in asked if name in places]
    if not sources:
        raise UserError(f"{original}: its manifest names no repository that could be renamed")
    options = manifest.get("options", {})
    found = twins(
        [row for row in rows if row["origin"]["repo"] in places],
        sources,
        seed,
        int(options.get("seed", 0)),
        cache,
        jobs,
        progress,
        tuple(options.get("without", ())),
    )
    if not found.rows:
        raise UserError(f"no query of {original} was asked again of the renamed repositories: was it mined?")
    told = {
        "of": about["name"],
        "sha256": manifest["files"][original.name],
        "pairs": found.pairs,
        "unpaired": dict(sorted(found.unpaired.items())),
        "repositories": found.repositories,
    }
    description = f"Twins of {about['name']}: the same queries, the repositories' own names replaced."
    said = suite_file.About(description, seed, about["version"], {"twins": told})
    return suite_file.write(out, found.rows, found.manifest, said)


def twins(
    rows: Sequence[Mapping[str, Any]],
    sources: Sequence[Source],
    seed: int,
    mining_seed: int,
    cache: Path,
    jobs: int,
    progress: Progress,
    without: tuple[str, ...] = (),
) -> Twins:
    """The twins of `rows`, which were mined from `sources` with `mining_seed`, `without` what rows may not name. UserError where a repository can't be renamed without breaking it."""
    found = Twins()
    renamings = {source.name: fitting(source, seed, cache, progress) for source in sources}
    found.repositories = [
        {"name": one.source.name, "of": name, "renamed": len(one.names.names), "kept": len(one.kept)}
        for name, one in sorted(renamings.items())
    ]
    names = [one.source.name for one in renamings.values()]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled:
        raise UserError(f"two of the renamed repositories would be called {doubled}: choose another seed")
    every, found.manifest, _ = mined(
        [one.source for one in renamings.values()], cache, mining_seed, jobs, progress, without
    )
    originals = {one.source.name: one for one in renamings.values()}
    waiting: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in every:
        waiting.setdefault(_key(row, originals[row["origin"]["repo"]]), []).append(row)
    for row in rows:
        candidates = waiting.get(_key(row, renamings[row["origin"]["repo"]]), [])
        twin = next((each for each in candidates if _called(row) == _called(each)), None)
        if twin is None:
            found.unpaired[OTHER_CALLS if candidates else NOT_MINED] += 1
            continue
        candidates.remove(twin)
        example = _offered(example_from_json(row), example_from_json(twin))
        found.rows.append(example.to_json())
        found.pairs[row["id"]] = example.id
    return found


def _key(row: Mapping[str, Any], one: Renamed) -> tuple[str, ...]:
    """What a query and its twin have in common: the generator, the label, and symbol and questions with every name replaced, columns left out."""
    origin, label = row["origin"], row["label"]
    said = "\n".join(message["content"] for message in row["messages"] if message["role"] == "user")
    text = _COLUMN.sub(r"\1\2", one.names.everywhere(said))
    symbol = one.names.everywhere(origin["symbol"])
    return (one.source.name, origin["generator"], label["kind"], label["category"], symbol, text)


def _called(row: Mapping[str, Any]) -> list[str]:
    return [call["function"]["name"] for message in row["messages"] for call in message.get("tool_calls", ())]


def _offered(row: Example, twin: Example) -> Example:
    """The twin with the tools that the query offers: which others are at hand is drawn by the question's text, and should be no difference."""
    return replace(twin, tools=row.tools)


def fitting(source: Source, seed: int, cache: Path, progress: Progress) -> Renamed:
    """A renaming after which the type checker misses nothing that it didn't miss before. Names on lines where it does are kept, and it is tried anew."""
    progress.stage(f"renaming {source.name}", ROUNDS)
    before: Counter[tuple[str, int, str]] | None = None
    keep: set[str] = set()
    for _ in range(ROUNDS):
        one = renamed(source, seed, cache, keep, progress.line)
        progress.advance()
        if before is None:
            before = _missing(source, cache, one.names)
        more = _missing(one.source, cache, None) - before
        if not more:
            return one
        culprits = _names_at(one, more)
        if not culprits - keep:
            break
        keep |= culprits
    raise UserError(
        f"{source.name} can't be renamed so that its names still fit together: {min(more)[0]}:{min(more)[1]} for one"
    )


def _missing(source: Source, cache: Path, names: Names | None) -> Counter[tuple[str, int, str]]:
    """(path, line, code) of what ty can't resolve; with `names`, the path that the file gets."""
    tree = snapshot(source.root, cache, source.immutable, lambda line: None)
    if tree.git is not None:
        tree.git.remove()
    workspace = Workspace(tree.root, frozenset(tree.paths()), None)
    try:
        issues = check(workspace, ["."])
    except ToolUnavailable as error:
        raise UserError(
            f"{source.name} can't be type-checked, which a renaming is judged by: {error}"
        ) from None
    finally:
        workspace.close()
    return Counter(
        (names.path(issue.file) if names else issue.file, issue.line, issue.code)
        for issue in issues
        if issue.code.startswith(BROKEN)
    )


def _names_at(one: Renamed, places: Mapping[tuple[str, int, str], int]) -> set[str]:
    """The old names of what stands on these lines under a new one."""
    old = {new: name for name, new in one.names.names.items()}
    found: set[str] = set()
    for path, line, _ in places:
        lines = (one.source.root / path).read_text(encoding="utf-8", errors="replace").split("\n")
        found |= {old[token] for token in re.findall(r"[^\W\d]\w*", lines[line - 1]) if token in old}
    return found
