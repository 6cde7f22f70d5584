"""Prove a row clean, cheaply: most rows of a good set never meet a rule.

The answers are True only where no rule could find anything; False says nothing, the rules then decide. Each step is a sufficient condition for
some rules' silence, and stricter than they are. What scans text does so in the compiled validator's regular expressions, which are linear and
a hundred times faster than Python's; the patterns are supersets of what the rules look for, over the line as it stands in the file.
"""

import hashlib
from typing import Any

import jsonschema_rs
import orjson

from punie_data.validate import record_rules, result_rules
from punie_data.validate.answer_rules import (
    IDENTIFIER,
    KNOWN_WORDS,
    NUMBER_WITH_POINT,
    PATH,
    VACUOUS,
    is_echo,
)
from punie_data.validate.call_rules import PATH_PARAMETERS
from punie_data.validate.sandbox import TOOL as SANDBOX
from punie_data.validate.signatures import Signatures
from punie_data.validate.view import WORDS_OF_NUMBERS

_DIGITS = bytes(c if 48 <= c < 58 else 32 for c in range(256))
_EDGES = "`,.;:()'\"*[]{}!?"
_AROUND_A_PATH = frozenset("\"'` \n(")
_BEHIND_A_PATH = frozenset("\"'` \n),:;?!")
_MOST_KNOWN = 50_000

# Literals first: a regular expression that begins with one is searched for at the speed of memory, one that does not a hundred times slower.
# So each text is looked through for what is cheap to find, and only where that is found for what is meant.
_LINE = (
    r"<\||<｜|</?tool_|<function=|<<SYS>>|<start_of|<end_of",
    r"INST\]|TOOL_CALLS\]|AVAILABLE_TOOLS\]|TOOL_RESULTS\]|/home/|/Users/|:\\\\",
    r"AKIA|ASIA|gh[pousr]_|github_pat_|xox[abprs]-|-----BEGIN ",
    r"sk-[A-Za-z0-9_-]{32}|AIza|eyJ[A-Za-z0-9_-]{10}",
)
_LINE_CHEAP = (
    *_LINE,
    r"@[A-Za-z0-9-]+\.",
    r"(?i:passw|secret|token)",
    r"(?i:api_?-?key|access_?-?key|private_?-?key|auth)",
)
_LINE_EXACT = (
    *_LINE,
    # In a line, quotes and line ends are escaped: `[^\\][nrt]@` is a line end before a decorator, and no address.
    r"(?:[a-mo-qsu-zA-Z0-9_.+-]|[^\\][nrt]|\\\\[nrt]|[^\x00-\x7f])@[A-Za-z0-9-]+\.[A-Za-z]",
    r"(?i:passw|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|auth)[\w-]{0,20}"
    r"(?:\\*[\x22'])?(?:\s|\\+[nrt])*(?:=|:|=>)(?:\s|\\+[nrt])*\\*[\x22'][A-Za-z0-9+/_=.-]{20}",
)
TEXT_RULES = frozenset({"PD108", "PD109", "PD110", "PD700", "PD701", "PD702"})
_SPEECH = (
    r"~~~|````|https?://",
    r"<\/?(?:think|thinking|reasoning|scratchpad|answer|tool_use|tool_result|function_calls)>",
    r"(?i)[(\[]\s*(?:example|variation|variant|sample)",
)
_ANSWER = (
    rf"(?is){VACUOUS}",
    "%|[0-9],[0-9]",
    r"(?i)\b(?:i(?:'|’)?ll|i will|i(?:'|’)m going|i am going|i(?:'|’)d need|let me|let(?:'|’)?s|let us|allow me|i need|i should|going to)\b",
)


