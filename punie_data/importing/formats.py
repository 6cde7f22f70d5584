"""The formats whose every line is one row: how each is known, and how it is read into turns."""

from collections.abc import Callable, Mapping
from typing import Any

from punie_data.importing import published
from punie_data.importing.chatml import is_chat, messages_of
from punie_data.importing.conversation import Conversation, Turn, Unconvertible
from punie_data.importing.messages import turns_of
from punie_data.importing.surroundings import conversation_of, text_of

Read = Callable[[Mapping[str, Any]], Conversation]


def messages(row: Mapping[str, Any]) -> Conversation:
    """OpenAI's and mlx-lm's `{"messages": […], "tools": […]}`, and all that is like it."""
    if "chosen_response" in row or "rejected_response" in row:
        raise Unconvertible("preference pairs", "the record holds one conversation and no second answer")
    return conversation_of("messages", row, turns_of(row["messages"]))


def text(row: Mapping[str, Any]) -> Conversation:
    """`{"text": …}` with a conversation in ChatML or Llama 3's headers."""
    return conversation_of("text", row, turns_of(messages_of(text_of(row, "text"))))


def completion(row: Mapping[str, Any]) -> Conversation:
    """`{"prompt", "completion"}`: two texts, a rendered prompt with its rest, or two lists of messages."""
    prompt, answer = row["prompt"], row["completion"]
    if isinstance(prompt, list) or isinstance(answer, list):
        first = prompt if isinstance(prompt, list) else [{"role": "user", "content": prompt}]
        second = answer if isinstance(answer, list) else [{"role": "assistant", "content": answer}]
        return conversation_of("completion", row, turns_of([*first, *second]))
    prompt, answer = text_of(row, "prompt"), text_of(row, "completion")
    if is_chat(prompt):
        return conversation_of("completion", row, turns_of(messages_of(prompt + answer)))
    return conversation_of("completion", row, (Turn("user", prompt), Turn("assistant", answer)))


def sharegpt(row: Mapping[str, Any]) -> Conversation:
    """`{"conversations": [{"from", "value"}]}`, with `system` and `tools` beside it (LLaMA-Factory) or in it (Hermes)."""
    given = row.get("conversations", row.get("conversation"))
    turns = turns_of(given)
    system = row.get("system")
    if isinstance(system, str) and system.strip() and not any(turn.role == "system" for turn in turns):
        turns = (Turn("system", system), *turns)
    return conversation_of("sharegpt", row, turns)


def preference(row: Mapping[str, Any]) -> Conversation:
    """`{"chosen", "rejected"}`: two answers to one question."""
    raise Unconvertible("preference pairs", "the record holds one conversation and no second answer")


def _has(*keys: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda row: all(key in row for key in keys)


FORMATS: dict[str, tuple[Callable[[Mapping[str, Any]], bool], Read]] = {
    "preference": (_has("chosen", "rejected"), preference),
    "messages": (lambda row: isinstance(row.get("messages"), list), messages),
    "sharegpt": (lambda row: "conversations" in row or "conversation" in row, sharegpt),
    "when2call": (_has("question", "answers", "correct_answer"), published.when2call),
    "xlam": (_has("query", "answers"), published.xlam),
    "traces": (_has("query", "tool_calls", "answer"), published.traces),
    "glaive": (_has("chat"), published.glaive),
    "completion": (_has("prompt", "completion"), completion),
    "alpaca": (_has("instruction", "output"), published.alpaca),
    "text": (_has("text"), text),
}
"""By name: whether a row is of the format, by its keys alone, and its reader. The first that fits is taken."""


def format_of(row: Mapping[str, Any]) -> str:
    """The format of a row. Unconvertible where none fits."""
    found = next((name for name, (fits, _) in FORMATS.items() if fits(row)), None)
    if found is None:
        keys = ", ".join(repr(str(key)[:30]) for key in list(row)[:6]) or "none"
        raise Unconvertible("no format that is known", f"its keys are {keys}")
    return found
