"""From a scene to a row, or to the reason why it is none. Every generator's output passes through here, and only here."""

import hashlib
import re
from typing import Any, Protocol

from punie_data.chat import Example, Label, Message, Origin, Rejected, Run, ToolCall, canonical
from punie_data.code.repo import Repo
from punie_data.generate.digests import digest_of
from punie_data.generate.offers import offered
from punie_data.generate.stale import stale_import
from punie_data.generate.task import CODE
from punie_data.scenario.ground import FENCE, WORD_NUMBER, WORDS, evidence, places, ungrounded
from punie_data.scenario.scene import Scene
from punie_data.sensitive import has_secret, redact
from punie_data.tools.base import Outcome
from punie_data.tools.registry import TOOLS

MAXIMUM_CHARACTERS = 12_000
"""A row with more, results included, would be cut by usual training lengths, and the answer is what is cut first."""
SPECIAL = re.compile(
    r"<\|[a-z_]+\|>|</?tool_(?:call|response)>|</?function[=>]|\[/?(?:INST|TOOL_CALLS|AVAILABLE_TOOLS)\]|<\|?/?s>"
)
PLACES = ("line", "column", "first_line", "last_line", "count")
PATHS = ("path", "file_path")


class Verdicts(Protocol):
    """What was found of scenes before: a scene that says the same was judged already."""

    def verdict(self, key: str) -> tuple[str, str] | None: ...
    def keep_verdict(self, key: str, reason: str, detail: str) -> None: ...


def judge(
    scene: Scene, repo: Repo, generator: str, seed: int, known: Verdicts | None = None
) -> Example | Rejected:
    """The row that this scene becomes, or why it may not become one."""
    example = _write_down(scene, repo, generator, seed)
    if scene.kind == "direct" and (name := stale_import(scene.answer, repo)):
        # Not remembered with the other verdicts, since it depends on the whole project.
        reason = "imports what the project does not have"
        return Rejected(reason, generator, repo.name, scene.question, name, example)
    if missing := sorted({outcome.tool for outcome in scene.outcomes} - set(example.tools)):
        return Rejected("calls what must not be offered", generator, repo.name, scene.question, missing[0], example)  # fmt: skip
    if known is None:
        reason, detail = _trouble(scene, example, repo)
    else:
        key = digest_of(_judged(scene, example, repo))
        verdict = known.verdict(key)
        if verdict is None:
            known.keep_verdict(key, *(verdict := _trouble(scene, example, repo)))
        reason, detail = verdict
    if reason:
        return Rejected(reason, generator, repo.name, scene.question, detail, example)
    return example


def _write_down(scene: Scene, repo: Repo, generator: str, seed: int) -> Example:
    messages: list[Message] = []
    runs: list[Run] = []
    for turn in scene.turns:
        messages.append(Message("user", turn.question))
        for outcome in turn.outcomes:
            call = ToolCall(f"call_{len(runs)}", outcome.tool, outcome.arguments)
            messages.append(Message("assistant", "", (call,)))
            messages.append(Message("tool", outcome.content, tool_call_id=call.id, name=outcome.tool))
            digest = hashlib.sha256(outcome.content.encode()).hexdigest()
            runs.append(Run(call.id, outcome.version, outcome.exit, digest, outcome.truncated))
        messages.append(Message("assistant", turn.answer))
    return Example(
        messages=tuple(messages),
        tools=offered(scene, f"{seed}:{generator}:{repo.name}:{scene.question}"),
        label=Label(scene.kind, scene.category),
        origin=Origin(
            generator=generator,
            repo=repo.name,
            revision=repo.revision,
            license=repo.license,
            paths=tuple(dict.fromkeys(scene.paths)),
            spans=scene.spans,
            symbol=scene.symbol,
            seed=seed,
        ),
        runs=tuple(runs),
    )


def _judged(scene: Scene, example: Example, repo: Repo) -> list[Any]:
    """Everything that a verdict is about, as JSON."""
    messages = [message.to_json() for message in example.messages]
    return [messages, scene.kind, scene.counted, [_span(repo, span) for span in scene.spans]]


