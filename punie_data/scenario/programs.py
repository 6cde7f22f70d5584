"""Code Mode's default programs: the calls of a scene as Python that prints what an answer may need.

A program is only ever made here; what it prints is what the sandbox's interpreter prints when it is run. "Lean" programs print counts and
places, "full" ones also what stands there: the leanest that bears the answer is taken.
"""

from punie_data.scenario.scene import Scene
from punie_data.scenario.subjects import called, literal
from punie_data.tools.base import Outcome

_PLACES = 'print(f"{{{one}.file}}:{{{one}.line}}")'
_LEAN = {
    "goto_definition": ("locations", "place", 'f"{place.file}:{place.line}: {place.preview}"', "no definition found"),
    "find_references": ("references", "reference", 'f"{reference.file}:{reference.line}"', "no references"),
    "find_implementations": ("implementations", "found", 'f"{found.file}:{found.line}: {found.preview}"', "no implementations"),
    "workspace_symbols": ("symbols", "symbol", 'f"{symbol.kind} {symbol.name}: {symbol.file}:{symbol.line}"', "no symbols"),
    "call_hierarchy": ("calls", "call", 'f"{call.name} ({call.kind}), {call.file}:{call.line}, lines {call.call_lines}"', "no calls"),
    "type_hierarchy": ("types", "found", 'f"{found.name}: {found.file}:{found.line}"', "no types"),
    "git_status": ("files", "file", "f\"{file.file}: {file.status}{', staged' if file.staged else ''}\"", "clean"),
    "git_diff": ("files", "file", 'f"{file.file}: +{file.additions} -{file.deletions}"', "no changes"),
    "git_log": ("commits", "commit", 'f"{commit.hash} {commit.date} {commit.author}: {commit.message}"', "no commits"),
    "typecheck": ("errors", "issue", 'f"{issue.file}:{issue.line}:{issue.column}: {issue.severity} {issue.code}: {issue.message}"', "no errors"),
    "ruff_check": ("violations", "violation", 'f"{violation.file}:{violation.line}:{violation.column}: {violation.code} {violation.message}"', "no violations"),
    "search_text": ("matches", "match", 'f"{match.file}:{match.line}"', "no matches"),
    "list_files": ("files", "file", "file", "no files"),
    "pytest_run": ("tests", "test", 'f"{test.outcome} {test.name}: {test.message}"', "no tests"),
}  # fmt: skip
_FULL = {
    "find_references": 'f"{reference.file}:{reference.line}:{reference.column}: {reference.preview}"',
    "search_text": 'f"{match.file}:{match.line}:{match.column}: {match.text}"',
    "goto_definition": 'f"{place.file}:{place.line}:{place.column}: {place.preview}"',
    "workspace_symbols": 'f"{symbol.kind} {symbol.name} in {symbol.container_name}: {symbol.file}:{symbol.line}"',
    "ruff_check": "f\"{violation.file}:{violation.line}:{violation.column}: {violation.code} {violation.message}{' (fixable)' if violation.fixable else ''}\"",
}
_COUNTS = {
    "find_references": ("reference_count",), "find_implementations": ("implementation_count",), "workspace_symbols": ("symbol_count",),
    "call_hierarchy": ("call_count",), "type_hierarchy": ("type_count",), "git_status": ("file_count",), "git_diff": ("file_count", "additions", "deletions"),
    "git_log": ("commit_count",), "typecheck": ("error_count", "warning_count"), "ruff_check": ("violation_count", "fixable_count"),
    "search_text": ("match_count", "file_count"), "list_files": ("file_count",), "pytest_run": ("passed", "failed", "errors", "skipped"),
}  # fmt: skip
_SYMBOLS = """def show(symbols, depth):
    for symbol in symbols:
        print(f"{'  ' * depth}{symbol.kind} {symbol.name}: lines {symbol.line}-{symbol.end_line}")
        show(symbol.children, depth + 1)


"""
_CHANGED = {"cst_rename": "rename_count", "cst_add_import": "import_added"}


def programs(scene: Scene) -> list[str]:
    """The scene's own program, or else one or two of ours, the leaner first; none for calls that cannot be written so.

    Several calls become one program only where each is written out with what the question says: what a call takes from an earlier
    result has to be computed, and only the scene's author knows how.
    """
    if scene.program:
        return [scene.program]
    outcomes = scene.outcomes
    if not outcomes or any(outcome.tool not in KNOWN for outcome in outcomes):
        return []
    if len(outcomes) > 1 and not all(_is_said(outcome, scene.question) for outcome in outcomes):
        return []
    made = []
    for full in (False, True):
        parts = [
            _program(outcome, _name(index, len(outcomes)), full) for index, outcome in enumerate(outcomes)
        ]
        needs_show = any(outcome.tool == "document_symbols" and outcome.ok for outcome in outcomes)
        made.append((_SYMBOLS if needs_show else "") + "\n".join(parts))
    return list(dict.fromkeys(made))


def _name(index: int, count: int) -> str:
    return "result" if count == 1 else f"result_{index + 1}"


def _is_said(outcome: Outcome, question: str) -> bool:
    return all(
        str(value) in question
        for name, value in outcome.arguments.items()
        if value != "." and not isinstance(value, bool)
    )


def _program(outcome: Outcome, name: str, full: bool) -> str:
    """The call and what is printed of its result. A call that fails says why."""
    lines = [f"{name} = {called(outcome)}"]
    tool = outcome.tool
    if tool in ("read_file", "run_command"):
        return "\n".join([*lines, f"print({name})"])
    if not outcome.ok:
        return "\n".join([*lines, f"print({name}.parse_error)"])
    if tool == "hover":
        return "\n".join([*lines, f"print({name}.content)"])
    if tool == "document_symbols":
        head = [f'print(f"{{{name}.file_path}}: {{{name}.symbol_count}} symbols")'] if full else []
        return "\n".join([*lines, *head, f"show({name}.symbols, 0)"])
    if tool == "cst_find_pattern":
        path = literal(outcome.arguments["file_path"])
        shown = f'print(f"{{path}}:{{match.line}}:{{match.column}}: {"{match.node_type} " if full else ""}{{match.code_snippet}}")'
        return "\n".join(
            [
                f"path = {path}",
                *lines,
                f"print({name}.match_count)",
                f"for match in {name}.matches:",
                f"    {shown}",
            ]
        )
    if tool in _CHANGED:
        more = [f"print({name}.modified_source)"] if full else []
        return "\n".join([*lines, f"print({name}.{_CHANGED[tool]})", *more])
    field, one, shown, nothing = _LEAN[tool]
    if full:
        shown = _FULL.get(tool, shown)
    counts = ", ".join(f"{name}.{count}" for count in _COUNTS.get(tool, ()))
    body = [f"for {one} in {name}.{field}:", f"    print({shown})"]
    if full and tool == "git_diff":
        body += ["    for hunk in file.hunks:", "        print(hunk)"]
    head = [f"print({counts})"] if counts else [f"if not {name}.{field}:", f"    print({literal(nothing)})"]
    return "\n".join([*lines, *head, *body])


KNOWN = (
    frozenset(_LEAN)
    | frozenset(_CHANGED)
    | {"read_file", "run_command", "hover", "document_symbols", "cst_find_pattern"}
)
"""The tools that a default program can be written for; `write_file` is not among them, because it needs a throw-away copy."""
