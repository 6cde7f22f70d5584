"""Public benchmarks from the files that a user has: BFCL's gold scores full as BFCL counts, and what When2Call reports is what its definitions say."""

import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from punie_data.cli.suite_import import import_
from punie_data.dialects.base import Call, Refused, calls_of
from punie_data.errors import UserError
from punie_data.evaluate import suite_file
from punie_data.evaluate.benchmark_figures import confusion, f1, macro_f1
from punie_data.evaluate.bfcl import REFUSED, import_bfcl
from punie_data.evaluate.queries import Query, queries
from punie_data.evaluate.run import evaluate_system
from punie_data.evaluate.score import score
from punie_data.evaluate.systems import Conversation, Turn, Weighed, turn_of
from punie_data.evaluate.when2call import import_when2call
from tests.bfcl import CATEGORIES, Peer, mutations, right, wheel
from tests.tiny_model import model_folder
from tests.tiny_tokenizer import tokenizer_folder

WEATHER = {
    "name": "weather.get",
    "description": "The weather of a city.",
    "parameters": {
        "type": "dict",
        "required": ["city"],
        "properties": {
            "city": {"type": "string", "description": "Which city."},
            "unit": {"type": "string", "default": "C"},
            "height": {"type": "float"},
        },
    },
}
GOLD = {"weather.get": {"city": ["Oslo", "Oslo, Norway"], "unit": ["C", ""], "height": [1.0, ""]}}


