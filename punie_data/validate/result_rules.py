"""PD4xx: what a tool is said to have answered."""

import functools
import hashlib
import re
from collections.abc import Iterator

import orjson

from punie_data.validate.explain import explain
from punie_data.validate.rule import shown
from punie_data.validate.view import UNDECODED, Call, View

PLACEHOLDERS = frozenset(
    {
        "...", "…", "todo", "tbd", "result", "results", "output", "placeholder", "n/a", "tool result", "tool output", "tool execution completed",
        "execution completed", "results here", "result here", "output here", "insert result here", "completed", "done", "ok", "success",
        "simulated output", "mock result", "example output", "sample output", "xxx", "null", "none", "undefined",
    }
)  # fmt: skip
_COUNTED = (
    r"\b(?:\d[\d,]*|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\s+(?:\w+[-\s]){0,2}?"
    r"(?:places?|references?|matches|match|files?|errors?|violations?|warnings?|results?|uses|usages?|calls?|callers?|lines?|hits?|"
    r"occurrences?|times|commits?|symbols?|tests?|classes|functions?|methods?|changes?|issues?|items?|entries|imports?|modules?)\b"
)
_HEDGED = r"\b(?:at least|more than|over|first|shown|truncated|cut|not all|only part|or more|so far|up to|limit(?:ed)?|partial|incomplete)\b|\bof (?:the )?\d"


@functools.cache
def _counted() -> re.Pattern[str]:
    return re.compile(_COUNTED, re.IGNORECASE)


@functools.cache
def _hedged() -> re.Pattern[str]:
    return re.compile(_HEDGED, re.IGNORECASE)


def placeholder_result(view: View) -> Iterator[str]:
    """A result is a placeholder: "[Tool execution completed]", "TODO", "<result>", "...".

    The traces were dropped and something was put in their place; the model learns to answer from nothing.
    """
    for call in view.calls:
        if call.result is not None and bare(call.result) in PLACEHOLDERS and _says_nothing(call, view):
            yield f"messages[{call.result_turn}]: the result is the placeholder {shown(call.result.strip())}"


def bare(content: str) -> str:
    text = content.strip() if len(content) < 100 else ""
    return text if text in ("...", "…") else text.strip("[]<>(){}*_`\"' .!").lower()


def _says_nothing(call: Call, view: View) -> bool:
    """A read file may really hold the one word `ok`, and a program may really print it; a bracketed one is nobody's output."""
    content = (call.result or "").strip()
    if not content:
        return False
    if view.signatures.result(call.name) is None and call.name in view.signatures:
        return content[0] in "[<" or content in ("...", "…", "TODO")
    return True


def invented_hash(view: View) -> Iterator[str]:
    """A commit hash in a result of git is not made of hexadecimal digits, or all of its digits are the same or in order.

    Git never writes "abc123g" or "1234567": somebody invented the result.
    """
    for call in view.calls:
        value = view.decode(call.result) if call.name == "git_log" and call.result is not None else None
        commits = value.get("commits") if isinstance(value, dict) else None
        for commit in commits if isinstance(commits, list) else ():
            given = commit.get("hash") if isinstance(commit, dict) else None
            if isinstance(given, str) and not is_hash(given):
                yield f"messages[{call.result_turn}]: {shown(given)} is no commit hash"
                break


def is_hash(text: str) -> bool:
    if not 7 <= len(text) <= 64 or not all(c in "0123456789abcdef" for c in text):
        return False
    return (
        len(set(text)) > 1 and not ("0123456789abcdef" * 3).startswith(text) and text not in "1234567890" * 5
    )


def wrong_result_type(view: View) -> Iterator[str]:
    """A result does not satisfy its tool's result type: it is not JSON, a field is missing, unknown or of the wrong type.

    The runtime would never have produced it, so that it was invented or comes from another version of the tool.
    """
    for call in view.calls:
        check = view.signatures.result_check(call.name)
        if check is None or call.result is None or _is_repr(call.result) or _is_another_finding(call.result):
            continue
        value = view.decode(call.result)
        if value is UNDECODED:
            yield f"messages[{call.result_turn}]: the result of {call.name} is not JSON: {shown(call.result, 40)}"
        elif not check.is_valid(value):
            schema = view.signatures.result(call.name) or {}
            yield f"messages[{call.result_turn}]: the result of {call.name} is not of its type: {explain(schema, value)}"


