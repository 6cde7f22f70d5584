"""Endpoints: what they answer is scored, which model answered is proved, and what is no answer is unscored and never wrong."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from punie_data.errors import UserError
from punie_data.evaluate.endpoint import Endpoint
from punie_data.evaluate.queries import queries
from punie_data.evaluate.requests import Server, key_from
from punie_data.evaluate.run import evaluate_system
from tests.served import Reply, completion, conforms, serving

SUITE = Path(__file__).parent.parent / "data" / "suites" / "shop-60.jsonl"
ASKED = list(queries(SUITE))


def gold_of(body: dict[str, Any]) -> dict[str, Any]:
    """What the gold turn of the question would be, as an endpoint writes it."""
    said = body["messages"][-1]["content"]
    query = next(query for query in ASKED if query.prompt[-1]["content"] == said)
    calls = [
        {"id": "x", "type": "function", "function": {"name": call.name, "arguments": json.dumps(dict(call.arguments))}}
        for call in query.gold
    ]  # fmt: skip
    return completion(query.answer, message={"tool_calls": calls} if calls else {})


def ask(url: str, out: Path, limit: int = 4, **more: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    server = Server(url, more.pop("key", ""), more.pop("timeout", 20.0), attempts=2, pause=0.0)
    system = Endpoint(server, more.pop("model", None), more.pop("dialect", "native"), "Be exact.", **more)
    summary = evaluate_system(SUITE, system, out, lambda name, total: None, lambda count: None, limit)
    return summary, [orjson.loads(line) for line in (out / "results.jsonl").read_bytes().splitlines()]


def test_gold_turns_of_an_endpoint_score_full(tmp_path: Path) -> None:
    """Else a perfect model would be judged wrong for where it runs; and it must be asked as the training asked."""
    with serving(lambda body, number: (200, gold_of(body))) as (url, seen):
        summary, rows = ask(url, tmp_path, limit=60, batch=4)
    assert (summary["strict"]["passed"], summary["unscored"]) == (60, 0), [r["explanation"] for r in rows]
    first = seen[0]["body"]
    assert (first["temperature"], first["model"], first["messages"][0]["content"]) == (0, "shop", "Be exact.")
    assert {one["body"]["messages"][-1]["role"] for one in seen} == {"user"}
    assert {tool["function"]["name"] for tool in first["tools"]}
    assert summary["proof"] == {"listed": ["shop"], "listed_at_the_end": True, "answered_as": {"shop": 60}, "system_fingerprints": {}}  # fmt: skip
    assert [row["tokens"] for row in rows] == [3] * 60
    conforms(summary, rows)


def test_a_dialect_is_written_into_the_messages_and_read_back(tmp_path: Path) -> None:
    """Else a model whose server knows no tools could not be asked. Servers that read the calls themselves are understood too."""
    from punie_data.dialects import hermes

    def reply(body: dict[str, Any], number: int) -> tuple[int, Any]:
        query = next(
            query for query in ASKED if query.prompt[-1]["content"] == body["messages"][-1]["content"]
        )
        return 200, completion(hermes.write(query.answer, query.gold)) if number % 2 else gold_of(body)

    with serving(reply) as (url, seen):
        summary, _ = ask(url, tmp_path, limit=60, dialect="hermes")
    assert summary["strict"]["passed"] == 60
    assert all(
        "tools" not in one["body"] and "<tools>" in one["body"]["messages"][0]["content"] for one in seen
    )


SWAPPED = "answered by other, and shop was asked"
WRONG: dict[str, tuple[Reply, str]] = {
    "other-model": (lambda body, n: (200, completion(model="other")), SWAPPED),
    "smaller-brother": (lambda body, n: (200, completion(model="shop-mini")), "answered by shop-mini, and shop was asked"),
    "no-model": (lambda body, n: (200, completion(model="")), "does not say which model"),
    "fingerprint": (lambda body, n: (200, completion(system_fingerprint=f"fp_{n}")), "the server's fingerprint changed from fp_0 to fp_1"),
    "garbage": (lambda body, n: (200, b"<html>502 Bad Gateway</html>"), "the answer is not JSON: '<html>502"),
    "no-completion": (lambda body, n: (200, {"model": "shop", "choices": []}), "the answer is no chat completion"),
    "list": (lambda body, n: (200, [1]), "the answer is no chat completion"),
    "broken-types": (lambda body, n: (200, completion(content=["x"])), "the answer is no chat completion"),  # type: ignore[arg-type]
    "server-error": (lambda body, n: (500, {"error": "out of memory"}), "the server answered 500: '{\"error\": \"out of memory\"}'"),
    "refused": (lambda body, n: (404, {"error": "no such model"}), "the server answered 404"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_answer_of_the_model_is_unscored(name: str, tmp_path: Path) -> None:
    """Else a swapped model would be judged under another's name, and a broken server as a bad model."""
    reply, said = WRONG[name]
    with serving(reply) as (url, _):
        summary, rows = ask(url, tmp_path, limit=2)
    judged = 1 if name == "fingerprint" else 0
    assert (summary["unscored"], summary["strict"]["total"]) == (2 - judged, judged)
    assert said in rows[1]["unscored"]
    conforms(summary, rows)
    assert "strict" not in rows[1]


