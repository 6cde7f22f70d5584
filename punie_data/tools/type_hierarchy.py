"""type_hierarchy: the direct subclasses or base classes of the class at this position."""

from punie_data.tools.base import Parameter, Tool, position_parameters
from punie_data.tools.positions import problem, text_position
from punie_data.tools.results import HierarchyType, TypeHierarchyResult, failed
from punie_data.tools.workspace import Workspace


def run(
    workspace: Workspace, file_path: str, line: int, column: int, symbol: str, direction: str
) -> TypeHierarchyResult:
    trouble = problem(workspace, file_path, line, column, symbol)
    if trouble:
        return failed(TypeHierarchyResult, symbol=symbol, direction=direction, parse_error=trouble)
    server = workspace.server
    items = server.request(
        "textDocument/prepareTypeHierarchy", text_position(workspace, file_path, line, column) or {}
    )
    types = {
        HierarchyType(
            name=other["name"],
            file=server.path(other["uri"]),
            line=other["selectionRange"]["start"]["line"] + 1,
        )
        for item in items or ()
        for other in server.request(f"typeHierarchy/{direction}", {"item": item}) or ()
    }
    ordered = tuple(sorted(types, key=lambda found: (found.file, found.line, found.name)))
    return TypeHierarchyResult(
        success=bool(items), symbol=symbol, direction=direction, type_count=len(ordered), types=ordered
    )


TOOL = Tool(
    name="type_hierarchy",
    description="List the direct subclasses (subtypes) or base classes (supertypes) of the class at a position.",
    parameters=(
        *position_parameters("the class"),
        Parameter(
            "direction",
            "string",
            "subtypes: classes derived from it; supertypes: its base classes",
            default="subtypes",
            choices=("subtypes", "supertypes"),
        ),
    ),
    result=TypeHierarchyResult,
    run=run,
    program="ty",
)
