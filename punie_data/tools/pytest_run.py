"""pytest_run: run a repository's tests, in the sandbox, on a copy.

Times are given as 0.0: they differ from run to run, and a row whose result cannot be had again proves nothing. For the same reason the
tests run in the order of collection, hashing is not salted, and an object's address in a message becomes `0x…`.
"""

from pathlib import Path
from typing import Any

import orjson

from punie_data.errors import ToolUnavailable
from punie_data.tools import pytest_report
from punie_data.tools.base import Answer, Parameter, Tool
from punie_data.tools.installed import installed
from punie_data.tools.normalise import steady
from punie_data.tools.results import TestCase, TestResult, failed
from punie_data.tools.sandbox import Completed, readable, run_sandboxed
from punie_data.tools.workspace import Workspace

REPORT = "/report.json"
PLUGIN = "punie_data_pytest_report"
LONGEST_MESSAGE = 500
OUTCOMES = ("passed", "failed", "error", "skipped")


def run(workspace: Workspace, path: str) -> Answer:
    """`path` may end in `::name`, as pytest's own names of tests do. Expected failures count as skipped, unexpected passes as passed."""
    environment = workspace.virtual_environment
    if environment is None:
        raise ToolUnavailable("there is no virtual environment for this repository's tests")
    version = _version(environment)
    file = path.partition("::")[0]
    if workspace.below(file) is None or "\0" in path:
        return Answer(failed(TestResult, parse_error=f"no such path: {file}"), version=version)
    with installed(workspace) as project:
        report = project.folder / "report.json"
        report.touch()
        report.chmod(0o666)
        plugin = project.folder / f"{PLUGIN}.py"
        readable(plugin, Path(pytest_report.__file__).read_text(encoding="utf-8"))
        done = run_sandboxed(
            ["python", "-m", "pytest", "-p", PLUGIN, "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:random_order",
             "--color=no", *workspace.pytest_arguments, "--", path],
            workspace.root,
            {
                **project.variables,
                "PYTHONPATH": f"{project.variables['PYTHONPATH']}:/plugin",
                "PUNIE_DATA_REPORT": REPORT,
            },
            read_only={**project.read_only, f"/plugin/{plugin.name}": plugin},
            writable=(REPORT, report),
        )  # fmt: skip
        written = report.read_bytes()
    said = steady(done.output.decode("utf-8", "replace"), environment)
    if not written:
        return Answer(_refused(done, said), version=version)
    return Answer(_read(written, done, said, environment), version=version)


def _refused(done: Completed, said: str) -> TestResult:
    """pytest refused its command line or its configuration; or the tests ended it, and then there is no result at all."""
    problem = _problem(said)
    if done.exit == 4 and problem:
        return failed(TestResult, parse_error=problem)
    raise ToolUnavailable(f"pytest ended with {done.exit} before it could report")


def _read(written: bytes, done: Completed, said: str, environment: Path) -> TestResult:
    try:
        report: Any = orjson.loads(written)
        tests = tuple(_test(*row, environment) for row in report["tests"])
        if report["exit"] != done.exit:
            raise ValueError
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        raise ToolUnavailable("the tests damaged pytest's report") from None
    counts = {outcome: sum(test.outcome == outcome for test in tests) for outcome in OUTCOMES}
    trouble = (_problem(said) or "pytest could not run the tests") if done.exit in (3, 4) else None
    return TestResult(
        success=done.exit == 0,
        passed=counts["passed"],
        failed=counts["failed"],
        errors=counts["error"],
        skipped=counts["skipped"],
        duration=0.0,
        tests=tests,
        parse_error=trouble,
    )


def _problem(said: str) -> str:
    """The line in which pytest says what is wrong with its command line, its configuration or itself; "" when there is none."""
    lines = said.splitlines()
    for sign in (": error: ", "ERROR: ", "Error: "):
        line = next((line for line in lines if sign in line), "")
        if line:
            return (line.partition(sign)[2] if sign != "Error: " else line)[:LONGEST_MESSAGE].strip()
    return ""


def _version(environment: Path) -> str:
    """`pytest 9.2.0`, from what pip wrote: the environment's Python is not started outside the sandbox."""
    found = sorted(environment.glob("lib/python*/site-packages/pytest-*.dist-info"))
    return f"pytest {found[0].name.split('-')[1].removesuffix('.dist')}" if found else "pytest unknown"


def _test(name: Any, outcome: Any, message: Any, environment: Path) -> TestCase:
    """One row of the report; ValueError when it is not what the plugin writes."""
    if not (isinstance(name, str) and outcome in OUTCOMES and isinstance(message, str)):
        raise ValueError
    text = steady(message, environment).strip()
    if len(text) > LONGEST_MESSAGE:
        text = f"{text[:LONGEST_MESSAGE].rstrip()}…"
    return TestCase(name=steady(name, environment), outcome=outcome, duration=0.0, message=text or None)


TOOL = Tool(
    name="pytest_run",
    description="Run the tests of a file or folder with pytest and return what each did.",
    parameters=(
        Parameter("path", "string", "File, folder or file::test, relative to the project root", default="."),
    ),
    result=TestResult,
    run=run,
    program="pytest",
    executes_code=True,
)
