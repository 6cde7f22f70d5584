"""Codex's session files: `~/.codex/sessions/<year>/<month>/<day>/rollout-….jsonl`.

A line is `{"timestamp", "type", "payload"}`. What was said is `response_item`: `message` (role, content of input_text and output_text), `function_call` (name,
arguments as a JSON text, call_id), `function_call_output` (call_id, output), `custom_tool_call` (input is a text), `local_shell_call`, `reasoning`. `event_msg`
repeats it for the screen, `turn_context` and the rest are about the session. The first versions wrote the items themselves, without an envelope.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from punie_data.importing.calls import UNREADABLE, arguments_of
from punie_data.importing.conversation import SpokenCall, Turn, Unconvertible
from punie_data.importing.messages import text_of_content
from punie_data.importing.sessions.task import Found, Task
from punie_data.importing.values import from_json

_ENVELOPES = frozenset({"session_meta", "response_item", "event_msg", "turn_context", "compacted"})
_ITEMS = frozenset(
    {"message", "reasoning", "function_call", "function_call_output", "local_shell_call", "custom_tool_call", "custom_tool_call_output"}
)  # fmt: skip
_CONTEXT = ("<environment_context>", "<user_instructions>", "<permissions instructions>", "# AGENTS.md instructions", "<skill>", "<INSTRUCTIONS>")  # fmt: skip
_ABORTED = "<turn_aborted>"


def is_line(row: Mapping[str, Any], begun: bool) -> bool:
    """Whether a row is a line of such a file, by its keys."""
    kind = row.get("type")
    kind = kind if isinstance(kind, str) else ""
    if isinstance(row.get("payload"), Mapping):
        return begun or kind in _ENVELOPES
    if "message" in row or "messages" in row:
        return False
    if kind in _ITEMS:
        return "content" in row or "call_id" in row or "summary" in row
    return row.get("record_type") == "state" or row.keys() >= {"id", "timestamp", "instructions"}


class Codex:
    """Reads one file. What the program tells the model before the first task is the system prompt of all of them."""

    def __init__(self) -> None:
        self.not_rows = 0
        self._task: Task | None = None
        self._prompt: list[str] = []
        self._step = 0

    def take(self, number: int, row: Mapping[str, Any], raw: bytes) -> Iterator[Found]:
        payload = row.get("payload")
        item = payload if isinstance(payload, Mapping) else row
        envelope = row.get("type") if isinstance(payload, Mapping) else "response_item"
        if envelope == "session_meta" or item.keys() >= {"id", "timestamp", "instructions"}:
            self._instructions(item)
        elif envelope == "compacted":
            if self._task is not None:
                self._task.broken("the task begins before a summary of what was said")
            self.not_rows += 1
        elif envelope == "event_msg" and item.get("type") == "turn_aborted":
            if self._task is not None:
                self._task.broken("the user stopped the agent")
            self.not_rows += 1
        elif envelope == "response_item" and item.get("type") == "message":
            yield from self._message(number, item, raw)
        elif envelope == "response_item" and isinstance(item.get("type"), str):
            self._item(number, item, raw)
        else:
            self.not_rows += 1

    def end(self) -> Iterator[Found]:
        if self._task is not None:
            yield self._task.finished("codex", "\n\n".join(self._prompt))
            self._task = None

    def _instructions(self, item: Mapping[str, Any]) -> None:
        base = item.get("base_instructions")
        given = base.get("text") if isinstance(base, Mapping) else item.get("instructions")
        if isinstance(given, str) and given.strip():
            self._prompt.append(given)
        self.not_rows += 1

    def _message(self, number: int, item: Mapping[str, Any], raw: bytes) -> Iterator[Found]:
        role = item.get("role")
        trouble = None
        try:
            text = text_of_content(item.get("content"), "user")
        except Unconvertible as found:
            text, trouble = "", found
        if role == "assistant":
            task = self._open(number, raw)
            if trouble is not None:
                task.broken(trouble.reason, trouble.detail)
            task.say(text, (), self._key())
        elif role in ("developer", "system") or text.startswith(_CONTEXT):
            # Later context repeats the first with other details, and is not part of any one task.
            if self._task is None and trouble is None:
                self._prompt.append(text)
            self.not_rows += 1
        elif text.startswith(_ABORTED):
            if self._task is not None:
                self._task.broken("the user stopped the agent")
            self.not_rows += 1
        else:
            yield from self.end()
            self._task = Task(number, raw, [Turn("user", text)], trouble=trouble)

    def _item(self, number: int, item: Mapping[str, Any], raw: bytes) -> None:
        kind = item["type"]
        if kind in ("function_call", "custom_tool_call", "local_shell_call"):
            task = self._open(number, raw)
            try:
                task.say("", (_call(item),), self._key())
            except Unconvertible as trouble:
                task.broken(trouble.reason, trouble.detail)
        elif kind in ("function_call_output", "custom_tool_call_output"):
            task = self._open(number, raw)
            identity = item.get("call_id")
            try:
                text, failed = _output(item.get("output"))
            except Unconvertible as trouble:
                task.broken(trouble.reason, trouble.detail)
                return
            task.turns.append(
                Turn("tool", text, call_id=identity if isinstance(identity, str) else "", failed=failed)
            )
            self._step += 1
        elif kind.endswith("_call"):
            self._open(number, raw).broken("a call whose result the session does not hold", repr(kind[:40]))
        else:
            self.not_rows += 1  # reasoning is encrypted, and snapshots are about the session

    def _open(self, number: int, raw: bytes) -> Task:
        if self._task is None:
            self._task = Task(number, raw, [])
            self._task.broken("an answer without a question")
        self._task.last_line = number
        return self._task

    def _key(self) -> str:
        """What the assistant says and calls between two results is one turn."""
        return f"step {self._step}"


def _call(item: Mapping[str, Any]) -> SpokenCall:
    identity = next((item[key] for key in ("call_id", "id") if isinstance(item.get(key), str)), "")
    if item["type"] == "local_shell_call":
        action = item.get("action")
        if not isinstance(action, Mapping):
            raise Unconvertible(UNREADABLE, "a shell call without an action")
        return SpokenCall(
            "local_shell", {key: value for key, value in action.items() if value is not None}, identity
        )
    name = item.get("name")
    if not isinstance(name, str) or not name:
        raise Unconvertible(UNREADABLE, "it names no tool")
    if item["type"] == "custom_tool_call":
        return SpokenCall(name, {"input": item.get("input", "")}, identity)
    return SpokenCall(name, arguments_of(item.get("arguments")), identity)


def _output(given: Any) -> tuple[str, bool]:
    """What the model was shown of a result, and whether it was a failure. An older form is JSON with the output and its exit code inside."""
    if isinstance(given, Mapping):
        return text_of_content(given.get("content"), "tool"), given.get("success") is False
    if not isinstance(given, str):
        return text_of_content(given, "tool"), False
    if given.startswith("{") and '"exit_code"' in given:
        try:
            value = from_json(given)
        except Unconvertible:
            return given, False
        metadata = value.get("metadata")
        code = metadata.get("exit_code") if isinstance(metadata, dict) else None
        return given, isinstance(code, int) and code != 0
    return given, False
