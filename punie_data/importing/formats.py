"""The formats whose every line is one row: how each is known, and how it is read into turns."""

from collections.abc import Callable, Mapping
from typing import Any

from punie_data.importing.calls import call_of, calls_of_text, is_call
from punie_data.importing.chatml import is_chat, messages_of
from punie_data.importing.conversation import Conversation, Role, Signature, SpokenCall, Turn, Unconvertible
from punie_data.importing.signatures import signatures_of
from punie_data.importing.values import written

_ROLES: dict[str, Role] = {
    "system": "system", "developer": "system", "user": "user", "human": "user", "prompter": "user", "assistant": "assistant", "gpt": "assistant",
    "model": "assistant", "bot": "assistant", "chatgpt": "assistant", "tool": "tool", "function": "tool", "ipython": "tool", "observation": "tool",
    "function_response": "tool", "function-response": "tool", "tool_response": "tool", "tool_result": "tool", "environment": "tool",
}  # fmt: skip
_CALLING_ROLES = frozenset({"function_call", "function-call", "tool_call", "tool_calls"})
_KEPT = frozenset({"id", "label", "origin", "runs"})
_KEEPERS = ("punie_data", "metadata")
_MEDIA = ("images", "image", "videos", "audios", "audio")


def messages(row: Mapping[str, Any]) -> Conversation:
    """OpenAI's and mlx-lm's `{"messages": […], "tools": […]}`, and all that is like it."""
    if "chosen_response" in row or "rejected_response" in row:
        raise Unconvertible("preference pairs", "the record holds one conversation and no second answer")
    return _conversation("messages", row, turns_of(row["messages"]))


def text(row: Mapping[str, Any]) -> Conversation:
    """`{"text": …}` with a conversation in ChatML or Llama 3's headers."""
    return _conversation("text", row, turns_of(messages_of(_string(row, "text"))))


def completion(row: Mapping[str, Any]) -> Conversation:
    """`{"prompt", "completion"}`: two texts, a rendered prompt with its rest, or two lists of messages."""
    prompt, answer = row["prompt"], row["completion"]
    if isinstance(prompt, list) or isinstance(answer, list):
        first = prompt if isinstance(prompt, list) else [{"role": "user", "content": prompt}]
        second = answer if isinstance(answer, list) else [{"role": "assistant", "content": answer}]
        return _conversation("completion", row, turns_of([*first, *second]))
    prompt, answer = _string(row, "prompt"), _string(row, "completion")
    if is_chat(prompt):
        return _conversation("completion", row, turns_of(messages_of(prompt + answer)))
    return _conversation("completion", row, (Turn("user", prompt), Turn("assistant", answer)))


def sharegpt(row: Mapping[str, Any]) -> Conversation:
    """`{"conversations": [{"from", "value"}]}`, with `system` and `tools` beside it (LLaMA-Factory) or in it (Hermes)."""
    given = row.get("conversations", row.get("conversation"))
    turns = turns_of(given)
    system = row.get("system")
    if isinstance(system, str) and system.strip() and not any(turn.role == "system" for turn in turns):
        turns = (Turn("system", system), *turns)
    return _conversation("sharegpt", row, turns)


FORMATS: dict[
    str, tuple[Callable[[Mapping[str, Any]], bool], Callable[[Mapping[str, Any]], Conversation]]
] = {
    "messages": (lambda row: isinstance(row.get("messages"), list), messages),
    "sharegpt": (lambda row: "conversations" in row or "conversation" in row, sharegpt),
    "completion": (lambda row: "prompt" in row and "completion" in row, completion),
    "text": (lambda row: "text" in row, text),
}
"""By name: whether a row is of the format, by its keys alone, and its reader. The first that fits is taken."""


def format_of(row: Mapping[str, Any]) -> str:
    """The format of a row. Unconvertible where none fits."""
    found = next((name for name, (fits, _) in FORMATS.items() if fits(row)), None)
    if found is None:
        keys = ", ".join(repr(str(key)[:30]) for key in list(row)[:6]) or "none"
        raise Unconvertible("no format that is known", f"its keys are {keys}")
    return found


