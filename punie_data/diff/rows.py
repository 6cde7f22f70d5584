"""Match the rows of two datasets: the same, moved, changed, removed, added.

Of each row only digests are kept, some hundred bytes, so that large datasets can be compared. Values are compared and not bytes: the order of
keys and white space make no difference.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from punie_data.importing import records
from punie_data.stats.survey import digest, first_question, normalised
from punie_data.validate.check import record_validator

ASPECTS = ("question", "calls", "results", "answer", "tools", "label", "origin", "runs", "id")
"""What of a row can differ. The first six are what a model sees; `question` is all that users say, `answer` all that the assistant does."""
_LOOK = 64


@dataclass(slots=True)
class Rows:
    """The rows of a dataset in order, as columns. A line that is no row has the digest of its bytes for all aspects."""

    parts: list[str]
    part: array = field(default_factory=lambda: array("B"))
    line: array = field(default_factory=lambda: array("L"))
    content: array = field(default_factory=lambda: array("Q"))
    asked: array = field(default_factory=lambda: array("Q"))
    about: array = field(default_factory=lambda: array("Q"))
    aspects: dict[str, array] = field(default_factory=lambda: {name: array("Q") for name in ASPECTS})

    def __len__(self) -> int:
        return len(self.line)

    def place(self, n: int) -> tuple[str, int]:
        """The part and the line, from 1, of row `n`."""
        return self.parts[self.part[n]], self.line[n]


@dataclass(frozen=True, slots=True)
class Pair:
    """Row `a` of one dataset became row `b` of the other. `aspects` are those that differ; none where it only moved to another part."""

    a: int
    b: int
    aspects: tuple[str, ...]


@dataclass(slots=True)
class Matched:
    """`same` rows are the same in the same part. `moved` ones are in another part and otherwise the same. `reordered` are the parts in which
    rows that both have stand in another order.
    """

    same: int = 0
    moved: list[Pair] = field(default_factory=list)
    changed: list[Pair] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    added: list[int] = field(default_factory=list)
    reordered: list[str] = field(default_factory=list)


def read(parts: dict[str, Path], advance: Callable[[int], None] = lambda size: None) -> Rows:
    """Read a dataset's parts. UserError where a file can't be read."""
    is_record = record_validator().is_valid
    rows = Rows(list(parts))
    for number, file in enumerate(parts.values()):
        for line in records(file):
            advance(len(line.raw))
            rows.part.append(number)
            rows.line.append(line.number)
            _add(rows, line.row if not line.problem and is_record(line.row) else None, line.raw)
    return rows


def _add(rows: Rows, row: dict[str, Any] | None, raw: bytes) -> None:
    if row is None:
        found = digest(raw.strip())
        values = dict.fromkeys(ASPECTS, found)
        asked = about = 0
    else:
        said = aspects_of(row)
        values = {
            name: digest(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)) for name, value in said.items()
        }
        origin = row["origin"]
        source = [origin["generator"], origin["repo"]]
        asked = digest(orjson.dumps([*source, normalised(first_question(row))]))
        about = digest(orjson.dumps([*source, origin["symbol"], origin["paths"]])) if origin["symbol"] else 0
        found = digest(
            orjson.dumps([row["messages"], row["tools"], row["label"]], option=orjson.OPT_SORT_KEYS)
        )
    rows.content.append(found)
    rows.asked.append(asked)
    rows.about.append(about)
    for name, value in values.items():
        rows.aspects[name].append(value)


def aspects_of(row: dict[str, Any]) -> dict[str, Any]:
    """A record taken apart into `ASPECTS`; together they are all of it but the order of messages of different roles."""
    by_role = {
        role: [m for m in row["messages"] if m["role"] == role] for role in ("user", "tool", "assistant")
    }
    return {
        "question": [m["content"] for m in by_role["user"]],
        "calls": [call for m in by_role["assistant"] for call in m.get("tool_calls", ())],
        "results": by_role["tool"],
        "answer": [m["content"] for m in by_role["assistant"]],
        **{name: row[name] for name in ("tools", "label", "origin", "runs", "id")},
    }


def match(a: Rows, b: Rows) -> Matched:
    """Each row of one dataset with at most one of the other: by what the model sees, then by id, by generator, repository and question, and by
    generator, repository, symbol and paths where only one row on each side is about them.
    """
    found = Matched()
    alone = len(a.parts) == len(b.parts) == 1  # two files are compared whatever their names are
    left_b = _by(b.content, reversed(range(len(b))))
    left_a: list[int] = []
    order: dict[int, list[int]] = {}
    for n in range(len(a)):
        candidates = left_b.get(a.content[n])
        if not candidates:
            left_a.append(n)
            continue
        # Of very many equal rows the next ones do: looking at all of them would take their number squared.
        best = max(
            candidates[-_LOOK:],
            key=lambda m: (_same_part(a, n, b, m, alone), not _differing(a, n, b, m), -m),
        )
        del candidates[candidates.index(best, -_LOOK)]
        differing = _differing(a, n, b, best)
        in_place = _same_part(a, n, b, best, alone)
        if in_place:
            order.setdefault(b.part[best], []).append(best)
        if differing:
            found.changed.append(Pair(n, best, differing))
        elif in_place:
            found.same += 1
        else:
            found.moved.append(Pair(n, best, ()))
    found.reordered = [b.parts[part] for part, rows in order.items() if rows != sorted(rows)]
    rest = sorted(m for candidates in left_b.values() for m in candidates)
    ways = (
        (a.aspects["id"], b.aspects["id"], False),
        (a.asked, b.asked, False),
        (a.about, b.about, True),
    )
    for keys_a, keys_b, only in ways:
        pairs, left_a, rest = _pair(keys_a, left_a, keys_b, rest, only)
        found.changed += [Pair(n, m, _differing(a, n, b, m) or ("order of messages",)) for n, m in pairs]
    found.changed.sort(key=lambda pair: pair.a)
    found.removed, found.added = left_a, rest
    return found


def _same_part(a: Rows, n: int, b: Rows, m: int, alone: bool) -> bool:
    return alone or a.parts[a.part[n]] == b.parts[b.part[m]]


def _differing(a: Rows, n: int, b: Rows, m: int) -> tuple[str, ...]:
    return tuple(name for name in ASPECTS if a.aspects[name][n] != b.aspects[name][m])


def _by(keys: array, places: Iterable[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for n in places:
        found.setdefault(keys[n], []).append(n)
    return found


def _pair(
    keys_a: array, left_a: list[int], keys_b: array, left_b: list[int], only: bool
) -> tuple[list[tuple[int, int]], list[int], list[int]]:
    """Pairs with equal keys in order, and what is left of both sides. A key of 0 is none; with `only`, one of each side has to have it."""
    by_a, by_b = _by(keys_a, left_a), _by(keys_b, left_b)
    pairs = []
    for key, places in by_a.items():
        others = by_b.get(key, [])
        if key and others and (not only or len(places) == len(others) == 1):
            pairs += zip(places, others, strict=False)
    taken_a, taken_b = {n for n, _ in pairs}, {m for _, m in pairs}
    return pairs, [n for n in left_a if n not in taken_a], [m for m in left_b if m not in taken_b]


def aspect_counts(pairs: Iterable[Pair]) -> dict[str, int]:
    """How many of the pairs differ in each aspect, most first."""
    counts = Counter(aspect for pair in pairs for aspect in pair.aspects)
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))


def questions(
    parts: dict[str, Path], places: set[tuple[str, int]]
) -> Iterator[tuple[tuple[str, int], str, str]]:
    """Place, id and question of the rows at some places."""
    is_record = record_validator().is_valid
    for part, file in parts.items():
        if not any(name == part for name, _ in places):
            continue
        for line in records(file):
            if (part, line.number) in places:
                row = line.row if not line.problem and is_record(line.row) else None
                yield (
                    (part, line.number),
                    row["id"] if row else "",
                    first_question(row) if row else "(no row)",
                )
