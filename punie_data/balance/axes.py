"""What a row is on each axis that a mix can have bands over."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from punie_data.balance.content import outcome, reads_a_field
from punie_data.chat import KINDS

Value = str | tuple[str, ...]
"""A value, or the several that a row has at once on the axes `tool` and `outcome`."""


class Unclassifiable(Exception):
    """What a row lacks; the message goes behind `file:line: `."""


_NEW = tuple.__new__


class Facts(NamedTuple):
    """What the axes look at: calls as (name, arguments), results as their contents."""

    calls: Sequence[tuple[str, Any]]
    results: Sequence[Any]
    template: str
    kind: str
    category: str
    origin: Mapping[str, Any]


def facts_of(row: Mapping[str, Any]) -> Facts:
    """What can be told of a canonical row, which need not keep to the schema in everything. Raises Unclassifiable."""
    messages = row["messages"]
    if type(messages) is not list or not messages:
        raise Unclassifiable("the row has no messages")
    calls: list[tuple[str, Any]] = []
    results: list[Any] = []
    question: Any = None
    answered = False
    for message in messages:
        role = message.get("role") if type(message) is dict else None
        if role == "assistant":
            answered = True
            given = message.get("tool_calls")
            if given:
                calls += map(_call, given) if type(given) is list else [_call(given)]
        elif role == "tool":
            results.append(message.get("content"))
        elif role == "user":
            if question is None:
                question = message.get("content")
        elif role != "system":
            raise Unclassifiable(f"a message has the role {role!r}")
    if not answered:
        raise Unclassifiable("no message is the assistant's")
    label, origin = row["label"], row["origin"]
    if type(label) is not dict or type(origin) is not dict:
        raise Unclassifiable("label or origin is not an object")
    kind = label.get("kind")
    if kind not in KINDS:
        raise Unclassifiable(f"label.kind is {kind!r}, not {', '.join(KINDS[:-1])} or {KINDS[-1]}")
    template = template_of(question) if type(question) is str else ""
    # A million times: a tuple made directly, without the named tuple's own constructor.
    return _NEW(Facts, (calls, results, template, kind, _text(label, "label", "category"), origin))


def _call(call: Any) -> tuple[str, Any]:
    function = call.get("function") if type(call) is dict else None
    name = function.get("name") if type(function) is dict else None
    if type(name) is not str:
        raise Unclassifiable("a tool call has no function with a name")
    return name, function.get("arguments")


def _text(within: Mapping[str, Any], name: str, key: str) -> str:
    found = within.get(key)
    if type(found) is not str or not found:
        raise Unclassifiable(f"the row has no {name}.{key}")
    return found


def _tools(facts: Facts) -> tuple[str, ...]:
    if len(facts.calls) < 2:
        return (facts.calls[0][0],) if facts.calls else ()
    return tuple(sorted({name for name, _ in facts.calls}))


def first_tool(facts: Facts) -> str:
    """The tool that the row calls first, or `none`."""
    return facts.calls[0][0] if facts.calls else "none"


def _turns(facts: Facts) -> str:
    count = len(facts.calls)
    return "3+" if count > 2 else str(count)


def _multi_tool(facts: Facts) -> str:
    return "yes" if len(facts.calls) > 1 and len({name for name, _ in facts.calls}) > 1 else "no"


def _field_access(facts: Facts) -> str:
    if facts.category == "field_access":
        return "yes"
    for _, arguments in facts.calls:
        if reads_a_field(arguments):
            return "yes"
    return "no"


def _outcomes(facts: Facts) -> tuple[str, ...]:
    if len(facts.results) == 1:
        return (outcome(facts.results[0]),)
    return tuple(sorted({outcome(content) for content in facts.results}))


_WORD = re.compile(r"`[^`]*`|\"[^\"]*\"|'[^']*'(?!\w)|\S+")
_PLAIN = re.compile(r"[A-Za-z]?[a-z]*(?:['’-][a-z]+)?[.,:;?!]*")
_WORDS = 4
_LONGEST_WORD = 30
_LONG = 200
"""Characters of a question that are looked at: four words stand in fewer, and a quotation mark that is never closed must not cost more."""


def template_of(question: str) -> str:
    """The question's first four words in small letters; what is a name, a path, code or a number is `…`: `where is … used?`."""
    return " ".join([_plain(found[0]) for found in islice(_WORD.finditer(question[:_LONG]), _WORDS)])


@lru_cache(10_000)
def _plain(word: str) -> str:
    return word.lower() if len(word) < _LONGEST_WORD and _PLAIN.fullmatch(word) else "…"


AXES: Mapping[str, Callable[[Facts], Value]] = {
    "kind": lambda facts: facts.kind,
    "tool": _tools,
    "first_tool": first_tool,
    "category": lambda facts: facts.category,
    "repo": lambda facts: _text(facts.origin, "origin", "repo"),
    "generator": lambda facts: _text(facts.origin, "origin", "generator"),
    "turns": _turns,
    "multi_tool": _multi_tool,
    "field_access": _field_access,
    "outcome": _outcomes,
    "template": lambda facts: facts.template,
}
"""Axis → what a row is on it. Raises Unclassifiable where the row can't tell."""
