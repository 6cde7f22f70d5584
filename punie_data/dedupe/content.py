"""What of a row counts when rows are compared.

- its **content**: messages, offered tools and label. Where it came from does not count, nor how the calls are numbered.
- its **question**: what the user said, and what the assistant did first.
- its **names**: what was asked about (identifiers, paths and numbers in the question, the calls with their arguments) and what was answered.
  Rows of one template differ in nothing else, so that rows with other names are never near.
- its **words**: question, long arguments and answer. Results are left out: two rows about one file share them and are not the same. But where
  results differ, the answers have to be the same word for word: "it's modified" and "it's deleted" are near each other as texts.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from punie_data.chat import canonical
from punie_data.importing.record import IMPORTED
from punie_data.question import asked
from punie_data.scenario.phrase import WORDS

MANY_NAMES = 24
"""A question with more names than this holds pasted text: its names need to agree as far as its words, no longer to the last one."""
_LONG_ARGUMENT = 200
"""Characters. A longer argument is a text (a file's content, a program) and counts among the words."""

_LONG_QUESTION = 40
"""Words. A shorter question that differs from another in one word, at one place, is the same template with another name in it."""

_TICKED = re.compile(r"`([^`\n]{1,200})`")
_PIECE = re.compile(r"[^\s`\"'()\[\]{},;!?“”]+")
_NAME_LIKE = re.compile(r"[\d_/\\@#$%&=<>|~^+]|\w[.:]\w|[a-z][A-Z]|^[A-Z]{2,}")
_WORD = re.compile(r"\w+")
_LITERAL = re.compile(r"""(["'])([^"'\n]{1,80})\1""")
_SAID_COUNT = frozenset(("yes", "not", "none", "nothing", "never", "zero", *WORDS))


class Content(NamedTuple):
    """`exact` is a digest; `turns` are folded; `offered` are the tools that could have been called first. `template` is the question word by
    word, for rows without a call: with a call, what is asked about stands in the arguments. `results` and `said` are texts.
    """

    exact: bytes
    turns: list[str]
    action: tuple[str, ...]
    offered: frozenset[str]
    spelling: list[str]
    verified: bool
    asked_about: list[str]
    answered: list[str]
    words: list[str]
    template: list[str]
    results: str
    said: str


def content_of(record: Mapping[str, Any], near: bool = True) -> Content:
    """What counts of a row that satisfies the schema; what only near duplicates need is empty without `near`."""
    messages = record["messages"]
    turns = asked(messages)
    calls = [call for message in messages for call in message.get("tool_calls", ())]
    first = next((message for message in messages if message["role"] == "assistant"), {})
    kind = record["label"]["kind"]
    action = tuple(call["function"]["name"] for call in first.get("tool_calls", ()))
    if not action:
        action = ("", kind if len(turns) == 1 and kind != "tool" else "text")
    answers = [m["content"] for m in messages if m["role"] == "assistant" and m["content"]]
    asked_about, answered, words = _compared(messages, calls, answers, kind) if near else ([], [], [])
    return Content(
        _digest(record),
        turns,
        action,
        frozenset(record["tools"]).union(call["function"]["name"] for call in calls),
        _spelling(turns, calls, answers),
        _verified(record, calls),
        asked_about,
        answered,
        words,
        _template(turns) if near and not calls else [],
        "\x00".join(message["content"] for message in messages if message["role"] == "tool") if near else "",
        " ".join(words[words.index("\x03") :]) if "\x03" in words else "",
    )


def _template(turns: Iterable[str]) -> list[str]:
    words = " \x01 ".join(turns).split(" ")
    return words if len(words) <= _LONG_QUESTION else []


def _verified(record: Mapping[str, Any], calls: Iterable[Mapping[str, Any]]) -> bool:
    """Whether every call has a run, and none of a run that nobody saw happen."""
    runs = {run["call_id"]: run["tool_version"] for run in record["runs"]}
    return bool(runs) and IMPORTED not in runs.values() and all(call["id"] in runs for call in calls)


def _digest(record: Mapping[str, Any]) -> bytes:
    """Sixteen bytes. The calls are numbered anew, because importers and runtimes choose ids as they like."""
    numbers: dict[str, str] = {}
    messages = []
    for message in record["messages"]:
        if message.get("tool_calls"):
            calls = []
            for call in message["tool_calls"]:
                numbers[call["id"]] = number = f"call_{len(numbers)}"
                calls.append({**call, "id": number})
            message = {**message, "tool_calls": calls}
        elif message["role"] == "tool":
            message = {
                **message,
                "tool_call_id": numbers.get(message["tool_call_id"], message["tool_call_id"]),
            }
        messages.append(message)
    seen = {"messages": messages, "tools": record["tools"], "label": record["label"]}
    return hashlib.blake2b(canonical(seen), digest_size=16).digest()


def _spelling(turns: Iterable[str], calls: Iterable[Mapping[str, Any]], answers: Iterable[str]) -> list[str]:
    """How the question's names are spelt where calls or answers spell them: folding makes `Cart` and `cart` one, and they are two things."""
    texts = [
        value for call in calls for value in call["function"]["arguments"].values() if isinstance(value, str)
    ]
    texts += [name for answer in answers for name in _TICKED.findall(answer)]
    cased = {
        word for text in texts if not text.islower() for word in _WORD.findall(text) if not word.islower()
    }
    if not cased:
        return []
    said = {word for turn in turns for word in _WORD.findall(turn)}
    return sorted(word for word in cased if word.casefold() in said and word != word.casefold())


def _compared(
    messages: Iterable[Mapping[str, Any]],
    calls: Iterable[Mapping[str, Any]],
    answers: Iterable[str],
    kind: str,
) -> tuple[list[str], list[str], list[str]]:
    asked_about = {f"={kind}"}
    words: list[str] = []
    for message in messages:
        if message["role"] == "user":
            asked_about.update(names_in(message["content"]))
            words.append("\x01")
            words += _WORD.findall(message["content"].casefold())
    for call in calls:
        function = call["function"]
        short = {}
        words += ["\x02", function["name"]]
        for key, value in sorted(function["arguments"].items()):
            if isinstance(value, str) and len(value) > _LONG_ARGUMENT:
                words += _WORD.findall(value)
                asked_about.update(literal for _, literal in _LITERAL.findall(value))
            else:
                short[key] = value.strip() if isinstance(value, str) else value
                words += [key, str(short[key])]
        asked_about.add(f"{function['name']}{canonical(short).decode()}")
    answered: set[str] = set()
    for answer in answers:
        answered.update(names_in(answer))
        words.append("\x03")
        said = _WORD.findall(answer.casefold())
        answered.update(_SAID_COUNT.intersection(said))
        words += said
    return sorted(asked_about), sorted(answered), words


def names_in(text: str) -> set[str]:
    """What a text names: what stands in back-ticks, and what looks like an identifier, a path or a number."""
    found = set(_TICKED.findall(text)) if "`" in text else set()
    for piece in set(_PIECE.findall(text)):
        # Most pieces are plain words: a cheap look spares them the pattern.
        if not (piece.isalpha() and piece[1:].islower()) and _NAME_LIKE.search(piece := piece.rstrip(".:")):
            found.add(piece)
    return found
