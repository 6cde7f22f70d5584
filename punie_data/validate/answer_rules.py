"""PD5xx: what the answer says, and whether anything before it says so too.

These rules are lenient on purpose: they accept whatever could be derived from the results by counting, adding or subtracting.
"""

import functools
import keyword
import re
from collections.abc import Iterator

from punie_data.validate.derive import is_derivable
from punie_data.validate.rule import shown
from punie_data.validate.view import View

VACUOUS = (
    r"^\W*(?:(?:sure|okay|ok|certainly|great|done|yes)\W+)*(?:"
    r"the (?:tool|command|call|function|search|query|result)s?(?: \w+)? (?:returned|produced|completed|succeeded|executed|ran|was successful|finished)\b[^.:]{0,60}|"
    r"(?:here (?:is|are)|here(?:'|’)s|below (?:is|are)|this is|these are) (?:the|your|what i found)[^.:`\d]{0,60}|"
    r"i(?:(?:'|’)ve| have)? (?:successfully )?(?:completed|finished|performed|executed|done|processed|found)\b(?: (?:the|your|this|what))?[^.:`\d]{0,60}|"
    r"(?:the )?(?:task|request|operation|action|query|analysis)(?: (?:is|was|has been))?(?: (?:now|successfully))* (?:complete|completed|done|finished|successful)\b[^.:`\d]{0,40}|"
    r"(?:all )?done|ok|okay|completed|success|none|n/a|todo|tbd|lorem ipsum.*|i(?:'|’)?m happy to help[^.]*|let me know[^.]*|as (?:shown|seen|listed) above|see above"
    r")\W*$"
)
_NUMBER = re.compile(
    r"(?<![\w.#-])-?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)*(?:[-:./–]\d+(?:\.\d+)*)*%?(?![\w])"
)
NUMBER_WITH_POINT = re.compile(r"\d\.\d")
PATH = re.compile(
    r"(?<![\w/.@:-])(?:\.{0,2}/)?(?:[\w.+-]+/)*[\w+-][\w.+-]*\.(?:pyi?|md|rst|toml|cfg|ini|jsonl?|ya?ml|txt|sh|lock|html|css|js|ts|ipynb|csv)(?![\w/])"
)
_POSITION = re.compile(PATH.pattern + r":(\d+)(?::(\d+)|[-–](\d+))?")
_SPAN = re.compile(r"(?<!`)(`+)([^`\n]+)\1(?!`)")
_FENCED = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n]*\n.*?^ {0,3}\1[ \t]*$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"https?://\S+")
_LIST_NUMBER = re.compile(r"^\s*\d{1,3}[.)](?=\s)", re.MULTILINE)
IDENTIFIER = re.compile(r"[^\W\d]\w*")
_COMMON_WORDS = """
abs all any bool bytes callable classmethod complex dict enumerate eval exec filter float format frozenset getattr hasattr hash id input int
    isinstance issubclass iter len list map max min next object open ord pow print property range repr reversed round set setattr slice sorted
    staticmethod str sum super tuple type vars zip self cls args kwargs true false null python py pyi md toml Exception ValueError TypeError KeyError
    IndexError RuntimeError AttributeError NotImplementedError OSError StopIteration ImportError
    __init__ __all__ __main__ __name__"""
KNOWN_WORDS = frozenset([*keyword.kwlist, *keyword.softkwlist, *_COMMON_WORDS.split()])


@functools.cache
def _vacuous() -> re.Pattern[str]:
    return re.compile(VACUOUS, re.IGNORECASE | re.DOTALL)


def empty_answer(view: View) -> Iterator[str]:
    """The last answer is empty.

    The row teaches silence.
    """
    if (
        view.messages[-1]["role"] == "assistant"
        and not view.messages[-1].get("tool_calls")
        and not view.answer.strip()
    ):
        yield "the last answer is empty"


def vacuous_answer(view: View) -> Iterator[str]:
    """The answer is template text that would fit any question: "The tool returned the following", "I have completed the task".

    It says nothing of the result, and a model learns to say nothing.
    """
    if len(view.answer) < 300 and view.answer.strip() and _vacuous().match(view.answer):
        yield f"the answer {shown(view.answer.strip())} would fit any question"


def echo(view: View) -> Iterator[str]:
    """The answer is the question again.

    Nothing is answered.
    """
    if view.answer.strip() and is_echo(view.question, view.answer):
        yield "the answer is the question again"


def ungrounded_number(view: View) -> Iterator[str]:
    """The answer states a number that neither a result nor a user message has, and that follows from none of them.

    Counts of what the results list, sums, differences and shares of their numbers are accepted; the numbering of a list is no statement.
    Direct answers with spans are spared: their source is the span.
    """
    if _has_other_source(view):
        return
    text = _LIST_NUMBER.sub(" ", _LINK.sub(" ", PATH.sub(" ", _without_code(view.answer))))
    # `path:line` and `path:line:column` state positions, between backticks too.
    positions = [part for found in _POSITION.findall(view.answer) for part in found if part]
    for written in dict.fromkeys([*_NUMBER.findall(text), *positions]):
        if not is_derivable(written, view.source):
            yield f"the answer says {written}, and nothing before it does"


def ungrounded_path(view: View) -> Iterator[str]:
    """The answer names a file that neither a result nor a user message names.

    Direct answers with spans are spared: their source is the span.
    """
    if _has_other_source(view):
        return
    for path in dict.fromkeys(PATH.findall(_LINK.sub(" ", view.answer))):
        if path.removeprefix("./").rstrip(".") not in view.source.text:
            yield f"the answer names the file {shown(path)}, and nothing before it does"


def ungrounded_name(view: View) -> Iterator[str]:
    """The answer names something between backticks that neither a result nor a user message names.

    Python's own words and the names of tools, parameters and result fields are free. Direct answers with spans are spared.
    """
    if _has_other_source(view):
        return
    told: set[str] = set()
    text = _FENCED.sub(" ", view.answer)
    for _, span in _SPAN.findall(text):
        if span.strip() in view.source.text or PATH.fullmatch(span.strip()):
            continue
        for name in IDENTIFIER.findall(span):
            if len(name) < 3 or name in told or name in KNOWN_WORDS or name in view.signatures.words:
                continue
            if (
                name not in view.source.words
                and name != view.row["origin"]["repo"]
                and not _is_part(name, view)
            ):
                told.add(name)
                yield f"the answer names {shown(name)}, and nothing before it does"


def _is_part(name: str, view: View) -> bool:
    """`kebab-case` and dotted names come apart differently on both sides: the name may stand inside a longer word."""
    return len(name) >= 5 and name in view.source.text


def _has_other_source(view: View) -> bool:
    return view.kind == "direct" and bool(view.row["origin"]["spans"])


def _without_code(text: str) -> str:
    return _SPAN.sub(" ", _FENCED.sub(" ", text))


def is_echo(question: str, answer: str) -> bool:
    return _bare(question) == _bare(answer)


def _bare(text: str) -> str:
    return " ".join(IDENTIFIER.findall(text.lower()))
