"""The agentic mode: gold conversations score full on the real repository, a corrupted one fails where it was corrupted, and nothing goes on for ever."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from punie_data import dialects
from punie_data.corpus import Source
from punie_data.dialects import hermes
from punie_data.dialects.base import Call
from punie_data.errors import UserError
from punie_data.evaluate.agentic import Agentic, OneRun
from punie_data.evaluate.endpoint import Endpoint
from punie_data.evaluate.episode import Limits
from punie_data.evaluate.queries import Query, queries, query_of
from punie_data.evaluate.requests import Server
from punie_data.evaluate.run import evaluate_system
from punie_data.evaluate.sites import Sites
from punie_data.evaluate.systems import Conversation, Results, Turn, as_messages, turn_of
from tests.conftest import TINY_SHOP
from tests.served import completion, conforms, serving

SUITES = sorted((Path(__file__).parent.parent / "data" / "suites").glob("*.jsonl"))
SHOP = SUITES[0].with_name("shop-60.jsonl")
ASKED = [query for query in queries(SHOP) if query.repo == "tiny_shop"]
HERE = [suite for suite in SUITES if {query.repo for query in queries(suite)} == {"tiny_shop"}]
"""Those whose repository is in this checkout."""
Plays = Callable[[Query, int, Conversation], Turn]


class Played:
    """A system that plays what a test wrote: `play(query, turns before, conversation)`."""

    batch = 8
    dialect = "hermes"

    def __init__(self, play: Plays, asked: Sequence[Query] = ASKED) -> None:
        self.play = play
        self.asked = {orjson.dumps(list(query.prompt)): query for query in asked}

    def told(self) -> dict[str, Any]:
        return {"model": "played", "dialect": "hermes"}

    def proof(self) -> dict[str, Any]:
        return {}

    def reply(self, asked: Sequence[Conversation]) -> Iterator[tuple[int, Turn]]:
        for number, conversation in enumerate(asked):
            query = self.asked[orjson.dumps(list(conversation.prompt))]
            before = sum(isinstance(said, Turn) for said in conversation.later)
            yield number, self.play(query, before, conversation)


def gold(query: Query, before: int, conversation: Conversation) -> Turn:
    """The gold conversation, as a model would write it: one call a turn, then the answer."""
    steps: list[tuple[str, tuple[Call, ...]]] = []
    for one in query.rounds:
        steps += [("", (expected.call,)) for expected in one.expected]
        steps.append((one.answer, ()))
    return turn_of(hermes.write(*steps[before]), "hermes", query.tools)


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    source = Source("tiny_shop", TINY_SHOP, "", "", "MIT", False)
    cache = tmp_path_factory.mktemp("cache")
    with Sites(ASKED, {}, {"tiny_shop": source}, cache, False, lambda line: None) as found:
        yield found


def played(play: Plays, sites: Sites, out: Path, limits: Limits | None = None, suite: Path = SHOP, asked: Sequence[Query] = ASKED) -> tuple[dict[str, Any], list[dict[str, Any]]]:  # fmt: skip
    summary = evaluate_system(suite, Played(play, asked), out, lambda name, total: None, lambda count: None, mode=Agentic(sites, limits or Limits()))  # fmt: skip
    return summary, [orjson.loads(line) for line in (out / "results.jsonl").read_bytes().splitlines()]


@pytest.mark.parametrize("suite", HERE, ids=lambda path: path.stem)
def test_every_gold_conversation_scores_full(suite: Path, tmp_path: Path, sites: Sites) -> None:
    """Else a model that does all that it should, on the real repository, is called wrong."""
    asked = list(queries(suite))
    summary, rows = played(gold, sites, tmp_path, suite=suite, asked=asked)
    assert [(row["id"], row["unscored"] or row["explanation"]) for row in rows if not row.get("strict")] == []
    assert summary["ended"] == {"answered": len(asked)}
    conforms(summary, rows)
    assert summary["answered"]["passed"] == summary["answered"]["total"] > 10


def tool_query(name: str) -> Query:
    """A query whose gold conversation calls this tool and nothing else, and that offers `read_file` and `search_text` besides."""
    for query in ASKED:
        offered = {tool["function"]["name"] for tool in query.tools}
        calls = [one.call.name for one in query.rounds[0].expected]
        if query.kind == "tool" and calls == [name] and offered >= {"read_file", "search_text"}:
            return query
    raise AssertionError(f"the suite has no such query of {name}")


def says(*turns: str) -> Plays:
    """These turns, one after the other; the last again and again."""
    return lambda query, before, conversation: turn_of(
        turns[min(before, len(turns) - 1)], "hermes", query.tools
    )


def call(name: str, **arguments: Any) -> str:
    return hermes.write("", [Call(name, arguments)])


def one(query: Query, play: Plays, sites: Sites, out: Path, limits: Limits | None = None) -> dict[str, Any]:
    """The row of a query alone."""
    suite = out / "suite.jsonl"
    out.mkdir()
    suite.write_bytes(next(line for line in SHOP.read_bytes().splitlines() if query.id.encode() in line))
    return played(play, sites, out, limits, suite)[1][0]


def failed(row: dict[str, Any]) -> list[str]:
    return [name for name, passed in row["layers"].items() if not passed]


def test_a_corrupted_conversation_fails_in_the_layer_of_its_corruption(tmp_path: Path, sites: Sites) -> None:
    """Else a wrong call that happens to be followed by the right answer would pass, or the right call with a wrong answer."""
    query = tool_query("find_references")
    [expected] = query.rounds[0].expected
    right, answer = call("find_references", **expected.call.arguments), query.rounds[0].answer
    other = call("read_file", path=expected.call.arguments["file_path"])
    elsewhere = call("find_references", **{**expected.call.arguments, "line": 1})
    nowhere = call("read_file", path="no/such/file.py")
    cases = {
        "parsed": [right.replace("}}", "}"), right, answer],
        "decision": [answer],
        "tools": [other, answer],
        "arguments": [elsewhere, answer],
        "runs": [nowhere, right, answer],
        "answer": [right, "There are 7 of them, in `src/tiny_shop/nowhere.py`."],
        "": [other, right, answer],
    }
    for layer, turns in cases.items():
        row = one(query, says(*turns), sites, tmp_path / (layer or "right"))
        assert failed(row) == ([layer] if layer else []), (layer, row)
        assert all(row["explanations"].values()) and bool(row["explanation"]) == bool(layer)
    late = one(query, says(other, right.replace("}}", "}"), right, answer), sites, tmp_path / "late")
    assert (late["decided"], failed(late), late["answered"]) == ("tool", ["parsed"], True)


def test_every_fact_of_an_answer_must_be_there_and_no_other(tmp_path: Path, sites: Sites) -> None:
    """Else the half of an answer, or one with something made up, would be as good as the whole."""
    query = next(q for q in ASKED if "orders.py` and `tests" in q.rounds[0].answer)
    start = call("find_references", **query.rounds[0].expected[0].call.arguments)
    for number, (answer, said) in enumerate(
        {
            "`src/tiny_shop/orders.py` and `tests/test_orders.py`.": "",
            "Two: tests/test_orders.py, and src/tiny_shop/orders.py on line 49.": "",
            "`src/tiny_shop/orders.py`.": "lacks the path 'tests/test_orders.py'",
            "`src/tiny_shop/orders.py`, `tests/test_orders.py`, `tests/test_cart.py`.": "names the file 'tests/test_cart.py'",
            "`src/tiny_shop/orders.py` and `tests/test_orders.py`, line 1234.": "says 1234",
            "`src/tiny_shop/orders.py`, `tests/test_orders.py`, in `cancel_everything`.": "names 'cancel_everything'",
            "": "the answer is empty",
        }.items()
    ):
        row = one(query, says(start, answer), sites, tmp_path / str(number))
        assert (said in row["explanation"]) and row["answered"] == (not said) == row["strict"], row


def test_errors_are_those_of_the_runtime(tmp_path: Path, sites: Sites) -> None:
    """No canned results: an empty call, a tool that isn't there and a call that can't be read are told what is wrong, and are recorded."""
    query = tool_query("find_references")
    right = call("find_references", **query.rounds[0].expected[0].call.arguments)
    row = one(
        query,
        says(call("find_references"), call("grep", text="x"), right, query.rounds[0].answer),
        sites,
        tmp_path / "errors",
    )
    results = [message["content"] for message in row["transcript"] if message["role"] == "tool"]
    assert results[0] == "Error: find_references() missing a required argument: 'file_path'"
    assert results[1].startswith("Error: there is no tool 'grep'; there are ")
    assert results[2] == query.rounds[0].expected[0].content
    assert (row["calls"], row["failed_calls"], row["turns"]) == (
        ["find_references", "grep", "find_references"],
        2,
        4,
    )
    assert (failed(row), row["answered"]) == (["runs"], True)
    broken = one(
        query, says(right.replace("}}", "}"), right, query.rounds[0].answer), sites, tmp_path / "broken"
    )
    assert [m["role"] for m in broken["transcript"]] == [
        "assistant",
        "user",
        "assistant",
        "tool",
        "assistant",
    ]
    assert broken["transcript"][1]["content"].startswith("Error: the tool call could not be read: ")


def test_nothing_goes_on_for_ever(tmp_path: Path, sites: Sites) -> None:
    """Twenty identical calls and no answer: that has been seen. It is stopped, counted, and no answer is made up for it."""
    query = tool_query("find_references")
    right = call("find_references", **query.rounds[0].expected[0].call.arguments)
    row = one(query, says(right), sites, tmp_path / "loop")
    assert (row["ended"], row["turns"], row["calls"], failed(row)) == (
        "looped",
        3,
        ["find_references"] * 2,
        ["answer"],
    )
    assert row["explanation"] == "no answer: the same call was made 3 times"
    row = one(query, says(right.replace("}}", "}")), sites, tmp_path / "unreadable")
    assert (row["ended"], row["decided"], failed(row)) == ("looped", "malformed", ["parsed"])

    def wanders(query: Query, before: int, conversation: Conversation) -> Turn:
        return turn_of(call("search_text", pattern=f"word{before}"), "hermes", query.tools)

    row = one(query, wanders, sites, tmp_path / "turns", Limits(turns=5))
    assert (row["ended"], row["turns"], row["answered"]) == ("turns", 5, False)

    def slow(query: Query, before: int, conversation: Conversation) -> Turn:
        return Turn("", "", (Call("search_text", {"pattern": f"word{before}"}),), seconds=2.0)

    row = one(query, slow, sites, tmp_path / "time", Limits(seconds=3.0))
    assert (row["ended"], row["turns"]) == ("time", 2)

    def fills(query: Query, before: int, conversation: Conversation) -> Turn:
        return Turn(unscored="longer than 8192 tokens") if before else turn_of(right, "hermes", query.tools)

    row = one(query, fills, sites, tmp_path / "context")
    assert (row["ended"], row["explanation"]) == ("context", "no answer: the conversation grew too long")
    summary, rows = played(says(right), sites, tmp_path / "all")
    conforms(summary, rows)
    assert summary["looped"] == sum(row["ended"] == "looped" for row in rows) > 30


def test_conversations_write_into_copies_of_their_own(tmp_path: Path, sites: Sites) -> None:
    """Else what one conversation writes another would read, and the suite's repository would not be what it was."""
    queries_here = [q for q in ASKED if any(tool["function"]["name"] == "write_file" for tool in q.tools)][:2]
    first = queries_here[0]

    def writes(query: Query, before: int, conversation: Conversation) -> Turn:
        mine = f"for {query.id}"
        turns = [
            call("write_file", path="new.txt", content=mine),
            call("read_file", path="new.txt"),
            call("list_files"),
            "Done.",
        ]
        if query not in queries_here:
            turns = [call("read_file", path="new.txt"), "Nothing."]
        return turn_of(turns[min(before, len(turns) - 1)], "hermes", query.tools)

    assert len(queries_here) == 2
    _, rows = played(writes, sites, tmp_path)
    for row in rows:
        results = [message["content"] for message in row["transcript"] if message["role"] == "tool"]
        if row["id"] in [query.id for query in queries_here]:
            assert results[1] == f"for {row['id']}"
        elif "there is no tool" not in results[0]:
            assert results[0].startswith("Error: ")
    assert not (sites.site(first.repo).root / "new.txt").exists()


