"""Command-line agents: real small scripts, one that is good, one that hangs, one that writes where it should not."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from punie_data.corpus import Source
from punie_data.errors import UserError
from punie_data.evaluate.agent import Commanded, CommandLine
from punie_data.evaluate.enclosure import Enclosure
from punie_data.evaluate.queries import Query, queries
from punie_data.evaluate.run import evaluate_system
from punie_data.evaluate.sites import Sites
from tests.conftest import TINY_SHOP
from tests.served import conforms

SHOP = Path(__file__).parent.parent / "data" / "suites" / "shop-60.jsonl"
ASKED = list(queries(SHOP))
USES = next(query for query in ASKED if "orders.py` and `tests" in query.rounds[0].answer)
"""Which other files use `EmptyCart`?"""
LOOKS = """
import json, pathlib, re, sys
question = sys.argv[1]
name = re.search("`(\\\\w+)`", question)[1]
found = [f"{p}:{n}: {line}" for p in sorted(pathlib.Path(".").rglob("*.py")) for n, line in enumerate(p.read_text().splitlines(), 1) if name in line]
files = sorted({line.split(":")[0] for line in found if "errors.py" not in line and "import" not in line})
answer = " and ".join(f"`{file}`" for file in files) + "."
"""
"""A small agent: it searches for the name that the question asks about, and answers with the files."""
SESSION = """
home = pathlib.Path.home() / ".claude/projects/shop"
home.mkdir(parents=True, exist_ok=True)
def said(kind, content):
    return {"type": kind, "sessionId": "s", "message": {"role": kind, "id": f"m{content!r}", "content": content}}
use = {"type": "tool_use", "id": "t1", "name": "Grep", "input": {"pattern": name, "path": str(pathlib.Path.cwd() / "src")}}
lines = [said("user", question), said("assistant", [use]), said("user", [{"type": "tool_result", "tool_use_id": "t1", "content": "\\n".join(found)}]),
         said("assistant", [{"type": "text", "text": answer}])]
text = "\\n".join(json.dumps(line) for line in lines)
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own, with settings in it."""
    folder = tmp_path / "home"
    (folder / ".claude").mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    source = Source("tiny_shop", TINY_SHOP, "", "", "MIT", False)
    cache = tmp_path_factory.mktemp("cache")
    with Sites(ASKED, {}, {"tiny_shop": source}, cache, False, lambda line: None) as found:
        yield found


def ran(script: str, folder: Path, sites: Sites, query: Query = USES, seconds: float = 30.0, words: str = "{query}") -> dict[str, Any]:  # fmt: skip
    """The row of one query asked of a script."""
    program = folder / "agent.py"
    program.write_text(script)
    suite = folder / "suite.jsonl"
    suite.write_bytes(next(line for line in SHOP.read_bytes().splitlines() if query.id.encode() in line))
    system = CommandLine(f"{sys.executable} {program} {words}", seconds)
    out, mode = folder / "out", Commanded(sites)
    summary = evaluate_system(suite, system, out, lambda name, total: None, lambda count: None, mode=mode)
    row = orjson.loads((out / "results.jsonl").read_bytes())
    conforms(summary, [row])
    return row


def kind(name: str) -> Query:
    return next(query for query in ASKED if query.kind == name and len(query.prompt) == 1)


def test_an_agent_s_session_is_its_transcript(tmp_path: Path, home: Path, sites: Sites) -> None:
    """What it did is read from the session file that it left, and its answer is judged by what it saw."""
    row = ran(LOOKS + SESSION + '(home / "s.jsonl").write_text(text)\nprint(answer)', tmp_path, sites)
    assert (row["strict"], row["decided"], row["source"], row["outside"]) == (True, "tool", "session", [])
    assert row["applies"] == ["parsed", "decision", "answer"]
    assert row["text"] == "`src/tiny_shop/orders.py` and `tests/test_orders.py`."
    call = row["transcript"][0]["tool_calls"][0]["function"]
    assert (call["name"], call["arguments"]["path"]) == ("Grep", "src")
    assert (home / ".claude/projects/shop/s.jsonl").is_file()


def test_what_an_agent_prints_may_be_its_transcript(tmp_path: Path, home: Path, sites: Sites) -> None:
    """`claude -p --output-format stream-json`: the same lines, without the question."""
    script = (
        LOOKS
        + SESSION
        + 'print("\\n".join(text.splitlines()[1:]).replace(\'"sessionId": "s"\', \'"session_id": "s"\'))'
    )
    row = ran(script + '\nprint(json.dumps({"type": "result", "result": answer}))', tmp_path, sites)
    assert (row["strict"], row["decided"], row["source"]) == (True, "tool", "printed"), row


def test_an_agent_that_only_prints_is_judged_by_its_answer(tmp_path: Path, home: Path, sites: Sites) -> None:
    """Whether it used a tool is unknown, and said to be; it is never counted as right or wrong for it."""
    row = ran(LOOKS + "print(answer)", tmp_path, sites)
    assert (row["strict"], row["decided"], row["source"]) == (True, "unknown", "stdout")
    assert "does not tell" in row["explanations"]["answer"]
    row = ran("print('`src/tiny_shop/orders.py`')", tmp_path, sites)
    assert (row["strict"], row["explanation"]) == (False, "the answer lacks the path 'tests/test_orders.py'")
    row = ran("print('Nothing to commit, as far as I know.')", tmp_path, sites, kind("direct"))
    assert row["unscored"] == "its output does not tell whether it used a tool"
    row = ran("print('Of course.')", tmp_path, sites, kind("cannot"))
    assert row["unscored"] == "what can't be done with the query's tools an agent may do with its own"
    row = ran("print('I can\\'t: no tool here does that.')", tmp_path, sites, kind("tool"))
    assert (row["decided"], row["layers"]) == ("cannot", {"parsed": True, "decision": False})
    row = ran("print('Which file do you mean?')", tmp_path, sites, kind("ask"))
    assert row["strict"]


def test_an_agent_that_hangs_is_ended_with_all_that_it_started(
    tmp_path: Path, home: Path, sites: Sites
) -> None:
    """Else one query would hold up all others, and what it started would go on writing."""
    script = "import subprocess, time\nsubprocess.Popen(['sleep', '98765.4321'], start_new_session=True)\ntime.sleep(1000)"
    row = ran(script, tmp_path, sites, seconds=1.0)
    assert row["unscored"] == "it did not end in 1 s"
    assert "strict" not in row
    deadline = time.monotonic() + 5
    while (left := [p for p in Path("/proc").glob("[0-9]*") if b"98765.4321" in read(p / "cmdline")]) and time.monotonic() < deadline:  # fmt: skip
        time.sleep(0.05)
    assert left == []


def read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def test_an_agent_that_writes_outside_its_copy_is_found_out(tmp_path: Path, home: Path, sites: Sites) -> None:
    """Its row is unscored and says what it wrote; and nothing of it is left on the machine."""
    original = TINY_SHOP / "src/tiny_shop/cart.py"
    before = original.read_bytes()
    script = f"""
