"""cst_rename: a module-level name of one file gets another name, wherever that file means the same thing by it."""

from typing import TYPE_CHECKING

from punie_data.tools.base import Parameter, Tool
from punie_data.tools.results import CstRenameResult, failed
from punie_data.tools.workspace import Workspace

if TYPE_CHECKING:
    import libcst as cst


def run(workspace: Workspace, file_path: str, old_name: str, new_name: str) -> CstRenameResult:
    import libcst as cst

    text = workspace.text(file_path)
    if text is None:
        return failed(CstRenameResult, parse_error=f"no such file: {file_path}")
    if not new_name.isidentifier():
        return failed(CstRenameResult, parse_error=f"{new_name!r} is not an identifier")
    try:
        module = cst.parse_module(text)
    except cst.ParserSyntaxError as error:
        return failed(CstRenameResult, parse_error=f"{file_path}:{error.raw_line}: {error.message}")
    found = occurrences(module, old_name, new_name)
    if isinstance(found, str):
        return failed(CstRenameResult, parse_error=found)
    wrapped, nodes = found

    class Rename(cst.CSTTransformer):
        def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:
            return updated_node.with_changes(value=new_name) if original_node in nodes else updated_node

    return CstRenameResult(
        success=True, rename_count=len(nodes), modified_source=wrapped.visit(Rename()).code
    )


def occurrences(
    module: "cst.Module", old_name: str, new_name: str
) -> "tuple[cst.Module, set[cst.CSTNode]] | str":
    """The Name nodes that mean the module-level `old_name`, by LibCST's scope analysis; or why there can be no renaming.

    A parameter, a local variable or an attribute of the same spelling is another thing and is spared.
    """
    import libcst as cst
    from libcst.metadata import GlobalScope, MetadataWrapper, ScopeProvider

    wrapper = MetadataWrapper(module)
    scopes = {scope for scope in wrapper.resolve(ScopeProvider).values() if scope is not None}
    top = next((scope for scope in scopes if isinstance(scope, GlobalScope)), None)
    assignments = list(top[old_name]) if top is not None and old_name in top else []
    if not assignments:
        return f"no module-level name {old_name!r}"
    if any(new_name in {assignment.name for assignment in scope.assignments} for scope in scopes):
        return f"{new_name!r} is already a name in this file"
    nodes: set[cst.CSTNode] = set()
    for assignment in assignments:
        node = getattr(assignment, "node", None)
        if isinstance(node, cst.ClassDef | cst.FunctionDef):
            nodes.add(node.name)
        elif isinstance(node, cst.Name):
            nodes.add(node)
        else:
            return f"{old_name!r} is imported here; rename it where it is defined"
        for access in assignment.references:
            used = access.node
            while isinstance(used, cst.Attribute):
                used = used.value
            if isinstance(used, cst.Name) and used.value == old_name:
                nodes.add(used)
    return wrapper.module, nodes


TOOL = Tool(
    name="cst_rename",
    description="Rename a module-level class, function or variable within one file and return the new source. "
    "Writes nothing; names of the same spelling in other scopes are spared.",
    parameters=(
        Parameter("file_path", "string", "Path of the file, relative to the project root"),
        Parameter("old_name", "string", "The name as it is"),
        Parameter("new_name", "string", "The name as it shall be"),
    ),
    result=CstRenameResult,
    run=run,
    program="libcst",
)