def test_what_the_tools_here_can_t_do_is_unscored(tmp_path: Path, sites: Sites) -> None:
    """Running the repository's tests needs the user's leave: without it a query about them is neither right nor wrong."""
    record = orjson.loads(SHOP.read_bytes().splitlines()[0])
    called = {"id": "call_0", "type": "function", "function": {"name": "pytest_run", "arguments": {}}}
    record |= {"id": "tests", "tools": ["pytest_run"], "label": {"kind": "tool", "category": "workflow"}}
    record["messages"] = [
        {"role": "user", "content": "Do the tests pass?"},
        {"role": "assistant", "content": "", "tool_calls": [called]},
        {"role": "tool", "content": "{}", "tool_call_id": "call_0", "name": "pytest_run"},
        {"role": "assistant", "content": "Yes."},
    ]
    suite = tmp_path / "suite.jsonl"
    suite.write_bytes(orjson.dumps(record))
    summary, rows = played(gold, sites, tmp_path / "out", suite=suite, asked=list(queries(suite)))
    assert (summary["unscored"], rows[0]["unscored"]) == (
        1,
        "its answer needs the repository's own code to be run: --allow-exec",
    )


def test_another_repository_than_the_suite_s_is_refused(tmp_path: Path, tiny_shop: Path) -> None:
    """Else answers would be judged by facts of another state of the files."""
    with pytest.raises(UserError, match="tiny_shop is not the one that the suite asks about: that was tree:"):
        Sites(
            ASKED,
            {},
            {"tiny_shop": Source("tiny_shop", tiny_shop, "", "", "MIT", False)},
            tmp_path,
            False,
            print,
        )
    with pytest.raises(UserError, match="say where it is with --repo"):
        Sites(ASKED, {}, {}, tmp_path, False, print)