def test_broken_calls_of_an_endpoint_are_malformed_and_no_abstention(tmp_path: Path) -> None:
    """A call whose arguments are no JSON, and one that the server dropped because it could not read it."""

    def reply(body: dict[str, Any], number: int) -> tuple[int, Any]:
        if number % 2:
            return 200, completion("", choice={"finish_reason": "tool_calls"})
        call = {"id": "x", "type": "function", "function": {"name": "hover", "arguments": '{"line": '}}
        return 200, completion("", message={"tool_calls": [call]})

    with serving(reply) as (url, _):
        _, rows = ask(url, tmp_path, limit=2)
    assert [(row["decided"], row["strict"]) for row in rows] == [("malformed", False)] * 2
    assert "not JSON" in rows[0]["explanation"] and "could not read it" in rows[1]["explanation"]


def test_a_busy_server_is_asked_again_and_a_slow_one_given_up(tmp_path: Path) -> None:
    """Else one hiccup would cost a query, or a server that never ends its answer the whole night."""
    release = threading.Event()

    def reply(body: dict[str, Any], number: int) -> tuple[int, Any]:
        if number == 1:
            raise ConnectionResetError
        if number > 2:
            release.wait(20)
        return (503, b"busy") if number == 0 else (200, gold_of(body))

    with serving(reply) as (url, seen):
        _, rows = ask(url, tmp_path / "one", limit=1)
        assert "can't be reached" in rows[0]["unscored"]
        _, rows = ask(url, tmp_path / "two", limit=1)
        assert rows[0]["strict"]
        _, rows = ask(url, tmp_path / "three", limit=1, timeout=0.3)
        release.set()
    assert rows[0]["unscored"] == "no answer in 0.3 s"
    assert len(seen) == 5


def test_which_model_is_asked_must_be_plain(tmp_path: Path) -> None:
    """A server lists others first and loads what it is asked for: whoever names none, or one that isn't there, is told."""
    good: Reply = lambda body, number: (200, completion(model="shop:latest"))  # noqa: E731
    with serving(good, ("cached-first", "shop:latest")) as (url, _):
        with pytest.raises(UserError, match=r"--served-model \(cached-first, shop:latest\)"):
            ask(url, tmp_path)
        with pytest.raises(UserError, match="the endpoint has no model shop-7b: cached-first, shop:latest"):
            ask(url, tmp_path, model="shop-7b")
        assert ask(url, tmp_path / "tag", model="shop")[0]["unscored"] == 0
    with serving(good, None) as (url, _), pytest.raises(UserError, match="it lists none"):
        ask(url, tmp_path)
    with pytest.raises(UserError, match="can't be reached"):
        ask(url, tmp_path)


def test_a_key_goes_where_it_should_and_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would stand in results, or travel readable."""
    monkeypatch.setenv("SHOP_KEY", "sk-very-secret")
    with serving(lambda body, number: (200, completion())) as (url, seen):
        ask(url, tmp_path, key=key_from("SHOP_KEY"))
    assert seen[0]["headers"]["Authorization"] == "Bearer sk-very-secret"
    assert not any(b"secret" in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    for url, said in {
        "http://models.example/v1": "unencrypted", "https://me:word@models.example/v1": "a password", "file:///etc/passwd": "no URL", "http://[x/v1": "no URL",
    }.items():  # fmt: skip
        with pytest.raises(UserError, match=said):
            Server(url, "sk-very-secret")
    with pytest.raises(UserError, match="no NO_SUCH_KEY"):
        key_from("NO_SUCH_KEY")


def test_a_killed_evaluation_goes_on_where_it_was(tmp_path: Path) -> None:
    """With a real kill: what was answered is not asked again, and the results are as if nothing had happened."""
    gate = threading.Event()

    def reply(body: dict[str, Any], number: int) -> tuple[int, Any]:
        if number == 5:
            gate.wait(60)
        return 200, gold_of(body)

    with serving(reply) as (url, seen):
        command = [sys.executable, "-m", "punie_data", "evaluate", str(SUITE), "--endpoint", url, "--out", str(tmp_path / "out"), "--limit", "9"]  # fmt: skip
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while len(seen) < 6 and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        gate.set()
        assert len(seen) == 6 and [file.suffix for file in (tmp_path / "out").iterdir()] == [".part"]
        done = subprocess.run([*command, "--json"], capture_output=True, text=True)
    assert json.loads(done.stdout)["strict"]["passed"] == 9, done.stderr
    assert len(seen) == 6 + 4


def test_a_server_that_is_gone_ends_the_evaluation(tmp_path: Path) -> None:
    """Else every query that is left would wait for it; what was answered is kept."""
    with serving(lambda body, number: (200, gold_of(body))) as (url, _):
        server = Server(url, timeout=5, attempts=1, pause=0)
        system = Endpoint(server, "shop", "native", "")
    with pytest.raises(UserError, match=r"can't be reached.*is kept"):
        evaluate_system(SUITE, system, tmp_path / "out", lambda name, total: None, lambda count: None)
    assert not (tmp_path / "out").exists()
