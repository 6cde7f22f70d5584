"""One field of a typed result as the answer: how it is asked for, read and said."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from punie_data.documents.english import a_or_an
from punie_data.scenario.phrase import pick, plural, sentence
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.subjects import called
from punie_data.tools.base import Outcome
from punie_data.tools.toolbox import Toolbox

LONGEST = 5000
Targets = Iterator[tuple[Outcome, dict[str, object]]]
"""Outcomes with what a question needs besides: its names and places."""


@dataclass(frozen=True, slots=True)
class Asked:
    """`field` of the result. Answers hold `{value}` (and its article `{a}`), or `{n}`: the value with its noun; for a truth value each question has its own two."""

    field: str
    questions: Sequence[str]
    answers: Sequence[str] = ()
    noun: tuple[str, str] = ("", "")
    yes_no: Sequence[tuple[str, str]] = ()


def scenes(chance: Random, asked: Asked, targets: Targets) -> Iterator[Scene]:
    """A row of each target whose result is neither long nor without the field. Code Mode prints the field and nothing else."""
    for outcome, names in targets:
        value = field_of(outcome.value, asked.field)
        if len(outcome.content) > LONGEST or value is None:
            continue
        if isinstance(value, bool):
            question, told = chance.choice(list(zip(asked.questions, asked.yes_no, strict=True)))
            question, answer = question.format(**names), told[0 if value else 1]
        else:
            n = plural(value, *asked.noun) if isinstance(value, int) else ""
            question = pick(chance, asked.questions, **names)
            answer = pick(chance, asked.answers, **names, value=value, n=n, a=a_or_an(str(value)))
        program = f"result = {called(outcome)}\nprint(result.{asked.field})"
        paths = [str(names[key]) for key in ("path",) if key in names]
        yield tool_scene(
            question,
            outcome,
            sentence(answer),
            "field_access",
            symbol=str(names.get("symbol", "")),
            paths=paths,
            program=program,
        )


def field_of(value: Any, field: str) -> Any:
    """`commits[0].author` of a result; None where a list is too short."""
    for part in re.findall(r"-?\w+", field):
        if part.lstrip("-").isdigit():
            value = value[int(part)] if value else None
        elif value is not None:
            value = getattr(value, part)
    return value


def path_targets(
    tools: Toolbox, chance: Random, tool: str, paths: Sequence[str], name: str = "path", **more: object
) -> Targets:
    """The tool over each of the paths, in random order; `name` is what the tool calls a path."""
    for path in chance.sample(paths, len(paths)):
        yield tools.call(tool, **{name: path}, **more), {"path": path}
