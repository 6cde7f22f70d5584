"""document_symbols: the classes, functions, methods and variables of one file, nested as they are."""

from typing import Any

from punie_data.tools.base import Parameter, Tool
from punie_data.tools.positions import SYMBOL_KINDS
from punie_data.tools.results import DocumentSymbolsResult, Symbol, failed
from punie_data.tools.workspace import Workspace


def run(workspace: Workspace, file_path: str) -> DocumentSymbolsResult:
    if workspace.inside(file_path) not in workspace.paths:
        return failed(DocumentSymbolsResult, file_path=file_path, parse_error=f"no such file: {file_path}")
    if not workspace.is_python(file_path):
        trouble = f"not a Python file: {file_path}"
        return failed(DocumentSymbolsResult, file_path=file_path, parse_error=trouble)
    found = workspace.server.request(
        "textDocument/documentSymbol", {"textDocument": {"uri": workspace.server.uri(file_path)}}
    )
    symbols = tuple(_symbol(item) for item in found or ())
    return DocumentSymbolsResult(
        success=True, file_path=file_path, symbol_count=sum(map(count, symbols)), symbols=symbols
    )


def count(symbol: Symbol) -> int:
    """The symbol and everything in it."""
    return 1 + sum(map(count, symbol.children))


def _symbol(item: dict[str, Any]) -> Symbol:
    return Symbol(
        name=item["name"],
        kind=SYMBOL_KINDS.get(item["kind"], "unknown"),
        line=item["selectionRange"]["start"]["line"] + 1,
        end_line=item["range"]["end"]["line"] + 1,
        children=tuple(_symbol(child) for child in item.get("children") or ()),
    )


TOOL = Tool(
    name="document_symbols",
    description="List the classes, functions, methods and variables that a file defines, nested, with their lines.",
    parameters=(Parameter("file_path", "string", "Path of the file, relative to the project root"),),
    result=DocumentSymbolsResult,
    run=run,
    program="ty",
)
