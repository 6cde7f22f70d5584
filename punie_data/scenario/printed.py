"""A result as its program prints it in a terminal: what a user pastes, where our tool's own JSON is what an agent sees."""

from punie_data.tools import results
from punie_data.tools.base import Outcome

SHORT = {"modified": "M", "added": "A", "deleted": "D"}
"""Git's letters. A renamed or copied file has two names, of which the result has one."""


def printed(outcome: Outcome) -> tuple[str, str]:
    """(the command, what it printed), both "" where the result does not hold all that the program would print."""
    value = outcome.value
    match value:
        case results.RuffResult() if value.violations:
            return "ruff check --output-format concise", _ruff(value)
        case results.TypeCheckResult() if value.errors:
            return "ty check --output-format concise", _ty(value)
        case results.SearchTextResult() if value.matches:
            lines = [f"{match.file}:{match.line}:{match.text}" for match in value.matches]
            return "rg -n --trim", "\n".join(dict.fromkeys(lines))
        case results.GitStatusResult() if value.files:
            return ("git status --short", short) if (short := _status(value)) else ("", "")
        case results.GitLogResult() if value.commits:
            lines = [f"{one.hash} {one.date} {one.author}: {one.message}" for one in value.commits]
            return "git log --date=short --format='%h %ad %an: %s'", "\n".join(lines)
    return "", ""


def _ruff(value: results.RuffResult) -> str:
    lines = [
        f"{one.file}:{one.line}:{one.column}: {one.code} {'[*] ' if one.fixable else ''}{one.message}"
        for one in value.violations
    ]
    count = len(value.violations)
    lines.append(f"Found {count} {'error' if count == 1 else 'errors'}.")
    if value.fixable_count:
        lines.append(f"[*] {value.fixable_count} fixable with the `--fix` option.")
    return "\n".join(lines)


def _ty(value: results.TypeCheckResult) -> str:
    lines = [
        f"{one.file}:{one.line}:{one.column}: {one.severity}[{one.code}] {one.message}"
        for one in value.errors
    ]
    count = len(value.errors)
    return "\n".join([*lines, f"Found {count} {'diagnostic' if count == 1 else 'diagnostics'}"])


def _status(value: results.GitStatusResult) -> str:
    if len({one.file for one in value.files}) < len(value.files):
        return ""
    lines = []
    for one in value.files:
        letter = SHORT.get(one.status, "")
        if one.status != "untracked" and not letter:
            return ""
        sign = "??" if one.status == "untracked" else f"{letter} " if one.staged else f" {letter}"
        lines.append(f"{sign} {one.file}")
    return "\n".join(lines)
