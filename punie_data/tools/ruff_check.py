"""ruff_check: lint findings of a file or a folder, under the project's own ruff configuration."""

from punie_data.tools.base import Parameter, Tool
from punie_data.tools.results import RuffResult, Violation, failed
from punie_data.tools.workspace import Workspace

MOST_FILES = 100
"""More than so many are not named one by one."""
Findings = dict[str, list[Violation]]


def run(workspace: Workspace, path: str) -> RuffResult:
    below = workspace.below(path)
    if below is None:
        return failed(RuffResult, parse_error=f"no such path: {path}")
    if below == [workspace.inside(path)] and not workspace.is_python(below[0]):
        return failed(RuffResult, parse_error=f"not a Python file: {path}")
    batch = workspace.batches.get("ruff_check")
    if batch is None and not workspace.changed:
        batch = workspace.batches["ruff_check"] = check(workspace, ".")
    found = batch if isinstance(batch, dict) else check(workspace, path)
    violations = [violation for p in below for violation in found.get(p, ())]
    return RuffResult(
        success=not violations,
        violation_count=len(violations),
        fixable_count=sum(violation.fixable for violation in violations),
        violations=tuple(violations),
    )


def prepare(workspace: Workspace, known: Findings) -> Findings:
    """Lint the whole project, but for Python files of which the findings are `known`; later calls take their part. Returned is what is new to know.

    Where ruff finds fault with other files, too, nothing is returned: who knows all Python files' findings would not know those.
    """
    files = sorted(filter(workspace.is_python, workspace.paths))
    new = [path for path in files if path not in known]
    if known and len(new) <= MOST_FILES:
        found = check(workspace, *new) if new else {}
    else:
        new = files
        found = check(workspace, ".")
    workspace.batches["ruff_check"] = known | found
    return {path: found.get(path, []) for path in new} if found.keys() <= set(files) else {}


def check(workspace: Workspace, *paths: str) -> Findings:
    """The findings by file, in ruff's order. One process for the whole project is far cheaper than one a file."""
    rows = workspace.rows(
        "ruff", "check", "--output-format=json", "--no-cache", "--no-fix", "--force-exclude", "--no-respect-gitignore",
        "--", *paths,
    )  # fmt: skip
    found: Findings = {}
    root = workspace.root.as_posix() + "/"
    for row in rows:
        file = row["filename"].removeprefix(root)
        fix = row["fix"]
        found.setdefault(file, []).append(
            Violation(
                file=file,
                line=row["location"]["row"],
                column=row["location"]["column"],
                code=row["code"] or row["name"],
                message=row["message"],
                fixable=fix is not None and fix["applicability"] == "safe",
            )
        )
    return found


TOOL = Tool(
    name="ruff_check",
    description="Lint a file or folder with ruff under the project's own configuration.",
    parameters=(Parameter("path", "string", "File or folder, relative to the project root", default="."),),
    result=RuffResult,
    run=run,
    program="ruff",
)
