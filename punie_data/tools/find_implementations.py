"""find_implementations: which classes or methods implement the protocol, base class or method at this position?"""

from punie_data.tools.base import Tool, position_parameters
from punie_data.tools.positions import problem, references, text_position
from punie_data.tools.results import FindImplementationsResult, failed
from punie_data.tools.workspace import Workspace


def run(
    workspace: Workspace, file_path: str, line: int, column: int, symbol: str
) -> FindImplementationsResult:
    trouble = problem(workspace, file_path, line, column, symbol)
    if trouble:
        return failed(FindImplementationsResult, symbol=symbol, parse_error=trouble)
    position = text_position(workspace, file_path, line, column) or {}
    found = references(workspace, workspace.server.request("textDocument/implementation", position))
    asked = (workspace.inside(file_path), line, column)
    others = tuple(place for place in found if (place.file, place.line, place.column) != asked)
    return FindImplementationsResult(
        success=True, symbol=symbol, implementation_count=len(others), implementations=others
    )


TOOL = Tool(
    name="find_implementations",
    description="Find the classes or methods that derive from or override the one at a position.",
    parameters=position_parameters("the class or method"),
    result=FindImplementationsResult,
    run=run,
    program="ty",
)
