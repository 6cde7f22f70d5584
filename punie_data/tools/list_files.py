"""list_files: which files are there?"""

from fnmatch import fnmatchcase

from punie_data.tools.base import Parameter, Tool
from punie_data.tools.results import ListFilesResult, failed
from punie_data.tools.workspace import Workspace


def run(workspace: Workspace, path: str, pattern: str) -> ListFilesResult:
    below = workspace.below(path)
    if below is None:
        return failed(ListFilesResult, path=path, parse_error=f"no such folder: {path}")
    files = tuple(p for p in below if fnmatchcase(p.rpartition("/")[2], pattern))
    return ListFilesResult(success=True, path=path, file_count=len(files), files=files)


TOOL = Tool(
    name="list_files",
    description="List the files of the project at or below a folder whose names match a pattern.",
    parameters=(
        Parameter("path", "string", "Folder relative to the project root, . for the root", default="."),
        Parameter("pattern", "string", "Shell pattern for the file name, such as *.py", default="*"),
    ),
    result=ListFilesResult,
    run=run,
)
