"""A set as the rules over sets look at it: the tallies of its files, and what they are together."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

from punie_data.chat import KINDS
from punie_data.validate.tally import EXAMPLES, Seen, Tally, ToolCount

POOL = "examples"
"""The part that rows are mined into. What a set is to be made of is chosen later, so that its shares are nobody's wish yet."""
_MOST_OF_A_QUESTION = 4096
"""Different rows of one question that are told apart."""


@dataclass(slots=True)
class Told:
    """How many rows something is true of, and where the first of them stand."""

    rows: int = 0
    where: list[str] = field(default_factory=list)

    def add(self, where: str) -> None:
        self.rows += 1
        if len(self.where) < EXAMPLES:
            self.where.append(where)

    def __str__(self) -> str:
        return f"{'; '.join(self.where)}{' …' if self.rows > len(self.where) else ''}"


@dataclass(slots=True)
class _Question:
    """What is known of the rows that ask one question: the first line of each part, of each content in it, what is done first with which tools at
    hand, and the first line that does so in a part for a repository.
    """

    parts: dict[int, int] = field(default_factory=dict)
    contents: dict[tuple[int, int], int] = field(default_factory=dict)
    actions: list[tuple[tuple[str, ...], int, int, int]] = field(default_factory=list)
    asked: dict[tuple[tuple[str, ...], int, int], int] = field(default_factory=dict)


@dataclass(slots=True)
class Repetitions:
    """By file: rows that stand there before, rows with an earlier row's question, with one that contradicts, with one of another part."""

    same: dict[Path, Told] = field(default_factory=dict)
    asked: dict[Path, Told] = field(default_factory=dict)
    against: dict[Path, Told] = field(default_factory=dict)
    leaked: dict[Path, Told] = field(default_factory=dict)
    kinds_again: dict[Path, Counter[int]] = field(default_factory=dict)


