"""What the rules over sets need to know of each row, and no more: numbers of 64 bits and counters.

A tally is made in the same pass as the row rules, of a whole file or of a part by each worker; the parts are put together in the file's order, and
what comes out is the same however many there were.
"""

import hashlib
import re
import zlib
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from punie_data.balance.axes import template_of
from punie_data.balance.content import outcome, reads_a_field
from punie_data.chat import KINDS
from punie_data.question import folded, world
from punie_data.tools.schemas import tool_schemas
from punie_data.validate.forms import KEYS
from punie_data.validate.record_rules import identity
from punie_data.validate.sandbox import TOOL as SANDBOX

EXAMPLES = 3
"""Line numbers that a finding names."""
_BUCKETS = 1 << 16
_MOST_SHAPES = 64
_MOST_MET = 20_000
_MESSAGES = ("messages", "conversations", "conversation")
_UNCOUNTABLE = (KeyError, TypeError, AttributeError, ValueError, IndexError)
"""What a row raises that is not what it should be. The row rules tell of it; here it is not counted."""
_USED_IN_CODE = re.compile(r"\b([a-z_]{4,30})\s*\(")
_FENCED_CALL = re.compile(
    r"```(?:json|tool_call|tool)?\s*\[?\s*\{\s*\"(?:name|tool|tool_name|function)\"\s*:"
)
_FILE = re.compile(r"[^/]*\.[^/]*$|(?:readme|licen[cs]e|makefile|dockerfile|notice|authors)$", re.IGNORECASE)


@dataclass(slots=True)
class Seen:
    """How often something was seen, and in which lines first."""

    count: int = 0
    lines: list[int] = field(default_factory=list)
    text: str = ""

    def add(self, line: int, text: str = "") -> None:
        self.count += 1
        if len(self.lines) < EXAMPLES:
            self.lines.append(line)
            self.text = self.text or text


@dataclass(slots=True)
class ToolCount:
    """Rows that call a tool, rows that call it first and alone, or first and others after it; its calls without and with text before them."""

    rows: int = 0
    alone: int = 0
    followed: int = 0
    silent: int = 0
    spoken: int = 0


