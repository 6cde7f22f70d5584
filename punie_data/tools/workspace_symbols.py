"""workspace_symbols: where in the project is something of this name defined?"""

import re
from collections.abc import Sequence
from typing import Any

from punie_data.tools.base import Parameter, Tool
from punie_data.tools.positions import SYMBOL_KINDS
from punie_data.tools.results import WorkspaceSymbol, WorkspaceSymbolsResult
from punie_data.tools.workspace import Workspace


def run(workspace: Workspace, query: str) -> WorkspaceSymbolsResult:
    server = workspace.server
    symbols = set()
    for item in server.request("workspace/symbol", {"query": query}) or ():
        file = server.path(item["location"]["uri"])
        symbols.add(
            WorkspaceSymbol(
                name=item["name"],
                kind=SYMBOL_KINDS.get(item["kind"], "unknown"),
                file=file,
                line=_line(workspace.lines(file), item["name"], item["location"]["range"]),
                container_name=item.get("containerName") or None,
            )
        )
    # Best first: the server matches loosely (the letters in order), and a reader wants the exact name on top.
    ordered = sorted(
        symbols,
        key=lambda s: (s.name != query, query.lower() not in s.name.lower(), s.file, s.line, s.name, s.kind),
    )
    return WorkspaceSymbolsResult(
        success=True, query=query, symbol_count=len(ordered), symbols=tuple(ordered)
    )


def _line(lines: Sequence[str], name: str, span: dict[str, Any]) -> int:
    """Where the name stands: the server reports a decorated definition from its first decorator on."""
    start = span["start"]["line"]
    if lines[start : start + 1] and lines[start].lstrip().startswith("@"):
        heading = re.compile(rf"\s*(?:async\s+)?(?:def|class)\s+{re.escape(name)}\b")
        for number in range(start, min(span["end"]["line"] + 1, len(lines))):
            if heading.match(lines[number]):
                return number + 1
    return start + 1


TOOL = Tool(
    name="workspace_symbols",
    description="Find classes, functions and variables of the project by name; matching is loose, exact names come first.",
    parameters=(Parameter("query", "string", "Name of the symbol or a part of it"),),
    result=WorkspaceSymbolsResult,
    run=run,
    program="ty",
)
