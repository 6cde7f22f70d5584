"""search_text: a regular expression over the project's files, answered by ripgrep."""

import orjson

from punie_data.tools.base import Parameter, Tool
from punie_data.tools.results import SearchTextResult, TextMatch, failed
from punie_data.tools.workspace import Workspace

LONGEST_LINE = 300


def run(workspace: Workspace, pattern: str, path: str, glob: str) -> SearchTextResult:
    clean = workspace.inside(path)
    if clean is None or workspace.below(path) is None:
        return failed(SearchTextResult, pattern=pattern, parse_error=f"no such path: {path}")
    if "\0" in pattern or "\0" in glob:
        return failed(SearchTextResult, pattern=pattern, parse_error="a pattern can't hold a NUL character")
    command = [
        "rg",
        "--json",
        "--no-config",
        "--no-ignore",
        "--hidden",
        "--sort=path",
        "--no-follow",
        "--glob=!.git",
    ]
    if glob:
        command.append(f"--glob={glob}")
    printed = workspace.run(*command, f"--regexp={pattern}", "--", f"./{clean}", accept=(0, 1, 2))
    matches = []
    for line in printed.splitlines():
        event = orjson.loads(line)
        if event["type"] != "match":
            continue
        data = event["data"]
        file = data["path"].get("text", "").removeprefix("./").removeprefix("./")
        text = data["lines"].get("text", "")
        if file not in workspace.paths or not data["submatches"]:
            continue
        column = len(text.encode()[: data["submatches"][0]["start"]].decode("utf-8", "replace")) + 1
        shown = text.rstrip("\r\n").strip()[:LONGEST_LINE]
        matches.append(TextMatch(file=file, line=data["line_number"], column=column, text=shown))
    if not printed:
        return failed(SearchTextResult, pattern=pattern, parse_error=f"not a regular expression: {pattern}")
    return SearchTextResult(
        success=True,
        pattern=pattern,
        match_count=len(matches),
        file_count=len({match.file for match in matches}),
        matches=tuple(matches),
    )


TOOL = Tool(
    name="search_text",
    description="Search the project's files for a regular expression (ripgrep) and return each matching line.",
    parameters=(
        Parameter("pattern", "string", "Regular expression in ripgrep's syntax"),
        Parameter("path", "string", "File or folder to search, relative to the project root", default="."),
        Parameter("glob", "string", "Only files whose names match, such as *.py", default=""),
    ),
    result=SearchTextResult,
    run=run,
    program="rg",
)