def number_of(*texts: str) -> int:
    """64 bits, the same on every machine."""
    digest = hashlib.blake2b("\x00".join(texts).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def question_number(turns: Iterable[str]) -> int:
    """The number of what the user said, turn by turn, as questions are compared."""
    return number_of("\x01".join([folded(turn) for turn in turns]))


class Tally:
    """One row of each column a conversation: `lines`, `contents` and `questions` (64 bits each), `kinds` (the place in KINDS), `actions`
    (the place in `action_names` of what the assistant does first), `offers` (a bit for each of the tools that could have been called) and `sources`
    (a number for the repository).
    """

    def __init__(self) -> None:
        self.lines, self.kinds, self.actions, self.sources = array("I"), array("B"), array("I"), array("I")
        self.contents, self.questions, self.offers = array("Q"), array("Q"), array("Q")
        self.action_names: list[tuple[str, ...]] = []
        self.shapes: dict[str, Seen] = {}
        self.dialects: dict[str, Seen] = {}
        self.prompts: dict[int, Seen] = {}
        self.tools: dict[str, ToolCount] = {}
        self.repos: Counter[str] = Counter()
        self.outcomes: dict[str, int] = {}
        self.results = 0
        self.files: dict[int, tuple[int, str]] = {}
        self.symbols: dict[int, tuple[int, str]] = {}
        self.templates: dict[int, Seen] = {}
        self.two_tools = self.with_code = self.with_fields = 0
        self.neighbours = 0
        """Rows that do first what the row before them does first."""
        self._places: dict[tuple[str, ...], int] = {}
        self._met: set[tuple[str, str, bool]] = set()

    def add(self, line: int, row: Any, id_is_right: bool = False) -> None:
        """Count a row of any shape; of what is no conversation only the shape. `id_is_right` saves the digest of the content."""
        if not isinstance(row, dict):
            self._shape("no object", line)
            return
        self._shape("the record" if row.keys() == KEYS else "", line, row)
        messages = row.get("messages")
        if not isinstance(messages, list):
            self._dialect(row.get("text", ""), line)
            return
        try:
            self._conversation(line, row, messages, id_is_right)
        except _UNCOUNTABLE:
            return

    def add_converted(self, line: int, row: Mapping[str, Any]) -> None:
        """Count what a row of another format became. How it was written is counted by `add_foreign`."""
        try:
            self._conversation(line, row, row["messages"], False, as_written=False)
        except _UNCOUNTABLE:
            return

    def add_foreign(self, line: int, row: Any) -> None:
        """Count how a row of another format is written: its keys, its system prompt, its calls."""
        if not isinstance(row, dict):
            self._shape("no object", line)
            return
        self._shape("", line, row)
        self._dialect(row.get("text"), line)
        messages = next((row[key] for key in _MESSAGES if isinstance(row.get(key), list)), ())
        for message in messages:
            if not isinstance(message, dict):
                continue
            role = message.get("role", message.get("from"))
            content = message.get("content", message.get("value"))
            if role in ("system", "developer"):
                self._prompt(content if isinstance(content, str) else "", line)
            elif message.get("tool_calls"):
                self._saw(self.dialects, "tool_calls", line)
            elif role in ("assistant", "gpt", "model"):
                self._dialect(content, line)

    def _conversation(
        self,
        line: int,
        row: Mapping[str, Any],
        messages: list[Any],
        id_is_right: bool,
        as_written: bool = True,
    ) -> None:
        turns: list[str] = []
        called: list[str] = []
        code: list[str] = []
        first: tuple[str, ...] | None = None
        for message in messages:
            role = message["role"]
            content = message.get("content") or ""
            if role == "user":
                turns.append(content)
            elif role == "assistant":
                calls = message.get("tool_calls")
                if calls:
                    names = [(call.get("function") or call)["name"] for call in calls]
                    called += names
                    for name in names:
                        counts = self.tools.get(name)
                        if counts is None:
                            counts = self.tools[name] = ToolCount()
                        if content:
                            counts.spoken += 1
                        else:
                            counts.silent += 1
                    if SANDBOX in names:
                        code += [str(call["function"]["arguments"]) for call in calls]
                        self.with_fields += any(
                            reads_a_field(call["function"]["arguments"]) for call in calls
                        )
                    if as_written:
                        self._saw(self.dialects, "tool_calls", line)
                else:
                    names = []
                    self._dialect(content, line)
                if first is None:
                    first = tuple(names)
            elif role == "tool":
                self.results += 1
                if len(self.outcomes) < 3:
                    what = outcome(content)
                    self.outcomes[what] = self.outcomes.get(what, 0) + 1
            elif role in ("system", "developer"):
                self._prompt(content, line)
        label = row.get("label") or {}
        kind = label.get("kind") or ("tool" if called else "direct")
        place = KINDS.index(kind)
        question = question_number(turns)
        known = row["id"] if id_is_right else identity(messages, row.get("tools"), row.get("label"))
        number = int(known[:16], 16)
        source = self._origin(line, row.get("origin") or {})
        bits = bit_of_tool()
        if called:
            counts = self.tools[called[0]]
            if len(called) == 1:
                counts.alone += 1
                counts.rows += 1
            else:
                counts.followed += 1
                for name in set(called):
                    self.tools[name].rows += 1
            if code or len(called) > 1:
                used = set(called)
                for text in code:
                    used.update(name for name in _USED_IN_CODE.findall(text) if name in bits)
                self.with_code += bool(code)
                self.two_tools += len(used - {SANDBOX}) > 1
        action = first or ("", kind)
        at = self._places.get(action)
        if at is None:
            at = self._places[action] = len(self.action_names)
            self.action_names.append(action)
        offer = 0
        for bit in map(bits.get, (*(row.get("tools") or ()), *called)):
            if bit:
                offer |= bit
        template = template_of(turns[0])
        bucket = zlib.crc32(template.encode()) % _BUCKETS
        seen = self.templates.get(bucket)
        if seen is None:
            seen = self.templates[bucket] = Seen()
        seen.add(line, template)
        if self.actions and self.actions[-1] == at:
            self.neighbours += 1
        self.lines.append(line)
        self.kinds.append(place)
        self.actions.append(at)
        self.contents.append(number)
        self.questions.append(question)
        self.offers.append(offer)
        self.sources.append(source)

    def _shape(self, name: str, line: int, row: Mapping[Any, Any] | None = None) -> None:
        if not name:
            name = ", ".join(sorted(map(str, row or ()))) or "no key"
            if name not in self.shapes and len(self.shapes) >= _MOST_SHAPES:
                return
        self._saw(self.shapes, name[:200], line)

    def _prompt(self, content: str, line: int) -> None:
        number = number_of(content)
        if number in self.prompts or len(self.prompts) < _MOST_SHAPES:
            self.prompts.setdefault(number, Seen()).add(line, content[:60])

    def _dialect(self, content: Any, line: int) -> None:
        if not isinstance(content, str) or not (
            "```" in content or "<" in content or "[TOOL_CALLS]" in content
        ):
            return
        if "<tool_call>" in content:
            self._saw(self.dialects, "<function=…>" if "<function=" in content else "<tool_call>", line)
        elif "[TOOL_CALLS]" in content:
            self._saw(self.dialects, "[TOOL_CALLS]", line)
        elif "```" in content and _FENCED_CALL.search(content):
            key = "tool" if '"tool"' in content or '"tool_name"' in content else "name"
            self._saw(self.dialects, f'a JSON fence with the key "{key}"', line)

    def _origin(self, line: int, origin: Mapping[str, Any]) -> int:
        repo = world(origin) if "generator" in origin else ""
        if not repo:
            return 0
        self.repos[repo] += 1
        symbol = origin.get("symbol")
        for where, names in (
            (self.files, origin.get("paths") or ()),
            (self.symbols, (symbol,) if symbol else ()),
        ):
            for name in names:
                # Most were met before: that is seen sooner than a digest is made.
                key = (repo, name, where is self.symbols)
                if key not in self._met and (where is self.symbols or _FILE.search(name)):
                    where.setdefault(number_of(repo, name), (line, name))
                    if len(self._met) < _MOST_MET:
                        self._met.add(key)
        return zlib.crc32(repo.encode())

    @staticmethod
    def _saw(where: dict[str, Seen], what: str, line: int) -> None:
        seen = where.get(what)
        if seen is None:
            seen = where[what] = Seen()
        seen.add(line)

    def extend(self, other: "Tally", lines_before: int) -> None:
        """Put the tally of the part of the file that comes next behind this one. The other is used up."""
        places = []
        for action in other.action_names:
            if action not in self._places:
                self._places[action] = len(self.action_names)
                self.action_names.append(action)
            places.append(self._places[action])
        actions = array("I", map(places.__getitem__, other.actions))
        self.neighbours += other.neighbours
        if self.actions and actions and self.actions[-1] == actions[0]:
            self.neighbours += 1
        self.actions.extend(actions)
        self.lines.extend(array("I", [line + lines_before for line in other.lines]))
        self.kinds.extend(other.kinds)
        self.contents.extend(other.contents)
        self.questions.extend(other.questions)
        self.offers.extend(other.offers)
        self.sources.extend(other.sources)
        for mine, theirs in (
            (self.shapes, other.shapes), (self.dialects, other.dialects), (self.prompts, other.prompts), (self.templates, other.templates),
        ):  # fmt: skip
            _put_together(mine, theirs, lines_before)  # type: ignore[arg-type]
        for name, counts in other.tools.items():
            total = self.tools.setdefault(name, ToolCount())
            for key in ToolCount.__slots__:
                setattr(total, key, getattr(total, key) + getattr(counts, key))
        self.repos.update(other.repos)
        for what, count in other.outcomes.items():
            self.outcomes[what] = self.outcomes.get(what, 0) + count
        for name in ("results", "two_tools", "with_code", "with_fields"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for known, new in ((self.files, other.files), (self.symbols, other.symbols)):
            for number, (line, name) in new.items():
                known.setdefault(number, (line + lines_before, name))


def _put_together(mine: dict[Any, Seen], theirs: dict[Any, Seen], lines_before: int) -> None:
    for key, seen in theirs.items():
        total = mine.setdefault(key, Seen())
        total.text = total.text or seen.text
        total.count += seen.count
        total.lines += [line + lines_before for line in seen.lines][: EXAMPLES - len(total.lines)]


_KNOWN_BITS: dict[str, int] = {}


def bit_of_tool() -> dict[str, int]:
    """A bit for each tool that there is. Other tools have none: whether they were offered is then not known."""
    if not _KNOWN_BITS:
        _KNOWN_BITS.update((name, 1 << place) for place, name in enumerate(sorted(tool_schemas())[:64]))
    return _KNOWN_BITS
