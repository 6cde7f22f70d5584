"""What was done and said, judged in layers, each with a sentence: read by the runtime's parser, the right decision, all the right tools, the right arguments,
run without error, fields that exist, an answer that is complete and grounded.

A layer is judged only where those before it hold; `strict` is all of them. Which layers there are depends on the query and on how it was asked: without
results nobody can say whether a call runs, and prose that needs no result is right when it is said and not when it is said well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from punie_data import dialects
from punie_data.dialects.base import Call, Malformed, Parsed
from punie_data.evaluate.programs import CODE, Use, uses, wrong_field
from punie_data.evaluate.queries import Query
from punie_data.scorers.arguments import Called, gold_of, match_call, match_calls, signature_of
from punie_data.scorers.decision import Decision, decision
from punie_data.tools.schemas import tool_schemas

Decided = Decision | Literal["unknown"]
"""Of a system whose calls can't be seen it is unknown whether it answered with a tool or without."""
LAYERS = ("parsed", "decision", "tools", "arguments", "runs", "fields", "answer")
PATHS = frozenset({"path", "file_path"})


@dataclass(frozen=True, slots=True)
class Made:
    """A call that was made. `problem` is the error where it was run and failed; `inner` are the calls that its program made, where it was run."""

    call: Call
    ran: bool = False
    problem: str = ""
    inner: tuple[Call, ...] | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """`layers` are those that were judged, in order, up to the first that failed; `explanations` has a sentence for each of them.

    `applies` are the layers that the query has, judged or not. `answered` is whether the answer is complete and grounded, whatever led to it;
    None where that is not asked.
    """

    decided: Decided
    layers: Mapping[str, bool]
    explanations: Mapping[str, str] = field(default_factory=dict)
    applies: tuple[str, ...] = ()
    answered: bool | None = None

    @property
    def strict(self) -> bool:
        return all(self.layers.values())

    @property
    def explanation(self) -> str:
        """Why it failed, "" where nothing did."""
        failed = next((name for name, passed in self.layers.items() if not passed), "")
        return self.explanations.get(failed, "")


NOTHING = "nothing was written"


def score(query: Query, text: str, dialect: str) -> Score:
    """Judge what a model wrote in answer to a query."""
    return score_turn(query, dialects.load(dialect).parse(text, query.tools))


def score_turn(
    query: Query, parsed: Parsed | Malformed, made: Sequence[Made] | None = None, code_mode: bool = False
) -> Score:
    """Judge one turn: its calls must be those of the gold turn and no others. `made` are the calls where they were run."""
    calls = () if isinstance(parsed, Malformed) else parsed.calls
    judge = Judge(
        query, applies=("parsed", "decision", *tool_layers(query, made is not None, False, code_mode))
    )
    if isinstance(parsed, Malformed):
        return judge.failed("parsed", "malformed", parsed.reason)
    if not parsed.calls and not parsed.content.strip():
        return judge.failed("parsed", "malformed", NOTHING)  # silence is no answer, and no abstention
    judge.passed("parsed", "the parser read it")
    found = judge.decision(decision(parsed))
    if found or query.kind != "tool":
        return judge.score()
    ran = list(made) if made is not None else [Made(call) for call in calls]
    return judge.calls(query.gold, ran, exactly=True, failing=failing(query)).score()


def tool_layers(query: Query, ran: bool, answered: bool, code_mode: bool = False) -> tuple[str, ...]:
    """The layers behind the decision: with `ran` calls were run, with `answered` there is an answer to judge."""
    if query.kind != "tool":
        return ("answer",) if answered else ()
    code = code_mode or [tool["function"]["name"] for tool in query.tools] == [CODE]
    return (
        "tools",
        "arguments",
        *(("runs",) if ran else ()),
        *(("fields",) if code else ()),
        *(("answer",) if answered else ()),
    )


def failing(query: Query) -> list[Call]:
    """The calls that fail in the gold conversation."""
    return [one.call for turn in query.rounds for one in turn.expected if one.exit]


