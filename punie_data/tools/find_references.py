"""find_references: where is the symbol at this position used? Its own definition is not counted."""

from punie_data.tools.base import Tool, position_parameters
from punie_data.tools.positions import problem, references, text_position
from punie_data.tools.results import FindReferencesResult, failed
from punie_data.tools.workspace import Workspace


def run(workspace: Workspace, file_path: str, line: int, column: int, symbol: str) -> FindReferencesResult:
    trouble = problem(workspace, file_path, line, column, symbol)
    if trouble:
        return failed(FindReferencesResult, symbol=symbol, parse_error=trouble)
    position = text_position(workspace, file_path, line, column) or {}
    found = references(
        workspace,
        workspace.server.request(
            "textDocument/references", position | {"context": {"includeDeclaration": False}}
        ),
    )
    return FindReferencesResult(success=True, symbol=symbol, reference_count=len(found), references=found)


TOOL = Tool(
    name="find_references",
    description="Find every place of the project that uses the symbol at a position, its definition left out.",
    parameters=position_parameters("the symbol"),
    result=FindReferencesResult,
    run=run,
    program="ty",
)
