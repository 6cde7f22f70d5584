"""PD2xx: who speaks when."""

import functools
import re
from collections.abc import Iterator

from punie_data.validate.rule import shown
from punie_data.validate.view import View

_ANNOUNCES = (
    r"^(?:(?:sure|okay|ok|certainly|of course|great|right|now|first|alright)[,.!:]?\s+)*"
    r"(?:i(?:'|’)?ll|i will|i(?:'|’)m going to|i am going to|i(?:'|’)d need to|let me|let(?:'|’)?s|let us|allow me to|i need to|i should|going to)\s+"
    r"(?:(?:now|first|quickly|go ahead and|start by|begin by|just|try to|have to)\s+)*"
    r"(?!know\b|explain\b|summari[sz]e\b|answer\b|walk\b|show\b|break\b|say\b|put\b|assume\b|call it\b)"
    r"(?:\w+)\b"
)
_ACTIONS = """check checking look looking run running search searching find finding see open opening read reading fetch get getting use using
    inspect inspecting examine examining query querying scan scanning list listing examining grep call calling execute executing
    take investigate investigating verify verifying retrieve analyze analyse review"""
_DOES = frozenset(_ACTIONS.split())
_SENTENCE = re.compile(r"(?<=[.!?:…])\s+")


@functools.cache
def _announces() -> re.Pattern[str]:
    return re.compile(_ANNOUNCES, re.IGNORECASE)


def first_turn(view: View) -> Iterator[str]:
    """The first message is not the user's.

    A chat template that expects the user first refuses the row or renders it wrongly.
    """
    role = view.messages[0]["role"]
    if role != "user":
        yield f"messages[0]: the first turn is {_whose(role)} and not the user's"


def unanswered_call(view: View) -> Iterator[str]:
    """A call has no result before the next turn.

    The model learns that calls go unanswered. The last message is another rule's matter.
    """
    for call in view.calls:
        if call.turn == len(view.messages) - 1:
            continue
        between = view.messages[call.turn + 1 : call.result_turn] if call.result is not None else ()
        if call.result is None or any(message["role"] != "tool" for message in between):
            yield f"messages[{call.turn}]: nothing answers the call {shown(call.id)} before the next turn"


def stray_result(view: View) -> Iterator[str]:
    """A tool message answers no open call: its id is unknown, was answered before, or belongs to a call of another tool.

    Results are paired with calls by id; one that fits none was invented or put in the wrong place.
    """
    waiting: dict[str, str] = {}
    for index, message in enumerate(view.messages):
        if message["role"] != "tool":
            waiting = {call["id"]: call["function"]["name"] for call in message.get("tool_calls", ())}
            continue
        name = waiting.pop(message["tool_call_id"], None)
        if name is None:
            yield f"messages[{index}]: the result answers no open call ({shown(message['tool_call_id'])})"
        elif name != message["name"]:
            yield f"messages[{index}]: the result is of {shown(message['name'])}, the call was of {shown(name)}"


def call_id_reused(view: View) -> Iterator[str]:
    """Two calls of the row have the same id.

    Results are paired with calls by id, and runs too; with one id for two calls neither can be told apart.
    """
    seen: set[str] = set()
    for call in view.calls:
        if call.id in seen:
            yield f"messages[{call.turn}]: the call id {shown(call.id)} is used twice"
        seen.add(call.id)


def consecutive_turns(view: View) -> Iterator[str]:
    """Two assistant turns or two user turns follow each other.

    No runtime produces that: the assistant's turn ends with a call or with an answer, and then somebody else speaks.
    """
    for index in range(1, len(view.messages)):
        role = view.messages[index]["role"]
        if role != "tool" and role == view.messages[index - 1]["role"]:
            yield f"messages[{index}]: two turns of the {role}'s in a row"


def interrupted_turn(view: View) -> Iterator[str]:
    """A result is followed by a user message and not by the assistant's.

    The assistant never answers what it asked the tool for.
    """
    for index in range(1, len(view.messages)):
        if view.messages[index]["role"] == "user" and view.messages[index - 1]["role"] == "tool":
            yield f"messages[{index}]: a result is followed by a user message"


def last_turn(view: View) -> Iterator[str]:
    """The last message is not the assistant's.

    There is nothing to learn after the last answer, and a trainer that supervises the last message supervises something else.
    """
    role = view.messages[-1]["role"]
    if role != "assistant":
        yield f"messages[{len(view.messages) - 1}]: the last turn is {_whose(role)} and not the assistant's"


def open_call(view: View) -> Iterator[str]:
    """The last message carries calls.

    The row ends before the answer, so that the model learns to call and never to answer.
    """
    if view.messages[-1].get("tool_calls"):
        yield f"messages[{len(view.messages) - 1}]: the row ends with a call and without an answer"


def announced_and_stopped(view: View) -> Iterator[str]:
    """An assistant turn announces an action ("I'll check the status.") and makes no call.

    This single defect taught a model to announce and stop. "Let me know" and "let me explain" announce nothing.
    """
    for index, message in enumerate(view.messages):
        if message["role"] != "assistant" or message.get("tool_calls"):
            continue
        sentences = _SENTENCE.split(message["content"].strip())
        # An announcement with an answer after it is clumsy but whole; "I'll check. One moment." is neither.
        suspects = sentences if len(sentences) == 2 and not _holds_a_fact(sentences[1]) else sentences[-1:]
        for sentence in suspects:
            found = _announces().match(sentence)
            if found is not None and found[0].split()[-1].lower() in _DOES:
                yield f"messages[{index}]: {shown(sentence)} announces an action, and no call follows"
                break


def _holds_a_fact(sentence: str) -> bool:
    return "`" in sentence or len(sentence.split()) > 5 or any(c.isdigit() for c in sentence)


def text_before_call(view: View) -> Iterator[str]:
    """An assistant turn has text before its calls.

    Where some tools' rows have it and others' do not, the text gives the tool away. The record has none.
    """
    for index, message in enumerate(view.messages):
        if message.get("tool_calls") and message["content"].strip():
            yield f"messages[{index}]: the text {shown(message['content'].strip(), 40)} stands before the call"


def _whose(role: str) -> str:
    return {"user": "the user's", "assistant": "the assistant's", "tool": "a tool's"}[role]
