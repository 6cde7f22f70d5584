"""hover: the type, signature and documentation of the symbol at this position."""

from punie_data.tools.base import Tool, position_parameters
from punie_data.tools.positions import problem, text_position
from punie_data.tools.results import HoverResult, failed
from punie_data.tools.workspace import Workspace


def run(workspace: Workspace, file_path: str, line: int, column: int, symbol: str) -> HoverResult:
    trouble = problem(workspace, file_path, line, column, symbol)
    if trouble:
        return failed(HoverResult, symbol=symbol, parse_error=trouble)
    found = workspace.server.request(
        "textDocument/hover", text_position(workspace, file_path, line, column) or {}
    )
    if not found:
        return failed(HoverResult, symbol=symbol)
    return HoverResult(
        success=True, symbol=symbol, content=found["contents"]["value"].rstrip(), language="python"
    )


TOOL = Tool(
    name="hover",
    description="Show the type, signature and documentation of the symbol at a position.",
    parameters=position_parameters("the symbol"),
    result=HoverResult,
    run=run,
    program="ty",
)
