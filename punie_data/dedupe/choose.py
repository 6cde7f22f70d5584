"""Which rows go, and for which other row: exact, conflicting first actions, the same question, near.

Each step looks at what the step before has left. Where one of several rows stays, it is the first in one order that depends on the rows alone
and not on where they stand: rows of test and valid before others (an evaluation should not shrink because training data repeats it), verified
runs before none, then the lowest id. In a conflict the most frequent action comes before the id.
"""

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from punie_data.dedupe.content import Content, content_of
from punie_data.dedupe.near import Shingles
from punie_data.dedupe.reading import Row
from punie_data.question import world

Conflicts = Literal["keep-best", "drop", "keep"]
SameQuestion = Literal["repo", "anywhere", "keep"]
REASONS = ("exact duplicate", "conflicting first action", "same question", "near duplicate")
_PART_RANK = {"test": 0, "valid": 1}


@dataclass(frozen=True, slots=True)
class Options:
    """`threshold` is the Jaccard similarity from which rows are near. `seed` chooses the hashes that propose candidates."""

    threshold: float = 0.85
    exact_only: bool = False
    conflicts: Conflicts = "keep-best"
    same_question: SameQuestion = "repo"
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Removal:
    """Why a row goes; `of` is the index of the row that says the same, or that it contradicts."""

    reason: str
    of: int
    detail: str


class Rows:
    """What is remembered of every row: some 300 bytes, and 4 for each word."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.ids: list[str] = []
        self._rank: list[tuple[int, bool, str, bytes]] = []
        self._exact: list[bytes] = []
        self._first, self._question = array("Q"), array("Q")
        self._action, self._offered = array("I"), array("I")
        self._actions: dict[tuple[str, ...], int] = {}
        self._offers: dict[frozenset[str], int] = {}
        self._shingles = None if options.exact_only else Shingles(options.threshold, options.seed)

    def add(self, row: Row) -> None:
        near = self._shingles is not None
        content = content_of(row.record, near)
        self.ids.append(row.record["id"])
        raw = hashlib.blake2b(row.raw.rstrip(), digest_size=8).digest()
        self._rank.append((_PART_RANK.get(row.part, 2), not content.verified, row.record["id"], raw))
        self._exact.append(content.exact)
        if self._shingles is None:
            return
        self._shingles.add(content)
        self._first.append(_number(content.turns[0] if content.turns else ""))
        self._question.append(self._question_key(row, content))
        self._action.append(self._actions.setdefault(content.action, len(self._actions)))
        self._offered.append(self._offers.setdefault(content.offered, len(self._offers)))

    def removals(self) -> dict[int, Removal]:
        """The rows that go, by index."""
        order = sorted(range(len(self.ids)), key=self._rank.__getitem__)
        found: dict[int, Removal] = {}
        first: dict[bytes, int] = {}
        for row in order:
            of = first.setdefault(self._exact[row], row)
            if of != row:
                found[row] = Removal(REASONS[0], of, f"the same content as {self.ids[of]}")
        if self._shingles is None:
            return found
        del first
        if self.options.conflicts != "keep":
            self._remove_conflicts(order, found)
        if self.options.same_question != "keep":
            for rows in self._groups(self._question, order, found):
                for row in rows[1:]:
                    found[row] = Removal(REASONS[2], rows[0], f"asks the same as {self.ids[rows[0]]}")
        self._shingles.finish()
        left = [row for row in order if row not in found]
        for row, of, alike in self._shingles.duplicates(left):
            found[row] = Removal(REASONS[3], of, f"{alike:.2f} like {self.ids[of]}")
        return found

    def _question_key(self, row: Row, content: Content) -> int:
        where = world(row.record["origin"]) if self.options.same_question == "repo" else ""
        return _number(
            "\x00".join([where, *content.turns, "\x01", *content.action, "\x01", *content.spelling])
        )

    def _groups(self, keys: array, order: Sequence[int], gone: dict[int, Removal]) -> Iterator[list[int]]:
        """The rows that share a key and are still there, two or more, in the order of rank."""
        left = np.array([row for row in order if row not in gone], dtype=np.int64)
        if not len(left):
            return
        mine = np.frombuffer(keys, dtype=np.uint64)[left]
        by_key = np.argsort(mine, kind="stable")
        cuts = np.flatnonzero(np.diff(mine[by_key])) + 1
        starts, ends = np.concatenate(([0], cuts)), np.concatenate((cuts, [len(by_key)]))
        wide = ends - starts > 1
        for start, end in zip(starts[wide].tolist(), ends[wide].tolist(), strict=True):
            yield left[by_key[start:end]].tolist()

    def _remove_conflicts(self, order: Sequence[int], found: dict[int, Removal]) -> None:
        names, offers = list(self._actions), list(self._offers)
        removed: dict[int, Removal] = {}
        for rows in self._groups(self._first, order, found):
            votes = Counter(self._action[row] for row in rows)
            if len(votes) == 1:
                continue
            # By the action's words and not by its number: that depends on the order of the rows.
            rows.sort(
                key=lambda row: (
                    self._rank[row][:2],
                    -votes[self._action[row]],
                    names[self._action[row]],
                    self._rank[row][2:],
                )
            )
            # One row for each pair of action and tools is enough to compare with: thousands can ask the same.
            stays: dict[tuple[int, int], int] = {}
            if self.options.conflicts == "drop":
                for row in rows:
                    stays.setdefault((self._action[row], self._offered[row]), row)
            for row in rows:
                action, offer = names[self._action[row]], offers[self._offered[row]]
                against = next(
                    (
                        of
                        for (other, tools), of in stays.items()
                        if _conflict(action, offer, names[other], offers[tools])
                    ),
                    None,
                )
                if against is None:
                    stays.setdefault((self._action[row], self._offered[row]), row)
                else:
                    said = f"{_told(action)}, where {self.ids[against]} {_told(names[self._action[against]])}"
                    removed[row] = Removal(REASONS[1], against, said)
        found.update(removed)


def _conflict(
    action: tuple[str, ...], offer: frozenset[str], other: tuple[str, ...], other_offer: frozenset[str]
) -> bool:
    """Whether two first actions for one question contradict each other. Not where one row lacks the tool that the other calls, nor where both
    are text and one of them goes on for more turns, so that nothing says what kind of text it is.
    """
    if action == other or (not action[0] and not other[0] and "text" in (action[1], other[1])):
        return False
    return _available(action, other_offer) and _available(other, offer)


def _available(action: tuple[str, ...], offer: frozenset[str]) -> bool:
    return not action[0] or offer.issuperset(action)


def _told(action: tuple[str, ...]) -> str:
    if action[0]:
        return f"calls {' and '.join(action)}"
    return {"ask": "asks back", "cannot": "says that it can't", "direct": "answers at once"}.get(
        action[1], "answers with text"
    )


def _number(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")
