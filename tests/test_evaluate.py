"""Evaluation: a gold answer scores full, a corrupted one fails in the layer where it was corrupted, and chance is called chance."""

import json
import math
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from punie_data import dialects
from punie_data.dialects.base import Call, Malformed, Parsed
from punie_data.evaluate.programs import uses
from punie_data.evaluate.queries import Query, queries, query_of
from punie_data.evaluate.run import evaluate_system
from punie_data.evaluate.score import reached, score
from punie_data.evaluate.systems import Conversation, Turn, turn_of
from punie_data.scorers.decision import decision
from tests.tiny_model import model_folder

DATA = Path(__file__).parent.parent / "data"
SAMPLE = DATA / "sample" / "examples.jsonl"
SUITES = sorted((DATA / "suites").glob("*.jsonl"))
QUERIES = [query for file in (SAMPLE, *SUITES) for query in queries(file)]


def written(
    query: Query, dialect: str, calls: tuple[Call, ...] | None = None, text: str | None = None
) -> str:
    """The gold turn, or another one, as a model would write it."""
    from punie_data.dialects import hermes, json_fence

    write = {"hermes": hermes.write, "json-fence": json_fence.write}[dialect]
    return write(query.answer if text is None else text, query.gold if calls is None else calls)


@pytest.mark.parametrize("dialect", ["hermes", "json-fence"])
def test_every_gold_answer_scores_full(dialect: str) -> None:
    """Else a model that does exactly what it should is called wrong."""
    for query in QUERIES:
        found = score(query, written(query, dialect), dialect)
        assert found.strict, (query.id, found.explanation)
        assert found.decided == query.kind


def test_a_corrupted_answer_fails_where_it_was_corrupted() -> None:
    """Else a wrong tool, a wrong argument or no call at all would pass, as they do where an answer only has to be long enough."""
    tool = [
        query
        for query in QUERIES
        if query.kind == "tool" and query.gold[0].arguments and query.gold[0].name != "execute_code"
    ]
    assert len(tool) > 100
    for query in tool:
        call = query.gold[0]
        key = next(iter(call.arguments))
        value = call.arguments[key]
        other = value + 1 if isinstance(value, int) else f"{value}x"
        cases = {
            "arguments": written(query, "hermes", (Call(call.name, {**call.arguments, key: other}),)),
            "tools": written(query, "hermes", (Call("no_such_tool", call.arguments),)),
            "decision": written(query, "hermes", (), "It is in the file that you named."),
            "parsed": written(query, "hermes").replace("}}\n</tool_call>", ""),
        }
        for layer, text in cases.items():
            found = score(query, text, "hermes")
            assert not found.strict
            assert [name for name, passed in found.layers.items() if not passed] == [layer], (layer, text)
            assert found.explanation


def test_of_a_program_what_it_calls_is_judged_and_not_how_it_is_written() -> None:
    """Else Code Mode would demand one program, letter by letter, of all that print the same."""
    code = 'found = find_references("cart.py", 3, 7, "Cart")\nfor one in found.references:\n    print(read_file(one.file))'
    calls = [
        {
            "id": "call_0",
            "type": "function",
            "function": {"name": "execute_code", "arguments": {"code": code}},
        }
    ]
    record = row("Which files use `Cart`?", "a.py", "execute_code")
    record["messages"][1]["tool_calls"] = calls
    signatures = dialects.signatures(["execute_code"])
    assert not isinstance(signatures, dialects.Refused)
    query = query_of(record, signatures)
    [use] = [one for one in uses(query.gold[0]) if one.name == "find_references"]
    spelled = ", ".join(f"{name}={value!r}" for name, value in use.arguments.items())

    def failed(program: str) -> list[str]:
        found = score(query, written(query, "hermes", (Call("execute_code", {"code": program}),)), "hermes")
        return [name for name, passed in found.layers.items() if not passed]

    assert failed(code) == []
    assert failed(f"found = find_references({spelled})\nprint(read_file(found.references[0].file))") == []
    moved = spelled.replace("'cart.py'", "where")
    assert failed(f"where = 'cart.py'\nread_file(find_references({moved}).references[0].file)") == []
    assert failed(f"print(read_file('a.py'), find_references({spelled}).reference_cnt)") == ["fields"]
    assert failed(
        f"print(read_file('a.py'), find_references({spelled.replace(use.arguments['symbol'], 'other')}))"
    ) == ["arguments"]
    assert failed("print(read_file('a.py'))") == ["tools"]