import pathlib
pathlib.Path("src/tiny_shop/cart.py").write_text("mine now")
pathlib.Path("../outside.txt").write_text("x")
(pathlib.Path.home() / "dropped.txt").write_text("x")
(pathlib.Path.home() / "notes.txt").write_text("changed")
for path in ({str(original)!r}, {str(sites.site("tiny_shop").root / "README.md")!r}, {str(tmp_path / "elsewhere.txt")!r}):
    try:
        pathlib.Path(path).write_text("x")
    except OSError as error:
        print(error)
print("Done.")
"""
    row = ran(script, tmp_path, sites)
    assert row["outside"] == ["../outside.txt", "~/dropped.txt", "~/notes.txt"]
    assert row["unscored"] == "it wrote outside its copy: ../outside.txt, ~/dropped.txt, ~/notes.txt"
    assert (home / "notes.txt").read_text() == "mine" and not (home / "dropped.txt").exists()
    assert original.read_bytes() == before and not (tmp_path / "elsewhere.txt").exists()
    assert (sites.site("tiny_shop").root / "README.md").read_text() != "x"


def test_without_bubblewrap_writes_are_looked_for(tmp_path: Path, home: Path, sites: Sites) -> None:
    """On a Mac nothing keeps an agent from writing: what it left beside its copy and in the home is reported all the same."""
    site = sites.site("tiny_shop")
    script = "import pathlib, os\npathlib.Path('../x').touch()\n(pathlib.Path.home() / 'y').touch()\nprint(os.getcwd())"
    with Enclosure(site.root, site.paths, site.git) as place:
        place.walls = False
        ended = place.run([sys.executable, "-c", script], 30.0)
        assert (ended.exit, ended.outside, ended.output.strip()) == (0, ("../x", "~/y"), str(place.project))
    assert not place.project.exists()


def test_a_failing_agent_and_a_wrong_command_are_told(tmp_path: Path, home: Path, sites: Sites) -> None:
    """An agent that is not logged in has answered nothing: that is neither right nor wrong."""
    row = ran("import sys\nsys.exit('please log in')", tmp_path, sites)
    assert row["unscored"] == "it ended with 1: please log in"
    for command, said in {"claude -p": "say where the question goes", "no-such-agent {query}": "is not installed", "x '{query}": "can't be read"}.items():  # fmt: skip
        with pytest.raises(UserError, match=said):
            CommandLine(command)


def test_a_question_is_one_argument_and_nothing_else(tmp_path: Path, home: Path, sites: Sites) -> None:
    """Mined text never reaches a shell, and is never an option."""
    system = CommandLine(f"{sys.executable} -p={{query}} --in {{repo}}")
    question = "--version; $(touch x) {repo} `id` 'a b'"
    assert system.arguments(question, Path("/copy"))[1:] == [f"-p= {question}", "--in", "/copy"]
    row = ran("import os, sys\nprint(sys.argv[1:], os.getcwd())", tmp_path, sites, words="{query} {repo}")
    assert repr(USES.prompt[-1]["content"]) in row["text"] or USES.prompt[-1]["content"] in row["text"]
    assert Path(row["text"].split()[-1]).name == "tiny_shop"


def test_a_query_with_a_past_can_t_be_asked(tmp_path: Path, home: Path, sites: Sites) -> None:
    """A command takes one question: what was said before it can't be told, and leaving it out would be another query."""
    record = orjson.loads(SHOP.read_bytes().splitlines()[0])
    record["messages"] = [{"role": "user", "content": "Hello."}, {"role": "assistant", "content": "Hello."}, *record["messages"]]  # fmt: skip
    suite = tmp_path / "suite.jsonl"
    suite.write_bytes(orjson.dumps(record))
    system = CommandLine(f"{sys.executable} -c pass {{query}}")
    summary = evaluate_system(
        suite, system, tmp_path / "out", lambda name, total: None, lambda count: None, mode=Commanded(sites)
    )
    assert summary["unscored"] == 1
