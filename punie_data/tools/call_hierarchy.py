"""call_hierarchy: who calls the function at this position, or what does it call?"""

import re

from punie_data.tools.base import Parameter, Tool, position_parameters
from punie_data.tools.positions import SYMBOL_KINDS, problem, text_position
from punie_data.tools.results import CallHierarchyResult, HierarchyCall, failed
from punie_data.tools.workspace import Workspace

DEFINITION = re.compile(r"\s*(?:async\s+def|def|class)\b")
OVERLOAD = re.compile(r"\s*@(?:\w+\.)*overload\b")


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
    lines: dict[tuple[str, str, str, int], set[int]] = {}
    for item in items or ():
        method, end = (
            ("callHierarchy/incomingCalls", "from")
            if direction == "incoming"
            else ("callHierarchy/outgoingCalls", "to")
        )
        for call in server.request(method, {"item": item}) or ():
            other = call[end]
            file = server.path(other["uri"])
            line = _definition(workspace, file, other["selectionRange"]["start"]["line"] + 1, other["name"])
            kind = SYMBOL_KINDS.get(other["kind"], "unknown")
            found = lines.setdefault((file, line, other["name"], kind), set())
            found |= {place["start"]["line"] + 1 for place in call["fromRanges"]}
    calls = tuple(
        HierarchyCall(name=name, kind=kind, file=file, line=line, call_lines=tuple(sorted(found)))
        for (file, line, name, kind), found in sorted(lines.items())
    )
    return CallHierarchyResult(
        success=bool(items), symbol=symbol, direction=direction, call_count=len(calls), calls=calls
    )


def _definition(workspace: Workspace, file: str, line: int, name: str) -> int:
    """The one line that stands for a function: of an overloaded one that of its implementation, and 0 outside the project.

    Which overloads of a function ty names depends on what it was asked before, and the same call must always have the same result.
    """
    source = workspace.lines(file)
    if not source:
        return 0
    start = re.compile(rf"\s*(?:async\s+)?def\s+{re.escape(name)}\b")
    while _is_overload(source, line):
        indent = len(source[line - 1]) - len(source[line - 1].lstrip())
        following = range(line + 1, len(source) + 1)
        later = (
            n
            for n in following
            if start.match(source[n - 1]) and len(source[n - 1]) - len(source[n - 1].lstrip()) == indent
        )
        found = next(later, None)
        if found is None:
            break
        line = found
    return line


def _is_overload(source: list[str], line: int) -> bool:
    """Whether the lines right above the definition decorate it with `overload`."""
    above = line - 2
    while above >= 0 and source[above].strip() and not DEFINITION.match(source[above]):
        if OVERLOAD.match(source[above]):
            return True
        above -= 1
    return False


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
