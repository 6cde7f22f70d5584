"""Every rule finds its defect and spares the near-miss. A rule without a case here fails the last test."""

import copy
from typing import Any

import orjson
import pytest

from punie_data.validate.catalogue import RULES
from punie_data.validate.check import Checker
from tests.test_validate_rows import (
    GOOD,
    POSITION,
    QUESTION,
    SIGNATURES,
    code,
    direct,
    edited,
    find,
    log,
    make,
    references,
    sealed,
    typecheck,
)

Case = tuple[str, str, Any, Any]
OK = "print(typecheck(path='.').error_count)"


def without_result(row: dict[str, Any]) -> dict[str, Any]:
    row = copy.deepcopy(row)
    row["messages"] = [message for message in row["messages"] if message["role"] != "tool"]
    return sealed(row)


def with_messages(*messages: Any, base: dict[str, Any] | None = None) -> dict[str, Any]:
    """The plain row with other messages: an index stands for the message that the row has there."""
    row = copy.deepcopy(base or GOOD["one call"])
    row["messages"] = [copy.deepcopy(row["messages"][m]) if isinstance(m, int) else m for m in messages]
    return sealed(row)


def said(role: str, content: str) -> dict[str, Any]:
    return {"role": role, "content": content}


def unsealed(row: dict[str, Any], *path: Any, to: Any) -> dict[str, Any]:
    row = copy.deepcopy(row)
    inner: Any = row
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = to
    return row


def without_key(row: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != key}


def rekeyed(old: str, new: str) -> dict[str, Any]:
    row = copy.deepcopy(GOOD["one call"])
    function = row["messages"][1]["tool_calls"][0]["function"]
    function[new] = function.pop(old)
    return row


def wide(number: str) -> bytes:
    return orjson.dumps(GOOD["one call"]).replace(b'"seed":0', b'"seed":' + number.encode())


TWICE = make(
    QUESTION, ("find_references", POSITION, references()), ("find_references", POSITION, references()),
    answer="`Cart` is used in 3 places.",
)  # fmt: skip
CUT = unsealed(find(answer="`Cart` is used in 5 places."), "runs", 0, "truncated", to=True)
CUT["messages"][2]["content"] = "a\nb\nc\nd\ne"
CUT["messages"][1]["tool_calls"][0]["function"] = {
    "name": "read_file",
    "arguments": {"path": "src/shop/cart.py"},
}
CUT["messages"][2]["name"] = "read_file"
CUT["messages"][3]["content"] = "The file has 5 lines."
CUT = sealed(CUT)