def _trouble(scene: Scene, example: Example, repo: Repo) -> tuple[str, str]:
    """(reason, detail), the reason "" for a good row. Reasons are counted, so they name no particulars; details do."""
    if (scene.kind == "tool") != bool(scene.turns[-1].outcomes):
        return "the kind and the calls disagree", scene.kind
    own = [message.content for message in example.messages if message.role != "tool"]
    own += [canonical(dict(outcome.arguments)).decode() for outcome in scene.outcomes]
    texts = own + [message.content for message in example.messages if message.role == "tool"]
    size = sum(map(len, texts))
    if size > MAXIMUM_CHARACTERS:
        return f"longer than {MAXIMUM_CHARACTERS:,} characters", f"{size:,}"
    for text in texts:
        if has_secret(text):
            return "holds what looks like a secret", ""
        if (found := SPECIAL.search(text)) is not None:
            return "holds a chat template's own mark-up", found[0]
        if "�" in text or "\0" in text:
            return "holds bytes that are not text", ""
    # Results have theirs taken out already; elsewhere one can't be, or a call would write what the file doesn't say.
    if any(redact(text)[1] for text in own):
        return "holds personal data", ""
    if len(
        {(o.tool, canonical(dict(o.arguments))) for o in scene.outcomes if not TOOLS[o.tool].changes_files}
    ) < sum(not TOOLS[o.tool].changes_files for o in scene.outcomes):
        return "makes the same call twice", ""
    return _grounding(scene, repo)


def _grounding(scene: Scene, repo: Repo) -> tuple[str, str]:
    seen: list[str] = [_span(repo, span) for span in scene.spans]
    for turn in scene.turns:
        if not turn.question.strip() or not turn.answer.strip():
            return "an empty question or answer", ""
        seen += [turn.question, *places(turn.question), *_told(turn.question)]
        for outcome in turn.outcomes:
            missing = _unknown_argument(outcome, "\n".join(seen))
            if missing:
                return "a call uses what nobody had said", missing
            about = outcome.arguments.get("file_path") or outcome.arguments.get("path") or ""
            seen.append(evidence([(outcome.content, about)]))
            seen += [f"{about}:{outcome.arguments[name]}" for name in PLACES if name in outcome.arguments]
            if outcome.tool == CODE:
                seen.append(str(outcome.arguments["code"]))
        if scene.kind in ("ask", "cannot") and turn is scene.turns[-1]:
            seen += list(TOOLS)
        told, counted = "\n".join(seen), scene.counted
        if turn is not scene.turns[-1]:
            # What only a later turn counts grounds nothing here, and need not be there yet.
            counted = tuple(group for group in counted if all(member in told for member in group))
        trouble = ungrounded(turn.answer, told, counted)
        if trouble:
            return "the answer says more than its evidence", trouble
        seen.append(turn.answer)
    return "", ""


def _told(question: str) -> list[str]:
    """What a question brings along: pasted results, and the descriptions of tools that it names, which whoever is offered them has read."""
    found = [evidence([(block[1].strip(), "")]) for block in FENCE.finditer(question)]
    for name, tool in TOOLS.items():
        if f"`{name}`" in question:
            found += [tool.description, *(f"{p.name}: {p.description}" for p in tool.parameters)]
    return found


def _unknown_argument(outcome: Outcome, seen: str) -> str:
    """The first path, position or symbol of a call that neither the question nor an earlier result gave, "" when all are known."""
    numbers = set(re.findall(r"\d+", seen)) | {"0", "1"}
    numbers |= {WORDS[word.lower()] for word in WORD_NUMBER.findall(seen)}
    for name, value in outcome.arguments.items():
        if name in PLACES and str(value) not in numbers:
            return f"{outcome.tool}({name}={value})"
        if name in PATHS and value != "." and str(value) not in seen:
            return f"{outcome.tool}({name}={value!r})"
        if name == "symbol" and str(value) not in seen:
            return f"{outcome.tool}({name}={value!r})"
    return ""


def _span(repo: Repo, span: str) -> str:
    """The text of `path:first-last`, read from the repository: a generator cannot make it up."""
    path, _, lines = span.rpartition(":")
    first, _, last = lines.partition("-")
    return "\n".join(repo.lines(path)[int(first) - 1 : int(last)])
