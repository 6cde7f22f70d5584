"""call_hierarchy: who calls the function at this position, or what does it call?"""

from punie_data.tools.base import Parameter, Tool, position_parameters
from punie_data.tools.positions import SYMBOL_KINDS, problem, text_position
from punie_data.tools.results import CallHierarchyResult, HierarchyCall, failed
from punie_data.tools.workspace import Workspace


def run(
    workspace: Workspace, file_path: str, line: int, column: int, symbol: str, direction: str
) -> CallHierarchyResult:
    trouble = problem(workspace, file_path, line, column, symbol)
    if trouble:
        return failed(CallHierarchyResult, symbol=symbol, direction=direction, parse_error=trouble)
    server = workspace.server
    items = server.request(
        "textDocument/prepareCallHierarchy", text_position(workspace, file_path, line, column) or {}
    )
    calls = set()
    for item in items or ():
        method, end = (
            ("callHierarchy/incomingCalls", "from")
            if direction == "incoming"
            else ("callHierarchy/outgoingCalls", "to")
        )
        for call in server.request(method, {"item": item}) or ():
            other = call[end]
            calls.add(
                HierarchyCall(
                    name=other["name"],
                    kind=SYMBOL_KINDS.get(other["kind"], "unknown"),
                    file=server.path(other["uri"]),
                    line=other["selectionRange"]["start"]["line"] + 1,
                    call_lines=tuple(sorted({place["start"]["line"] + 1 for place in call["fromRanges"]})),
                )
            )
    ordered = tuple(sorted(calls, key=lambda call: (call.file, call.line, call.name)))
    return CallHierarchyResult(
        success=bool(items), symbol=symbol, direction=direction, call_count=len(ordered), calls=ordered
    )


TOOL = Tool(
    name="call_hierarchy",
    description="List the callers (incoming) or the callees (outgoing) of the function at a position.",
    parameters=(
        *position_parameters("the function"),
        Parameter(
            "direction",
            "string",
            "incoming: who calls it; outgoing: what it calls",
            default="incoming",
            choices=("incoming", "outgoing"),
        ),
    ),
    result=CallHierarchyResult,
    run=run,
    program="ty",
)
