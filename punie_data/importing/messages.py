"""Messages with `role` and `content`, with `from` and `value`, or with blocks as Anthropic's API has them: as turns."""

from collections.abc import Iterator, Mapping
from typing import Any

from punie_data.importing.calls import call_of, calls_of_text
from punie_data.importing.conversation import Role, SpokenCall, Turn, Unconvertible
from punie_data.importing.values import written

_ROLES: dict[str, Role] = {
    "system": "system", "developer": "system", "user": "user", "human": "user", "prompter": "user", "assistant": "assistant", "gpt": "assistant",
    "model": "assistant", "bot": "assistant", "chatgpt": "assistant", "tool": "tool", "function": "tool", "ipython": "tool", "observation": "tool",
    "function_response": "tool", "function-response": "tool", "tool_response": "tool", "tool_result": "tool", "environment": "tool",
}  # fmt: skip
_BLOCKS = ("tool_use", "tool_result", "thinking", "redacted_thinking", "tool_call", "reasoning")
_CALLING_ROLES = frozenset({"function_call", "function-call", "tool_call", "tool_calls"})


def turns_of(given: Any) -> tuple[Turn, ...]:
    """The turns of a list of messages, in any of the three spellings. Unconvertible where one is no message."""
    if not isinstance(given, list):
        raise Unconvertible("no conversation", "the messages are no list")
    return tuple(turn for message in given for turn in _turns(message))


def _turns(message: Any) -> Iterator[Turn]:
    if not isinstance(message, Mapping):
        raise Unconvertible("no conversation", "a message is no object")
    named = message.get("role", message.get("from"))
    word = named.strip().lower() if isinstance(named, str) else ""
    value = message["content"] if "content" in message else message.get("value")
    if word in _CALLING_ROLES:
        yield Turn("assistant", "", calls_of_text(value) if isinstance(value, str) else (call_of(value),))
        return
    role = _ROLES.get(word)
    if role is None:
        raise Unconvertible("a role that is not known", repr(str(named)[:40]))
    if role != "tool" and _has_blocks(value):
        yield from turns_of_blocks(value, role)
        return
    content = text_of_content(value, role)
    if role == "assistant":
        yield Turn(role, _with_thought(message, content), _calls(message))
    elif role == "tool":
        call_id, name = message.get("tool_call_id"), message.get("name")
        yield Turn(
            role,
            content,
            (),
            call_id if isinstance(call_id, str) else "",
            name if isinstance(name, str) else "",
        )
    else:
        yield Turn(role, content)


def turns_of_blocks(blocks: list[Mapping[str, Any]], role: Role) -> Iterator[Turn]:
    """The turns of one of Anthropic's messages, or of LLaMA-Factory's: an assistant's text and calls, or a user's results and text.

    Anthropic's thoughts are left out: they are signed or encrypted, and nobody can put them back into a prompt.
    """
    texts: list[str] = []
    thoughts: list[str] = []
    calls: list[SpokenCall] = []
    for block in blocks:
        kind, value = block["type"], block.get("value")
        if kind == "text" and isinstance(block.get("text", value), str):
            texts.append(block.get("text", value))
        elif kind == "reasoning" and isinstance(value, str) and role == "assistant":
            thoughts.append(value)
        elif kind == "tool_call" and isinstance(value, str) and role == "assistant":
            calls.extend(calls_of_text(value))
        elif kind == "tool_use" and role == "assistant":
            calls.append(call_of({key: block.get(key) for key in ("id", "name", "input")}))
        elif kind == "tool_result" and role == "user":
            identity = block.get("tool_use_id")
            yield Turn(
                "tool",
                text_of_content(block.get("content"), "tool"),
                (),
                identity if isinstance(identity, str) else "",
                failed=block.get("is_error") is True,
            )
        elif kind not in ("thinking", "redacted_thinking"):
            raise Unconvertible("a part that is no text", repr(str(kind)[:40]))
    if texts or calls or role == "assistant":
        text = "\n\n".join(texts)
        yield Turn(role, _after_thought("\n\n".join(thoughts), text), tuple(calls))


def _has_blocks(value: Any) -> bool:
    return (
        isinstance(value, list)
        and any(
            isinstance(part, Mapping) and (part.get("type") in _BLOCKS or isinstance(part.get("value"), str))
            for part in value
        )
        and all(isinstance(part, Mapping) and "type" in part for part in value)
    )


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


def text_of_content(value: Any, role: str) -> str:
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
            text = part.get("text", part.get("value"))
            if part["type"] not in ("text", "input_text", "output_text") or not isinstance(text, str):
                raise Unconvertible("a part that is no text", repr(str(part["type"])[:40]))
            texts.append(text)
        return "".join(texts)
    if role == "tool":
        return written(value)
    raise Unconvertible("a part that is no text", "the content is neither text nor a list of parts")


def _with_thought(message: Mapping[str, Any], content: str) -> str:
    """Reasoning that stands beside the content comes into it, where Qwen's template reads it."""
    thought = message.get("reasoning_content") or message.get("reasoning") or message.get("thinking")
    return _after_thought(thought, content) if isinstance(thought, str) else content


def _after_thought(thought: str, content: str) -> str:
    if not thought.strip() or content.lstrip().startswith("<think>"):
        return content
    return f"<think>\n{thought.strip()}\n</think>\n\n{content}"
