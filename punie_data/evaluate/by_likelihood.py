"""The mode of multiple choice: of what could be said, one of each kind, the model decides for what it finds likeliest. Nothing is written.

What counts is the mean log-probability of a choice's tokens, so that a long answer has no handicap. As lm-evaluation-harness has it (the one in which
When2Call's authors run their tests), the summed log-probability (`acc`) and that by character (`acc_norm`) decide as well, and the macro F1 of each is told.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from punie_data.dialects.base import Refused
from punie_data.errors import UserError
from punie_data.evaluate.benchmark_figures import macro_f1
from punie_data.evaluate.queries import Query
from punie_data.evaluate.run import Answered, Mode, row_of
from punie_data.evaluate.score import Score
from punie_data.evaluate.systems import InProcess, Replies, Turn, conversation_of


class ByLikelihood(Mode):
    """Only of a model in process: of no other the probabilities can be seen."""

    def told(self) -> dict[str, Any]:
        return {"mode": "likelihood"}

    def ask(self, system: Replies, asked: Sequence[Query]) -> Iterator[Answered]:
        if not isinstance(system, InProcess):
            raise UserError("--by-likelihood needs a model in process: name it with --model")
        if asked and not any(query.choices for query in asked):
            raise UserError("the suite has no choices to decide between: `punie-data suite import when2call` makes one that has")  # fmt: skip
        for number, query in enumerate(asked):
            if not query.choices:
                yield number, {"unscored": "it has no choices"}, False
                continue
            began = time.perf_counter()
            found = system.likelihoods(conversation_of(query), query.choices)
            if isinstance(found, Refused):
                yield number, {"unscored": found.reason}, False
                continue
            decided: Any = max(found.texts, key=lambda kind: found.of[kind].mean)
            right = decided in query.decisions
            told = ", ".join(f"{kind} {one.mean:.3f}" for kind, one in found.of.items())
            wanted = " or ".join(sorted(query.decisions))
            sentence = f"{decided} is likeliest{'' if right else f', where {wanted} was right'} ({told} nats a token)"  # fmt: skip
            judged = Score(decided, {"decision": right}, {"decision": sentence}, ("decision",))
            turn = Turn(prompt_tokens=found.prompt_tokens, seconds=time.perf_counter() - began)
            choices = {
                kind: {"log_probability": round(one.total, 6), "tokens": one.tokens, "characters": one.characters}
                for kind, one in found.of.items()
            }  # fmt: skip
            yield number, row_of(judged, found.texts[decided], [turn]) | {"choices": choices}, False

    def summed(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        scored = [row for row in rows if not row["unscored"]]
        return {
            "likelihood": {
                "macro_f1": _f1(scored, "tokens"),
                "macro_f1_summed": _f1(scored, ""),
                "macro_f1_by_character": _f1(scored, "characters"),
            }
        }


def _f1(rows: Sequence[Mapping[str, Any]], length: str) -> float:
    """Macro F1 where log-probabilities are divided by what is called `length`, or by nothing."""

    def likeliest(choices: Mapping[str, Mapping[str, Any]]) -> str:
        return max(choices, key=lambda kind: choices[kind]["log_probability"] / (choices[kind][length] if length else 1))  # fmt: skip

    return macro_f1([(row["kind"], likeliest(row["choices"])) for row in rows])