def repr_for_json(view: View) -> Iterator[str]:
    """A typed result is written as Python writes it: single quotes, True, None, or `Result(field=…)`.

    The runtime serialises to JSON; the model would meet another spelling than the one it learned.
    """
    for call in view.calls:
        if (
            call.result is not None
            and view.signatures.result(call.name) is not None
            and _is_repr(call.result)
        ):
            yield f"messages[{call.result_turn}]: the result of {call.name} is a Python repr and not JSON"


@functools.cache
def _repr() -> re.Pattern[str]:
    return re.compile(
        r"^\s*(?:[\[(]*\{\s*'[^'\n]*'\s*:|\[\s*'[^\n]*'\s*[\],]|[\[(]*[A-Za-z_]\w*\(\w+=)|^\s*[{\[].*(?::\s*|,\s*|\[\s*)(?:True|False|None)\s*[,}\]]",
        re.DOTALL,
    )


def _is_repr(content: str) -> bool:
    if not _repr().match(content[:20000]):
        return False
    try:
        orjson.loads(content)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return True
    return False


def _is_another_finding(content: str) -> bool:
    """Whether another rule names the cause: a wrapper, a placeholder, or nothing at all."""
    text = content.strip()
    return not text or text.startswith(("```", '"')) or bare(text) in PLACEHOLDERS


def wrong_checksum(view: View) -> Iterator[str]:
    """A result's text is not the one that the run recorded: the SHA-256 differs.

    Somebody edited the result after the tool ran, or the run belongs to another result.
    """
    recorded = {run["call_id"]: run["sha256"] for run in view.runs}
    for call in view.calls:
        if call.result is None or call.id not in recorded:
            continue
        if hashlib.sha256(call.result.encode("utf-8", "surrogatepass")).hexdigest() != recorded[call.id]:
            yield f"messages[{call.result_turn}]: the result of {call.name} is not the text that the run recorded"


def runs_against_calls(view: View) -> Iterator[str]:
    """The runs are not those of the calls: one is missing, one is too many, or one stands twice.

    A call without a run was never made, or nobody can prove it.
    """
    recorded = [run["call_id"] for run in view.runs]
    called = {call.id for call in view.calls}
    for call in view.calls:
        if call.id not in recorded:
            yield f"runs: nothing proves the call {shown(call.id)} of {call.name}"
    for call_id in dict.fromkeys(recorded):
        if call_id not in called:
            yield f"runs: {shown(call_id)} is no call of the row"
        elif recorded.count(call_id) > 1:
            yield f"runs: {shown(call_id)} stands twice"


def count_of_cut_result(view: View) -> Iterator[str]:
    """A result was cut, and the answer states a count as if it had seen everything.

    The count is of what was left. A count that the result itself gives, or one that says "at least", is honest.
    """
    cut = {run["call_id"] for run in view.runs if run["truncated"]}
    if not cut or view.kind != "tool" or _hedged().search(view.answer):
        return
    told = set()
    for call in view.calls:
        if call.id in cut and call.result is not None:
            value = view.decode(call.result)
            told |= {str(v) for k, v in value.items() if type(v) is int} if isinstance(value, dict) else set()
    for found in _counted().findall(view.answer):
        if found.split()[0].replace(",", "") not in told:
            yield f"the answer says {shown(found)}, and the result was cut"
            return


def empty_result(view: View) -> Iterator[str]:
    """A tool whose result is typed answered with nothing at all.

    A typed result that finds nothing says so in its fields; an empty text is a lost result.
    """
    for call in view.calls:
        if (
            call.result is not None
            and not call.result.strip()
            and view.signatures.result(call.name) is not None
        ):
            yield f"messages[{call.result_turn}]: the result of {call.name} is empty"
