"""typecheck: ty's diagnostics for a file or a folder."""

from punie_data.tools.base import Parameter, Tool
from punie_data.tools.results import TypeCheckResult, TypeIssue, failed
from punie_data.tools.workspace import Workspace

SEVERITIES = {"critical": "error", "major": "error", "minor": "warning", "info": "info"}


def run(workspace: Workspace, path: str) -> TypeCheckResult:
    below = workspace.below(path)
    if below is None:
        return failed(TypeCheckResult, parse_error=f"no such path: {path}")
    if below == [workspace.inside(path)] and not workspace.is_python(below[0]):
        return failed(TypeCheckResult, parse_error=f"not a Python file: {path}")
    batch = workspace.batches.get("typecheck")
    files = [p for p in below if workspace.is_python(p)]
    if isinstance(batch, dict) and all(p in batch for p in files):
        issues = [issue for p in files for issue in batch[p]]
    else:
        # ty also finds fault with configuration, whatever was asked; that belongs to no Python file's result.
        wanted = set(files)
        issues = [issue for issue in check(workspace, [path]) if issue.file in wanted]
    errors = sum(issue.severity == "error" for issue in issues)
    return TypeCheckResult(
        success=errors == 0,
        error_count=errors,
        warning_count=sum(issue.severity == "warning" for issue in issues),
        errors=tuple(issues),
    )


Batch = dict[str, list[TypeIssue]]


def prepare(workspace: Workspace, paths: list[str], known: Batch | None = None) -> Batch:
    """Check many files with one process: ty then shares what it infers. Later calls on these files take their part of the result.

    Files that were prepared before are not checked again, nor are those whose findings are `known`. Returned is what had to be checked.
    """
    batch = workspace.batches.setdefault("typecheck", {})
    assert isinstance(batch, dict)
    batch.update(known or {})
    found: Batch = {path: [] for path in paths if path not in batch}
    for issue in check(workspace, list(found)) if found else ():
        if issue.file in found:
            found[issue.file].append(issue)
    batch.update(found)
    return found


def is_prepared(workspace: Workspace, paths: list[str]) -> bool:
    batch = workspace.batches.get("typecheck")
    return isinstance(batch, dict) and all(path in batch for path in paths)


def check(workspace: Workspace, paths: list[str]) -> list[TypeIssue]:
    rows = workspace.rows(
        "ty", "check", "--output-format=gitlab", "--python-platform=linux", "--force-exclude", "--no-respect-ignore-files",
        "--", *paths,
    )  # fmt: skip
    issues = []
    for row in rows:
        begin = row["location"]["positions"]["begin"]
        issues.append(
            TypeIssue(
                file=row["location"]["path"],
                line=begin["line"],
                column=begin["column"],
                severity=SEVERITIES.get(row["severity"], "error"),
                code=row["check_name"],
                message=row["description"].removeprefix(f"{row['check_name']}: "),
            )
        )
    return sorted(issues, key=lambda issue: (issue.file, issue.line, issue.column, issue.code, issue.message))


TOOL = Tool(
    name="typecheck",
    description="Check the types of a file or folder with ty. Third-party packages are not installed.",
    parameters=(Parameter("path", "string", "File or folder, relative to the project root", default="."),),
    result=TypeCheckResult,
    run=run,
    program="ty",
)
