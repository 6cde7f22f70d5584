"""A command-line agent as a system: `claude -p {query}`. It works in a copy of the repository; its transcript is read where it leaves one.

What an agent calls are its own tools, so that of a query's layers those remain that hold for any: the decision (did it look, or answer, ask back, give up), and
the answer. Tools by the names of ours, as an agent has them through a server of its own (`mcp__…__hover`), are judged like a model's. Without a transcript only
what it printed is known: whether it used a tool is not, and what hangs on that is left out or `unscored`.
"""

import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from punie_data import importing
from punie_data.dialects.base import Call, Parsed, calls_of
from punie_data.errors import UserError
from punie_data.evaluate.agentic import facts_of
from punie_data.evaluate.enclosure import Enclosure, Ended
from punie_data.evaluate.facts import missing, ungrounded
from punie_data.evaluate.queries import Query
from punie_data.evaluate.run import Answered, Mode, row_of
from punie_data.evaluate.score import Judge, Made, Score, tool_layers
from punie_data.evaluate.sites import Sites
from punie_data.evaluate.systems import Turn
from punie_data.scorers.decision import decision
from punie_data.tools.registry import TOOLS

PLACES = re.compile(r"\{(query|repo)\}")
SERVED = re.compile(r"mcp__\w+?__(\w+)")
LARGEST_SESSION = 64 * 1024 * 1024


@dataclass(slots=True)
class CommandLine:
    """`command` as it is typed, with `{query}` and, where it is wanted, `{repo}` (the copy's folder): each becomes part of one argument, and no shell
    sees it. UserError where the program isn't there or the query has no place.
    """

    command: str
    seconds: float = 300.0
    writable: tuple[Path, ...] = ()
    batch: int = 1
    dialect: str = ""
    words: list[str] = field(init=False)
    walls: set[bool] = field(default_factory=set)

    def __post_init__(self) -> None:
        try:
            self.words = shlex.split(self.command)
        except ValueError as error:
            raise UserError(f"the command can't be read: {error}") from None
        if "{query}" not in self.command:
            raise UserError("say where the question goes: --command 'claude -p {query}'")
        if shutil.which(self.words[0]) is None:
            raise UserError(f"{self.words[0]} is not installed, or can't be run")
        self.words[0] = str(shutil.which(self.words[0]))

    def told(self) -> dict[str, Any]:
        return {"command": self.command, "model": shlex.split(self.command)[0], "adapter": None, "weights": "", "time_limit": self.seconds}  # fmt: skip

    def proof(self) -> dict[str, Any]:
        """Whether what it ran in could keep it from writing elsewhere."""
        return {"enclosed": sorted(self.walls)} if self.walls else {}

    def reply(self, asked: Sequence[Any]) -> Iterator[tuple[int, Turn]]:
        raise UserError("an agent plays whole conversations: it is asked with its repository")

    def arguments(self, question: str, project: Path) -> list[str]:
        """The command for one question. A question that looks like an option is kept from being one."""
        given = {"query": f" {question}" if question.startswith("-") else question, "repo": str(project)}
        return [self.words[0], *(PLACES.sub(lambda found: given[found[1]], word) for word in self.words[1:])]