class CleanRow:
    """One for a checker; it remembers which origins and tools were found good."""

    def __init__(self, signatures: Signatures) -> None:
        self._signatures = signatures
        self._line_seems_plain = _screen(_LINE_CHEAP)
        self._line_is_plain = _screen(_LINE_EXACT)
        self._speech_is_plain = _screen(_SPEECH)
        self._answer_is_plain = _screen(_ANSWER)
        self._good_origins: set[tuple[str, ...]] = set()
        self._tools: dict[str, tuple[Any, Any, dict[str, Any]]] = {}
        """By name: the checks of its arguments and of its result, and the parameters that a position or a path may stand in."""

    def proves_text(self, row: dict[str, Any], raw: bytes) -> bool:
        """Whether the rules of `TEXT_RULES` find nothing in a row that was read from the line `raw`."""
        # Equal bytes: no key was lost to another of its name, no number was rounded, and only quotes and control characters are escaped.
        if orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) != raw:
            return False
        line = raw.decode()
        return self._line_seems_plain(line) or self._line_is_plain(line)

    def proves_row(self, row: dict[str, Any]) -> bool:
        """Whether all other rules find nothing in a row that satisfies the schema, nor those in one of which `proves_text` is true."""
        messages = row["messages"]
        origin = row["origin"]
        named = (origin["generator"], origin["repo"], origin["revision"], origin["license"])
        if named not in self._good_origins and not self._is_good_origin(named):
            return False
        for name in row["tools"]:
            if name not in self._tools and not self._know(name):
                return False
        kind = row["label"]["kind"]
        asked: list[str] = []
        results: list[str] = []
        calls: list[dict[str, Any]] = []
        seen: set[Any] = set()
        most = 1
        expected = ("user",)
        answer = ""
        waiting: list[dict[str, Any]] = []
        for message in messages:
            role, content = message["role"], message["content"]
            if role not in expected:
                return False
            if role == "user":
                asked.append(content)
                expected = ("assistant",)
            elif role == "tool":
                # The results stand in the order of their calls: any other order is left to the rules.
                call = waiting.pop(0)
                if call["id"] != message["tool_call_id"] or call["function"]["name"] != message["name"]:
                    return False
                size = self._size_of_good_result(message["name"], content, seen)
                if size < 0:
                    return False
                most = max(most, size)
                results.append(content)
                expected = ("tool",) if waiting else ("assistant",)
            elif "tool_calls" in message:
                if content:
                    return False
                waiting = message["tool_calls"].copy()
                given = "\n".join(asked + results)
                for call in waiting:
                    if not self._is_good_call(call["function"], row["tools"], given, asked[0]):
                        return False
                calls.extend(waiting)
                expected = ("tool",)
            else:
                if answer:
                    return False
                answer = content
                expected = ("user",)
        if waiting or expected != ("user",) or (kind == "tool") != bool(calls) or len(asked) != 1:
            return False
        return (
            self._is_good_answer(row, kind, asked[0], answer, results, seen, max(most, len(results)))
            and _are_good_runs(row["runs"], calls, results)
            and _are_different(calls)
            and record_rules.identity(messages, row["tools"], row["label"]) == row["id"]
        )

    def _is_good_origin(self, named: tuple[str, ...]) -> bool:
        generator, repo, revision, license_ = named
        good = license_.strip().lower() not in record_rules.NO_LICENCE and not any(
            text.strip().lower() in record_rules.NOWHERE for text in (generator, repo, revision)
        )
        if good and len(self._good_origins) < _MOST_KNOWN:
            self._good_origins.add(named)
        return good

    def _know(self, tool: str) -> bool:
        if tool not in self._signatures:
            return False
        parameters = {
            name: schema
            for name, schema in self._signatures.parameters(tool).items()
            if name in PATH_PARAMETERS or schema.get("type") != "string"
        }
        check = self._signatures.result_check(tool)
        self._tools[tool] = (
            self._signatures.arguments_check(tool).is_valid,
            check.is_valid if check is not None else None,
            parameters,
        )
        return True

    def _is_good_call(self, function: dict[str, Any], offered: list[str], given: str, asked: str) -> bool:
        name, arguments = function["name"], function["arguments"]
        if name not in offered or name == SANDBOX:
            return False
        is_valid, _, parameters = self._tools[name]
        if not is_valid(arguments):
            return False
        for parameter, value in arguments.items():
            schema = parameters.get(parameter)
            if schema is None or value is True or value is False:
                continue
            if type(value) is int:
                if value == schema.get("default") or (value >= 0 and _has_number(given, str(value))):
                    continue
                if not any(WORDS_OF_NUMBERS.get(word) == value for word in asked.lower().split()):
                    return False
            elif type(value) is not str or not _has_path(given, value):
                return False
        return True

    def _size_of_good_result(self, tool: str, content: str, seen: set[Any]) -> int:
        """How many things the result shows at least, -1 where it may be a bad one; the files and the lines that it lists join `seen`."""
        check = self._tools[tool][1]
        if check is None:
            short = len(content) < 100 and result_rules.bare(content) in result_rules.PLACEHOLDERS
            fenced = content.lstrip().startswith(("```", "{")) or content.rstrip().endswith("```")
            return -1 if short or fenced else content.count("\n") + 1
        if content[:1] != "{":
            return -1
        try:
            value = orjson.loads(content)
        except orjson.JSONDecodeError:
            return -1
        if not check(value):
            return -1
        if tool == "git_log" and not all(result_rules.is_hash(commit["hash"]) for commit in value["commits"]):
            return -1
        size = 0
        for field in value.values():
            if type(field) is list and field:
                size = max(size, len(field))
                if type(field[0]) is str:
                    seen.update(field)
                    continue
                if "file" in field[0]:
                    seen.update([item["file"] for item in field])
                if "line" in field[0]:
                    seen.update([item["line"] for item in field])
        return size

    def _is_good_answer(
        self,
        row: dict[str, Any],
        kind: str,
        question: str,
        answer: str,
        results: list[str],
        seen: set[Any],
        most: int,
    ) -> bool:
        if not self._speech_is_plain(f"{question}\n{answer}") or not self._answer_is_plain(answer):
            return False
        if "```" in question or ("```" in answer and _outside_fences(answer) == "`"):
            return False
        if kind == "ask" and not answer.endswith("?"):
            return False
        if kind == "cannot" and not record_rules.admits().search(answer):
            return False
        first, asked = IDENTIFIER.search(answer), IDENTIFIER.search(question)
        if first is None or asked is None:
            return False
        if first[0].lower() == asked[0].lower() and is_echo(question, answer):
            return False
        if kind == "direct" and row["origin"]["spans"]:
            return True
        text = "\n".join([question, *results])
        return self._names_only(answer, text, seen) and _counts_only(answer, text, seen, most)

    def _names_only(self, answer: str, text: str, seen: set[Any]) -> bool:
        """Whether every file and every name between backticks is in the text. `seen` are some that are."""
        for word in [word for word in set(answer.split()) if "." in word]:
            bare = word.strip(_EDGES)
            if (
                bare not in seen
                and bare not in text
                and (
                    NUMBER_WITH_POINT.search(bare)
                    or any(path.removeprefix("./").rstrip(".") not in text for path in PATH.findall(word))
                )
            ):
                return False
        if "`" not in answer:
            return True
        said = _outside_fences(answer)
        parts = said.split("`")
        if not len(parts) % 2 or "``" in said:
            return False
        words: frozenset[str] = frozenset()
        for span in parts[1::2]:
            if "\n" in span:
                return False
            # In a JSON result the quotes of a string are escaped.
            if span in text or ('"' in span and span in text.replace('\\"', '"')):
                continue
            for name in IDENTIFIER.findall(span):
                if len(name) < 3 or name in KNOWN_WORDS or name in self._signatures.words:
                    continue
                if name not in text:
                    return False
                words = words or frozenset(IDENTIFIER.findall(text))
                if name not in words:
                    return False
        return True