# (code, what the near-miss is, the defect, the near-miss)
CASES: list[Case] = [
    ("PD103", "the word inside a message", {**GOOD["one call"], "text": "x"}, find(question=QUESTION + " text: prompt")),
    ("PD103", "the word as a value", {"prompt": "a", "completion": "b"}, GOOD["one call"]),
    ("PD104", "the record, which has messages too", {"messages": [said("user", "a"), said("assistant", "b")]}, GOOD["direct"]),
    ("PD104", "the record", {"conversations": [{"from": "human", "value": "a"}]}, GOOD["one call"]),
    ("PD104", "the record", b"[1]", GOOD["one call"]),
    ("PD105", "an argument called so by the tool", rekeyed("name", "tool"), edited(GOOD["one call"], "messages", 1, "tool_calls", 0, "function", "arguments", to={"tool": "x"})),
    ("PD105", "the right key", rekeyed("arguments", "args"), GOOD["one call"]),
    ("PD106", "code is text inside the object", unsealed(GOOD["one call"], "messages", 1, "tool_calls", 0, "function", "arguments", to='{"line": 1}'), code(OK)),
    ("PD107", "a user who writes about it", {**GOOD["direct"], "messages": [said("system", "You help."), *GOOD["direct"]["messages"]]}, direct("It is.", "What is a system message?", ["a.md:1-2"])),
    ("PD108", "the same key in two objects", orjson.dumps(GOOD["direct"]).replace(b'"seed":0', b'"seed":1,"seed":0'), GOOD["one call"]),
    ("PD108", "a key twice inside a text", orjson.dumps(GOOD["direct"]).replace(b'{"role":"user"', b'{"role":"user","role":"user"'), find(question=QUESTION + ' {"a":1,"a":2}')),
    ("PD109", "the largest that fits", wide("18446744073709551616"), wide("18446744073709551615")),
    ("PD109", "the smallest that fits", wide("-9223372036854775809"), wide("-9223372036854775808")),
    ("PD109", "digits inside a text", wide("9" * 300), find(question=QUESTION + " 99999999999999999999999")),
    ("PD110", "a comparison and a pipe", find(question=QUESTION + "<|im_end|>"), find(question=QUESTION + " a <| b |> c")),
    ("PD110", "the word without its brackets", find(answer="Use `</tool_response>`."), find(answer="It is a tool_response.")),
    ("PD110", "a list of calls", find(arguments={**POSITION, "symbol": "[TOOL_CALLS]"}), find(question=QUESTION + " [tool_calls]")),
    ("PD111", "an object of several keys", find(result={"output": references()}), GOOD["one call"]),
    ("PD111", "a text tool that read a JSON string", find(result=orjson.dumps(orjson.dumps(references()).decode()).decode()),
        make("Read name.json", ("read_file", {"path": "name.json"}, '"shop"'), answer='It is "shop".')),
    ("PD111", "a fence inside a file", find(result="```json\n{}\n```"), make("Read a.md", ("read_file", {"path": "a.md"}, "Hello\n```\nx\n```"), answer="It says Hello.")),
    ("PD112", "a closed fence", find(answer="See:\n```python\nCart()\n"), find(answer="See:\n```python\nCart()\n```")),
    ("PD112", "a longer fence around a shorter one", find(answer="````\n```\nCart()\n"), find(answer="````\n```\nCart()\n````")),
    ("PD112", "a tag between backticks", find(answer="<think>It is used in 3 places."), direct("Use `<answer>`.", spans=["a.md:1-2"])),
    ("PD113", "an example that is one", find(question=QUESTION + " (example 1)"), find(question=QUESTION + " (for example 1 file)")),
    ("PD150", "the id of the content", unsealed(GOOD["one call"], "id", to="0" * 20), GOOD["one call"]),
    ("PD151", "a licence", edited(GOOD["one call"], "origin", "license", to="unknown"), edited(GOOD["one call"], "origin", "license", to="Unlicense")),
    ("PD151", "a licence", edited(GOOD["one call"], "origin", "license", to=""), edited(GOOD["one call"], "origin", "license", to="0BSD")),
    ("PD152", "a repository called none-such", edited(GOOD["one call"], "origin", "revision", to="unknown"), edited(GOOD["one call"], "origin", "repo", to="none-such")),
    ("PD153", "a call for an earlier question", edited(GOOD["one call"], "label", "kind", to="direct"),
        edited(with_messages(0, 1, 2, 3, said("user", "Thanks. Is 3 many?"), said("assistant", "No.")), "label", "kind", to="direct")),
    ("PD153", "direct without a call", edited(GOOD["direct"], "label", "kind", to="tool"), GOOD["direct"]),
    ("PD154", "a question at the end", make("Rename it.", answer="Tell me more.", kind="ask"), make("Rename it.", answer="I need a name. What should it be called?", kind="ask")),
    ("PD155", "a refusal in other words", make("Push it.", answer="Pushed.", kind="cannot"), make("Push it.", answer="No tool at hand reaches a remote; that is beyond me.", kind="cannot")),
    ("PD200", "the user first", with_messages(3, 0, 1, 2, 3), GOOD["one call"]),
    ("PD201", "a call that is answered", without_result(GOOD["one call"]), GOOD["one call"]),
    ("PD201", "a call at the end, which another rule finds", with_messages(0, 1, 3, 2, 3), with_messages(0, 1)),
    ("PD202", "the call's own result", edited(GOOD["one call"], "messages", 2, "tool_call_id", to="call_9"), GOOD["one call"]),
    ("PD202", "the call's own tool", edited(GOOD["one call"], "messages", 2, "name", to="hover"), GOOD["log"]),
    ("PD202", "one result", with_messages(0, 1, 2, 2, 3), GOOD["one call"]),
    ("PD203", "another id", edited(GOOD["two calls, the second from the first's result"], "messages", 3, "tool_calls", 0, "id", to="call_0"), GOOD["two calls, the second from the first's result"]),
    ("PD204", "a result between", with_messages(0, 3, 3), GOOD["one call"]),
    ("PD204", "an answer between", with_messages(0, 0, 1, 2, 3), with_messages(0, 1, 2, 3, said("user", "Thanks"), said("assistant", "Gladly."))),
    ("PD205", "the assistant after a result", with_messages(0, 1, 2, 0, 3), GOOD["one call"]),
    ("PD206", "the assistant last", with_messages(0, 1, 2), GOOD["one call"]),
    ("PD207", "a call in the middle", with_messages(0, 1), GOOD["one call"]),
    ("PD208", "let me know", make("Is it clean?", answer="I'll check the status.", kind="direct"), direct("It is. Let me know if you need more.", spans=["a.md:1-2"])),
    ("PD208", "an explanation that follows", make("Is it clean?", answer="Sure, let me look at the files. One moment.", kind="direct"), direct("Let me explain. A cart holds items.", spans=["a.md:1-2"])),
    ("PD208", "a file's own words", with_messages(0, said("assistant", "Let me run the tool first"), said("user", "Yes"), 1, 2, 3), direct("The checker will run.", spans=["a.md:1-2"])),
    ("PD209", "nothing but white space", edited(GOOD["one call"], "messages", 1, "content", to="I look."), edited(GOOD["one call"], "messages", 1, "content", to="\n")),
    ("PD300", "a tool that exists", edited(GOOD["direct"], "tools", to=["grep"]), edited(GOOD["direct"], "tools", to=["hover"])),
    ("PD300", "a tool that is only not offered", edited(GOOD["one call"], "messages", 1, "tool_calls", 0, "function", "name", to="grep"), edited(GOOD["one call"], "tools", to=["read_file"])),
    ("PD301", "offered", edited(GOOD["one call"], "tools", to=["read_file"]), GOOD["one call"]),
    ("PD302", "a default left out", find(arguments={**POSITION, "depth": 3}), make("Read a.py", ("read_file", {"path": "a.py"}, "x"), answer="It says `x`.")),
    ("PD302", "the right type", find(arguments={**POSITION, "line": "12"}), GOOD["one call"]),
    ("PD303", "a tool that needs nothing", find(arguments={}), make("Is it clean?", ("git_status", {}, {"success": True, "clean": True, "file_count": 0, "files": [], "parse_error": None}), answer="Yes.")),
    ("PD304", "another line", TWICE, make(QUESTION + " And line 13?", ("find_references", POSITION, references()), ("find_references", {**POSITION, "line": 13}, references()), answer="3 places.")),
    ("PD304", "a write between", make("Read a.py twice", ("read_file", {"path": "a.py"}, "x"), ("read_file", {"path": "a.py"}, "x"), answer="It says `x`."),
        make("Read a.py, write y into it and read it again", ("read_file", {"path": "a.py"}, "x"), ("write_file", {"path": "a.py", "content": "y"}, "Wrote a.py"), ("read_file", {"path": "a.py"}, "y"), answer="It says `y`.")),
    ("PD305", "a number from the question", find(question="Where is `Cart` of src/shop/cart.py used?"), GOOD["one call"]),
    ("PD305", "a number word", make("The commits?", ("git_log", {"count": 5}, log("3f2a9c1")), answer="3f2a9c1."), make("The last five commits?", ("git_log", {"count": 5}, log("3f2a9c1")), answer="3f2a9c1.")),
    ("PD305", "the default", make("The commits?", ("git_log", {"count": 12}, log("3f2a9c1")), answer="3f2a9c1."), make("The commits?", ("git_log", {"count": 10}, log("3f2a9c1")), answer="3f2a9c1.")),
    ("PD305", "a position in code from the question", code("print(hover(file_path='a.py', line=88, column=1, symbol='x').content)", question="Hover x in a.py"), code("print(hover(file_path='a.py', line=88, column=1, symbol='x').content)", question="Hover x in a.py, line 88, column 1", answer="It is 3.")),
    ("PD306", "a path from the question in another spelling", find(question="Where is `Cart`, line 12, column 7, used?"), make("Read ./src/a.py", ("read_file", {"path": "src/a.py"}, "x"), answer="It says `x`.")),
    ("PD306", "a folder of a path that was given", make("Check cart.py", ("typecheck", {"path": "src/shop/cart.py"}, typecheck(0)), answer="No errors."), make("Check src/shop/cart.py", ("typecheck", {"path": "src/shop"}, typecheck(0)), answer="No errors.")),
    ("PD306", "the root", make("Check xsrc/shop", ("typecheck", {"path": "src/shop"}, typecheck(0)), answer="No errors."), make("Any type errors?", ("typecheck", {"path": "."}, typecheck(0)), answer="No errors.")),
    ("PD306", "a path from an earlier result", code("print(read_file(path='src/secret.py'))", question="Read the file"), GOOD["two calls, the second from the first's result"]),
    ("PD320", "code that parses", code("print(typecheck(path='.'"), code(OK)),
    ("PD320", "some code", code("# nothing"), code(OK)),
    ("PD321", "a name that a loop binds", code("print(resutl.error_count)"), code("for e in typecheck().errors:\n    print(e.line)")),
    ("PD321", "a comprehension's and a function's names", code("print(os.getcwd())"), code("def n(r):\n    return len([e for e in r.errors])\nprint(n(typecheck()))")),
    ("PD322", "the right field", code("r = typecheck()\nprint(r.error_cnt)"), code("r = typecheck()\nprint(r.error_count)")),
    ("PD322", "an item's own field", code("for e in sorted(typecheck().errors, key=lambda e: e.row):\n    print(1)"), code("for i, e in enumerate(typecheck().errors[:3]):\n    print(i, e.line, e.message.upper())")),
    ("PD322", "a mapping of the code's own", code("r = typecheck()\nprint(r['error_count'])"), code("r = {'error_count': 1}\nprint(r['error_count'])")),
    ("PD322", "a name that stands for two things", code("x = [e for e in typecheck().errors]\nprint(x[0].lineno)"), code("x = typecheck()\nx = ruff_check()\nprint(x.violation_count)")),
    ("PD323", "json", code("import os\nprint(os.name)"), code("import json\nprint(json.dumps(typecheck().error_count))")),
    ("PD323", "a function", code("class A:\n    pass\nprint(1)"), code("def f():\n    return 1\nprint(f())")),
    ("PD323", "read_file", code("with open('a') as f:\n    print(f.read())"), code("print(read_file(path='a'))", question="Read a", answer="It says 3.")),
    ("PD324", "keywords in any order", code("print(typecheck(folder='.').error_count)"), code("print(read_file(first_line=1, path='a'))", question="Read a", answer="It says 3.")),
    ("PD324", "a call with **", code("print(hover(file_path='a').content)", question="Hover a"), code("a = {}\nprint(hover(**a).content)")),
    ("PD325", "a print in a branch", code("r = typecheck()\nr.error_count"), code("r = typecheck()\nif r.success:\n    print('ok')")),
    ("PD400", "a file that holds the word", make(QUESTION, ("grep", {}, "[Tool execution completed]"), answer="3"), make("Read a", ("read_file", {"path": "a"}, "ok"), answer="It says ok.")),
    ("PD400", "a text with dots in it", make("Read a", ("read_file", {"path": "a"}, "<result>"), answer="It says nothing."), make("Read a", ("read_file", {"path": "a"}, "def f(): ..."), answer="A function.")),
    ("PD401", "seven digits of sixteen", make("Log", ("git_log", {}, log("abc123g")), answer="abc123g."), make("Log", ("git_log", {}, log("abc1230")), answer="abc1230.")),
    ("PD401", "digits in no order", make("Log", ("git_log", {}, log("1234567")), answer="1234567."), make("Log", ("git_log", {}, log("1234576")), answer="1234576.")),
    ("PD402", "a whole result", find(result={k: v for k, v in references().items() if k != "symbol"}), GOOD["one call"]),
    ("PD402", "null where null may be", find(result={**references(), "reference_count": "3"}), GOOD["no reference"]),
    ("PD402", "text from a text tool", find(result="src/a.py:3"), make("Read a", ("read_file", {"path": "a"}, "src/a.py:3"), answer="src/a.py:3.")),
    ("PD403", "JSON with the words in a text", find(result="{'success': True, 'references': []}"), find(result={**references(), "symbol": "{'a': True}"})),
    ("PD403", "a file that holds Python", find(result="FindReferencesResult(success=True)"), make("Read a", ("read_file", {"path": "a"}, "{'a': True}"), answer="A dict.")),
    ("PD404", "the text that ran", unsealed(GOOD["one call"], "runs", 0, "sha256", to="0" * 64), GOOD["one call"]),
    ("PD405", "a run for each call", unsealed(GOOD["one call"], "runs", to=[]), GOOD["one call"]),
    ("PD405", "no run where no call", unsealed(GOOD["direct"], "runs", to=GOOD["one call"]["runs"]), GOOD["direct"]),
    ("PD405", "one run each", unsealed(GOOD["one call"], "runs", to=GOOD["one call"]["runs"] * 2), GOOD["log"]),
    ("PD406", "at least", CUT, edited(CUT, "messages", 3, "content", to="The file has at least 5 lines.")),
    ("PD406", "a count that the result gives", edited(CUT, "messages", 3, "content", to="There are five matches."), unsealed(GOOD["one call"], "runs", 0, "truncated", to=True)),
    ("PD407", "an empty file", find(result=""), make("Read a", ("read_file", {"path": "a"}, ""), answer="The file is empty.")),
    ("PD500", "a short answer", find(answer=" "), find(answer="Yes.")),
    ("PD501", "the same words with content", find(answer="The tool returned the following:"), find(answer="The tool returned the following: `Cart` at line 11.")),
    ("PD501", "done, and what", find(answer="I have completed the task."), find(answer="Done: src/shop/part_0.py uses `Cart`.")),
    ("PD501", "here is the thing itself", find(answer="Here is the result."), find(answer="Here is the result: 3 references.")),
    ("PD502", "an answer with the question's words", find(answer=QUESTION), find(answer=QUESTION + " In 3 places.")),
    ("PD503", "a count of what is listed", find(answer="It is used in 97 places."), find(answer="It is used in 2 files besides the first.")),
    ("PD503", "a list's own numbers", find(answer="At line 4711."), find(answer="".join(f"{i}. line 11\n" for i in range(1, 30)))),
    ("PD503", "a difference, a sum and a share", find(answer="83% of them."), find(answer="They span 15 lines (11 to 25), 54 in sum, 33% of them in one file.")),
    ("PD503", "a span to stand on", make("What is it?", answer="It has 512 slots.", kind="direct"), direct("It has 512 slots.", spans=["a.md:1-2"])),
    ("PD503", "a number that is part of a name", find(answer="See 3.17."), find(answer="See part_0, utf8 and `x99`.".replace("`x99`", "`Cart`"))),
    ("PD503", "a position that a result gives", find(answer="At `src/shop/part_0.py:4711`."), find(answer="At `src/shop/part_0.py:11:5`.")),
    ("PD503", "a line of the text that was read", make("Read a.py from line 300 on", ("read_file", {"path": "a.py", "first_line": 300}, "x\ny\nz"), answer="`z` is at a.py:303."),
        make("Read a.py from line 300 on", ("read_file", {"path": "a.py", "first_line": 300}, "x\ny\nzed"), answer="`zed` is at a.py:302.")),
    ("PD504", "the end of a path", find(answer="See src/shop/other.py."), find(answer="See part_0.py and ./src/shop/cart.py.")),
    ("PD504", "words with a slash", find(answer="See `lib/cart.py`."), find(answer="It is read/write and/or true/false.")),
    ("PD505", "a name with its call brackets", find(answer="`Basket` is used."), find(answer="`Cart()` is used; `reference_count` is 3, `None` besides.")),
    ("PD505", "a name in a fence, which shows code", find(answer="`shop.Wallet` is used."), find(answer="So:\n```\nWallet()\n```")),
    ("PD700", "a folder of the repository", find(question=QUESTION + " in /home/jane/shop"), find(question=QUESTION + " in src/home/jane and /home/user/x")),
    ("PD700", "a URL", find(question=QUESTION + r" C:\Users\jane\x"), find(question=QUESTION + " https://x.io/Users/jane")),
    ("PD701", "a reserved domain", find(question=QUESTION + " jane@shop.io"), find(question=QUESTION + " jane@example.com @dataclass a@b")),
    ("PD702", "a short one", find(question=QUESTION + " AKIAIOSFODNN7EXAMPLQ"), find(question=QUESTION + " AKIAIOSF")),
    ("PD702", "a name and not a value", find(question=QUESTION + ' password = "aB3xQ9zLm2Kp7RtVw5Ys"'), find(question=QUESTION + ' token = "your_token_goes_here_please" secret=os.environ["SECRET_KEY_NAME"]')),
    ("PD702", "a public key", find(question=QUESTION + " -----BEGIN RSA PRIVATE KEY-----\nMIICXQIBAAKBgQC9Twh0V5q/R1Q8N+Y+CNM4lj9AXeZL0gYowoK1ht2ZLC"), find(question=QUESTION + " -----BEGIN PUBLIC KEY-----\nMIICXQIBAAKBgQC9Twh0V5q/R1Q8N+Y+CNM4lj9AXeZL0gYowoK1ht2ZLC if line == '-----BEGIN PRIVATE KEY-----'")),
    ("PD101", "a whole row", without_key(GOOD["one call"], "runs"), GOOD["one call"]),
    ("PD101", "a whole row", {**GOOD["one call"], "extra": 1}, GOOD["direct"]),
]  # fmt: skip
FOUND_ON_THE_WAY = {"PD100", "PD102"}
"""A line that is not JSON and a file without rows: test_validate_files has their cases."""
ELSEWHERE = {rule.code for rule in RULES if rule.scope in ("target", "set")}
"""Their cases are in `test_validate_tokenizer` and `test_validate_sets`."""


def codes(value: Any) -> set[str]:
    raw = value if isinstance(value, bytes) else orjson.dumps(value)
    found = Checker(signatures=SIGNATURES, prove_clean=False).row(orjson.loads(raw), raw)
    return {rule.code for rule, _ in found}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def test_a_rule_finds_its_defect_and_spares_the_near_miss(case: Case) -> None:
    """A rule that misses its defect is a promise not kept; one that accuses its neighbour is switched off by everybody."""
    code, _, defect, near_miss = case
    assert code in codes(defect)
    assert code not in codes(near_miss)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_rule_has_a_case_and_an_explanation(rule: Any) -> None:
    """A rule without a case may have stopped working years ago; one without an explanation can't be obeyed."""
    assert rule.code in {case[0] for case in CASES} | FOUND_ON_THE_WAY | ELSEWHERE
    assert len(rule.explanation) > 40
    assert rule.explanation.count("\n") >= 2


def test_codes_and_names_are_unique_and_in_order() -> None:
    """Users write codes into their configuration: one code must not mean two things."""
    assert [rule.code for rule in RULES] == sorted({rule.code for rule in RULES})
    assert len({rule.name for rule in RULES}) == len(RULES)
