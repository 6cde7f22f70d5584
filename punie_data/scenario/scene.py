"""What happened, before anyone decides how to write it down: questions, real outcomes, answers computed from them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from punie_data.chat import Kind
from punie_data.documents.english import unmarked
from punie_data.tools.base import Outcome


@dataclass(frozen=True, slots=True)
class Turn:
    """A question, the tool calls made for it in order, and the answer."""

    question: str
    outcomes: tuple[Outcome, ...]
    answer: str


@dataclass(frozen=True, slots=True)
class Scene:
    """One conversation to be. Make one with `tool_scene` or `direct_scene`.

    `counted` are groups of strings that the answer counts: a number in the answer is grounded when it is the size of a group whose
    members all stand in the results. `program` is Code Mode's version: Python that calls the tools and prints what the answer needs;
    where it is empty, the code generator writes one from the outcomes. `withheld` are tools that must not be offered,
    `needs` tools that must be though no call uses them: what is asked for, or about, is theirs.
    """

    turns: tuple[Turn, ...]
    category: str
    kind: Kind = "tool"
    symbol: str = ""
    paths: tuple[str, ...] = ()
    spans: tuple[str, ...] = ()
    counted: tuple[tuple[str, ...], ...] = ()
    program: str = ""
    withheld: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def question(self) -> str:
        return self.turns[0].question

    @property
    def answer(self) -> str:
        return self.turns[-1].answer

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """All calls of all turns, in order."""
        return tuple(outcome for turn in self.turns for outcome in turn.outcomes)

    def changed(self, **fields: object) -> "Scene":
        return replace(self, **fields)  # type: ignore[arg-type]


def tool_scene(
    question: str,
    outcomes: Outcome | Iterable[Outcome],
    answer: str,
    category: str,
    *,
    symbol: str = "",
    paths: Iterable[str] = (),
    counted: Iterable[Iterable[str]] = (),
    program: str = "",
) -> Scene:
    """One question, one or more calls, one answer."""
    made = (outcomes,) if isinstance(outcomes, Outcome) else tuple(outcomes)
    return Scene(
        turns=(Turn(question, made, answer),),
        category=category,
        symbol=symbol,
        paths=tuple(paths),
        counted=tuple(tuple(group) for group in counted),
        program=program,
    )


def direct_scene(
    question: str, answer: str, category: str, *, spans: Iterable[str], symbol: str = ""
) -> Scene:
    """A question answered without a tool, from the repository's own words: `spans` (`path:first-last`) is where they stand."""
    kept = tuple(spans)
    return Scene(
        turns=(Turn(unmarked(question), (), answer),),
        category=category,
        kind="direct",
        symbol=symbol,
        spans=kept,
        paths=tuple(dict.fromkeys(span.rpartition(":")[0] for span in kept)),
    )