def write_lines(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def asked(identity: str, text: str, **more: Any) -> dict[str, Any]:
    return {
        "id": identity,
        "question": [[{"role": "user", "content": text}]],
        "function": [WEATHER],
    } | more


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A few rows in BFCL's format, written for this test."""
    place = tmp_path / "data"
    own = {"role": "system", "content": "Answer in Norwegian."}
    other = {**WEATHER, "description": "Yesterday's weather."}
    write_lines(place / "BFCL_v4_simple_python.json", [asked("simple_python_0", "How warm is Oslo?"), asked("simple_python_1", "And Rome?", function=[other])])  # fmt: skip
    write_lines(place / "possible_answer/BFCL_v4_simple_python.json", [{"id": "simple_python_0", "ground_truth": [GOLD]}, {"id": "simple_python_1", "ground_truth": [{"weather.get": {"city": ["Rome"]}}]}])  # fmt: skip
    write_lines(place / "BFCL_v4_live_simple.json", [
        asked("live_simple_0", "Oslo?", question=[[own, {"role": "user", "content": "Oslo?"}]]),
        asked("live_simple_1", "Rain?"),
    ])  # fmt: skip
    write_lines(place / "possible_answer/BFCL_v4_live_simple.json", [{"id": "live_simple_0", "ground_truth": [GOLD]}, {"id": "live_simple_1", "ground_truth": [{"weather.get": {"town": ["Oslo"]}}]}])  # fmt: skip
    write_lines(place / "BFCL_v4_irrelevance.json", [asked("irrelevance_0", "Sing me a song.")] * 2)
    write_lines(place / "BFCL_v4_multi_turn_base.json", [asked("multi_turn_base_0", "First this.")])
    write_lines(place / "BFCL_v4_simple_java.json", [asked("simple_java_0", "In Java, please.")])
    return place


def failed(query: Query, text: str) -> list[str]:
    return [name for name, passed in score(query, text, "hermes").layers.items() if not passed]


def called(**arguments: Any) -> str:
    return f"<tool_call>\n{json.dumps({'name': 'weather.get', 'arguments': arguments})}\n</tool_call>"


def test_all_values_that_bfcl_allows_are_right_and_no_others(folder: Path, tmp_path: Path) -> None:
    """Else the one value that the gold conversation keeps would be the only one, and accuracies would not be BFCL's."""
    out = tmp_path / "bfcl.jsonl"
    manifest = import_bfcl(folder, out)
    assert manifest["suite"]["counts"]["dropped"] == {
        REFUSED: 1,
        "it asks what another row asks, with tools of the same names": 1,
        "multi_turn_base: calls of several turns would have to be run on BFCL's own simulations": 1,
        "simple_java: the calls are not Python's": 1,
    }
    assert suite_file.check(out) == []
    first, rome, live, irrelevant = queries(out)
    assert [query.category for query in (first, rome, live, irrelevant)] == ["simple_python", "simple_python", "live_simple", "irrelevance"]  # fmt: skip
    for good in ({"city": "Oslo"}, {"city": "oslo norway"}, {"city": "Oslo", "unit": "C", "height": 1}):
        assert failed(first, called(**good)) == []
    for wrong in ({"city": "Bergen"}, {"city": "Oslo", "unit": "F"}, {"city": "Oslo", "height": "1"}, {}):
        assert failed(first, called(**wrong)) == ["arguments"]
    assert failed(first, called(city="Oslo") * 2) == ["tools"]
    assert failed(first, "It is warm.") == ["decision"]
    assert first.tools[0]["function"]["description"] != rome.tools[0]["function"]["description"]
    assert (first.system_prompt, live.system_prompt) == (None, "Answer in Norwegian.")


def test_on_irrelevance_any_words_are_right_and_a_broken_call_is_not(folder: Path, tmp_path: Path) -> None:
    """BFCL counts output that can't be read as an abstention (gorilla #1362): the worse a model writes, the better it would look."""
    out = tmp_path / "bfcl.jsonl"
    import_bfcl(folder, out, ["irrelevance"])
    [query] = queries(out)
    for words in ("I can't sing.", "La, la, la.", "Which song do you mean?"):
        assert failed(query, words) == []
    assert failed(query, called(city="Oslo")) == ["decision"]
    assert failed(query, '<tool_call>\n{"name": "weather.get", "argu') == ["parsed"]
    summary = asked_all(out, lambda query: '<tool_call>\n{"name":', tmp_path / "results")
    assert summary["benchmark"]["by_category"]["irrelevance"]["passed"] == 0
    assert summary["benchmark"]["malformed_on_irrelevance"] == 1


def test_what_bfcl_does_not_hold_or_can_t_be_asked_is_told(folder: Path, tmp_path: Path) -> None:
    """Else a spelling mistake would give an empty suite, and a damaged file a smaller one."""
    out = tmp_path / "bfcl.jsonl"
    for names, told in ((["simple_java"], "not Python's"), (["simpel"], "no category 'simpel'")):
        with pytest.raises(UserError, match=told):
            import_bfcl(folder, out, names)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(UserError, match="holds no BFCL"):
        import_bfcl(empty, out)
    (folder / "possible_answer/BFCL_v4_live_simple.json").write_text('{"id": \n')
    with pytest.raises(UserError, match=r"possible_answer/BFCL_v4_live_simple.json:1 is not JSON"):
        import_bfcl(folder, out)
    (folder / "possible_answer/BFCL_v4_live_simple.json").unlink()
    with pytest.raises(UserError, match="no file for live_simple"):
        import_bfcl(folder, out)
    no_wheel = tmp_path / "bfcl.whl"
    no_wheel.write_bytes(b"PK")
    with pytest.raises(UserError, match="no wheel"):
        import_bfcl(no_wheel, out)
    assert not out.exists()


@pytest.fixture(scope="module")
def bfcl(request: pytest.FixtureRequest) -> Path:
    found = wheel(Path(request.config.cache.mkdir("bfcl")))
    if found is None:
        pytest.skip("bfcl-eval can't be had here: pip can't reach an index that has it")
    return found


def test_bfcl_s_own_gold_scores_full_in_every_category(bfcl: Path, tmp_path: Path) -> None:
    """Else what we call BFCL's accuracy is another figure. The import holds each gold against the scorer and leaves out what it refuses, as BFCL's own
    checker does; of every fifteenth row the verdicts are compared, as a model would write it and with something changed.
    """
    out = tmp_path / "bfcl.jsonl"
    manifest = import_bfcl(bfcl, out)
    counts = manifest["suite"]["counts"]
    assert counts["queries"] > 3400 and counts["dropped"][REFUSED] < 8
    assert {name.partition("/")[2] for name in counts["categories"]} == {*CATEGORIES, "irrelevance", "live_irrelevance"}  # fmt: skip
    rows = {row["id"]: row["origin"]["symbol"] for row in map(orjson.loads, out.read_bytes().splitlines())}
    peer = Peer(bfcl)
    cases = {case.id: case for case in peer.cases()}
    assert [peer.accepts(case, right(case)) for case in cases.values() if case.id not in rows.values()].count(True) <= 4  # fmt: skip
    asked = list(queries(out))
    few = {"live_parallel", "live_parallel_multiple"}
    for query in [query for number, query in enumerate(asked) if number % 15 == 0 or query.category in few]:
        text = suite_file.gold_text(query, "hermes")
        assert isinstance(text, str) and failed(query, text) == [], (rows[query.id], text)
        if query.kind != "tool":
            continue
        case = cases[rows[query.id]]
        assert peer.accepts(case, [{call.name: dict(call.arguments)} for call in query.gold])
        for what, answer in mutations(case, 1):
            calls = [Call(name, arguments) for call in answer for name, arguments in call.items()]
            if what == "tuple" or not calls:  # JSON has no tuples
                continue
            written = "".join(
                f"<tool_call>\n{json.dumps({'name': call.name, 'arguments': dict(call.arguments)})}\n</tool_call>"
                for call in calls
            )
            assert (failed(query, written) == []) is peer.accepts(case, json.loads(json.dumps(answer))), (
                case.id,
                what,
                answer,
            )


def tool(name: str) -> str:
    parameters = {"type": "dict", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    return json.dumps({"name": name, "description": "Of a city.", "parameters": parameters})


def test_row(right: str, question: str, *tools: str) -> dict[str, Any]:
    """A row in the format of When2Call's test set, with answers of our own."""
    return {
        "uuid": f"{right}-{question}",
        "source": "BFCL v2 Live Simple",
        "question": question,
        "correct_answer": right,
        "answers": {
            "direct": "It is sunny there, as always in May.",
            "tool_call": '{"name": "weather", "arguments": {"city": "Oslo"}}',
            "request_for_info": "For which city would you like to know it?",
            "cannot_answer": "I'm unable to look that up with the tools I have.",
        },
        "target_tool": tools[0] if tools else None,
        "tools": list(tools),
    }


test_row.__test__ = False  # type: ignore[attr-defined]
ROWS = [
    test_row("tool_call", "How is the weather in Oslo?", tool("weather"), tool("time")),
    test_row("tool_call", "Does it rain in Oslo?", tool("weather")),
    test_row("request_for_info", "How is the weather?", tool("weather")),
    test_row("cannot_answer", "How is the weather in Oslo?"),
    test_row("cannot_answer", "How many people live in Oslo?"),
    test_row("cannot_answer", "Who is mayor of Oslo?", tool("time")),
]


@pytest.fixture
def when2call(tmp_path: Path) -> Path:
    source, out = tmp_path / "when2call_test_mcq.jsonl", tmp_path / "when2call.jsonl"
    write_lines(source, ROWS)
    import_when2call(source, out)
    return out


class Says:
    """A system that says of each query what it is told to."""

    batch, dialect = 1, "hermes"

    def __init__(self, say: Any, asked: list[Query]) -> None:
        self.say, self.asked = say, asked

    def told(self) -> dict[str, Any]:
        return {"model": "says"}

    def proof(self) -> dict[str, Any]:
        return {}

    def reply(self, asked: Sequence[Conversation]) -> Iterator[tuple[int, Turn]]:
        for number, conversation in enumerate(asked):
            yield number, turn_of(self.say(self.asked[number]), "hermes", conversation.tools)


def asked_all(suite: Path, say: Any, out: Path) -> dict[str, Any]:
    return evaluate_system(suite, Says(say, list(queries(suite))), out, lambda name, total: None, lambda count: None)  # fmt: skip


def test_when2call_s_figures_are_those_of_its_definitions(when2call: Path, tmp_path: Path) -> None:
    """Else an F1 of ours stands beside one of theirs and means something else."""
    assert suite_file.check(when2call) == []
    asked = list(queries(when2call))
    assert [query.kind for query in asked] == ["tool", "tool", "ask", "cannot", "cannot", "cannot"]
    assert {kind for query in asked for kind in query.choices} == {"tool", "direct", "ask", "cannot"}
    call = '<tool_call>\n{"name": "weather", "arguments": {"city": "Oslo"}}\n</tool_call>'
    said = [call, "It is sunny.", "For which city do you mean?", call, "I can't look that up.", call[:40]]
    summary = asked_all(when2call, lambda query: said[[one.id for one in asked].index(query.id)], tmp_path / "results")  # fmt: skip
    found = summary["benchmark"]
    assert found["confusion"] == {
        "tool": {"tool": 1, "direct": 1, "ask": 0, "cannot": 0, "malformed": 0},
        "ask": {"tool": 0, "direct": 0, "ask": 1, "cannot": 0, "malformed": 0},
        "cannot": {"tool": 1, "direct": 0, "ask": 0, "cannot": 1, "malformed": 1},
    }
    # F1 by hand: tool 2·1/(2+2), direct 0/(0+1), ask 2·1/(1+1), cannot 2·1/(3+1).
    assert {kind: told["f1"] for kind, told in found["by_kind"].items()} == {"tool": 0.5, "direct": 0.0, "ask": 1.0, "cannot": 0.5}  # fmt: skip
    assert found["macro_f1"] == 0.5
    assert (found["tool_hallucination"]["passed"], found["tool_hallucination"]["total"]) == (1, 2)
    assert (found["called_where_none_fits"]["passed"], found["called_where_none_fits"]["total"]) == (1, 3)
    assert (found["accuracy"]["passed"], found["accuracy"]["total"]) == (3, 6)


def test_f1_is_scikit_learn_s() -> None:
    """A table by hand: three of the kinds, one of them never decided, one never right."""
    pairs = [("tool", "tool")] * 3 + [("tool", "ask")] * 2 + [("cannot", "tool")] + [("cannot", "ask")]
    assert f1(pairs, "tool") == {"precision": 0.75, "recall": 0.6, "f1": pytest.approx(2 / 3)}
    assert f1(pairs, "ask") == {"precision": 0.0, "recall": 0.0, "f1": 0.0}
    assert macro_f1(pairs) == round(2 / 9, 4)
    assert confusion(pairs)["cannot"] == {"tool": 1, "ask": 1, "cannot": 0}
    assert macro_f1([]) == 0.0


def test_a_file_that_is_not_when2call_s_is_refused(tmp_path: Path) -> None:
    """Else its training half would become an empty suite without a word."""
    source = tmp_path / "train.jsonl"
    write_lines(source, [{"messages": [], "tools": []}])
    with pytest.raises(UserError, match=r"train.jsonl:1: no test of When2Call's"):
        import_when2call(source, tmp_path / "out.jsonl")
    write_lines(source, [ROWS[0] | {"answers": {**ROWS[0]["answers"], "tool_call": "weather(Oslo"}}, ROWS[2]])
    told = import_when2call(source, tmp_path / "out.jsonl")["suite"]["counts"]
    assert (told["queries"], sum(told["dropped"].values())) == (1, 1)


def suite_import(*arguments: object) -> Result:
    return CliRunner().invoke(import_, [str(one) for one in arguments])


def test_the_commands_tell_what_was_taken_and_what_was_not(folder: Path, tmp_path: Path) -> None:
    """Else nobody knows that a part of the benchmark is missing."""
    archive = tmp_path / "bfcl_eval-0-py3-none-any.whl"
    with zipfile.ZipFile(archive, "w") as file:
        for path in folder.rglob("*.json"):
            file.write(path, f"bfcl_eval/data/{path.relative_to(folder)}")
    done = suite_import("bfcl", "--from", archive, "--out", tmp_path / "one.jsonl")
    assert done.exit_code == 0, done.exception
    assert done.stdout.startswith("4 queries (1 cannot, 3 tool)") and "left out, simple_java" in done.stdout
    import_bfcl(folder, tmp_path / "two" / "one.jsonl")
    for name in ("one.jsonl", "one.manifest.json"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    source = tmp_path / "test.jsonl"
    write_lines(source, ROWS)
    done = suite_import("when2call", "--from", source, "--out", tmp_path / "w.jsonl", "--json")  # fmt: skip
    assert json.loads(done.stdout)["counts"]["kinds"] == {"ask": 1, "cannot": 3, "tool": 2}
    assert "input lies" in str(suite_import("when2call", "--from", source, "--out", source).exception)
    done = suite_import("bfcl", "--from", source, "--out", tmp_path / "x.jsonl")
    assert isinstance(done.exception, UserError) and "no wheel" in str(done.exception)


def test_by_likelihood_each_choice_counts_as_if_it_stood_alone(when2call: Path, tmp_path: Path) -> None:
    """The prompt is computed once for all choices of a query: that must change nothing, nor may padding be counted."""
    mx = pytest.importorskip("mlx.core", reason="mlx is not installed: pip install 'punie-data[train]'")
    from mlx_lm.utils import load

    from punie_data.dialects import hermes
    from punie_data.dialects.template import Template
    from punie_data.evaluate.by_likelihood import ByLikelihood
    from punie_data.evaluate.systems import InProcess, conversation_of

    folder = model_folder(tmp_path / "model")
    system = InProcess(folder, None, "hermes", "Be brief.")
    summary = evaluate_system(when2call, system, tmp_path / "out", lambda name, total: None, lambda count: None, None, ByLikelihood())  # fmt: skip
    rows = [orjson.loads(line) for line in (tmp_path / "out" / "results.jsonl").read_bytes().splitlines()]
    model, _ = load(str(folder))
    template = Template.load(folder)
    for query, row in zip(queries(when2call), rows, strict=True):
        rendered = hermes.render({"messages": query.prompt}, query.tools, "Be brief.")
        prompt = template.encode(template.render(rendered.messages, None, add_generation_prompt=True))  # type: ignore[union-attr]
        means = {}
        for kind, message in query.choices.items():
            text = suite_file.gold_text(replace(query, answer=message["content"], gold=calls_of(message)), "hermes")  # fmt: skip
            tokens = template.encode(str(text))
            logits = model(mx.array([*prompt, *tokens])[None])[0, len(prompt) - 1 : -1]
            logits = logits - mx.logsumexp(logits, axis=-1, keepdims=True)
            total = logits[mx.arange(len(tokens)), mx.array(tokens)].sum().item()
            found = row["choices"][kind]
            assert (found["tokens"], found["characters"]) == (len(tokens), len(str(text)))
            assert found["log_probability"] == pytest.approx(total, abs=1e-2)
            means[kind] = total / len(tokens)
        assert row["decided"] == max(means, key=lambda kind: means[kind])
        assert row["strict"] == (row["decided"] == query.kind)
    decisions = [(row["kind"], row["decided"]) for row in rows]
    assert summary["benchmark"]["macro_f1"] == summary["likelihood"]["macro_f1"] == macro_f1(decisions)
    assert summary["layers"]["decision"]["total"] == len(rows)
    mute = InProcess(folder, None, "native", "").likelihoods(conversation_of(query), query.choices)
    assert mute == Refused("the choice tool is empty")  # this template writes no calls
    tokenizer_folder(folder)
    native = InProcess(folder, None, "native", "").likelihoods(conversation_of(query), query.choices)
    assert isinstance(native, Weighed) and native.texts["ask"] == query.choices["ask"]["content"]
    assert "weather" in native.texts["tool"] and native.of["tool"].mean < 0


def test_a_suite_without_choices_can_t_be_decided_by_likelihood(folder: Path, tmp_path: Path) -> None:
    """Else every query would be unscored, and a system that shows no probabilities would get some."""
    from punie_data.evaluate.by_likelihood import ByLikelihood
    from punie_data.evaluate.systems import InProcess

    out = tmp_path / "bfcl.jsonl"
    import_bfcl(folder, out)
    asked = list(queries(out))
    with pytest.raises(UserError, match="no choices"):
        list(ByLikelihood().ask(InProcess(tmp_path, None, "hermes", ""), asked))
    with pytest.raises(UserError, match="a model in process"):
        list(ByLikelihood().ask(Says(str, asked), asked))