def test_a_run_that_was_ended_goes_on_where_it_was(tmp_path: Path) -> None:
    """Else a night of answers would be gone with the last of them; and what another system answered must never be taken over."""
    suite = tmp_path / "suite.jsonl"
    write_rows(suite, range(4))

    class Scripted:
        """A system that answers one query after the other, and is ended after some."""

        batch = 1
        dialect = "hermes"

        def __init__(self, name: str, most: int) -> None:
            self.name, self.most, self.asked = name, most, 0

        def told(self) -> dict[str, Any]:
            return {"model": self.name}

        def proof(self) -> dict[str, Any]:
            return {}

        def reply(self, asked: Sequence[Conversation]) -> Iterator[tuple[int, Turn]]:
            for number in range(len(asked)):
                if self.asked == self.most:
                    raise KeyboardInterrupt
                self.asked += 1
                yield number, turn_of(f"I know. {self.name}", "hermes", ())

    def run(name: str, most: int) -> Scripted:
        system = Scripted(name, most)
        evaluate_system(suite, system, tmp_path / "out", lambda name, total: None, lambda count: None)
        return system

    with pytest.raises(KeyboardInterrupt):
        run("one", 4)
    [part] = (tmp_path / "out").glob("*.part")
    with part.open("ab") as file:
        file.write(b'{"number": 7, "row": {"half')
    assert not (tmp_path / "out" / "results.jsonl").exists()
    assert run("one", 99).asked == 5
    assert [one.name for one in sorted((tmp_path / "out").iterdir())] == ["results.jsonl", "summary.json"]
    rows = [orjson.loads(line) for line in (tmp_path / "out" / "results.jsonl").read_bytes().splitlines()]
    assert [one["id"] for one in rows] == [query.id for query in queries(suite)]
    with pytest.raises(KeyboardInterrupt):
        run("one", 4)
    assert run("other", 99).asked == 9


def test_prose_that_names_a_tool_is_no_call_and_a_broken_call_no_abstention() -> None:
    """Two of the ways in which evaluations have lied."""
    [query] = [query for query in QUERIES if query.kind == "tool"][:1]
    named = score(query, f"I would use {query.gold[0].name} for that.", "hermes")
    assert (named.decided, named.layers["decision"]) == ("direct", False)
    direct = next(query for query in QUERIES if query.kind == "direct")
    broken = score(direct, '<tool_call>\n{"name": "read_file", "argum', "hermes")
    assert (broken.decided, broken.strict) == ("malformed", False)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Which file do you mean?", "ask"),
        ("I can't see the conversation in which it was named: which file is it?", "ask"),
        ("I need the name and the line: which are they?", "ask"),
        ("Could you tell me which module it is in?", "ask"),
        ("I can't: none of the tools I was given searches the source.", "cannot"),
        ("There's no tool here that runs the tests. Would you enable one?", "cannot"),
        ("None of them can be left out.", "direct"),
        ("A registry holds factories. Which one is used? The last one that was registered.", "direct"),
        ("`can't` is what the parser reports for a missing token.", "direct"),
    ],
)
def test_what_prose_decides(text: str, wanted: str) -> None:
    """Else asking back and giving up would count as answering."""
    assert decision(Parsed(text)) == wanted
    assert decision(Parsed(text, (Call("hover", {}),))) == "tool"
    assert decision(Malformed("x")) == "malformed"


def test_decisions_of_mined_rows_are_read_as_they_are_labelled() -> None:
    """The rule of thumb for prose must at least know our own phrasings, or training would look worse than it is."""
    wrong = [
        query.answer
        for query in QUERIES
        if query.kind != "tool" and decision(Parsed(query.answer)) != query.kind
    ]
    assert wrong == []


def test_a_failure_before_a_layer_is_a_failure_of_it() -> None:
    """Else the arguments of a model that never calls would look perfect."""
    rows = [
        {"kind": "tool", "layers": {"parsed": True, "decision": False}},
        {"kind": "tool", "layers": {"parsed": True, "decision": True, "tools": True, "arguments": True}},
        {"kind": "direct", "layers": {"parsed": True, "decision": True}},
    ]
    assert [reached(rows, layer) for layer in ("parsed", "decision", "tools", "arguments")] == [
        (3, 3),
        (2, 3),
        (1, 2),
        (1, 2),
    ]


def test_a_suite_has_a_fair_share_of_every_kind_and_asks_nothing_twice(tmp_path: Path) -> None:
    """Else a suite would be mostly what there is most of, and one question could decide twice."""
    out = tmp_path / "suite.jsonl"
    done = punie_data("suite", "choose", SAMPLE, "--queries", 20, "--out", out)
    assert done.stdout.startswith("20 queries (5 ask, 5 cannot, 5 direct, 5 tool)"), done.stdout + done.stderr
    rows = [orjson.loads(line) for line in out.read_bytes().splitlines()]
    asked = [one["messages"][0]["content"] for one in rows]
    assert len(set(asked)) == len(asked) == 20
    assert len({one["label"]["category"] for one in rows if one["label"]["kind"] == "tool"}) == 5
    other = tmp_path / "other.jsonl"
    punie_data("suite", "choose", SAMPLE, "--queries", 20, "--seed", 1, "--out", other)
    assert other.read_bytes() != out.read_bytes()
    assert punie_data("suite", "choose", SAMPLE, "--out", SAMPLE).returncode == 2


def test_the_suites_are_records_of_all_kinds() -> None:
    """They ship: who evaluates with them needs every kind, and gold answers."""
    shop = DATA / "suites" / "shop-60.jsonl"
    assert shop in SUITES
    assert {query.kind for query in queries(shop)} == {"tool", "direct", "ask", "cannot"}


