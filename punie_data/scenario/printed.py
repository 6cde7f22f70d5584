"""A result as its program prints it in a terminal: what a user pastes, where our tool's own JSON is what an agent sees."""

from shlex import quote

from punie_data.tools import results
from punie_data.tools.base import Outcome
from punie_data.tools.registry import TOOLS

SHORT = {"modified": "M", "added": "A", "deleted": "D"}
"""Git's letters. A renamed or copied file has two names, of which the result has one."""


def printed(outcome: Outcome) -> tuple[str, str]:
    """(the command, what it printed), both "" where the result does not hold all that the program would print.

    The command has the call's arguments, quoted as a shell wants them; both are "" as well where one of them can't stand in backticks.
    """
    given = outcome.arguments
    if any("`" in str(value) or "\n" in str(value) for value in given.values()):
        return "", ""
    path = str(given.get("path", "."))
    place = "" if path == "." else f" {quote(path)}"
    value = outcome.value
    match value:
        case results.RuffResult() if value.violations:
            return f"ruff check --output-format concise{place}", _ruff(value)
        case results.TypeCheckResult() if value.errors:
            return f"ty check --output-format concise{place}", _ty(value)
        case results.SearchTextResult() if value.matches:
            lines = [f"{match.file}:{match.line}:{match.text}" for match in value.matches]
            # In a single file ripgrep leaves its name out unless told otherwise.
            named = " -H" if all(match.file == path for match in value.matches) else ""
            glob = f" -g {quote(str(given['glob']))}" if given.get("glob") else ""
            return f"rg -n{named} --trim{glob} {_regexp(value.pattern)}{place}", "\n".join(
                dict.fromkeys(lines)
            )
        case results.GitStatusResult() if value.files:
            return (f"git status --short{place}", short) if (short := _status(value)) else ("", "")
        case results.GitLogResult() if value.commits:
            lines = [f"{one.hash} {one.date} {one.author}: {one.message}" for one in value.commits]
            count = TOOLS[outcome.tool].bind(given)["count"]
            only = f" --{place}" if place else ""
            return (
                f"git log -{count} --abbrev=12 --date=short --format='%h %cd %an: %s'{only}",
                "\n".join(lines),
            )
    return "", ""


def _regexp(pattern: str) -> str:
    """In quotes always: that is how one types a pattern."""
    written = quote(pattern)
    written = written if written.startswith("'") else f"'{written}'"
    return f"-e {written}" if pattern.startswith("-") else written


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
