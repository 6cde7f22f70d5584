"""ChatML and its like: a whole conversation in one text."""

import re

from punie_data.importing.conversation import Unconvertible

NOT_CHAT = "the text is in no chat format that is known"
_LEGAL = {"system", "developer", "user", "assistant", "tool", "function", "ipython", "observation"}
_CHATML = re.compile(r"\s*<\|im_start\|>([a-z_]+)[ \t]*\n(.*?)(?:<\|im_end\|>|\Z)", re.DOTALL)
_LLAMA = re.compile(
    r"\s*<\|start_header_id\|>([a-z_]+)<\|end_header_id\|>\n\n(.*?)(?:<\|eot_id\|>|<\|eom_id\|>|\Z)",
    re.DOTALL,
)
_BEFORE = ("<s>", "<|begin_of_text|>")
_BEHIND = ("</s>", "<|endoftext|>", "<|end_of_text|>")
_EMPTY_THOUGHT = re.compile(r"\A<think>\s*</think>\s*")


def is_chat(text: str) -> bool:
    return "<|im_start|>" in text or "<|start_header_id|>" in text


def messages_of(text: str) -> list[dict[str, str]]:
    """The messages of a text, as role and content; the template's tool section is still in the system message.

    Unconvertible where something stands outside of the messages, or where one begins inside another.
    """
    grammar, mark = (_CHATML, "<|im_start|>") if "<|im_start|>" in text else (_LLAMA, "<|start_header_id|>")
    if mark not in text:
        raise Unconvertible(NOT_CHAT, repr(text[:60]))
    text = text.strip()
    for token in _BEFORE:
        text = text.removeprefix(token)
    for token in _BEHIND:
        text = text.removesuffix(token)
    found, position = [], 0
    while position < len(text):
        match = grammar.match(text, position)
        if match is None:
            if text[position:].strip():
                raise Unconvertible("text stands outside of the messages", repr(text[position:].strip()[:60]))
            break
        role, content = match[1], match[2]
        if role not in _LEGAL:
            raise Unconvertible("a role that is not known", repr(role[:40]))
        if mark in content:
            raise Unconvertible("a message begins inside another", repr(content[:60]))
        # Qwen3's template writes an empty thought before the last answer: it is the template's, and not the data's.
        found.append(
            {"role": role, "content": _EMPTY_THOUGHT.sub("", content) if role == "assistant" else content}
        )
        position = match.end()
    if found and found[-1] == {"role": "assistant", "content": ""}:
        found.pop()  # the generation prompt of a text that ends before its answer
    return found
