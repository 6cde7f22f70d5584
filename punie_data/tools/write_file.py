"""write_file: put text into a file. Here it always happens in a throw-away copy of the project."""

from punie_data.tools.base import Parameter, Tool
from punie_data.tools.workspace import Workspace


def run(workspace: Workspace, path: str, content: str) -> str:
    clean = workspace.inside(path)
    if clean is None or clean == ".":
        return f"Error: {path} is outside the project"
    if clean == ".git" or clean.startswith(".git/"):
        return f"Error: {path} belongs to git"
    if workspace.below(clean) not in (None, [clean]):
        return f"Error: {path} is a folder"
    try:
        workspace.write(clean, content)
    except OSError as error:
        return f"Error: {path}: {error.strerror}"
    return f"Wrote {len(content)} characters to {clean}"


TOOL = Tool(
    name="write_file",
    description="Write text to a file of the project, replacing what it held or creating it.",
    parameters=(
        Parameter("path", "string", "Path of the file, relative to the project root"),
        Parameter("content", "string", "The whole new text of the file"),
    ),
    result=None,
    run=run,
    changes_files=True,
)
