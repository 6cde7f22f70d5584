"""Rows as a target model's tokenizer and chat template write them, and what the rules PD80x find in that."""

from array import array
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from punie_data import dialects
from punie_data.chat import strings
from punie_data.dataset import manifest_of
from punie_data.described import Described, openai_form
from punie_data.dialects.base import Malformed, Parsed, Refused, Rendered, calls_of
from punie_data.dialects.mask import Masked, mask
from punie_data.dialects.runtime import runtime_parser
from punie_data.dialects.template import Template, TemplateError
from punie_data.importing.reader import Reader, read
from punie_data.validate.files import Checked
from punie_data.validate.rule import Finding, Rule
from punie_data.validate.tokenizer_rules import (  # fmt: skip
    OF_A_FILE,
    OF_A_ROW,
    OF_A_TARGET,
    RULES,
    Learned,
    Target,
    Written,
    share,
)

MAX_SEQ_LENGTH = 2048
"""Tokens: what mlx-lm trains on when it is told nothing."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A row as the target reads it: `masked` says which tokens are learned, or why that can't be told."""

    record: Mapping[str, Any]
    rendered: Rendered
    masked: Masked | Refused
    tools: Sequence[Mapping[str, Any]]


class Tokenizer:
    """A model's folder and the dialect in which rows are written for it. UserError for a folder that is none, and for an unknown dialect."""

    def __init__(self, folder: Path, dialect: str = "") -> None:
        self.template = Template.load(folder)
        self.dialect = dialects.load(dialect or ("native" if self.template.shows_tools else "json-fence"))
        name = self.dialect.parser or (self.template.parser if self.dialect.name == "native" else "")
        runtime = runtime_parser(name)
        self.parse = runtime or self.dialect.parse
        self.read_by = f"mlx-lm's {name}" if runtime is not None else "our own parser of the dialect"

    def target(self) -> Target:
        # A template that knows no such delimiter writes calls in another way, which is not judged here.
        known = self.dialect.name != "native" or self.dialect.delimiters[0] in self.template.source
        counts = [(text, len(self.template.encode(text))) for text in self.dialect.delimiters if known]
        return Target(self.dialect.name, tuple(pair for pair in counts if pair[1] != 1), self.template.arguments)  # fmt: skip

    def show(self, record: Mapping[str, Any], system_prompt: str, known: Mapping[str, Any]) -> Shown | Refused:  # fmt: skip
        """The row written for the target; `known` are signatures of tools that aren't ours, by name, in OpenAI's form."""
        tools = dialects.signatures(record["tools"], known)
        if isinstance(tools, Refused):
            return tools
        rendered = self.dialect.render(record, tools, system_prompt)
        if isinstance(rendered, Refused):
            return rendered
        if self.dialect.name == "native" and self.template.arguments == "string":
            rendered = Rendered(tuple(map(_with_text, rendered.messages)), rendered.tools)
        try:
            self.template.render(rendered.messages, rendered.tools)
        except TemplateError as error:
            return Refused(f"the chat template refuses it: {error}")
        return Shown(record, rendered, mask(self.template, rendered), tools)

    def written(self, shown: Shown | Refused, record: Mapping[str, Any], limit: int) -> Written:
        """What the rules look at."""
        control = _control(record, self.template.special_tokens, self.dialect.name)
        if isinstance(shown, Refused):
            return Written(limit, refused=shown.reason, control=control)
        if isinstance(shown.masked, Refused):
            tokens = len(self.template.encode(self.template.render(shown.rendered.messages, shown.rendered.tools)))  # fmt: skip
            return Written(limit, tokens, no_prefix=shown.masked.reason, control=control)
        return Written(limit, len(shown.masked.tokens), unread=self._unread(shown), control=control)

    def _unread(self, shown: Shown) -> str:
        """How the first turn that is not read back differs, "" where all are."""
        assert isinstance(shown.masked, Masked)
        turns = [message for message in shown.record["messages"] if message["role"] == "assistant"]
        for number, (message, (start, end)) in enumerate(zip(turns, shown.masked.turns, strict=True), 1):
            text = self.template.decode(shown.masked.tokens[start:end]).rstrip()
            text = text.removesuffix(self.template.eos_token) if self.template.eos_token else text
            found = self.parse(text, shown.tools)
            if isinstance(found, Malformed):
                return f"assistant turn {number}: {found.reason}"
            if found.calls != calls_of(message):
                return f"assistant turn {number}: {len(found.calls)} calls are read, not the {len(calls_of(message))} of the row"
            if isinstance(found, Parsed) and _said(found.content) != _said(message["content"]):
                return f"assistant turn {number}: another text is read beside the calls"
        return ""


def _said(text: str) -> str:
    """The text without the empty thought that some templates put before every answer."""
    text = text.strip()
    if text.startswith("<think>"):
        thought, _, rest = text.removeprefix("<think>").partition("</think>")
        return rest.strip() if not thought.strip() else text
    return text


