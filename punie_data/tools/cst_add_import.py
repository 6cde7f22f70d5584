"""cst_add_import: add an import to one file, where imports go, unless it is there."""

from typing import TYPE_CHECKING

from punie_data.tools.base import Parameter, Tool
from punie_data.tools.cst_source import parsed
from punie_data.tools.results import CstAddImportResult, failed
from punie_data.tools.workspace import Workspace

if TYPE_CHECKING:
    import libcst as cst
    from libcst.codemod import CodemodContext


def run(workspace: Workspace, file_path: str, import_statement: str) -> CstAddImportResult:
    import libcst as cst
    from libcst.codemod import CodemodContext
    from libcst.codemod.visitors import AddImportsVisitor
    from libcst.helpers import get_full_name_for_node

    module = parsed(workspace, file_path)
    if isinstance(module, str):
        return failed(CstAddImportResult, parse_error=module)
    try:
        line = cst.parse_statement(import_statement)
    except cst.ParserSyntaxError as error:
        return failed(CstAddImportResult, parse_error=f"not valid Python: {error.message}")
    statement = line.body[0] if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1 else None
    context = CodemodContext()
    if isinstance(statement, cst.Import):
        for alias in statement.names:
            AddImportsVisitor.add_needed_import(
                context, get_full_name_for_node(alias.name) or "", asname=alias.evaluated_alias
            )
    elif isinstance(statement, cst.ImportFrom) and not isinstance(statement.names, cst.ImportStar):
        name = get_full_name_for_node(statement.module) or "" if statement.module else ""
        for alias in statement.names:
            AddImportsVisitor.add_needed_import(
                context, name, alias.evaluated_name, alias.evaluated_alias, len(statement.relative)
            )
    else:
        return failed(
            CstAddImportResult, parse_error=f"not an import that can be added: {import_statement!r}"
        )
    changed = with_imports(module, context).code
    # Held against the tree's own code: a byte-order mark is lost in parsing, and that is no import.
    return CstAddImportResult(success=True, import_added=changed != module.code, modified_source=changed)


def with_imports(module: "cst.Module", context: "CodemodContext") -> "cst.Module":
    """What LibCST's AddImportsVisitor makes of the module, at the price of its head.

    It looks at the first statement, at the imports that follow and at the blank lines before the next statement, but visits every node
    of the file: so it is given the head only, and in place of a definition an empty statement with the same blank lines.
    """
    import libcst as cst
    from libcst.codemod.visitors import AddImportsVisitor

    size = 0
    for statement in module.body:
        size += 1
        if not isinstance(statement, cst.SimpleStatementLine):
            break
        if size > 1 and not any(isinstance(part, cst.Import | cst.ImportFrom) for part in statement.body):
            break
    head = list(module.body[:size])
    last = head[-1] if head else None
    if last is not None and not isinstance(last, cst.SimpleStatementLine):
        head[-1] = cst.SimpleStatementLine([cst.Pass()], leading_lines=last.leading_lines)
    body = list(AddImportsVisitor(context).transform_module(module.with_changes(body=head)).body)
    if last is not None and not isinstance(last, cst.SimpleStatementLine):
        body[-1] = last.with_changes(leading_lines=body[-1].leading_lines)
    return module.with_changes(body=[*body, *module.body[size:]])


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