def _screen(patterns: tuple[str, ...]) -> Any:
    """Whether a text holds none of the patterns, as one function. Several short ones are much faster than one long alternation."""
    schema = {"allOf": [{"not": {"pattern": pattern}} for pattern in patterns]}
    return jsonschema_rs.validator_for(schema, pattern_options=jsonschema_rs.RegexOptions()).is_valid


def _outside_fences(text: str) -> str:
    """The text without its fenced blocks; with an odd number of backticks in it where the fences are not plainly paired."""
    parts = text.split("```")
    if not len(parts) % 2:
        return "`"
    for number, part in enumerate(parts):
        if number and not number % 2 and part and part[0] != "\n":
            return "`"
        if number % 2 and not (part.endswith("\n") and part.partition("\n")[0].isalnum()):
            return "`"
        if not number % 2 and number < len(parts) - 1 and part and part[-1] != "\n":
            return "`"
    return "\n".join(parts[::2])


def _has_number(text: str, digits: str) -> bool:
    start = text.find(digits)
    while start != -1:
        before, after = text[start - 1 : start], text[start + len(digits) : start + len(digits) + 1]
        if not (before.isdigit() or before in (".", ",") or after.isdigit() or after == "."):
            return True
        # A full stop behind the number ends a sentence, or begins its decimals.
        if (
            after == "."
            and not before.isdigit()
            and before not in (".", ",")
            and not text[start + len(digits) + 1 : start + len(digits) + 2].isdigit()
        ):
            return True
        start = text.find(digits, start + 1)
    return False


def _has_path(text: str, path: str) -> bool:
    if path in (".", ""):
        return True
    start = text.find(path)
    while start != -1:
        before, after = text[start - 1 : start], text[start + len(path) : start + len(path) + 1]
        if (not before or before in _AROUND_A_PATH) and (not after or after in _BEHIND_A_PATH):
            return path[-1] not in "/." and path[0] not in "./"
        start = text.find(path, start + 1)
    return False


def _counts_only(answer: str, text: str, seen: set[Any], most: int) -> bool:
    """Whether every number of the answer is in the text, or not larger than the number of things that the results show."""
    if not answer.isascii() and any(c.isdigit() and not c.isascii() for c in answer):
        return False
    if len(answer) > 4000:
        # Python refuses to make an integer of more digits than that.
        return False
    runs = answer.encode().translate(_DIGITS).split()
    unseen = set(map(int, runs)) - seen
    if not unseen or max(unseen) <= most:
        return True
    written = set(text.encode().translate(_DIGITS).split())
    return all(int(run) <= most or int(run) in seen or run in written for run in runs)


def _are_good_runs(runs: list[dict[str, Any]], calls: list[dict[str, Any]], results: list[str]) -> bool:
    if len(runs) != len(calls):
        return False
    for run, call, result in zip(runs, calls, results, strict=True):
        if run["call_id"] != call["id"] or run["truncated"]:
            return False
        if hashlib.sha256(result.encode()).hexdigest() != run["sha256"]:
            return False
    return True


def _are_different(calls: list[dict[str, Any]]) -> bool:
    """Whether no call has the id of another, nor its tool and arguments (a write between them is left to the rules)."""
    if len(calls) < 2:
        return True
    functions = [call["function"] for call in calls]
    return len({call["id"] for call in calls}) == len(calls) and not any(
        function["name"] == other["name"] and function["arguments"] == other["arguments"]
        for index, function in enumerate(functions)
        for other in functions[:index]
    )