class SetView:
    """`parts` are the files of a set and their tallies, `manifest` is {} where there is none, `suites` the numbers of evaluation questions."""

    def __init__(
        self,
        name: Path,
        parts: Sequence[tuple[Path, Tally]],
        manifest: Mapping[str, Any] | None = None,
        suites: Mapping[int, str] | None = None,
        tool_bits: Mapping[str, int] | None = None,
    ) -> None:
        self.name = name
        self.parts = parts
        self.manifest = manifest or {}
        self.suites = suites or {}
        self._bits = tool_bits or {}
        self.rows = sum(len(tally.lines) for _, tally in parts)

    def place(self, part: int, line: int) -> str:
        """`line 12`, or `train.jsonl:12` where the set has several files."""
        return f"line {line}" if len(self.parts) == 1 else f"{self.parts[part][0].name}:{line}"

    @cached_property
    def kinds_by_offer(self) -> tuple[Counter[int], dict[int, Counter[int]]]:
        """How many rows each kind (by its place in KINDS) has, and how many of them each list of tools (its bits) was offered with. Rows that were
        offered none that is known here are not counted.
        """
        kinds: Counter[int] = Counter()
        offers: dict[int, Counter[int]] = {}
        for _, tally in self.parts:
            for (offer, kind), count in Counter(zip(tally.offers, tally.kinds, strict=True)).items():
                if offer:
                    kinds[kind] += count
                    offers.setdefault(offer, Counter())[kind] += count
        return kinds, offers

    def tools_of(self, offer: int) -> list[str]:
        return [name for name, bit in self._bits.items() if offer & bit]

    def together(self, of: str) -> dict[Any, tuple[int, list[str], str]]:
        """One of the tallies' mappings to `Seen`, over all parts: how often, where first, and what."""
        found: dict[Any, tuple[int, list[str], str]] = {}
        for part, (_, tally) in enumerate(self.parts):
            seen: Seen
            for key, seen in getattr(tally, of).items():
                count, where, text = found.get(key, (0, [], ""))
                where = [*where, *(self.place(part, line) for line in seen.lines)][:EXAMPLES]
                found[key] = (count + seen.count, where, text or seen.text)
        return found

    @cached_property
    def tools(self) -> dict[str, ToolCount]:
        total: dict[str, ToolCount] = {}
        for _, tally in self.parts:
            for name, counts in tally.tools.items():
                mine = total.setdefault(name, ToolCount())
                for key in ToolCount.__slots__:
                    setattr(mine, key, getattr(mine, key) + getattr(counts, key))
        return dict(sorted(total.items()))

    def sum(self, of: str) -> int:
        """One of the tallies' numbers, over all parts."""
        return sum(getattr(tally, of) for _, tally in self.parts)

    def kinds(self, path: Path, tally: Tally) -> Counter[str]:
        """The rows of a part by kind, rows that stand there twice counted once."""
        again = self.repetitions.kinds_again.get(path, Counter())
        counts = Counter(tally.kinds)
        return Counter({kind: counts[place] - again[place] for place, kind in enumerate(KINDS)})

    @cached_property
    def repetitions(self) -> Repetitions:
        """Found by sorting the questions' numbers: only those that stand twice are looked at one by one."""
        repeated = _repeated(tally.questions for _, tally in self.parts)
        found = Repetitions()
        if not repeated:
            return found
        known: dict[int, _Question] = {}
        for part, (path, tally) in enumerate(self.parts):
            for row, question in enumerate(tally.questions):
                if question in repeated:
                    self._compare(known.setdefault(question, _Question()), part, path, tally, row, found)
        return found

    def _compare(
        self, question: _Question, part: int, path: Path, tally: Tally, row: int, found: Repetitions
    ) -> None:
        line, content = tally.lines[row], tally.contents[row]
        action, offer = tally.action_names[tally.actions[row]], tally.offers[row]
        here = self.place(part, line)
        other = next((each for each in question.parts if each != part), None)
        if other is not None:
            told = found.leaked.setdefault(path, Told())
            told.add(f"{here} asks what {self.place(other, question.parts[other])} asks")
        if (part, content) in question.contents:
            first = self.place(part, question.contents[part, content])
            found.same.setdefault(path, Told()).add(f"{here} is {first} again")
            found.kinds_again.setdefault(path, Counter())[tally.kinds[row]] += 1
            return
        against = next(
            (each for each in question.actions if self._contradict(action, offer, each[0], each[1])), None
        )
        if against is not None:
            told = found.against.setdefault(path, Told())
            told.add(f"{here} {_told(action)}, {self.place(*against[2:])} {_told(against[0])}")
        elif (action, part, tally.sources[row]) in question.asked:
            first = self.place(part, question.asked[action, part, tally.sources[row]])
            found.asked.setdefault(path, Told()).add(f"{here} asks what {first} asks")
        question.parts.setdefault(part, line)
        if len(question.contents) < _MOST_OF_A_QUESTION:
            question.contents[part, content] = line
            question.asked.setdefault((action, part, tally.sources[row]), line)
        if len(question.actions) < EXAMPLES or all(each[0] != action for each in question.actions):
            question.actions.append((action, offer, part, line))

    def _contradict(
        self, action: tuple[str, ...], offer: int, other: tuple[str, ...], other_offer: int
    ) -> bool:
        """Whether two first actions contradict each other. Not where one row lacks the tool that the other calls."""
        return action != other and self._could(action, other_offer) and self._could(other, offer)

    def _could(self, action: tuple[str, ...], offer: int) -> bool:
        return not action[0] or all(self._bits.get(name, 0) & offer for name in action)


def _told(action: tuple[str, ...]) -> str:
    if action[0]:
        return f"calls {' and '.join(action)}"
    return {"ask": "asks back", "cannot": "says that it can't", "direct": "answers at once"}.get(
        action[1], "answers with text"
    )


def _repeated(columns: Iterable[Iterable[int]]) -> frozenset[int]:
    """The numbers that stand twice. Sorted, since a set of all of them would take four times the memory."""
    return frozenset(one for one, other in _pairs(columns) if one == other)


def _pairs(columns: Iterable[Iterable[int]]) -> Iterator[tuple[int, int]]:
    return pairwise(sorted(chain.from_iterable(columns)))
