"""Whether a row, under the target's chat template, trains what it should: nothing cut, the mask where the answer starts, calls read back."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from punie_data.dialects import hermes, native, qwen3_xml
from punie_data.dialects.base import Parsed, calls_of
from punie_data.dialects.template import Template, TemplateError

_THOUGHT = re.compile(r"\A<think>\s*</think>\s*")
ESCAPES = frozenset({"hermes", "json-fence"})
"""The dialects that write control tokens inside arguments so that they are none."""


@dataclass(frozen=True, slots=True)
class Fit:
    """`tokens` of the whole row and of the prompt before its last turn; `reason` is why the row can't be trained on, "" where it can."""

    tokens: int = 0
    prompt: int = 0
    reason: str = ""
    no_prefix: bool = False
    """Whether the reason is that the prompt is no prefix of the whole, so that the mask would start at the wrong token."""
    too_long: bool = False


def fit(
    template: Template,
    messages: Sequence[Mapping[str, Any]],
    tools: Sequence[Mapping[str, Any]] | None,
    max_seq_length: int,
    masks: bool,
) -> Fit:
    """Judge a conversation that ends with the assistant's turn. `masks` asks for a prompt that is a prefix, by whose length mlx-lm masks."""
    try:
        whole = template.render(messages, tools)
        prompt = template.render(messages[:-1], tools, add_generation_prompt=True)
    except TemplateError as error:
        return Fit(reason=f"the chat template refuses it: {error}")
    tokens, start = template.encode(whole), template.encode(prompt)
    if len(tokens) > max_seq_length:
        return Fit(len(tokens), len(start), f"longer than {max_seq_length} tokens", too_long=True)
    if masks and (tokens[: len(start)] != start or len(tokens) == len(start)):
        reason = "the chat template's prompt is no prefix of the whole"
        return Fit(len(tokens), len(start), reason, no_prefix=True)
    if tools is None or not template.parser or not whole.startswith(prompt):
        return Fit(len(tokens), len(start))
    if not _read_back(template, whole[len(prompt) :], messages[-1], tools):
        return Fit(len(tokens), len(start), "the template's call is not read back as it is")
    return Fit(len(tokens), len(start))


def control_token(record: Mapping[str, Any], dialect: str, tokens: frozenset[str]) -> str:
    """Why a record's own text would be taken for the model's control tokens; "" where it would not."""
    pattern = _pattern(tokens)
    if pattern is None:
        return ""
    for number, message in enumerate(record["messages"]):
        texts = [message["content"]]
        if dialect not in ESCAPES:
            for call in message.get("tool_calls") or ():
                texts += _strings(call["function"]["arguments"])
        for text in texts:
            found = pattern.search(text)
            if found is not None:
                return f"message {number} holds {found[0]}, which is a control token of the target"
    return ""


@lru_cache(maxsize=8)
def _pattern(tokens: frozenset[str]) -> re.Pattern[str] | None:
    """Any of the tokens, those of one or two letters left out: no text could do without them."""
    long = sorted((token for token in tokens if len(token) > 2), key=lambda token: (-len(token), token))
    return re.compile("|".join(map(re.escape, long))) if long else None


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for key, item in value.items() for text in (key, *_strings(item))]
    return [text for item in value for text in _strings(item)] if isinstance(value, list) else []


def _read_back(template: Template, said: str, message: Mapping[str, Any], tools: Sequence[Any]) -> bool:
    """Whether the runtime's parser finds in the rendered turn what the message says."""
    text = said.rstrip()
    text = _THOUGHT.sub("", text.removesuffix(template.eos_token))
    parse = qwen3_xml.parse if template.parser == "qwen3_coder" else hermes.parse
    found = parse(text, tools)
    calls = calls_of({"tool_calls": native.restore([message], tools)[0].get("tool_calls")})
    return isinstance(found, Parsed) and found.calls == calls and found.content.strip() == message["content"].strip()  # fmt: skip
