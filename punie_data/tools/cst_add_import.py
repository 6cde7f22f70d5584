"""cst_add_import: add an import to one file, where imports go, unless it is there.

Where imports go is LibCST's word (its AddImportsVisitor); a test holds the two against each other. We don't use the visitor itself: it
passes through every node of the file, needs LibCST's matchers, which take longer to be imported than most files to be changed, and it
doesn't know relative imports again.
"""

from typing import TYPE_CHECKING

from punie_data.tools.base import Parameter, Tool
from punie_data.tools.cst_source import parsed
from punie_data.tools.results import CstAddImportResult, failed
from punie_data.tools.workspace import Workspace

if TYPE_CHECKING:
    import libcst as cst

Wanted = list[tuple[str, str]]
"""Names, each with its alias or ""."""


def run(workspace: Workspace, file_path: str, import_statement: str) -> CstAddImportResult:
    import libcst as cst

    module = parsed(workspace, file_path)
    if isinstance(module, str):
        return failed(CstAddImportResult, parse_error=module)
    try:
        line = cst.parse_statement(import_statement)
    except cst.ParserSyntaxError as error:
        return failed(CstAddImportResult, parse_error=f"not valid Python: {error.message}")
    statement = _import(line)
    if statement is None or (
        isinstance(statement, cst.ImportFrom) and isinstance(statement.names, cst.ImportStar)
    ):
        return failed(
            CstAddImportResult, parse_error=f"not an import that can be added: {import_statement!r}"
        )
    changed = with_import(module, statement)
    source = workspace.text(file_path) or "" if changed is module else changed.code
    return CstAddImportResult(success=True, import_added=changed is not module, modified_source=source)


def with_import(module: "cst.Module", statement: "cst.Import | cst.ImportFrom") -> "cst.Module":
    """The module with the import, or the module itself where nothing is missing. Only the imports at its head are looked at."""
    import libcst as cst

    body = list(module.body)
    start = end = int(_opens(module))
    while end < len(body) and _import(body[end]) is not None:
        end += 1
    head = [(at, found) for at in range(start, end) if (found := _import(body[at])) is not None]
    place = end
    if isinstance(statement, cst.Import):
        there = {name for _, found in head if isinstance(found, cst.Import) for name in _names(found)}
        # Plain ones first, then those with another name.
        missing = sorted(
            (one for one in _names(statement) if one not in there), key=lambda one: (one[1] != "", one)
        )
        lines = [f"import {_spelt(one)}" for one in missing]
    else:
        source = _source(statement)
        same = [
            (at, found)
            for at, found in head
            if isinstance(found, cst.ImportFrom) and _source(found) == source
        ]
        everything = any(isinstance(found.names, cst.ImportStar) for _, found in same)
        there = {name for _, found in same for name in _names(found)}
        wanted = [one for one in _names(statement) if one not in there and not (everything and not one[1])]
        missing = sorted(wanted, key=lambda one: (one[1] != "", one))
        joined = [(at, found) for at, found in same if not isinstance(found.names, cst.ImportStar)]
        if missing and joined:
            at, found = joined[0]
            body[at] = _joined(body[at], found, missing)
            return module.with_changes(body=body)
        if source == "__future__":
            place = start
        lines = [f"from {source} import {', '.join(map(_spelt, sorted(wanted)))}"] if missing else []
    if not missing:
        return module
    added = [cst.parse_statement(line, config=module.config_for_parsing) for line in lines]
    return module.with_changes(body=[*body[:place], *added, *body[place:end], *_set_apart(body[end:])])


def _import(statement: "cst.CSTNode") -> "cst.Import | cst.ImportFrom | None":
    """The import that is the whole of this line, if it is one."""
    import libcst as cst

    if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1:
        [only] = statement.body
        if isinstance(only, cst.Import | cst.ImportFrom):
            return only
    return None


def _opens(module: "cst.Module") -> bool:
    """Whether the first statement has to stay first: a docstring, or Meta's `__strict__` flag."""
    import libcst as cst

    first = module.body[0] if module.body else None
    if not isinstance(first, cst.SimpleStatementLine) or len(first.body) != 1:
        return False
    [only] = first.body
    if isinstance(only, cst.Assign) and len(only.targets) == 1:
        target = only.targets[0].target
        return isinstance(target, cst.Name) and target.value == "__strict__"
    return isinstance(only, cst.Expr) and isinstance(only.value, cst.SimpleString)


def _names(statement: "cst.Import | cst.ImportFrom") -> Wanted:
    import libcst as cst

    if isinstance(statement.names, cst.ImportStar):
        return []
    return [(alias.evaluated_name, alias.evaluated_alias or "") for alias in statement.names]


def _source(statement: "cst.ImportFrom") -> str:
    """What is imported from, as it is written: "a.b", ".", "..c"."""
    from libcst.helpers import get_full_name_for_node

    module = (get_full_name_for_node(statement.module) or "") if statement.module else ""
    return "." * len(statement.relative) + module


def _spelt(name: tuple[str, str]) -> str:
    return f"{name[0]} as {name[1]}" if name[1] else name[0]


def _joined(line: "cst.BaseStatement", statement: "cst.ImportFrom", missing: Wanted) -> "cst.BaseStatement":
    """The line with more names in its import, before those that it has."""
    import libcst as cst

    added = [
        cst.ImportAlias(
            name=cst.Name(name),
            asname=cst.AsName(name=cst.Name(alias)) if alias else None,
        )
        for name, alias in missing
    ]
    return line.with_changes(body=[statement.with_changes(names=[*added, *statement.names])])


def _set_apart(statements: "list[cst.BaseStatement]") -> "list[cst.BaseStatement]":
    """The statements behind the imports, with an empty line before the first."""
    import libcst as cst

    if not statements:
        return []
    first, *others = statements
    leading = first.leading_lines
    if leading and leading[0].comment is None:
        return statements
    return [first.with_changes(leading_lines=(cst.EmptyLine(), *leading)), *others]


TOOL = Tool(
    name="cst_add_import",
    description="Add an import statement to a Python file, unless it has it, and return the new source. Writes nothing.",
    parameters=(
        Parameter("file_path", "string", "Path of the file, relative to the project root"),
        Parameter("import_statement", "string", "Such as: from pathlib import Path"),
    ),
    result=CstAddImportResult,
    run=run,
    program="libcst",
)
