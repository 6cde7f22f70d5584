"""Session files of coding agents: many lines make one conversation, and a file holds one for each task that its user gave."""

from collections.abc import Callable, Container, Mapping
from typing import Any

from punie_data.importing.sessions import claude_code, codex
from punie_data.importing.sessions.task import Session

SESSIONS: dict[str, Callable[[], Session]] = {
    "claude-code": claude_code.ClaudeCode,
    "codex": codex.Codex,
}
"""By the format's name."""

__all__ = ["SESSIONS", "Session", "session_of"]


def session_of(row: Mapping[str, Any], begun: Container[str]) -> str:
    """The format of a line that is one of a session, "" for any other. `begun` are the formats that the file has shown already."""
    if codex.is_line(row, "codex" in begun):
        return "codex"
    if claude_code.is_line(row, "claude-code" in begun):
        return "claude-code"
    return ""