def test_code_mode_s_programs_really_run(tmp_path: Path, sites: Sites) -> None:
    """What counts are the calls that a program makes; a field that doesn't exist is found even where it was not read."""
    query = next(q for q in ASKED if q.kind == "tool" and q.gold[0].name == "execute_code")
    code, answer = query.gold[0].arguments["code"], query.rounds[0].answer
    for number, (program, layers) in enumerate(
        {
            f"# written otherwise\n{code}": [],
            f"{code}\nif False:\n    print(list_files('.').no_such_field)": ["fields"],
            f"{code}\nprint(undefined)": ["runs"],
            "print(list_files('.').file_count)": ["tools"],
            "page = 'tests/test_catalogue.py'\ncall_hierarchy('src/tiny_shop/catalogue.py', 46, 9, 'search')\ndocument_symbols(page)\nread_file(page)": [
                "arguments"
            ],
        }.items()
    ):
        row = one(query, says(call("execute_code", code=program), answer), sites, tmp_path / str(number))
        assert failed(row) == layers, (program, row["explanation"])


def test_a_turn_s_calls_are_run_without_what_would_follow(tmp_path: Path, sites: Sites) -> None:
    """`--run`: a call that looks right and can't be run is found without a whole conversation."""
    query = tool_query("find_references")
    expected = query.rounds[0].expected[0].call

    def row(text: str, name: str) -> dict[str, Any]:
        suite, out = tmp_path / f"{name}.jsonl", tmp_path / name
        suite.write_bytes(next(line for line in SHOP.read_bytes().splitlines() if query.id.encode() in line))
        evaluate_system(suite, Played(says(text)), out, lambda name, total: None, lambda count: None, mode=OneRun(sites))  # fmt: skip
        return orjson.loads((out / "results.jsonl").read_bytes())

    right = row(call(expected.name, **expected.arguments), "right")
    assert (right["strict"], right["layers"]["runs"], right["transcript"][1]["content"]) == (True, True, query.rounds[0].expected[0].content)  # fmt: skip
    wrong = row(call(expected.name, **{**expected.arguments, "line": "three"}), "wrong")
    assert failed(wrong) == ["arguments"]
    assert (
        wrong["transcript"][1]["content"]
        == "Error: find_references() argument 'line' must be of type integer"
    )


