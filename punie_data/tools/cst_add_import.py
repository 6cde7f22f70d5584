"""cst_add_import: add an import to one file, where imports go, unless it is there."""

from punie_data.tools.base import Parameter, Tool
from punie_data.tools.results import CstAddImportResult, failed
from punie_data.tools.workspace import Workspace


def run(workspace: Workspace, file_path: str, import_statement: str) -> CstAddImportResult:
    import libcst as cst
    from libcst.codemod import CodemodContext
    from libcst.codemod.visitors import AddImportsVisitor
    from libcst.helpers import get_full_name_for_node

    text = workspace.text(file_path)
    if text is None:
        return failed(CstAddImportResult, parse_error=f"no such file: {file_path}")
    try:
        module = cst.parse_module(text)
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
    changed = AddImportsVisitor(context).transform_module(module).code
    return CstAddImportResult(success=True, import_added=changed != text, modified_source=changed)


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
