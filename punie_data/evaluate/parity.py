"""Does a server answer as the weights themselves do? The same queries through the process and through a real server must give the same calls.

It is the strongest proof of which model a server answers with, and it finds what a served model loses: another template, another parser, a forgotten adapter.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from punie_data.errors import UserError
from punie_data.evaluate.queries import Query, queries
from punie_data.evaluate.systems import Replies, Turn, conversation_of
from punie_data.scorers.decision import decision


@dataclass(frozen=True, slots=True)
class Difference:
    """A query on which the two don't do the same; each is told as a person would."""

    id: str
    question: str
    in_process: str
    served: str


@dataclass(frozen=True, slots=True)
class Parity:
    """`same_text` of the `compared` queries are answered alike to the letter; `unasked` are those that one of the two was not asked or did not answer."""

    compared: int
    same_text: int
    unasked: tuple[tuple[str, str], ...]
    differences: tuple[Difference, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def parity(
    suite: Path,
    in_process: Replies,
    served: Replies,
    stage: Callable[[str, int], None],
    advance: Callable[[int], None],
    limit: int | None = None,
) -> Parity:
    """Ask both every query. UserError where the suite has none, or where none could be compared."""
    asked = list(queries(suite, limit))
    if not asked:
        raise UserError(f"{suite} has no queries")
    there = _turns(served, asked, "served", stage, advance)
    here = _turns(in_process, asked, "in process", stage, advance)
    differences, unasked, same = [], [], 0
    for query, ours, theirs in zip(asked, here, there, strict=True):
        if ours.unscored or theirs.unscored:
            unasked.append((query.id, ours.unscored or theirs.unscored))
            continue
        same += ours.text.strip() == theirs.text.strip()
        if _done(ours) != _done(theirs):
            question = str(query.prompt[-1]["content"])
            differences.append(Difference(query.id, question, told(ours), told(theirs)))
    compared = len(asked) - len(unasked)
    if not compared:
        raise UserError(f"nothing could be compared: {unasked[0][1]}")
    return Parity(compared, same, tuple(unasked), tuple(differences))


def _turns(
    system: Replies,
    asked: Sequence[Query],
    name: str,
    stage: Callable[[str, int], None],
    advance: Callable[[int], None],
) -> list[Turn]:
    stage(name, len(asked))
    found: dict[int, Turn] = {}
    for number, turn in system.reply([conversation_of(query) for query in asked]):
        found[number] = turn
        advance(1)
    return [found[number] for number in range(len(asked))]


def _done(turn: Turn) -> object:
    """What must be the same: the calls, and where there are none what was decided."""
    calls = [(call.name, dict(call.arguments)) for call in turn.calls]
    return calls or decision(turn.parsed)


def told(turn: Turn) -> str:
    """The calls as Python would write them, else what was decided and how it begins."""
    if turn.malformed:
        return f"a call that can't be read ({turn.malformed})"
    if turn.calls:
        return ", ".join(
            f"{call.name}({', '.join(f'{name}={value!r}' for name, value in call.arguments.items())})" for call in turn.calls
        )  # fmt: skip
    begins = " ".join(turn.content.split())[:80]
    return f"{decision(turn.parsed)}: {begins!r}"