def test_what_a_model_may_write_can_be_written_down(tmp_path: Path, sites: Sites) -> None:
    """Half a surrogate pair, a number of a thousand digits, a list of a thousand lists: a row must not fail for it, nor those after it."""
    odd = '<tool_call>\n{"name": "search_text", "arguments": {"pattern": "\\ud800", "a": 1' + "0" * 1000 + ', "b": ' + "[" * 300 + "]" * 300 + "}}\n</tool_call>"  # fmt: skip
    row = one(tool_query("find_references"), says(odd, "\ud800 it is."), sites, tmp_path / "odd")
    assert row["ended"] == "answered"
    assert row["transcript"][0]["tool_calls"][0]["function"]["arguments"]["pattern"] == "?"


@pytest.mark.parametrize("dialect", ["hermes", "json-fence", "qwen3-xml", "native", "code"])
def test_later_turns_are_shown_as_the_training_showed_them(dialect: str) -> None:
    """Else a model would meet, from the second turn on, a prompt that it never saw: that costs more than most models differ by."""
    compared = 0
    for line in SHOP.read_bytes().splitlines():
        record = orjson.loads(line)
        tools = dialects.signatures(record["tools"])
        assert not isinstance(tools, dialects.Refused)
        query = query_of(record, tools)
        whole = dialects.load(dialect).render(record, tools, "Be exact.")
        if query.kind != "tool" or isinstance(whole, dialects.Refused):
            continue
        wanted = list(whole.messages)[:-1]
        conversation = Conversation(query.prompt, tools)
        turns = [message for message in wanted if message["role"] == "assistant"]
        for turn, expected in zip(turns, query.rounds[0].expected, strict=True):
            content = expected.content
            if dialect == "code":
                content = whole.messages[whole.messages.index(turn) + 1]["content"]
                content = content.removeprefix("<tool_response>\n").removesuffix("\n</tool_response>")
            found = turn_of(turn["content"], dialect, tools)
            if dialect == "native":
                found = Turn("", "", (expected.call,))
            conversation.later += [found, Results((content,))]
        shown = as_messages(conversation, dialect, "Be exact.")
        assert not isinstance(shown, dialects.Refused)
        assert list(shown.messages) == wanted
        compared += 1
    assert compared > 10


