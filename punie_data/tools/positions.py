"""Positions and symbols as the Language Server Protocol writes them, turned into the tools' own."""

from typing import Any

from punie_data.tools.results import Location, Reference
from punie_data.tools.workspace import Workspace

SYMBOL_KINDS = {
    1: "file", 2: "module", 3: "namespace", 4: "package", 5: "class", 6: "method", 7: "property", 8: "field",
    9: "constructor", 10: "enum", 11: "interface", 12: "function", 13: "variable", 14: "constant", 15: "string",
    16: "number", 17: "boolean", 18: "array", 19: "object", 20: "key", 21: "null", 22: "enum member", 23: "struct",
    24: "event", 25: "operator", 26: "type parameter",
}  # fmt: skip


def text_position(workspace: Workspace, file_path: str, line: int, column: int) -> dict[str, Any] | None:
    """The request's parameters for a 1-based position; None when the project has no such place."""
    lines = workspace.lines(file_path)
    if not 1 <= line <= len(lines) or not 1 <= column <= len(lines[line - 1]) + 1:
        return None
    before = lines[line - 1][: column - 1]
    units = len(before.encode("utf-16-le")) // 2
    return {
        "textDocument": {"uri": workspace.server.uri(file_path)},
        "position": {"line": line - 1, "character": units},
    }


def problem(workspace: Workspace, file_path: str, line: int, column: int, symbol: str) -> str | None:
    """Why there is nothing to ask at this position; None when `symbol` stands there."""
    lines = workspace.lines(file_path)
    if not lines or workspace.inside(file_path) not in workspace.paths:
        return f"no such file: {file_path}"
    if not workspace.is_python(file_path):
        return f"not a Python file: {file_path}"
    if not 1 <= line <= len(lines):
        return f"{file_path} has {workspace.line_count(file_path)} lines, not {line}"
    name = symbol.rpartition(".")[2]
    text = lines[line - 1]
    whole = text[column - 1 :].startswith(name) if column >= 1 and name else False
    if (
        not whole
        or _is_letter(text[column - 2 : column - 1])
        or _is_letter(text[column - 1 + len(name) :][:1])
    ):
        return f"{symbol!r} does not stand at {file_path}:{line}:{column}"
    return None


def _is_letter(character: str) -> bool:
    """Whether a name would go on with it."""
    return character.isalnum() or character == "_"


def column_of(workspace: Workspace, path: str, line: int, units: int) -> int:
    """The 1-based column in characters for an offset in UTF-16 code units."""
    lines = workspace.lines(path)
    text = lines[line - 1] if 0 < line <= len(lines) else ""
    if text.isascii():
        return units + 1
    return len(text.encode("utf-16-le")[: units * 2].decode("utf-16-le", "ignore")) + 1


def location(workspace: Workspace, found: dict[str, Any]) -> Location:
    path = workspace.server.path(found["uri"])
    start, end = found["range"]["start"], found["range"]["end"]
    return Location(
        file=path,
        line=start["line"] + 1,
        column=column_of(workspace, path, start["line"] + 1, start["character"]),
        end_line=end["line"] + 1,
        end_column=column_of(workspace, path, end["line"] + 1, end["character"]),
        preview=workspace.preview(path, start["line"] + 1),
    )


def references(workspace: Workspace, found: list[dict[str, Any]] | None) -> tuple[Reference, ...]:
    """Sorted by file, line and column, each place once: a server may answer in the order in which its threads end."""
    places = {
        (place.file, place.line, place.column): place
        for place in (location(workspace, item) for item in found or ())
    }
    return tuple(
        Reference(file=file, line=line, column=column, preview=place.preview)
        for (file, line, column), place in sorted(places.items())
    )
