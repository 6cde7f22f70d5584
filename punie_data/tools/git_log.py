"""git_log: the latest commits, of the whole project or those that touched a path."""

from punie_data.tools.base import Parameter, Tool
from punie_data.tools.git_status import git
from punie_data.tools.results import Commit, GitLogResult, failed
from punie_data.tools.workspace import Workspace

MOST = 200


def run(workspace: Workspace, path: str, count: int) -> GitLogResult:
    clean = workspace.inside(path)
    if clean is None:
        return failed(GitLogResult, parse_error=f"outside the project: {path}")
    if not 1 <= count <= MOST:
        return failed(GitLogResult, parse_error=f"count must lie between 1 and {MOST}")
    if workspace.git is not None and not workspace.git.head():
        return GitLogResult(success=True, commit_count=0)
    printed = git(
        workspace, "log", "-z", f"--max-count={count}", "--no-show-signature", "--date=short",
        "--format=%H%x1f%s%x1f%an%x1f%cd", "--", *(() if clean == "." else (clean,)),
    )  # fmt: skip
    commits = []
    for record in printed.split("\0"):
        if record:
            digest, subject, author, date = record.split("\x1f")
            commits.append(Commit(hash=digest[:12], message=subject, author=author, date=date))
    return GitLogResult(success=True, commit_count=len(commits), commits=tuple(commits))


TOOL = Tool(
    name="git_log",
    description="List the latest commits, newest first, of the whole project or of those that touched a path.",
    parameters=(
        Parameter("path", "string", "File or folder, relative to the project root", default="."),
        Parameter("count", "integer", "How many commits at most", default=10),
    ),
    result=GitLogResult,
    run=run,
    program="git",
)
