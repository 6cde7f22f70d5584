"""read_file: the text of a file, whole or some of its lines."""

from punie_data.tools.base import Answer, Parameter, Tool
from punie_data.tools.workspace import Workspace


# An `Answer` says that all went well, because a file's own text may begin with "Error: ".
def run(workspace: Workspace, path: str, first_line: int, last_line: int) -> Answer | str:
    text = workspace.text(path)
    if text is None:
        return f"Error: no such file: {path}"
    if first_line == 1 and last_line == 0:
        return Answer(text, failed=False)
    lines, count = workspace.lines(path), workspace.line_count(path)
    if not 1 <= first_line <= count or last_line < 0 or 0 < last_line < first_line:
        asked = f"lines {first_line} to {last_line}" if last_line else f"lines from {first_line} on"
        return f"Error: {path} has {count} lines; {asked} were asked for"
    return Answer("\n".join(lines[first_line - 1 : last_line or count]), failed=False)


TOOL = Tool(
    name="read_file",
    description="Read a text file of the project, whole or from one line to another.",
    parameters=(
        Parameter("path", "string", "Path of the file, relative to the project root"),
        Parameter("first_line", "integer", "First line to return, counted from 1", default=1),
        Parameter("last_line", "integer", "Last line to return; 0 stands for the end of the file", default=0),
    ),
    result=None,
    run=run,
)