def row(question: str, answer: str, tool: str = "") -> dict[str, Any]:
    messages: list[dict[str, Any]] = [{"role": "user", "content": question}]
    if tool:
        call = {"id": "call_0", "type": "function", "function": {"name": tool, "arguments": {}}}
        messages += [
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "content": "{}", "tool_call_id": "call_0", "name": tool},
        ]
    messages.append({"role": "assistant", "content": answer})
    return {
        "id": question, "tools": [],  # without signatures a prompt is short, and a small model learns in seconds
         "label": {"kind": "tool" if tool else "direct", "category": "version_control"}, "messages": messages,
        "runs": [{"call_id": "call_0", "tool_version": "git 2", "exit": 0, "sha256": "", "truncated": False}] if tool else [],
        "origin": {"generator": "g", "repo": "r", "revision": "1", "license": "MIT", "paths": [], "spans": [], "symbol": "", "seed": 0},
    }  # fmt: skip


def write_rows(path: Path, numbers: range) -> None:
    rows = []
    for number in numbers:
        rows += [
            row(f"{number}: is the tree clean?", "Yes.", "git_status"),
            row(f"{number}: anything to commit?", "No.", "git_status"),
        ]
        rows += [row(f"{number}: what does clean mean?", "Nothing to commit.")] if number % 4 == 0 else []
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))


def punie_data(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "punie_data", *map(str, arguments)], capture_output=True, text=True
    )


def test_the_whole_loop_teaches_a_model_to_decide(tmp_path: Path) -> None:
    """From rows to a verdict: what is trained is what is evaluated, with the same prompt. Any break in the chain and nothing is learned."""
    pytest.importorskip("mlx.core", reason="mlx is not installed: pip install 'punie-data[train]'")
    data, model = tmp_path / "data", model_folder(tmp_path / "model")
    data.mkdir()
    write_rows(data / "train.jsonl", range(16))
    write_rows(data / "test.jsonl", range(16, 24))
    base = punie_data(
        "evaluate",
        data / "test.jsonl",
        "--model",
        model,
        "--out",
        tmp_path / "base",
        "--most-tokens",
        64,
        "--json",
    )
    assert base.returncode == 0, base.stderr
    before = json.loads(base.stdout)
    assert before["strict"]["passed"] / before["strict"]["total"] < 0.2
    told = [
        part
        for key, value in {"epochs": 40, "method": "full", "learning_rate": 0.003, "batch_size": 6}.items()
        for part in ("--set", f"{key}={value}")
    ]
    trained = punie_data("train", data, "--model", model, "--out", tmp_path / "adapter", *told)
    assert trained.returncode == 0, trained.stderr
    tuned = punie_data("evaluate", data / "test.jsonl", "--model", model, "--adapter", tmp_path / "adapter", "--out", tmp_path / "tuned", "--most-tokens", 64, "--json")  # fmt: skip
    after = json.loads(tuned.stdout)
    assert after["strict"]["passed"] / after["strict"]["total"] > 0.9, after
    assert after["system"]["weights"] != before["system"]["weights"]
    assert math.isclose(after["strict"]["high"], 1.0) or after["strict"]["high"] < 1
    verdict = punie_data("compare", tmp_path / "base", tmp_path / "tuned")
    assert "tuned is better" in verdict.stdout, verdict.stdout + verdict.stderr
    results = [
        orjson.loads(line) for line in (tmp_path / "tuned" / "results.jsonl").read_bytes().splitlines()
    ]
    assert {one["decided"] for one in results} <= {"tool", "direct"}


def test_what_can_t_be_asked_is_unscored(tmp_path: Path) -> None:
    """Else a query that is too long would count against the model, or for it."""
    pytest.importorskip("mlx.core", reason="mlx is not installed: pip install 'punie-data[train]'")
    from punie_data.evaluate.run import evaluate

    suite = tmp_path / "suite.jsonl"
    suite.write_text("".join(json.dumps(row(text, "Yes.")) + "\n" for text in ("short?", "long? " * 400)))
    summary = evaluate(
        suite,
        model_folder(tmp_path / "model"),
        None,
        "hermes",
        "",
        tmp_path / "out",
        lambda name, total: None,
        lambda count: None,
        most=4,
        longest=2000,
    )
    assert (summary["unscored"], summary["strict"]["total"]) == (1, 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "has no queries"), ("{}\n", "suite.jsonl:1: "), ('{"half', "suite.jsonl:1: ")],
    ids=["empty", "no-record", "half-a-line"],
)
def test_a_suite_that_is_none_is_told(content: str, said: str, tmp_path: Path) -> None:
    """Else an evaluation of nothing would look like one."""
    (tmp_path / "suite.jsonl").write_text(content)
    done = punie_data(
        "evaluate",
        tmp_path / "suite.jsonl",
        "--model",
        model_folder(tmp_path / "model"),
        "--out",
        tmp_path / "out",
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert said in done.stderr
    assert not (tmp_path / "out").exists()


def test_silence_is_no_answer() -> None:
    """Else a model that writes nothing but line ends is right on every query that needs no tool."""
    for query in QUERIES[:200]:
        found = score(query, "\n \n\n", "hermes")
        assert (found.decided, found.strict) == ("malformed", False)
