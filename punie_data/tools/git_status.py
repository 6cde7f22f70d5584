"""git_status: which files of the work tree differ from the last commit?"""

import subprocess

from punie_data.errors import ToolFailed, ToolUnavailable
from punie_data.tools.base import Parameter, Tool
from punie_data.tools.results import GitFile, GitStatusResult, failed
from punie_data.tools.workspace import Workspace

NAMES = {
    "M": "modified",
    "A": "added",
    "D": "deleted",
    "R": "renamed",
    "C": "copied",
    "T": "type changed",
    "U": "unmerged",
}


def run(workspace: Workspace, path: str) -> GitStatusResult:
    clean = workspace.inside(path)
    if clean is None:
        return failed(GitStatusResult, parse_error=f"outside the project: {path}")
    printed = git(
        workspace, "status", "--porcelain=v1", "--no-renames", "--untracked-files=all", "-z", "--", clean
    )
    files = []
    for record in printed.split("\0"):
        if not record:
            continue
        staged, unstaged, name = record[0], record[1], record[3:]
        if staged == "?":
            files.append(GitFile(file=name, status="untracked", staged=False))
            continue
        if staged in NAMES:
            files.append(GitFile(file=name, status=NAMES[staged], staged=True))
        if unstaged in NAMES:
            files.append(GitFile(file=name, status=NAMES[unstaged], staged=False))
    files.sort(key=lambda file: (file.file, not file.staged))
    return GitStatusResult(
        success=True, clean=not files, file_count=len({file.file for file in files}), files=tuple(files)
    )


def git(workspace: Workspace, *arguments: str) -> str:
    """What git printed. ToolUnavailable where the project has no repository or git fails."""
    if workspace.git is None:
        raise ToolUnavailable("the project has no git history")
    try:
        return workspace.git.run("--literal-pathspecs", *arguments).decode("utf-8", "replace")
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        raise ToolUnavailable(f"git {arguments[0]}: {said}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolFailed(f"git {arguments[0]}: {error}") from None


TOOL = Tool(
    name="git_status",
    description="Show which files differ from the last commit: modified, added, deleted or untracked, staged or not.",
    parameters=(Parameter("path", "string", "File or folder, relative to the project root", default="."),),
    result=GitStatusResult,
    run=run,
    program="git",
)
