"""git_diff: what was changed and not committed, file by file."""

from punie_data.tools.base import Parameter, Tool
from punie_data.tools.git_status import git
from punie_data.tools.results import DiffFile, GitDiffResult, failed
from punie_data.tools.workspace import Workspace

CONTEXT = 3


def run(workspace: Workspace, path: str, staged: bool) -> GitDiffResult:
    clean = workspace.inside(path)
    if clean is None:
        return failed(GitDiffResult, parse_error=f"outside the project: {path}")
    printed = git(
        workspace, "diff", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--diff-algorithm=histogram",
        f"--unified={CONTEXT}", *(("--cached",) if staged else ()), "--", clean,
    )  # fmt: skip
    # A name that git quotes holds what no question could be asked with: a line end, a tab, an escape sequence.
    files = [_file(part) for part in f"\n{printed}".split("\ndiff --git ")[1:] if not part.startswith('"')]
    return GitDiffResult(
        success=True,
        file_count=len(files),
        additions=sum(file.additions for file in files),
        deletions=sum(file.deletions for file in files),
        files=tuple(files),
    )


def _file(part: str) -> DiffFile:
    """`part` is one file's diff behind the words `diff --git`."""
    head, *hunks = part.split("\n@@ ")
    names = [line[4:] for line in head.split("\n") if line.startswith(("--- ", "+++ "))]
    name = next(
        (n[2:] for n in reversed(names) if n != "/dev/null"), head.split(" b/", 1)[-1].partition("\n")[0]
    )
    lines = [line for hunk in hunks for line in hunk.split("\n")[1:]]
    return DiffFile(
        file=name.rstrip("\t"),
        additions=sum(line.startswith("+") for line in lines),
        deletions=sum(line.startswith("-") for line in lines),
        hunks=tuple(f"@@ {hunk}".rstrip("\n") for hunk in hunks),
    )


TOOL = Tool(
    name="git_diff",
    description="Show the uncommitted changes of a file or folder: those not staged, or those staged.",
    parameters=(
        Parameter("path", "string", "File or folder, relative to the project root", default="."),
        Parameter("staged", "boolean", "True for what is staged, false for what is not", default=False),
    ),
    result=GitDiffResult,
    run=run,
    program="git",
)