def _with_text(message: Mapping[str, Any]) -> dict[str, Any]:
    """The message with its calls' arguments as JSON text."""
    calls = message.get("tool_calls")
    if not calls:
        return dict(message)
    written = [
        call | {"function": call["function"] | {"arguments": orjson.dumps(call["function"]["arguments"]).decode()}}
        for call in calls
    ]  # fmt: skip
    return dict(message) | {"tool_calls": written}


def _control(record: Mapping[str, Any], tokens: frozenset[str], dialect: str) -> str:
    """Where a control token stands in a row's own text. Hermes and the json fence escape those in arguments."""
    marks = sorted((token for token in tokens if len(token) > 2), key=len, reverse=True)
    for number, message in enumerate(record["messages"]):
        texts = [("content", message["content"])]
        if dialect not in ("hermes", "json-fence"):
            texts += [("arguments", text) for call in calls_of(message) for text in strings(dict(call.arguments))]  # fmt: skip
        for where, text in texts:
            found = next((mark for mark in marks if mark in text), None)
            if found is not None:
                return f"messages[{number}].{where}: {found}"
    return ""


@dataclass(slots=True)
class Measured:
    """What was measured on the way, for the closing lines; four bytes a row."""

    read_by: str = ""
    lengths: array = field(default_factory=lambda: array("I"))
    learned: Learned = field(default_factory=Learned)
    unmasked: int = 0
    """Rows on which no mask could be laid: they are not among what is learned."""

    def told(self) -> list[str]:
        if not self.lengths:
            return []
        lengths = sorted(self.lengths)
        middle, most = lengths[len(lengths) // 2], lengths[min(len(lengths) - 1, int(len(lengths) * 0.95))]
        found = self.learned
        return [
            f"tokens a row: {middle:,} in the middle, {most:,} at 95 %, {lengths[-1]:,} at most; calls read back by {self.read_by}",
            f"learned of the assistant's tokens: {share(found.last_turns, found.turns)} with --mask-prompt, {share(found.all_turns, found.turns)} with a mask of "
            f"all turns; of the calls': {share(found.last_calls, found.calls)} and {share(found.all_calls, found.calls)}"
            + (f"; {self.unmasked:,} rows without a mask are not counted" if self.unmasked else ""),
        ]


def check_tokenizer(
    files: Sequence[Path],
    codes: Collection[str],
    tokenizer: Tokenizer,
    limit: int,
    measured: Measured,
    advance: Callable[[], None] = lambda: None,
) -> Iterator[Checked]:
    """What the rules PD80x find, file by file; `codes` are those that are on. Lines that are no rows are passed over: other rules tell them.

    What concerns the target and not a row stands at the first line of the first file.
    """
    measured.read_by = tokenizer.read_by
    on = [rule for rule in RULES if rule.code in codes]
    for number, file in enumerate(files):
        findings: list[Finding] = []
        if not number:
            findings += _found(file, 1, [rule for rule in on if rule.code in OF_A_TARGET], tokenizer.target())
        described = Described(manifest_of(file))
        learned = Learned()
        by_row = [rule for rule in on if rule.code in OF_A_ROW]
        for line, converted in read(file, Reader(file)):
            if line.row is None:
                continue
            if converted is None:
                prompt, known = described.prompt(line.row["id"]), described.signatures(line.row["id"])
            else:
                prompt = converted.prompt
                known = {each.name: openai_form(each.name, each.to_json()) for each in converted.signatures}
            shown = tokenizer.show(line.row, prompt, known)
            written = tokenizer.written(shown, line.row, limit)
            findings += _found(file, line.number, by_row, written)
            if written.tokens:
                measured.lengths.append(written.tokens)
            measured.unmasked += bool(written.no_prefix)
            if isinstance(shown, Shown):
                learned = _added(learned, learned_of(shown))
            advance()
        findings += _found(file, 1, [rule for rule in on if rule.code in OF_A_FILE], learned)
        measured.learned = _added(measured.learned, learned)
        yield Checked(0, 0, findings, False)


def learned_of(shown: Shown) -> Learned:
    """How many of a row's tokens are learned, by which mask."""
    if isinstance(shown.masked, Refused):
        return Learned()
    messages = [message for message in shown.record["messages"] if message["role"] == "assistant"]
    sizes = [end - start for start, end in shown.masked.turns]
    calls = [size for size, message in zip(sizes, messages, strict=True) if message.get("tool_calls")]
    ends_so = shown.record["messages"][-1]["role"] == "assistant"
    last = sizes[-1] if sizes and ends_so else 0
    last_calls = last if last and messages[-1].get("tool_calls") else 0
    return Learned(sum(sizes), sum(calls), last, last_calls, sum(sizes), sum(calls))


def _added(one: Learned, other: Learned) -> Learned:
    return Learned(*(a + b for a, b in zip(astuple(one), astuple(other), strict=True)))


def _found(file: Path, line: int, rules: Sequence[Rule], given: Any) -> list[Finding]:
    return [
        Finding(str(file), line, rule.code, rule.name, rule.level, message)
        for rule in rules
        for message in rule.check(given)
    ]
