"""Prove a row clean, cheaply: most rows of a good set never meet a rule.

`CleanRow.doubts` names the rules that may find something in a row; that a rule is not named proves that it finds nothing. Each step is a sufficient
condition for some rules' silence, and stricter than they are.
"""

import hashlib
from collections.abc import Sequence, Set
from typing import Any

import orjson

from punie_data.chat import canonical
from punie_data.validate import record_rules, result_rules, screens
from punie_data.validate.answer_rules import IDENTIFIER, KNOWN_WORDS, NUMBER_WITH_POINT, PATH, is_echo
from punie_data.validate.call_rules import PATH_PARAMETERS, gives
from punie_data.validate.grounding import (
    facts_in,
    has_number,
    has_word,
    largest_unseen,
    most_listed,
    outside_fences,
)
from punie_data.validate.sandbox import TOOL as SANDBOX
from punie_data.validate.shapes import Shapes
from punie_data.validate.signatures import Signatures
from punie_data.validate.spelling import is_shortest, is_unequivocal
from punie_data.validate.view import WORDS_OF_NUMBERS

STRUCTURE = 1
"""The doubt that stands for every rule without a bit of its own."""
_GROUPS = {
    "keys": ("PD108", "PD109"),
    "tokens": ("PD110",),
    "local paths": ("PD700",),
    "addresses": ("PD701",),
    "secrets": ("PD702",),
    "speech": ("PD112", "PD113"),
    "promise": ("PD208",),
    "arguments": ("PD305", "PD306"),
    "code": ("PD320", "PD321", "PD322", "PD323", "PD324", "PD325"),
    "vacuous": ("PD501",),
    "echo": ("PD502",),
    "numbers": ("PD503",),
    "names": ("PD504", "PD505"),
    "id": ("PD150",),
    "label": ("PD154", "PD155"),
    "sums": ("PD404",),
}
_BIT = {name: 2 << place for place, name in enumerate(_GROUPS)}
BIT_OF = {code: _BIT[name] for name, codes in _GROUPS.items() for code in codes}
NO_RECORD = -1
_KEYS, _ARGUMENTS, _CODE, _FACTS = (
    _BIT["keys"],
    _BIT["arguments"],
    _BIT["code"],
    _BIT["numbers"] | _BIT["names"],
)
_TEXTS = {name: _BIT[name] for name in screens.BY_GROUP}
_ANY_OF_A_ROW = (STRUCTURE | sum(_BIT.values())) & ~(_KEYS | _BIT["id"] | sum(_TEXTS.values()))

_EDGES = "`,.;:()'\"*[]{}!?"
_MOST_KNOWN = 50_000
_SOME_FACTS = 400
"""Characters of an answer that states few facts."""


