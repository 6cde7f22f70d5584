"""One query played to its end: the system's turns, and its calls really run on the repository. Nothing is answered that no tool said.

What a runtime would say, the system is told: which tools there are when it calls one that isn't there, which argument is missing when it gives none,
and that a call could not be read. A query that the tools here can't be asked (not installed, a server that died) is unscored, not wrong.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from punie_data.dialects.base import Call
from punie_data.errors import ToolFailed, ToolUnavailable
from punie_data.evaluate.programs import CODE, uses
from punie_data.evaluate.queries import Query
from punie_data.evaluate.score import Made
from punie_data.evaluate.systems import UNREADABLE, Conversation, Question, Results, Turn, structured
from punie_data.tools.registry import TOOLS
from punie_data.tools.toolbox import Toolbox

Ended = Literal["", "answered", "looped", "turns", "time", "context"]
NOT_HERE = ("is not installed", "would configure")
"""What a tool says that can't run for a reason of this machine's, whatever it is asked."""
WRITERS = tuple(name for name, tool in TOOLS.items() if tool.changes_files)


class Unrunnable(Exception):
    """This query can't be played here; the message says why."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one query: turns of the system's, seconds of its turns and its tools together, and how often the same call may be made."""

    turns: int = 8
    seconds: float = 300.0
    repeats: int = 3


@dataclass(slots=True)
class Episode:
    """`answers` are the final texts, one a round; `made` all calls in their order; `ended` is "" while it goes on."""

    query: Query
    toolbox: Toolbox
    limits: Limits
    code_mode: bool = False
    conversation: Conversation = field(init=False)
    turns: list[Turn] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    ended: Ended = ""
    tool_seconds: float = 0.0
    _times: Counter[str] = field(default_factory=Counter)
    _writes: list[Call] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Unrunnable where the gold conversation could not have happened here."""
        self.conversation = Conversation(self.query.prompt, self.query.tools)
        unknown = next((name for name in self._offered() if name not in TOOLS), "")
        if unknown:
            raise Unrunnable(f"{unknown} can't be run here")
        for one in (one for turn in self.query.rounds for one in turn.expected):
            if not self.toolbox.allow_exec and _executes(one.call):
                raise Unrunnable("its answer needs the repository's own code to be run: --allow-exec")

    def take(self, turn: Turn) -> None:
        """A turn of the system's: run its calls, or take it for the answer. Unrunnable where a tool fails here."""
        self.turns.append(turn)
        self.conversation.later.append(turn)
        if turn.malformed:
            if not self._repeated("malformed", turn.text):
                self.conversation.later.append(Results((UNREADABLE.format(reason=turn.malformed),)))
        elif turn.calls:
            contents = []
            for call in turn.calls:
                if self._repeated(call.name, json.dumps(call.arguments, sort_keys=True)):
                    return
                contents.append(self._run(call))
            self.conversation.later.append(Results(tuple(contents)))
        else:
            self._answered(turn.content)
        if not self.ended and len(self.turns) >= self.limits.turns * len(self.query.rounds):
            self.ended = "turns"
        if not self.ended and self.seconds > self.limits.seconds:
            self.ended = "time"

    @property
    def seconds(self) -> float:
        return sum(turn.seconds for turn in self.turns) + self.tool_seconds

    @property
    def transcript(self) -> list[dict[str, Any]]:
        """What came after the prompt, as messages of a record. A turn that could not be read stands as it was written."""
        return structured(self.conversation)

    def _answered(self, text: str) -> None:
        self.answers.append(text)
        if len(self.answers) == len(self.query.rounds):
            self.ended = "answered"
        else:
            self.conversation.later.append(Question(self.query.rounds[len(self.answers)].question))

    def _repeated(self, name: str, said: str) -> bool:
        """Whether that was once too often."""
        key = f"{name}\0{said}"
        self._times[key] += 1
        if self._times[key] >= self.limits.repeats:
            self.ended = "looped"
        return self.ended == "looped"

    def _offered(self) -> list[str]:
        return [CODE] if self.code_mode else [tool["function"]["name"] for tool in self.query.tools]

    def _run(self, call: Call) -> str:
        made, content = run(call, self._offered(), self.toolbox, self._writes)
        self.made.append(made)
        return content


def run(call: Call, offered: list[str], toolbox: Toolbox, writes: list[Call]) -> tuple[Made, str]:
    """Run one call, and what the system is told. `writes` are the calls that changed files before, which are made again on a fresh copy."""
    if call.name not in offered:
        there = f"there are {', '.join(offered)}" if offered else "there are none"
        return _failed(call, f"there is no tool {call.name!r}; {there}")
    tool = TOOLS[call.name]
    try:
        tool.bind(call.arguments)
    except TypeError as error:
        return _failed(call, str(error))
    if writes or _writes(call):
        with _after(writes, toolbox) as box:
            made, content = _called(call, box)
        if not made.problem and _writes(call):
            writes.append(call)
        return made, content
    return _called(call, toolbox)


def _called(call: Call, toolbox: Toolbox) -> tuple[Made, str]:
    try:
        outcome = toolbox.call(call.name, **call.arguments)
    except ToolUnavailable as error:
        told = str(error)
        if "--allow-exec" in told:
            return _failed(call, f"{told.partition(' runs ')[0]} is not available")
        if (isinstance(error, ToolFailed) and call.name != CODE) or any(sign in told for sign in NOT_HERE):
            raise Unrunnable(f"{call.name} can't be run here: {told}") from None
        return _failed(call, told)
    inner = tuple(Call(one.tool, one.arguments) for one in outcome.inner) if call.name == CODE else None
    problem = "" if outcome.ok else " ".join(outcome.content.split())[:200]
    return Made(call, True, problem, inner), outcome.content


def _failed(call: Call, said: str) -> tuple[Made, str]:
    return Made(call, True, said, () if call.name == CODE else None), f"Error: {said}"


@contextmanager
def _after(writes: list[Call], toolbox: Toolbox) -> Iterator[Toolbox]:
    """A throw-away copy of the project in which what this conversation wrote stands written: conversations take turns, and share no file."""
    with toolbox.scratch() as box:
        for call in writes:
            box.call(call.name, **call.arguments)
        yield box


def _writes(call: Call) -> bool:
    """A program may hide how it calls a tool; that it calls one it can't without its name."""
    if call.name == CODE:
        return any(name in str(call.arguments.get("code", "")) for name in WRITERS)
    return call.name in WRITERS


def _executes(call: Call) -> bool:
    return any(use.name in TOOLS and TOOLS[use.name].executes_code for use in uses(call))
