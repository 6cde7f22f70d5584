"""cst_find_pattern: the nodes of one file's syntax tree that match a pattern.

LibCST's position provider stores a range for every node of the file; we generate the code once, as it does, and keep the start of the
nodes that were asked for. A test holds the positions against the provider's.
"""

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any

from punie_data.tools.base import Parameter, Tool
from punie_data.tools.cst_source import parsed
from punie_data.tools.results import CstFindResult, CstMatch, failed
from punie_data.tools.workspace import Workspace

if TYPE_CHECKING:
    import libcst as cst

NODE_TYPES = (
    "FunctionDef", "ClassDef", "Call", "Decorator", "Import", "ImportFrom", "Raise", "Try", "With", "Lambda", "Await", "Yield",
)  # fmt: skip
NAMED = {
    "call": ("Call",), "decorator": ("Decorator",), "import": ("Import", "ImportFrom"), "class": ("ClassDef",), "function": ("FunctionDef",),
}  # fmt: skip
LONGEST_SNIPPET = 120


def run(workspace: Workspace, file_path: str, pattern: str) -> CstFindResult:
    kind, _, name = pattern.partition(":")
    if pattern not in NODE_TYPES and not (kind in NAMED and name):
        known = ", ".join([*NODE_TYPES, *(f"{named}:NAME" for named in NAMED)])
        return failed(CstFindResult, parse_error=f"unknown pattern {pattern!r}; known: {known}")
    module = parsed(workspace, file_path)
    if isinstance(module, str):
        return failed(CstFindResult, parse_error=module)
    found = starts(module, NAMED[kind] if name else (pattern,))
    lines = workspace.lines(file_path)
    matches = [
        CstMatch(
            line=line,
            column=column,
            code_snippet=lines[line - 1].strip()[:LONGEST_SNIPPET],
            node_type=type(node).__name__,
        )
        for node, line, column in found
        if not name or name in names_of(node)
    ]
    matches.sort(key=lambda match: (match.line, match.column))
    return CstFindResult(success=True, match_count=len(matches), matches=tuple(matches))


def starts(module: "cst.Module", type_names: tuple[str, ...]) -> "list[tuple[cst.CSTNode, int, int]]":
    """Every node of these types with the line and column (1-based) at which it starts, outer ones first."""
    import libcst as cst

    state = _watcher()(module, frozenset(getattr(cst, name) for name in type_names))
    module._codegen(state)
    return state.found


def names_of(node: object) -> set[str]:
    """The names by which a pattern may call this node: `app.route` answers to `app.route` and to `route`."""
    import libcst as cst
    from libcst.helpers import get_full_name_for_node

    if isinstance(node, cst.Import):
        return {get_full_name_for_node(alias.name) or "" for alias in node.names}
    if isinstance(node, cst.ImportFrom):
        return {
            "." * len(node.relative) + ((get_full_name_for_node(node.module) or "") if node.module else "")
        }
    target = node.decorator if isinstance(node, cst.Decorator) else node
    full = get_full_name_for_node(target) or ""
    return {full, full.rpartition(".")[2]}


@cache
def _watcher() -> Any:
    """The code generation state that notices nodes. A class made when first needed, because its base is LibCST's."""
    from libcst._nodes.internal import CodegenState

    nothing: AbstractContextManager[None] = nullcontext()

    class Watcher(CodegenState):
        def __init__(self, module: "cst.Module", wanted: frozenset[type]) -> None:
            super().__init__(default_indent=module.default_indent, default_newline=module.default_newline)
            self.wanted = wanted
            self.found: list[tuple[cst.CSTNode, int, int]] = []
            self.line, self.column = 1, 1

        def add_token(self, value: str) -> None:
            self.tokens.append(value)
            if "\n" in value or "\r" in value:
                pieces = value.replace("\r\n", "\n").replace("\r", "\n").split("\n")
                self.line += len(pieces) - 1
                self.column = len(pieces[-1]) + 1
            else:
                self.column += len(value)

        def add_indent_tokens(self) -> None:
            for token in self.indent_tokens:
                self.tokens.append(token)
                self.column += len(token)

        def record_syntactic_position(self, node: "cst.CSTNode", **_: Any) -> AbstractContextManager[None]:
            """Called where a node begins, behind its leading lines, indentation and opening parentheses."""
            if type(node) in self.wanted:
                self.found.append((node, self.line, self.column))
            return nothing

    return Watcher


TOOL = Tool(
    name="cst_find_pattern",
    description="Find nodes of a Python file's syntax tree: a node type (FunctionDef, ClassDef, Call, Decorator, ImportFrom …) "
    "or call:NAME, decorator:NAME, import:MODULE, class:NAME, function:NAME.",
    parameters=(
        Parameter("file_path", "string", "Path of the file, relative to the project root"),
        Parameter("pattern", "string", "A LibCST node type, or kind:name"),
    ),
    result=CstFindResult,
    run=run,
    program="libcst",
)