class CleanRow:
    """One for a checker; it remembers which origins and tools were found good."""

    def __init__(self, signatures: Signatures, is_record: Any) -> None:
        self._signatures = signatures
        self._is_record = is_record
        self._shape = Shapes(signatures).of
        self._seems_plain = screens.screen(*screens.LINE)
        self._is_plain = {
            _BIT[name]: screens.screen(*patterns) for name, patterns in screens.BY_GROUP.items()
        }
        self._speech_is_plain = screens.screen(*screens.SPEECH)
        self._promises_nothing = screens.screen(screens.ANSWER["promise"])
        self._is_answer = screens.screen(*screens.ANSWER.values())
        self._is_answer_by = {_BIT[name]: screens.screen(pattern) for name, pattern in screens.ANSWER.items()}
        self._good_origins: set[tuple[str, ...]] = set()
        self._known_tools: set[str] = set()
        self._defaults: dict[str, dict[str, Any]] = {}
        """By tool: the defaults of its parameters."""

    def doubts(self, row: Any, raw: bytes) -> int:
        """What a row, read from the line `raw`, may break: bits of `BIT_OF` and `STRUCTURE`; 0 for nothing, `NO_RECORD` where it is none.

        Without `raw` the rules over lines are not doubted.
        """
        tool = ""
        try:
            messages = row["messages"]
            count = len(messages)
            if count == 4:
                tool = messages[1]["tool_calls"][0]["function"]["name"]
            is_plain = count in (2, 4) and (count == 2 or tool != "") and self._shape(tool)(row)
        except (TypeError, KeyError, IndexError):
            is_plain = False
        if not is_plain and not self._is_record(row):
            return NO_RECORD
        written = canonical(row)
        found = 0
        if raw and not (is_shortest(row, raw, len(written)) or is_unequivocal(raw)):
            found = _KEYS
        text = written.decode()
        if not self._seems_plain(text):
            for bit, holds_none in self._is_plain.items():
                if not holds_none(text):
                    found |= bit
        if not _has_its_id(row, written):
            found |= _BIT["id"]
        origin = row["origin"]
        named = (origin["generator"], origin["repo"], origin["revision"], origin["license"])
        if named not in self._good_origins and not self._is_good_origin(named):
            return found | _ANY_OF_A_ROW
        if not self._known_tools.issuperset(row["tools"]) and not self._know(row["tools"]):
            return found | _ANY_OF_A_ROW
        if not is_plain:
            return found | self._doubts_of_turns(row)
        question, answer = messages[0]["content"], messages[-1]["content"]
        found |= self._doubts_of_speech(row, question, answer)
        if not tool:
            if row["label"]["kind"] == "direct" and origin["spans"]:
                return found & ~_FACTS
            return found | self._doubts_of_facts(answer, question, (), 1, row)
        call, run, result = messages[1]["tool_calls"][0], row["runs"][0], messages[2]["content"]
        if not call["id"] == messages[2]["tool_call_id"] == run["call_id"]:
            return found | _ANY_OF_A_ROW
        if hashlib.sha256(result.encode()).hexdigest() != run["sha256"]:
            found |= _BIT["sums"]
        if tool == SANDBOX:
            found |= _CODE | _ARGUMENTS
        elif not self._are_given(tool, call["function"]["arguments"], question, question):
            found |= _ARGUMENTS
        typed: list[str] = []
        most = self._size_of_good_result(tool, result, typed)
        if most < 0:
            return found | _ANY_OF_A_ROW
        return found | self._doubts_of_facts(answer, f"{question}\n{result}", typed, max(most, 1), row)

    def _doubts_of_turns(self, row: dict[str, Any]) -> int:
        """As `doubts`, for the turns of any record, without what concerns its line, its id, its origin and its list of tools."""
        kind, offered = row["label"]["kind"], row["tools"]
        asked: list[str] = []
        results: list[str] = []
        calls: list[dict[str, Any]] = []
        said: list[str] = []
        waiting: list[dict[str, Any]] = []
        typed: list[str] = []
        found, most, calls_before, expected = 0, 1, 0, "user"
        for message in row["messages"]:
            role, content = message["role"], message["content"]
            if role != expected:
                return _ANY_OF_A_ROW
            if role == "user":
                calls_before = len(calls)
                asked.append(content)
                expected = "assistant"
            elif role == "tool":
                # The results stand in the order of their calls: any other order is left to the rules.
                call = waiting.pop(0)
                if call["id"] != message["tool_call_id"] or call["function"]["name"] != message["name"]:
                    return _ANY_OF_A_ROW
                size = self._size_of_good_result(message["name"], content, typed)
                if size < 0:
                    return _ANY_OF_A_ROW
                most = max(most, size)
                results.append(content)
                expected = "tool" if waiting else "assistant"
            elif "tool_calls" in message:
                waiting = message["tool_calls"].copy()
                calls += waiting
                expected = "tool"
                if content:
                    return _ANY_OF_A_ROW
                for call in waiting:
                    name, arguments = call["function"]["name"], call["function"]["arguments"]
                    if name not in offered or not self._signatures.arguments_check(name).is_valid(arguments):
                        return _ANY_OF_A_ROW
                    if name == SANDBOX:
                        found |= _CODE | _ARGUMENTS
                    elif not self._are_given(name, arguments, "\n".join(asked + results), " ".join(asked)):
                        found |= _ARGUMENTS
            else:
                said.append(content)
                expected = "user"
        if expected != "user" or (not calls if kind == "tool" else len(calls) > calls_before):
            return _ANY_OF_A_ROW
        if not _are_good_runs(row["runs"], calls, results) or not _are_different(calls):
            return _ANY_OF_A_ROW
        if len(said) > 1 and not self._is_plain_speech("\n".join(asked + said), [*asked[:-1], *said[:-1]]):
            return _ANY_OF_A_ROW
        found |= self._doubts_of_speech(row, asked[-1], said[-1])
        if kind == "direct" and row["origin"]["spans"]:
            return found & ~_FACTS
        return found | self._doubts_of_facts(
            said[-1], "\n".join([*asked, *results]), typed, max(most, len(results)), row
        )

    def _is_plain_speech(self, together: str, before: Sequence[str]) -> bool:
        """Whether earlier questions and answers are beyond all doubt."""
        return (
            self._speech_is_plain(together)
            and self._promises_nothing(together)
            and not any("```" in text for text in before)
        )

    def _is_good_origin(self, named: tuple[str, ...]) -> bool:
        generator, repo, revision, license_ = named
        good = license_.strip().lower() not in record_rules.NO_LICENCE and not any(
            text.strip().lower() in record_rules.NOWHERE for text in (generator, repo, revision)
        )
        if good and len(self._good_origins) < _MOST_KNOWN:
            self._good_origins.add(named)
        return good

    def _know(self, tools: list[str]) -> bool:
        for tool in tools:
            if tool not in self._signatures:
                return False
            parameters = self._signatures.parameters(tool).items()
            self._defaults[tool] = {
                name: schema["default"] for name, schema in parameters if "default" in schema
            }
            self._known_tools.add(tool)
        return True

    def _are_given(self, tool: str, arguments: dict[str, Any], given: str, asked: str) -> bool:
        """Whether what was said before the call gives its numbers and its paths."""
        for name, value in arguments.items():
            kind = type(value)
            if kind is str:
                if name in PATH_PARAMETERS and not gives(given, value):
                    return False
            elif kind is int:
                if value == self._defaults[tool].get(name) or (value == 1 and name == "count"):
                    continue
                if value >= 0 and has_number(given, str(value)):
                    continue
                if not any(WORDS_OF_NUMBERS.get(word) == value for word in asked.lower().split()):
                    return False
            elif name in PATH_PARAMETERS and kind is not bool:
                return False
        return True

    def _size_of_good_result(self, tool: str, content: str, typed: list[str]) -> int:
        """How many things the result shows at least, -1 where it may be a bad one. A typed one joins `typed`; its lists are counted when asked for."""
        check = self._signatures.result_check(tool)
        if check is None:
            short = len(content) < 100 and result_rules.bare(content) in result_rules.PLACEHOLDERS
            fenced = content.lstrip().startswith(("```", "{", "Tool ", "Result:"))
            return -1 if short or fenced or content.rstrip().endswith("```") else content.count("\n") + 1
        # The hashes of commits have to be looked at one by one.
        if tool == "git_log" or not self._signatures.compact_check(tool)(content):
            if content[:1] != "{":
                return -1
            try:
                value = orjson.loads(content)
            except orjson.JSONDecodeError:
                return -1
            if not check.is_valid(value):
                return -1
            if tool == "git_log" and not all(
                result_rules.is_hash(commit["hash"]) for commit in value["commits"]
            ):
                return -1
        typed.append(content)
        return 0

    def _doubts_of_speech(self, row: dict[str, Any], question: str, answer: str) -> int:
        """What the last question and the answer to it may break by their words alone."""
        found = 0
        said = f"{question}\n{answer}"
        if not self._speech_is_plain(said):
            found = _BIT["speech"] | _FACTS
        if not self._is_answer(answer):
            for bit, is_plain in self._is_answer_by.items():
                if not is_plain(answer):
                    found |= bit
        if "```" in said and any(
            "```" in text and outside_fences(text) == "`" for text in (question, answer)
        ):
            found |= _BIT["speech"] | _FACTS
        kind = row["label"]["kind"]
        if kind == "ask":
            if not answer.endswith("?"):
                found |= _BIT["label"]
        elif kind == "cannot" and not record_rules.admits().search(answer):
            found |= _BIT["label"]
        first, asked = IDENTIFIER.search(answer), IDENTIFIER.search(question)
        if first is None or asked is None:
            return _ANY_OF_A_ROW
        if first[0].lower() == asked[0].lower() and is_echo(question, answer):
            found |= _BIT["echo"]
        return found

    def _doubts_of_facts(
        self, answer: str, text: str, typed: Sequence[str], most: int, row: dict[str, Any]
    ) -> int:
        """Whether the text gives what the answer states. `typed` are the results in it that are JSON, and it shows at least `most` things."""
        # Some facts are found sooner in the text, many sooner among the values that its results decode to.
        seen = facts_in(map(orjson.loads, typed)) if len(answer) > _SOME_FACTS else frozenset()
        if not self._names_only(answer, text, seen, row["origin"]["repo"]):
            return _FACTS
        largest = largest_unseen(answer, text, seen, most)
        if largest <= most or largest <= most_listed(map(orjson.loads, typed)):
            return 0
        return _BIT["numbers"]

    def _names_only(self, answer: str, text: str, seen: Set[Any], repo: str) -> bool:
        """Whether every file and every name between backticks is in the text."""
        for word in [word for word in answer.split() if "." in word]:
            bare = word.strip(_EDGES)
            # Without a point inside, as at the end of a sentence, it is no file and no number with a point.
            if "." in bare and bare not in seen and bare not in text:
                if NUMBER_WITH_POINT.search(bare):
                    return False
                if any(path.removeprefix("./").rstrip(".") not in text for path in PATH.findall(word)):
                    return False
        if "`" not in answer:
            return True
        said = outside_fences(answer) if "```" in answer else answer
        parts = said.split("`")
        if not len(parts) % 2 or "``" in said:
            return False
        for span in parts[1::2]:
            if "\n" in span:
                return False
            # In a JSON result the quotes of a string are escaped.
            if span in text or ('"' in span and span in text.replace('\\"', '"')):
                continue
            for name in IDENTIFIER.findall(span):
                if len(name) < 3 or name in KNOWN_WORDS or name in self._signatures.words or name == repo:
                    continue
                # The rule itself takes a long name that stands inside a longer one.
                if name not in text or (len(name) < 5 and not has_word(text, name)):
                    return False
        return True


def _has_its_id(row: dict[str, Any], written: bytes) -> bool:
    """`written` is the row as canonical JSON. The id is the digest of three of its parts: label, messages and tools.

    Inside a string every quote is escaped, so that the last ones of these keys are those of the row.
    """
    tools = written.rindex(b',"tools":[')
    origin = written.rindex(b',"origin":{', 0, tools)
    return hashlib.sha256(b"{" + written[29:origin] + written[tools:]).hexdigest()[:20] == row["id"]


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
