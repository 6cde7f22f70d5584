"""All tools, in the order in which a row offers them."""

from punie_data.tools import (
    call_hierarchy,
    cst_add_import,
    cst_find_pattern,
    cst_rename,
    document_symbols,
    execute_code,
    find_implementations,
    find_references,
    git_diff,
    git_log,
    git_status,
    goto_definition,
    hover,
    list_files,
    pytest_run,
    read_file,
    ruff_check,
    run_command,
    search_text,
    type_hierarchy,
    typecheck,
    workspace_symbols,
    write_file,
)
from punie_data.tools.base import Tool
from punie_data.tools.results import json_schema

MODULES = (
    read_file, write_file, list_files, search_text, typecheck, ruff_check, pytest_run, run_command,
    goto_definition, find_references, hover, document_symbols, workspace_symbols,
    find_implementations, call_hierarchy, type_hierarchy, git_status, git_diff, git_log,
    cst_find_pattern, cst_rename, cst_add_import, execute_code,
)  # fmt: skip
TOOLS: dict[str, Tool] = {module.TOOL.name: module.TOOL for module in MODULES}


def document() -> dict[str, object]:
    """What `schemas/tools.schema.json` holds: for each tool its description, its arguments' and its result's JSON Schema."""
    return {
        "$comment": "Written from punie_data/tools by `python -m punie_data.tools`; a test compares the two.",
        "tools": {
            tool.name: {
                "description": tool.description,
                "arguments": tool.arguments_schema(),
                "result": json_schema(tool.result) if tool.result else None,
            }
            for tool in TOOLS.values()
        },
    }