@dataclass(slots=True)
class Commanded(Mode):
    """Each query in a copy of its own."""

    sites: Sites

    def told(self) -> dict[str, Any]:
        return {"mode": "command"}

    def ask(self, system: Any, asked: Sequence[Query]) -> Iterator[Answered]:
        assert isinstance(system, CommandLine)
        with ThreadPoolExecutor(system.batch) as pool:
            try:
                running = [pool.submit(self._row, system, query) for query in asked]
                for number, one in enumerate(running):
                    found, again = one.result()
                    yield number, found, again
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _row(self, system: CommandLine, query: Query) -> tuple[dict[str, Any], bool]:
        question = str(query.prompt[-1]["content"])
        if len(query.prompt) > 1 or len(query.rounds) > 1:
            return {"unscored": "it has more than one question, and a command is asked one"}, False
        if query.kind == "cannot":
            return {
                "unscored": "what can't be done with the query's tools an agent may do with its own"
            }, False
        if "\0" in question:
            return {"unscored": "no command can be given a NUL"}, False
        site = self.sites.site(query.repo)
        with Enclosure(site.root, site.paths, site.git) as place:
            system.walls.add(place.walls)
            ended = place.run(system.arguments(question, place.project), system.seconds, system.writable)
            transcript, source = transcript_of(ended, question, place.project)
        told = {
            "exit": ended.exit,
            "outside": list(ended.outside),
            "source": source,
            "transcript": transcript,
        }
        if ended.exit is None:
            return {"unscored": f"it did not end in {system.seconds:g} s"} | told, False
        if ended.outside:
            return {"unscored": f"it wrote outside its copy: {', '.join(ended.outside)}"} | told, False
        if ended.exit:
            said = (ended.errors.strip() or ended.output.strip() or "it said nothing").splitlines()[-1][:200]
            return {"unscored": f"it ended with {ended.exit}: {said}"} | told, True
        answer = str(transcript[-1]["content"]) if transcript else printed_answer(ended.output)
        judged = score_agent(query, answer, transcript)
        if isinstance(judged, str):
            return {"unscored": judged, "text": answer} | told, False
        called = [call.name for message in transcript or () for call in calls_of(message)]
        turn = Turn(seconds=ended.seconds)
        return row_of(judged, answer, [turn]) | told | {"calls": called}, False

    def summed(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        sources = sorted({row["source"] for row in rows if "source" in row})
        return {
            "sources": {source: sum(row.get("source") == source for row in rows) for source in sources},
            "wrote_outside": sum(bool(row.get("outside")) for row in rows),
            "too_late": sum("exit" in row and row["exit"] is None for row in rows),
        }


def score_agent(query: Query, answer: str, transcript: Sequence[Mapping[str, Any]] | None) -> Score | str:
    """Judge what an agent did and said; why it can't be, where its output does not tell."""
    wanted = facts_of(query, 0)
    answers = query.kind == "tool" or (query.kind == "direct" and bool(wanted))
    calls = [call for message in transcript or () for call in calls_of(message)]
    said = decision(Parsed(answer))
    if transcript is None and query.kind == "direct" and said == "direct":
        return "its output does not tell whether it used a tool"
    ours = [Call(_name(call.name), call.arguments) for call in calls if _name(call.name) in TOOLS]
    layers = tool_layers(query, False, answers) if ours else (("answer",) if answers else ())
    unknown = transcript is None and query.kind == "tool" and said == "direct"
    judge = Judge(query, ("parsed", *(() if unknown else ("decision",)), *layers))
    judge.passed("parsed", "the answer was printed" if transcript is None else "the transcript was read")
    if unknown:
        judge.decided = "unknown"
    elif not judge.decision("tool" if calls else said) and ours and query.kind == "tool":
        gold = [one.call for one in query.rounds[0].expected]
        judge.calls(gold, [Made(call) for call in ours], exactly=False, failing=())
    if answers:
        gone = missing(wanted, answer, query.rounds[0].answer)
        trouble = (
            f"the answer lacks {gone}"
            if gone is not None
            else ""
            if answer.strip()
            else "the answer is empty"
        )
        if not trouble and transcript is not None:
            names = [tool["function"]["name"] for tool in query.tools]
            trouble = ungrounded([*query.prompt, *transcript], names, query.repo)
        judge.answered = not trouble
        good = "the answer is complete and grounded"
        if transcript is None:
            good = "the answer is complete; whether it is grounded its output does not tell"
        judge.put("answer", not trouble, trouble or good)
    return judge.score()


def _name(called: str) -> str:
    found = SERVED.fullmatch(called)
    return found[1] if found else called


def transcript_of(ended: Ended, question: str, project: Path) -> tuple[list[dict[str, Any]] | None, str]:
    """What came after the question, as messages of a record, and where it was read: the agent's session file, or what it printed."""
    for file in _written(ended):
        found = _messages(file, question)
        if found is not None:
            return _relative(found, project), "session"
    if ended.output.lstrip().startswith("{"):
        with tempfile.TemporaryDirectory(prefix="punie-data-") as folder:
            file = Path(folder, "printed.jsonl")
            file.write_text("\n".join(_session_lines(ended.output, question)), encoding="utf-8")
            found = _messages(file, question)
        if found is not None:
            return _relative(found, project), "printed"
    return None, "stdout"


def printed_answer(output: str) -> str:
    """The answer in what was printed: the `result` of Claude Code's JSON where it is that, else all of it."""
    try:
        found = orjson.loads(output)
    except orjson.JSONDecodeError:
        return output.strip()
    if isinstance(found, dict) and isinstance(found.get("result"), str):
        return str(found["result"]).strip()
    return output.strip()


def _session_lines(output: str, question: str) -> Iterator[str]:
    """Lines of Claude Code's `stream-json`, which are a session's but for the question, and for the session's name."""
    first = {"type": "user", "sessionId": "printed", "message": {"role": "user", "content": question}}
    yield orjson.dumps(first).decode()
    for line in output.splitlines():
        try:
            found = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(found, dict) and isinstance(found.get("message"), dict):
            # Its parents are not in the stream: nothing is a side conversation but what says so by itself.
            side = {"isSidechain": True, "agentId": str(found["parent_tool_use_id"])} if found.get("parent_tool_use_id") else {}  # fmt: skip
            yield orjson.dumps({"type": found.get("type"), "sessionId": "printed", "message": found["message"], **side}).decode()  # fmt: skip


def _written(ended: Ended) -> list[Path]:
    """The session files that were written since the agent began, the latest first."""
    found = []
    for folder in ended.sessions:
        for file in folder.rglob("*.jsonl") if folder.is_dir() else ():
            try:
                told = file.stat()
            except OSError:
                continue
            if told.st_mtime >= ended.began - 1 and told.st_size < LARGEST_SESSION:
                found.append((told.st_mtime, file))
    return [file for _, file in sorted(found, reverse=True)]


def _messages(file: Path, question: str) -> list[dict[str, Any]] | None:
    """The messages after the question in a session file, None where it has no whole conversation about it."""
    wanted = " ".join(question.split())
    for line in importing.records(file):
        if line.row is None:
            continue
        messages = line.row["messages"]
        for at, message in enumerate(messages):
            if (
                message["role"] == "user"
                and wanted in " ".join(message["content"].split())
                and messages[at + 1 :]
            ):
                return list(messages[at + 1 :])
    return None


def _relative(messages: list[dict[str, Any]], project: Path) -> list[dict[str, Any]]:
    """With the copy's folder taken out of every path: it is nobody's but this run's."""
    text = orjson.dumps(messages).decode()
    for folder in (str(project.resolve()), str(project)):
        text = text.replace(f"{folder}/", "").replace(folder, ".")
    return orjson.loads(text)
