"""goto_definition: where is the symbol at this position defined?"""

from punie_data.tools.base import Tool, position_parameters
from punie_data.tools.positions import location, problem, text_position
from punie_data.tools.results import GotoDefinitionResult, failed
from punie_data.tools.workspace import Workspace


def run(workspace: Workspace, file_path: str, line: int, column: int, symbol: str) -> GotoDefinitionResult:
    trouble = problem(workspace, file_path, line, column, symbol)
    if trouble:
        return failed(GotoDefinitionResult, symbol=symbol, parse_error=trouble)
    found = workspace.server.request(
        "textDocument/definition", text_position(workspace, file_path, line, column) or {}
    )
    locations = sorted(
        (location(workspace, item) for item in found or ()),
        key=lambda place: (place.file, place.line, place.column),
    )
    return GotoDefinitionResult(success=bool(locations), symbol=symbol, locations=tuple(locations))


TOOL = Tool(
    name="goto_definition",
    description="Find where the symbol at a position is defined.",
    parameters=position_parameters("the symbol"),
    result=GotoDefinitionResult,
    run=run,
    program="ty",
)
