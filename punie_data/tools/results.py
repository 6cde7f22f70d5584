"""What each tool returns, field by field, as the agent at run time sees it. Lines and columns are 1-based."""

import dataclasses
import types
import typing
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeIssue:
    file: str
    line: int
    column: int
    severity: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeCheckResult:
    success: bool
    error_count: int
    warning_count: int
    errors: tuple[TypeIssue, ...] = ()
    parse_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    file: str
    line: int
    column: int
    code: str
    message: str
    fixable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RuffResult:
    success: bool
    violation_count: int
    fixable_count: int
    violations: tuple[Violation, ...] = ()
    parse_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TestCase:
    name: str
    outcome: str
    duration: float
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    success: bool
    passed: int
    failed: int
    errors: int
    skipped: int
    duration: float
    tests: tuple[TestCase, ...] = ()
    parse_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    preview: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GotoDefinitionResult:
    success: bool
    symbol: str
    locations: tuple[Location, ...] = ()
    parse_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    file: str
    line: int
    column: int
    preview: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindReferencesResult:
    success: bool
    symbol: str
    reference_count: int
    references: tuple[Reference, ...] = ()
    parse_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindImplementationsResult:
    success: bool
    symbol: str
    implementation_count: int
    implementations: tuple[Reference, ...] = ()
    parse_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoverResult:
    success: bool
    symbol: str
    content: str
    language: str
    parse_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    name: str
    kind: str
    line: int
    end_line: int
    children: tuple["Symbol", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentSymbolsResult:
    success: bool
    file_path: str
    symbol_count: int
    symbols: tuple[Symbol, ...] = ()
    parse_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceSymbol:
    name: str
    kind: str
    file: str
    line: int
    container_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceSymbolsResult:
    success: bool
    query: str
    symbol_count: int
    symbols: tuple[WorkspaceSymbol, ...] = ()
    parse_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HierarchyCall:
    """One caller or callee; `call_lines` are the lines of the caller's file on which the call is written, `line` is 0 outside the project."""

    name: str
    kind: str
    file: str
    line: int
    call_lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHierarchyResult:
    success: bool
    symbol: str
    direction: str
    call_count: int
    calls: tuple[HierarchyCall, ...] = ()
    parse_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HierarchyType:
    name: str
    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeHierarchyResult:
    success: bool
    symbol: str
    direction: str
    type_count: int
    types: tuple[HierarchyType, ...] = ()
    parse_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GitFile:
    file: str
    status: str
    staged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GitStatusResult:
    success: bool
    clean: bool
    file_count: int
    files: tuple[GitFile, ...] = ()
    parse_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffFile:
    file: str
    additions: int
    deletions: int
    hunks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GitDiffResult:
    success: bool
    file_count: int
    additions: int
    deletions: int
    files: tuple[DiffFile, ...] = ()
    parse_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    hash: str
    message: str
    author: str
    date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GitLogResult:
    success: bool
    commit_count: int
    commits: tuple[Commit, ...] = ()
    parse_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CstMatch:
    line: int
    column: int
    code_snippet: str
    node_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CstFindResult:
    success: bool
    match_count: int
    matches: tuple[CstMatch, ...] = ()
    parse_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CstRenameResult:
    success: bool
    rename_count: int
    modified_source: str
    parse_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CstAddImportResult:
    success: bool
    import_added: bool
    modified_source: str
    parse_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMatch:
    file: str
    line: int
    column: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchTextResult:
    success: bool
    pattern: str
    match_count: int
    file_count: int
    matches: tuple[TextMatch, ...] = ()
    parse_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFilesResult:
    success: bool
    path: str
    file_count: int
    files: tuple[str, ...] = ()
    parse_error: str | None = None


def to_text(value: object) -> str:
    """A tool message's content: text as it is, a typed result as compact JSON in field order."""
    if isinstance(value, str):
        return value
    return orjson.dumps(value).decode()


def failed(kind: type, **given: Any) -> Any:
    """An unsuccessful result of `kind`: `given` as it stands, everything else zero, empty or False."""
    empty = {"int": 0, "str": "", "bool": False, "float": 0.0}
    values: dict[str, Any] = {}
    for spec in dataclasses.fields(kind):
        if spec.default is dataclasses.MISSING:
            name = spec.type if isinstance(spec.type, str) else spec.type.__name__
            values[spec.name] = empty[name]
    return kind(**(values | given))


_SCALARS = {str: "string", int: "integer", float: "number", bool: "boolean"}


def json_schema(kind: type) -> dict[str, Any]:
    """The JSON Schema of a result type; nested types become `$defs`, because a symbol contains symbols."""
    definitions: dict[str, Any] = {}
    schema = _object(kind, definitions)
    return schema | ({"$defs": definitions} if definitions else {})


def _object(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    fields = {spec.name: _field(hints[spec.name], definitions) for spec in dataclasses.fields(kind)}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(fields),
        "properties": fields,
    }


def _field(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if hint in _SCALARS:
        return {"type": _SCALARS[hint]}
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) is tuple:
        return {"type": "array", "items": _field(arguments[0], definitions)}
    if isinstance(hint, types.UnionType):
        inner = next(argument for argument in arguments if argument is not types.NoneType)
        return {"type": [_SCALARS[inner], "null"]}
    if hint.__name__ not in definitions:
        definitions[hint.__name__] = {}
        definitions[hint.__name__] = _object(hint, definitions)
    return {"$ref": f"#/$defs/{hint.__name__}"}
