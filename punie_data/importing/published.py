"""The formats of published sets: Glaive, xLAM, When2Call, Alpaca; and the traces that this project's predecessor began with."""

import re
from collections.abc import Mapping
from typing import Any

from punie_data.importing.calls import UNREADABLE, call_of, calls_of_text
from punie_data.importing.conversation import Conversation, SpokenCall, Turn, Unconvertible
from punie_data.importing.spoken import TOOLCALL, wrapped_calls
from punie_data.importing.surroundings import conversation_of, text_of
from punie_data.importing.values import written

_GLAIVE = re.compile(r"^(USER|ASSISTANT|FUNCTION RESPONSE|A):[ \t]?", re.MULTILINE)
_END = "<|endoftext|>"
ANSWERS = {"direct": "direct", "tool_call": "tool", "request_for_info": "ask", "cannot_answer": "cannot"}
"""When2Call's names of the four kinds, and ours."""


def glaive(row: Mapping[str, Any]) -> Conversation:
    """`{"system": "SYSTEM: …", "chat": "USER: …\\n\\n\\nASSISTANT: … <|endoftext|>"}`."""
    chat = text_of(row, "chat")
    marks = list(_GLAIVE.finditer(chat))
    if not marks or chat[: marks[0].start()].strip():
        raise Unconvertible("no conversation", "the chat does not begin with USER:")
    turns: list[Turn] = []
    system = row.get("system")
    if isinstance(system, str) and system.strip():
        turns.append(Turn("system", system.removeprefix("SYSTEM:").strip()))
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        said = chat[mark.end() : following.start() if following else len(chat)].strip()
        if mark[1] == "USER":
            turns.append(Turn("user", said))
        elif mark[1] == "FUNCTION RESPONSE":
            turns.append(Turn("tool", said))
        else:
            turns.append(Turn("assistant", said.removesuffix(_END).strip()))
    return conversation_of("glaive", {**row, "system": None}, tuple(turns))


def xlam(row: Mapping[str, Any]) -> Conversation:
    """`{"query", "tools", "answers"}`: a question and the calls that answer it, both lists as JSON texts."""
    calls = row["answers"]
    if isinstance(calls, str):
        found = calls_of_text(calls) if calls.strip() not in ("", "[]") else ()
    elif isinstance(calls, list):
        found = tuple(call_of(call) for call in calls)
    else:
        raise Unconvertible(UNREADABLE, "answers is no list")
    if not found:
        raise Unconvertible("no conversation", "the row has neither a call nor an answer")
    return conversation_of("xlam", row, (Turn("user", text_of(row, "query")), Turn("assistant", "", found)))


def when2call(row: Mapping[str, Any]) -> Conversation:
    """When2Call's tests: `{"question", "answers", "correct_answer", "tools"}`. The right one of the answers is the conversation's."""
    right, answers = row["correct_answer"], row["answers"]
    kind = ANSWERS.get(right) if isinstance(right, str) else None
    if kind is None or not isinstance(answers, Mapping):
        raise Unconvertible("no conversation", "correct_answer is none of When2Call's")
    answer = text_of(answers, right)
    calls: tuple[SpokenCall, ...] = ()
    if kind == "tool":
        text = answer.strip()
        calls = wrapped_calls(text) if text.startswith(TOOLCALL) else calls_of_text(text)
        answer = ""
    turns = (Turn("user", text_of(row, "question")), Turn("assistant", answer, calls))
    return conversation_of("when2call", row, turns, kind=kind)


def traces(row: Mapping[str, Any]) -> Conversation:
    """`{"query", "tool_calls": [{"tool", "args", "result"}], "answer"}`: one call after another, each with its result where it was kept.

    The generator's `reasoning` is about the row and was never said in it; a category among the `metadata` becomes the label's.
    """
    calls = row["tool_calls"]
    if not isinstance(calls, list):
        raise Unconvertible(UNREADABLE, "tool_calls is no list")
    turns = [Turn("user", text_of(row, "query"))]
    for given in calls:
        turns.append(Turn("assistant", "", (call_of(given),)))
        result = given.get("result")
        if result is not None:
            turns.append(Turn("tool", result if isinstance(result, str) else written(result)))
    turns.append(Turn("assistant", text_of(row, "answer")))
    metadata = row.get("metadata")
    category = metadata.get("category") if isinstance(metadata, Mapping) else None
    return conversation_of(
        "traces", row, tuple(turns), category=category if isinstance(category, str) else ""
    )


def alpaca(row: Mapping[str, Any]) -> Conversation:
    """`{"instruction", "input", "output"}`, with `system` beside it in some sets."""
    given = row.get("input")
    question = text_of(row, "instruction")
    if isinstance(given, str) and given.strip():
        question = f"{question}\n\n{given}"
    system = row.get("system")
    first = (Turn("system", system),) if isinstance(system, str) and system.strip() else ()
    return conversation_of(
        "alpaca", row, (*first, Turn("user", question), Turn("assistant", text_of(row, "output")))
    )
