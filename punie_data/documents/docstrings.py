"""Docstrings as blocks, at the lines on which they stand, and as sentences about what they document."""

import re
from collections.abc import Sequence

from punie_data.documents.english import AMBIGUOUS, THIRD_PERSONS, VERBS, a_or_an, third_person
from punie_data.documents.markup import Block, blocks

THIS = re.compile(
    r"^(?:this|the) (?:\w+ ){0,2}?(?:class|function|method|decorator|exception|object|context manager|module|property|helper|coroutine|type|error|"
    r"protocol|descriptor|mixin|fixture|hook|wrapper|package)\b(?= (?:is|are|can|will|should|must|does|has|allows?|provides?|returns?|creates?|"
    r"implements?|represents?|takes?|handles?|contains?|holds?|wraps?|makes?|gives?|uses?|works?|acts?|defines?|adds?|may|also|\w+s)\b)",
    re.IGNORECASE,
)
KIND = re.compile(
    r"^((?:\w+[- ]){0,3}?)(class|exception|error|container|context manager|decorator|mixin|wrapper|subclass|factory|helper|iterator|generator|protocol|"
    r"interface|object|type|adapter|proxy|handler|parser|field|validator|function|method|implementation|representation|collection|middleware|"
    r"transport|client|backend|response|descriptor|alias|processor|renderer|formatter|converter|callback|command|fixture|version|equivalent)\b(?=[.,]| (?:that|which|for|to|of|used|with|raised|implementing|returning|"
    r"providing|representing|around|from|when|whose|supporting|holding|wrapping|based|using|containing|as|is|over|on|between|describing|indicating|class)\b)"
)
LEANING = re.compile(
    r"\w+ (?:this|it)\b|[^.]*\b(?:this (?:class|function|method|decorator|module|exception|object)|you|your)\b"
)
AND_VERB = re.compile(r"\b(and|then) ([a-z]+)\b(?= (?:an?|the|it|its|all|any|each|them|non-|`|\w+s\b))")
FINITE_VERB = re.compile(
    r"\b(?:is|are|was|were|will|can|should|must|may|does|do|has|have|gets?|allows?|provides?|implements?|represents?|acts?|holds?|stores?|takes?|"
    r"returns?|uses?|makes?|contains?|handles?|works?|behaves?|becomes?|wraps?|defines?|lets?|gives?|keeps?|supports?|calls?|needs?|creates?|had|comes?|came|occurred|asked|tried|attempted|requested|failed|timed|exceeded|received|did|could|couldn't|cannot|tells?|says?|looks?|goes|went|raised(?= (?:an?|the)\b))\b"
)


def docstring_blocks(lines: Sequence[str], docstring: str, line: int = 0) -> list[Block]:
    """The blocks of a cleaned docstring that begins at or behind `line` (0: at the top of the file); [] where it can't be found there.

    A docstring with escapes or joined strings does not stand in the file as it reads, and is left alone.
    """
    text = docstring.strip("\n")
    first = text.partition("\n")[0].strip()
    if not first:
        return []
    begin = max(line, 1)
    for number in range(begin, min(begin + (3 if line else 80), len(lines)) + 1):
        row = lines[number - 1]
        if first in row and (
            number > begin or '"""' in row or "'''" in row or '"' in row or "'" in row or not line
        ):
            rows = text.split("\n")
            if all(
                a.strip() in b for a, b in zip(rows, lines[number - 1 : number - 1 + len(rows)], strict=False)
            ):
                return blocks(text, number, "docstring")
            return []
    return []


def sentence_about(name: str, text: str) -> str:
    """The docstring's first sentence with `name` as its subject: "Return the total." is "`name` returns the total."; "" if it can't be.

    `text` may go on behind the first sentence; only its beginning changes.
    """
    if re.match(rf"(?:an?|the)?\s*`{{1,2}}{re.escape(name.rpartition('.')[2])}", text, re.IGNORECASE):
        return text
    this = THIS.match(text)
    # "The protocol was violated." tells of something else that has the word for its name.
    if this and not re.match(r" (?:was|were|has been)\b", text[this.end() :]):
        return f"`{name}`{text[this.end() :]}"
    first, _, rest = text.partition(" ")
    small = first.lower()
    if not rest or not first[:1].isupper():
        return ""
    if (
        small in THIRD_PERSONS
        and small != f"{name.lower()}s"
        and not rest.startswith(("of ", "in ", "on ", "at "))
    ):
        return f"`{name}` {small} {rest}"
    determined = re.match(
        r"(?:an?|the|all|this|any|whether|every|each|one|some|it|its|and|or|if|when|that|`|\d)\b|`", rest
    )
    if (small in VERBS or (small in AMBIGUOUS and determined)) and not LEANING.match(text):
        both = re.match(r"(and|or|then|and then) (\w+)\b", rest)
        if both and not both[2].endswith(("s", "ly")) and both[2] not in ("a", "an", "the", "all", "any"):
            rest = f"{both[1]} {third_person(both[2])}{rest[both.end() :]}"
        else:
            sentence, stop, more = rest.partition(". ")
            rest = AND_VERB.sub(_conjugated, sentence, count=1) + stop + more
        return f"`{name}` {third_person(small)} {rest}"
    if small in (
        "raised",
        "called",
        "used",
        "invoked",
        "like",
        "thrown",
        "emitted",
        "sent",
        "responsible",
        "similar",
        "equivalent",
        "identical",
    ):
        return f"`{name}` is {small} {rest}"
    if small == "same":
        return f"`{name}` is the same {rest}"
    sentence = re.split(r"(?<=[.!?])\s", text)[0]
    main = re.split(r"\b(?:that|which|who|whose|where|when|used|for|to|if|as)\b|[,(]", sentence)[0]
    if small in ("a", "an", "the"):
        clause = re.split(r"\b(?:that|which|who|whose|where|when|if|as)\b|[,(:]", sentence)[0]
        return (
            text
            if FINITE_VERB.search(main) or re.search(r"\b(?:is|are|was|were|comes|has|does)\b", clause)
            else f"`{name}` is {small} {rest}"
        )
    kind = KIND.match(text[0].lower() + text[1:])
    if (
        kind
        and small not in VERBS
        and small not in ("in", "on", "for", "with", "by", "at", "if", "when", "to")
        and not FINITE_VERB.search(main)
    ):
        begin = text[0].lower() + text[1:] if not first[1:2].isupper() else text
        if "base class" in kind[0]:
            return f"`{name}` is the {begin}"
        return f"`{name}` is {a_or_an(begin)} {begin}"
    return ""


def _conjugated(match: re.Match[str]) -> str:
    certain = match[2] in VERBS or match[2] in ("return", "create", "call", "set", "run", "load", "store")
    return f"{match[1]} {third_person(match[2])}" if certain else match[0]
