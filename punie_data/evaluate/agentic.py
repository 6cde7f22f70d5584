"""The agentic mode: every conversation goes on until an answer, with its calls really run, and is judged by what it did and what it said in the end."""

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from punie_data.dialects.base import Malformed
from punie_data.evaluate.episode import Episode, Limits, Unrunnable
from punie_data.evaluate.facts import Fact, facts, missing, ungrounded
from punie_data.evaluate.queries import Query
from punie_data.evaluate.run import Answered, Mode, row_of
from punie_data.evaluate.score import Judge, Score, failing, score_turn, tool_layers
from punie_data.evaluate.sites import Sites
from punie_data.evaluate.systems import Conversation, Replies, Turn
from punie_data.scenario.ground import FENCE
from punie_data.scorers.decision import Decision, decision

WINDOW = 4
"""Batches of conversations that run at a time: few enough that a kill costs little, enough to fill a batch when some have ended."""
NO_ANSWER = {
    "looped": "the same call was made {repeats} times",
    "turns": "there was none after {turns} turns",
    "time": "there was none after {seconds:g} s",
    "context": "the conversation grew too long",
}


@dataclass(slots=True)
class Agentic(Mode):
    """Rounds of all running conversations go to the system together; a conversation that ends makes room for the next."""

    sites: Sites
    limits: Limits = field(default_factory=Limits)

    def told(self) -> dict[str, Any]:
        return {"mode": "agentic", "limits": asdict(self.limits), "allow_exec": self.sites.allow_exec}

    def ask(self, system: Replies, asked: Sequence[Query]) -> Iterator[Answered]:
        code_mode = system.dialect == "code"
        waiting = deque(enumerate(asked))
        running: list[tuple[int, Episode]] = []
        while waiting or running:
            while waiting and len(running) < system.batch * WINDOW:
                number, query = waiting.popleft()
                try:
                    running.append(
                        (number, Episode(query, self.sites.toolbox(query.repo), self.limits, code_mode))
                    )
                except Unrunnable as reason:
                    yield number, {"unscored": str(reason)}, False
            ended = set()
            for at, turn in system.reply([episode.conversation for _, episode in running]):
                number, episode = running[at]
                found = self._step(episode, turn)
                if found is not None:
                    ended.add(at)
                    yield number, found, turn.again
            running = [one for at, one in enumerate(running) if at not in ended]

    def _step(self, episode: Episode, turn: Turn) -> dict[str, Any] | None:
        """The row of a conversation that ends with this turn, None where it goes on."""
        if turn.unscored and (turn.again or not episode.turns):
            return {"unscored": turn.unscored}
        if turn.unscored:
            episode.ended = "context"
        else:
            began = time.perf_counter()
            try:
                episode.take(turn)
            except Unrunnable as reason:
                return {"unscored": str(reason)}
            episode.tool_seconds += time.perf_counter() - began
        if not episode.ended:
            return None
        judged = score_episode(episode)
        text = episode.answers[-1] if episode.answers else episode.turns[-1].text
        return row_of(judged, text, episode.turns) | {
            "ended": episode.ended,
            "turns": len(episode.turns),
            "calls": [made.call.name for made in episode.made],
            "failed_calls": sum(bool(made.problem) for made in episode.made),
            "tool_seconds": round(episode.tool_seconds, 4),
            "transcript": episode.transcript,
        }

    def summed(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        played = [row for row in rows if not row["unscored"]]
        ends = sorted({row["ended"] for row in played})
        asked = [row["answered"] for row in played if row["answered"] is not None]
        return {
            "ended": {end: sum(row["ended"] == end for row in played) for end in ends},
            "looped": sum(row["ended"] == "looped" for row in played),
            "answered": {"passed": sum(asked), "total": len(asked)},
            "turns": sum(row["turns"] for row in played),
            "calls": sum(len(row["calls"]) for row in played),
            "failed_calls": sum(row["failed_calls"] for row in played),
        }


def score_episode(episode: Episode) -> Score:
    """Judge a conversation that has ended. Calls besides the gold ones are allowed, as long as they run."""
    query = episode.query
    wanted = [facts_of(query, number) for number in range(len(query.rounds))]
    answers = query.kind == "tool" or (query.kind == "direct" and any(wanted))
    judge = Judge(query, ("parsed", "decision", *tool_layers(query, True, answers, episode.code_mode)))
    unread = next(((n, turn) for n, turn in enumerate(episode.turns, 1) if turn.malformed), None)
    trouble = _answer_trouble(episode, wanted) if answers else ""
    if answers:
        judge.answered = not trouble
    if unread is not None:
        decided: Decision = "malformed" if unread[0] == 1 else "tool"
        return judge.failed("parsed", decided, f"turn {unread[0]}: {unread[1].malformed}")
    judge.passed("parsed", "the parser read every turn")
    if not judge.decision(_decided(episode)) and query.kind == "tool":
        gold = [one.call for turn in query.rounds for one in turn.expected]
        judge.calls(gold, episode.made, exactly=False, failing=failing(query))
    if answers:
        judge.put("answer", not trouble, trouble or "the answer is complete and grounded")
    return judge.score()


def _decided(episode: Episode) -> Decision:
    """What it did before anything else: whoever calls a tool and asks back then has not asked back."""
    if any(turn.calls for turn in episode.turns):
        return "tool"
    parsed = episode.turns[-1].parsed
    silent = isinstance(parsed, Malformed) or not parsed.content.strip()
    return "malformed" if silent else decision(parsed)


def facts_of(query: Query, number: int) -> list[Fact]:
    """What the gold answer of a round took from results. A direct answer's results stand in the conversation, or were pasted into the question."""
    told = query.rounds[number]
    asked = [message["content"] for message in query.prompt if message["role"] == "user"]
    questions = [*asked, *(one.question for one in query.rounds[1 : number + 1])]
    results = [one.content for before in query.rounds[: number + 1] for one in before.expected]
    results += [message["content"] for message in query.prompt if message["role"] == "tool"]
    results += [block[1] for text in questions for block in FENCE.finditer(text)]
    return facts(told.answer, results, FENCE.sub(" ", questions[-1] if questions else ""))


def _answer_trouble(episode: Episode, wanted: Sequence[Sequence[Fact]]) -> str:
    """Why the answers are not complete and grounded, "" where they are."""
    query, limits = episode.query, episode.limits
    if episode.ended != "answered":
        why = NO_ANSWER[episode.ended].format(
            repeats=limits.repeats, turns=limits.turns, seconds=limits.seconds
        )
        return f"no answer: {why}"
    transcript = episode.transcript
    ends = [
        n
        for n, message in enumerate(transcript)
        if message["role"] == "assistant" and not message.get("tool_calls")
    ]
    ends = ends[-len(episode.answers) :]
    names = [tool["function"]["name"] for tool in query.tools]
    for number, (answer, needed) in enumerate(zip(episode.answers, wanted, strict=True)):
        where = f"round {number + 1}: " if len(wanted) > 1 else ""
        if not answer.strip():
            return f"{where}the answer is empty"
        gone = missing(needed, answer, query.rounds[number].answer)
        if gone is not None:
            return f"{where}the answer lacks {gone}"
        said = ungrounded([*query.prompt, *transcript[: ends[number] + 1]], names, query.repo)
        if said:
            return f"{where}{said}"
    return ""


@dataclass(slots=True)
class OneRun(Mode):
    """The turn that counts and nothing after it, with its calls run: `runs` is judged besides."""

    sites: Sites

    def told(self) -> dict[str, Any]:
        return {"mode": "run", "allow_exec": self.sites.allow_exec}

    def ask(self, system: Replies, asked: Sequence[Query]) -> Iterator[Answered]:
        code_mode = system.dialect == "code"
        for number, turn in system.reply([Conversation(query.prompt, query.tools) for query in asked]):
            query = asked[number]
            if turn.unscored:
                yield number, {"unscored": turn.unscored}, turn.again
                continue
            try:
                episode = Episode(query, self.sites.toolbox(query.repo), Limits(turns=1), code_mode)
                episode.take(turn)
            except Unrunnable as reason:
                yield number, {"unscored": str(reason)}, False
                continue
            judged = score_turn(query, turn.parsed, episode.made, code_mode)
            told = {
                "calls": [made.call.name for made in episode.made],
                "failed_calls": sum(bool(made.problem) for made in episode.made),
                "transcript": episode.transcript,
            }
            yield number, row_of(judged, turn.text, [turn]) | told, False
