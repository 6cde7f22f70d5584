"""cst_find_pattern: the nodes of one file's syntax tree that match a pattern."""

from punie_data.tools.base import Parameter, Tool
from punie_data.tools.results import CstFindResult, CstMatch, failed
from punie_data.tools.workspace import Workspace

NODE_TYPES = (
    "FunctionDef", "ClassDef", "Call", "Decorator", "Import", "ImportFrom", "Raise", "Try", "With", "Lambda", "Await", "Yield",
)  # fmt: skip
NAMED = ("call", "decorator", "import", "class", "function")
LONGEST_SNIPPET = 120


def run(workspace: Workspace, file_path: str, pattern: str) -> CstFindResult:
    import libcst as cst
    from libcst import matchers
    from libcst.metadata import MetadataWrapper, PositionProvider

    text = workspace.text(file_path)
    if text is None:
        return failed(CstFindResult, parse_error=f"no such file: {file_path}")
    kind, _, name = pattern.partition(":")
    if pattern not in NODE_TYPES and not (kind in NAMED and name):
        known = ", ".join([*NODE_TYPES, *(f"{named}:NAME" for named in NAMED)])
        return failed(CstFindResult, parse_error=f"unknown pattern {pattern!r}; known: {known}")
    try:
        wrapper = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
    except cst.ParserSyntaxError as error:
        return failed(CstFindResult, parse_error=f"{file_path}:{error.raw_line}: {error.message}")
    if kind in NAMED and name:
        node_types = {
            "call": (cst.Call,), "decorator": (cst.Decorator,), "import": (cst.Import, cst.ImportFrom),
            "class": (cst.ClassDef,), "function": (cst.FunctionDef,),
        }[kind]  # fmt: skip
    else:
        node_types = (getattr(cst, pattern),)
    positions = wrapper.resolve(PositionProvider)
    matches = []
    for node in matchers.findall(
        wrapper.module, matchers.OneOf(*(getattr(matchers, t.__name__)() for t in node_types))
    ):
        if name and name not in names_of(node):
            continue
        start = positions[node].start
        snippet = workspace.lines(file_path)[start.line - 1].strip()[:LONGEST_SNIPPET]
        matches.append(
            CstMatch(
                line=start.line, column=start.column + 1, code_snippet=snippet, node_type=type(node).__name__
            )
        )
    matches.sort(key=lambda match: (match.line, match.column))
    return CstFindResult(success=True, match_count=len(matches), matches=tuple(matches))


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
