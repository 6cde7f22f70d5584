"""A row as the rules look at it: its calls paired with their results, what was given before each, what it all says."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from punie_data.validate.signatures import Signatures

_COUNTED = """zero one/first two/second three/third four/fourth five/fifth six/sixth seven/seventh eight/eighth nine/ninth ten/tenth
eleven/eleventh twelve/twelfth thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty"""
_OTHER_NUMBER_WORDS = {
    "once": 1,
    "twice": 2,
    "both": 2,
    "couple": 2,
    "pair": 2,
    "dozen": 12,
    "thirty": 30,
    "fifty": 50,
    "hundred": 100,
}
WORDS_OF_NUMBERS = _OTHER_NUMBER_WORDS | {
    word: number for number, words in enumerate(_COUNTED.split()) for word in words.split("/")
}
NUMBER = re.compile(r"\d+(?:\.\d+)?")
_THOUSANDS = re.compile(r"(?<!\d)\d{1,3}(?:,\d{3})+(?!\d)")
_WORD = re.compile(r"[a-z]+")
UNDECODED = object()


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call of the row; `turn` is the index of its message, `result` the content that answered it (None: nothing did)."""

    id: str
    name: str
    arguments: Mapping[str, Any]
    turn: int
    result: str | None
    result_turn: int


class View:
    """A row that satisfies the schema. What is dear to compute is computed when first asked for."""

    def __init__(self, row: Mapping[str, Any], signatures: Signatures) -> None:
        self.row = row
        self.signatures = signatures
        self.messages: Sequence[Mapping[str, Any]] = row["messages"]
        self.kind: str = row["label"]["kind"]
        self.tools: Sequence[str] = row["tools"]
        self.runs: Sequence[Mapping[str, Any]] = row["runs"]
        self.answer: str = self.messages[-1]["content"] if self.messages[-1]["role"] == "assistant" else ""
        self.calls: list[Call] = list(_calls(self.messages))
        self._decoded: dict[str, Any] = {}
        self._given: dict[int, Source] = {}

    @property
    def question(self) -> str:
        """The last user message, "" where there is none."""
        return next((m["content"] for m in reversed(self.messages) if m["role"] == "user"), "")

    def decode(self, content: str) -> Any:
        """A result's JSON value; `UNDECODED` where it is not a JSON object or array."""
        if content not in self._decoded:
            value: Any = UNDECODED
            if content[:1] in ("{", "["):
                try:
                    value = orjson.loads(content)
                except (orjson.JSONDecodeError, UnicodeEncodeError):
                    value = UNDECODED
            self._decoded[content] = value
        return self._decoded[content]

    def given_before(self, turn: int) -> "Source":
        """What user messages and results say before message `turn`."""
        if turn not in self._given:
            self._given[turn] = Source(self, self.messages[:turn])
        return self._given[turn]

    @property
    def source(self) -> "Source":
        """What user messages and results say, in the whole row."""
        return self.given_before(len(self.messages))


class Source:
    """The texts that an argument or an answer may take its facts from: user messages and tool results."""

    def __init__(self, view: View, messages: Sequence[Mapping[str, Any]]) -> None:
        asked = [m["content"] for m in messages if m["role"] == "user"]
        results = [m["content"] for m in messages if m["role"] == "tool"]
        self._asked = asked
        self._results = results
        self.values = [view.decode(content) for content in results]
        strings = [s for value in self.values if value is not UNDECODED for s in strings_of(value)]
        # The raw results too: a number of a JSON result is nowhere among its strings.
        self.text = "\n".join([*asked, *results, *strings])
        self._numbers: set[str] | None = None
        self._words: frozenset[str] | None = None

    @property
    def numbers(self) -> set[str]:
        """Every number as written without leading zeros, the user's number words in digits."""
        if self._numbers is None:
            found = set()
            # The results as they stand: an escape does not change a number, and their strings would only repeat them.
            text = "\n".join([*self._asked, *self._results])
            thousands = [match.replace(",", "") for match in _THOUSANDS.findall(text)] if "," in text else []
            for match in {*NUMBER.findall(text), *thousands}:
                found.add(plain_number(match))
                if "." in match:
                    found.update(plain_number(part) for part in match.split("."))
            for asked in self._asked:
                words = _WORD.findall(asked.lower())
                found.update(str(WORDS_OF_NUMBERS[word]) for word in words if word in WORDS_OF_NUMBERS)
            self._numbers = found
        return self._numbers

    @property
    def words(self) -> frozenset[str]:
        """Every identifier."""
        if self._words is None:
            self._words = frozenset(re.findall(r"[^\W\d]\w*", self.text))
        return self._words

    def longest_text(self) -> int:
        """How many lines the longest text among the results has, typed or not."""
        texts = (
            (content,) if value is UNDECODED else strings_of(value)
            for content, value in zip(self._results, self.values, strict=True)
        )
        return max((text.count("\n") + 1 for each in texts for text in each), default=0)

    def countable(self) -> int:
        """The largest number of things that the results show: items of lists, lines of texts."""
        most = len(self._results)
        for content, value in zip(self._results, self.values, strict=True):
            lines = content.count("\n") + 1
            if value is not UNDECODED:
                items, lines = _size(value)
                most = max(most, items)
            most = max(most, lines)
        return most


def plain_number(written: str) -> str:
    """`007` is 7, and `2.50` is 2.5."""
    if "." in written:
        written = written.rstrip("0").rstrip(".")
    return written.lstrip("0") or "0"


def strings_of(value: Any) -> Iterator[str]:
    """Every string of a JSON value, keys left out. Without recursion, so that no nesting is too deep."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def texts_of(value: Any) -> Iterator[str]:
    """Every string of a JSON value; of a string that is JSON itself, such as a typed result, the strings inside.

    There a line end is an escape, whose letter would look like a part of what follows it.
    """
    for text in strings_of(value):
        if text[:1] in ("{", "["):
            try:
                inner = orjson.loads(text)
            except (orjson.JSONDecodeError, UnicodeEncodeError):
                yield text
            else:
                yield from strings_of(inner)
        else:
            yield text


def _size(value: Any) -> tuple[int, int]:
    """How many list items a JSON value has, and how many lines its longest string."""
    items, lines = 0, 1
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            lines = max(lines, item.count("\n") + 1)
        elif isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list):
            items += len(item)
            waiting.extend(item)
    return items, lines


def _calls(messages: Sequence[Mapping[str, Any]]) -> Iterator[Call]:
    for turn, message in enumerate(messages):
        for call in message.get("tool_calls", ()):
            answers = (
                (index, later["content"])
                for index, later in enumerate(messages[turn + 1 :], turn + 1)
                if later["role"] == "tool" and later["tool_call_id"] == call["id"]
            )
            where, result = next(answers, (-1, None))
            function = call["function"]
            yield Call(call["id"], function["name"], function["arguments"], turn, result, where)