class Judge:
    """Fills in the layers of a query one after another; after one that failed the others are left."""

    def __init__(self, query: Query, applies: tuple[str, ...]) -> None:
        self._query = query
        self._applies = applies
        self._layers: dict[str, bool] = {}
        self._told: dict[str, str] = {}
        self.decided: Decided = "direct"
        self.answered: bool | None = None

    @cached_property
    def _signatures(self) -> Mapping[str, Any]:
        return signatures_of(self._query)

    @property
    def over(self) -> bool:
        return not all(self._layers.values())

    def put(self, layer: str, passed: bool, sentence: str) -> bool:
        """Whether it passed; nothing is noted where an earlier layer failed."""
        if not self.over:
            self._layers[layer] = passed
            self._told[layer] = sentence
        return passed

    def passed(self, layer: str, sentence: str) -> None:
        self.put(layer, True, sentence)

    def failed(self, layer: str, decided: Decision, sentence: str) -> Score:
        self.decided = decided
        self.put(layer, False, sentence)
        return self.score()

    def decision(self, decided: Decision) -> bool:
        """Whether that was wrong."""
        self.decided = decided
        right = decided in self._query.decisions
        wanted = " or ".join(sorted(self._query.decisions))
        self.put(
            "decision", right, f"{decided}, as is right" if right else f"{decided}, where {wanted} was right"
        )
        return not right

    def calls(
        self, gold: Sequence[Call], made: Sequence[Made], exactly: bool, failing: Sequence[Call]
    ) -> "Judge":
        """Tools, arguments, runs, fields. `exactly`: no other calls than the gold ones; else they may stand among others."""
        programs = [one for one in made if one.call.name == CODE]
        if programs or any(call.name == CODE for call in gold):
            self._programs(gold, made)
        elif exactly:
            self._exactly(gold, made)
        else:
            self._among(
                [use for call in gold for use in uses(call)], [use for one in made for use in uses(one.call)]
            )
        if "runs" in self._applies and not self.over:
            bad = next((one for one in made if one.problem and not self._may_fail(one.call, failing)), None)
            told = f"{bad.call.name} failed: {bad.problem}" if bad else "every call ran"
            self.put("runs", bad is None, told)
        if programs and not self.over:
            trouble = next(filter(None, (wrong_field(one.call) for one in programs)), "")
            self.put("fields", not trouble, trouble or "every field that is read exists")
        return self

    def _may_fail(self, call: Call, failing: Sequence[Call]) -> bool:
        """Whether it failed in the gold conversation too: a question about a file that isn't there is answered by the error."""
        return any(
            not self._difference(Use(one.name, one.arguments), Use(call.name, call.arguments))
            for one in failing
            if one.name == call.name
        )

    def _exactly(self, gold: Sequence[Call], made: Sequence[Made]) -> None:
        names, wanted = sorted(one.call.name for one in made), sorted(call.name for call in gold)
        said = f"called {', '.join(names)}"
        if not self.put("tools", names == wanted, said if names == wanted else f"{said}, where {', '.join(wanted)} was wanted"):  # fmt: skip
            return
        called = [Called(one.call.name, one.call.arguments) for one in made]
        accepted = self._query.accepted
        if accepted is not None:  # a benchmark's own values and its own convention
            verdict = match_calls(called, accepted.gold, accepted.signatures or {}, accepted.convention)
        else:
            signatures = self._signatures
            verdict = match_calls(called, [gold_of(c.name, c.arguments, signatures.get(c.name, {})) for c in gold], signatures)  # fmt: skip
        self.put("arguments", verdict.matches, verdict.explanation or "every argument is right")

    def _programs(self, gold: Sequence[Call], made: Sequence[Made]) -> None:
        """Code Mode: what counts are the calls inside, not how the program is written."""
        done: list[Use] = []
        for one in made:
            ran = one.inner
            done += uses(one.call) if ran is None else [Use(call.name, call.arguments) for call in ran]
        self._among([use for call in gold for use in uses(call)], done)

    def _among(self, gold: Sequence[Use], done: Sequence[Use]) -> None:
        """Whether all that was wanted stands among what was done. Of a wanted call whose arguments its program works out only the tool is asked."""
        names = sorted({use.name for use in done})
        lacking = sorted({use.name for use in gold} - set(names))
        said = f"called {', '.join(names) or 'nothing'}"
        if not self.put("tools", not lacking, f"{said}, and not {', '.join(lacking)}" if lacking else said):
            return
        for wanted in gold:
            told = [self._difference(wanted, use) for use in done if use.name == wanted.name]
            if wanted.whole and "" not in told:
                self.put("arguments", False, f"{wanted.name}: {min(told, key=len)}")
                return
        self.put("arguments", True, "every wanted call was made")

    def _difference(self, wanted: Use, use: Use) -> str:
        """Why a call is not the wanted one, "" where it is; what a program works out is taken to be right."""
        signature = self._signatures.get(wanted.name, {})
        allowed = wanted.arguments
        if not use.whole:
            allowed = {name: value for name, value in allowed.items() if name in use.arguments}
            signature = {name: parameter for name, parameter in signature.items() if name in use.arguments}
        return match_call(Called(use.name, use.arguments), gold_of(wanted.name, allowed, signature), signature).explanation  # fmt: skip

    def score(self) -> Score:
        return Score(self.decided, self._layers, self._told, self._applies, self.answered)


def signatures_of(query: Query) -> Mapping[str, Any]:
    """Of the tools that the query offers, and of those that a program can call."""
    found = {name: signature_of(schema["arguments"], PATHS) for name, schema in tool_schemas().items()}
    for tool in query.tools:
        found[tool["function"]["name"]] = signature_of(tool["function"]["parameters"], PATHS)
    return found


def reached(rows: "Sequence[Mapping[str, Any]]", layer: str) -> tuple[int, int]:
    """(how many passed the layer and all before it, how many queries have it): what failed earlier has failed here too."""
    applies = [row for row in rows if layer in applying(row)]
    passed = sum(
        all(
            row["layers"].get(name, False)
            for name in LAYERS[: LAYERS.index(layer) + 1]
            if name in applying(row)
        )
        for row in applies
    )
    return passed, len(applies)


def applying(row: Mapping[str, Any]) -> Sequence[str]:
    """The layers that a row's query has. Rows of older evaluations don't say."""
    if "applies" in row:
        return row["applies"]
    return LAYERS[:4] if row["kind"] == "tool" else LAYERS[:2]
