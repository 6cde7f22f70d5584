"""cst_rename: a module-level name of one file gets another name, wherever that file means the same thing by it."""

import re
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from punie_data.tools.base import Parameter, Tool
from punie_data.tools.cst_source import parsed
from punie_data.tools.results import CstRenameResult, failed
from punie_data.tools.workspace import Workspace

if TYPE_CHECKING:
    import libcst as cst


def run(workspace: Workspace, file_path: str, old_name: str, new_name: str) -> CstRenameResult:
    if not new_name.isidentifier() or iskeyword(new_name):
        return failed(CstRenameResult, parse_error=f"{new_name!r} is not an identifier")
    module = parsed(workspace, file_path)
    if isinstance(module, str):
        return failed(CstRenameResult, parse_error=module)
    found = occurrences(module, old_name, new_name)
    if isinstance(found, str):
        return failed(CstRenameResult, parse_error=found)
    state = _renamer()(module, found, old_name, new_name)
    module._codegen(state)
    return CstRenameResult(success=True, rename_count=state.count, modified_source="".join(state.tokens))


def occurrences(module: "cst.Module", old_name: str, new_name: str) -> "set[cst.CSTNode] | str":
    """The nodes that mean the module-level `old_name`, by LibCST's scope analysis; or why there can be no renaming.

    They are Name nodes, and the strings of quoted annotations. A parameter, a local variable or an attribute of the same spelling is
    another thing and is spared.
    """
    import libcst as cst
    from libcst.metadata import BuiltinAssignment, GlobalScope, MetadataWrapper, ScopeProvider

    # A tree that comes from the parser has no node twice, so that the provider needs no copy of it.
    wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
    scopes = {scope for scope in wrapper.resolve(ScopeProvider).values() if scope is not None}
    top = next((scope for scope in scopes if isinstance(scope, GlobalScope)), None)
    assignments = list(top[old_name]) if top is not None and old_name in top else []
    if not assignments or any(isinstance(assignment, BuiltinAssignment) for assignment in assignments):
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
            if isinstance(used, cst.SimpleString) or (isinstance(used, cst.Name) and used.value == old_name):
                nodes.add(used)
    return nodes


@cache
def _renamer() -> Any:
    """The code generation state that writes another name. A class made when first needed, because its base is LibCST's."""
    import libcst as cst
    from libcst._nodes.internal import CodegenState

    nothing: AbstractContextManager[None] = nullcontext()

    class Renamer(CodegenState):
        def __init__(self, module: cst.Module, nodes: set[cst.CSTNode], old: str, new: str) -> None:
            super().__init__(default_indent=module.default_indent, default_newline=module.default_newline)
            self.nodes = nodes
            self.old, self.new = old, new
            self.word = re.compile(rf"(?<![\w.]){re.escape(old)}(?!\w)")
            self.count = 0
            self.is_next = False

        def before_codegen(self, node: cst.CSTNode) -> None:
            # What a `global` statement names is no access of the scope analysis, and means the module's name nevertheless.
            if type(node) is cst.Global:
                self.nodes.update(item.name for item in node.names if item.name.value == self.old)

        def record_syntactic_position(self, node: cst.CSTNode, **_: Any) -> AbstractContextManager[None]:
            """Called behind a node's opening parentheses: its own token comes next."""
            if node in self.nodes:
                self.is_next = True
            return nothing

        def add_token(self, value: str) -> None:
            if self.is_next:
                self.is_next = False
                value, count = self.word.subn(self.new, value)
                self.count += count
            self.tokens.append(value)

    return Renamer


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