def turns_of(given: Any) -> tuple[Turn, ...]:
    """Messages with `role` and `content`, or with `from` and `value`. Unconvertible where one is no message."""
    if not isinstance(given, list):
        raise Unconvertible("no conversation", "the messages are no list")
    return tuple(_turn(message) for message in given)


def _turn(message: Any) -> Turn:
    if not isinstance(message, Mapping):
        raise Unconvertible("no conversation", "a message is no object")
    named = message.get("role", message.get("from"))
    word = named.strip().lower() if isinstance(named, str) else ""
    value = message["content"] if "content" in message else message.get("value")
    if word in _CALLING_ROLES:
        calls = calls_of_text(value) if isinstance(value, str) else (call_of(value),)
        return Turn("assistant", "", calls)
    role = _ROLES.get(word)
    if role is None:
        raise Unconvertible("a role that is not known", repr(str(named)[:40]))
    content = _content(value, role)
    if role == "assistant":
        return Turn(role, _with_thought(message, content), _calls(message))
    if role == "tool":
        call_id, name = message.get("tool_call_id"), message.get("name")
        return Turn(
            role,
            content,
            (),
            call_id if isinstance(call_id, str) else "",
            name if isinstance(name, str) else "",
        )
    return Turn(role, content)


def _calls(message: Mapping[str, Any]) -> tuple[SpokenCall, ...]:
    given = message.get("tool_calls")
    if given is None or given == []:
        old = message.get("function_call")
        return () if old is None else (call_of(old),)
    if isinstance(given, str):
        return calls_of_text(given)
    if not isinstance(given, list):
        raise Unconvertible("a call that can't be read", "tool_calls is no list")
    return tuple(call_of(each) for each in given)


def _content(value: Any, role: str) -> str:
    """A message's text: null is none, parts of text are joined; a tool's may be any JSON value. Unconvertible for an image and its like."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if (
        isinstance(value, list)
        and value
        and all(isinstance(part, Mapping) and "type" in part for part in value)
    ):
        texts = []
        for part in value:
            if part["type"] not in ("text", "input_text", "output_text") or not isinstance(
                part.get("text"), str
            ):
                raise Unconvertible("a part that is no text", repr(str(part["type"])[:40]))
            texts.append(part["text"])
        return "".join(texts)
    if role == "tool":
        return written(value)
    raise Unconvertible("a part that is no text", "the content is neither text nor a list of parts")


def _with_thought(message: Mapping[str, Any], content: str) -> str:
    """Reasoning that stands beside the content comes into it, where Qwen's template reads it."""
    thought = message.get("reasoning_content") or message.get("reasoning") or message.get("thinking")
    if not isinstance(thought, str) or not thought.strip() or content.lstrip().startswith("<think>"):
        return content
    return f"<think>\n{thought.strip()}\n</think>\n\n{content}"


def _conversation(name: str, row: Mapping[str, Any], turns: tuple[Turn, ...]) -> Conversation:
    medium = next((key for key in _MEDIA if row.get(key)), None)
    if medium is not None:
        raise Unconvertible("a part that is no text", f"the row has {medium}")
    signatures, offered = offers_of(row)
    license_ = row.get("license")
    return Conversation(
        name,
        turns,
        signatures,
        offered,
        license=license_ if isinstance(license_, str) else "",
        kept=_kept_of(row),
    )


def offers_of(row: Mapping[str, Any]) -> tuple[tuple[Signature, ...], tuple[str, ...]]:
    """The tools that a row describes or names (`tools`, `functions`), and their names in its order."""
    given = next((row[key] for key in ("tools", "functions") if row.get(key)), None)
    if isinstance(given, list) and all(isinstance(each, str) and "{" not in each for each in given):
        return (), tuple(dict.fromkeys(given))
    signatures = signatures_of(given)
    return signatures, tuple(signature.name for signature in signatures)


def _kept_of(row: Mapping[str, Any]) -> Mapping[str, Any]:
    for holder in (row, *(row.get(key) for key in _KEEPERS)):
        if isinstance(holder, Mapping) and holder.keys() >= _KEPT:
            return holder
    return {}


def _string(row: Mapping[str, Any], key: str) -> str:
    value = row[key]
    if not isinstance(value, str):
        raise Unconvertible("no conversation", f"{key} is no text")
    return value


__all__ = ["FORMATS", "format_of", "is_call", "offers_of", "turns_of"]