def test_an_endpoint_plays_whole_conversations_too(tmp_path: Path, sites: Sites) -> None:
    """With structured calls and results, as agents talk to servers: each call with its result, by its id."""

    def reply(body: dict[str, Any], number: int) -> tuple[int, Any]:
        said = [message for message in body["messages"] if message["role"] != "system"]
        query = next(query for query in ASKED if query.prompt[-1]["content"] == said[0]["content"])
        before = sum(message["role"] == "assistant" for message in said)
        turn = gold(query, before, Conversation(query.prompt, query.tools))
        for one, result in zip(said[1::2], said[2::2], strict=True):
            assert one["tool_calls"][0]["id"] == result["tool_call_id"] and isinstance(one["tool_calls"][0]["function"]["arguments"], str)  # fmt: skip
        calls = [
            {"id": "x", "type": "function", "function": {"name": one.name, "arguments": orjson.dumps(dict(one.arguments)).decode()}}
            for one in turn.calls
        ]  # fmt: skip
        return 200, completion(turn.content, message={"tool_calls": calls} if calls else {})

    with serving(reply) as (url, seen):
        system = Endpoint(Server(url, attempts=1), None, "native", "", batch=4)
        summary = evaluate_system(
            SHOP, system, tmp_path, lambda name, total: None, lambda count: None, mode=Agentic(sites)
        )
    assert (summary["strict"]["passed"], summary["unscored"]) == (60, 0)
    assert summary["proof"]["answered_as"] == {"shop": len(seen)} and len(seen) > 75
