"""Claude Code's session files: `~/.claude/projects/<folder>/<session>.jsonl`.

A line is `{"type": "user" | "assistant" | …, "message": {"role", "content"}, "uuid", "parentUuid", "sessionId", "isSidechain", …}`. The content is a text
or a list of blocks (text, thinking, tool_use, tool_result, image). Results come in lines of the user's. One message of the assistant's is spread over a line
for each block, all with the same `message.id`; results may stand between them. Lines of other types are about the session.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from punie_data.importing.calls import call_of
from punie_data.importing.conversation import Turn, Unconvertible
from punie_data.importing.messages import text_of_content
from punie_data.importing.sessions.task import Found, Task

_SAID = ("user", "assistant")
_ABOUT = frozenset(
    {
        "summary", "system", "file-history-snapshot", "queue-operation", "progress", "attachment", "custom-title", "ai-title", "agent-name", "last-prompt",
        "permission-mode", "pr-link", "tag",
    }
)  # fmt: skip
_LOCAL = ("<local-command-stdout>", "<local-command-stderr>", "<local-command-caveat>", "<bash-input>", "<bash-stdout>", "<bash-stderr>")  # fmt: skip
_COMMAND = ("<command-name>", "<command-message>")
_INTERRUPTED = "[Request interrupted by user"


def is_line(row: Mapping[str, Any], begun: bool) -> bool:
    """Whether a row is a line of such a file. Lines about the session are known by their kind once one was seen, and before by what they have."""
    kind = row.get("type")
    if kind in _SAID:
        return isinstance(row.get("message"), Mapping) and ("sessionId" in row or "uuid" in row)
    if not isinstance(kind, str):
        return False
    return begun or (
        kind in _ABOUT and not row.keys().isdisjoint(("sessionId", "leafUuid", "messageId", "uuid"))
    )


class ClaudeCode:
    """Reads one file. Side conversations (of agents that the agent started) are read apart, each from its own first line on."""

    def __init__(self) -> None:
        self.not_rows = 0
        self._tasks: dict[str, Task] = {}
        self._threads: dict[str, str] = {}
        self._seen: set[str] = set()

    def take(self, number: int, row: Mapping[str, Any], raw: bytes) -> Iterator[Found]:
        identity = row.get("uuid")
        # A session that was gone on with repeats lines of the one before.
        repeated = isinstance(identity, str) and identity in self._seen
        if isinstance(identity, str):
            self._seen.add(identity)
        if row.get("type") not in _SAID or repeated:
            self.not_rows += 1
            return
        thread = self._thread_of(row)
        if row["type"] == "user":
            yield from self._user(thread, number, row, raw)
        else:
            self._assistant(thread, number, row, raw)

    def end(self) -> Iterator[Found]:
        for thread in sorted(self._tasks, key=lambda name: self._tasks[name].line):
            yield from self._close(thread)

    def _thread_of(self, row: Mapping[str, Any]) -> str:
        """ "" for the main conversation, for a side one its agent's id or the id of its first line."""
        if row.get("isSidechain") is not True:
            return ""
        agent, parent, identity = row.get("agentId"), row.get("parentUuid"), row.get("uuid")
        if isinstance(agent, str) and agent:
            return agent
        thread = self._threads.get(parent, "") if isinstance(parent, str) else ""
        thread = thread or (identity if isinstance(identity, str) else "side")
        if isinstance(identity, str):
            self._threads[identity] = thread
        return thread

    def _user(self, thread: str, number: int, row: Mapping[str, Any], raw: bytes) -> Iterator[Found]:
        task = self._tasks.get(thread)
        content = row["message"].get("content")
        texts = [content] if isinstance(content, str) else []
        trouble = None
        for block in content if isinstance(content, list) else ():
            kind = block.get("type") if isinstance(block, Mapping) else None
            if kind == "tool_result":
                self._result(task, block, number)
            elif kind == "text" and isinstance(block.get("text"), str):
                texts.append(block["text"])
            else:
                trouble = Unconvertible("a part that is no text", repr(str(kind)[:40]))
        text = "\n\n".join(texts)
        if row.get("isCompactSummary") is True:
            yield from self._close(thread)
            self._tasks[thread] = task = Task(number, raw, [Turn("user", text)])
            task.broken("the task begins before a summary of what was said")
        elif text.startswith(_INTERRUPTED):
            self.not_rows += 1
            if task is not None:
                task.broken("the user stopped the agent")
        elif row.get("isMeta") is True or text.startswith(_LOCAL):
            self._meta(task, text)
        elif text or trouble is not None:
            yield from self._close(thread)
            self._tasks[thread] = Task(number, raw, [Turn("user", text)], trouble=trouble)

    def _meta(self, task: Task | None, text: str) -> None:
        """What the program adds: to a command that was just given, its full wording; else it is about the session."""
        if (
            task is not None
            and task.turns
            and not task.is_answered
            and task.turns[0].text.startswith(_COMMAND)
        ):
            task.turns[0] = Turn("user", f"{task.turns[0].text}\n\n{text}")
        else:
            self.not_rows += 1

    def _result(self, task: Task | None, block: Mapping[str, Any], number: int) -> None:
        if task is None:
            self.not_rows += 1
            return
        task.last_line = number
        identity = block.get("tool_use_id")
        try:
            text = text_of_content(block.get("content"), "tool")
        except Unconvertible as trouble:
            task.broken(trouble.reason, trouble.detail)
            return
        task.turns.append(
            Turn(
                "tool",
                text,
                call_id=identity if isinstance(identity, str) else "",
                failed=block.get("is_error") is True,
            )
        )

    def _assistant(self, thread: str, number: int, row: Mapping[str, Any], raw: bytes) -> None:
        message = row["message"]
        if message.get("model") == "<synthetic>" and row.get("isApiErrorMessage") is not True:
            self.not_rows += 1
            return
        task = self._tasks.get(thread)
        if task is None:
            self._tasks[thread] = task = Task(number, raw, [])
            task.broken("an answer without a question")
        task.last_line = number
        if row.get("isApiErrorMessage") is True:
            task.broken("the service answered with an error")
        content, key = message.get("content"), message.get("id")
        key = key if isinstance(key, str) else ""
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        if not isinstance(blocks, list):
            task.broken("a part that is no text", "the content is neither text nor a list of blocks")
            return
        for block in blocks:
            kind = block.get("type") if isinstance(block, Mapping) else None
            if kind == "text" and isinstance(block.get("text"), str):
                task.say(block["text"], (), key)
            elif kind == "tool_use":
                try:
                    task.say("", (call_of({name: block.get(name) for name in ("id", "name", "input")}),), key)
                except Unconvertible as trouble:
                    task.broken(trouble.reason, trouble.detail)
            elif kind not in ("thinking", "redacted_thinking"):
                task.broken("a part that is no text", repr(str(kind)[:40]))

    def _close(self, thread: str) -> Iterator[Found]:
        task = self._tasks.pop(thread, None)
        if task is None:
            return
        first = task.turns[0].text if task.turns else ""
        if not task.is_answered and first.startswith(_COMMAND):
            self.not_rows += 1  # a command that the program answered itself
        else:
            yield task.finished("claude-code")
