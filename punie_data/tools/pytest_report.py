"""A pytest plugin that writes what each test did as JSON. It runs inside the sandbox, under the repository's own pytest.

So it imports nothing of ours, and what it writes is not trusted: `pytest_run` reads it as it would read a stranger's file.
"""

import json
import os
from pathlib import Path
from typing import Any

PROJECT = os.getcwd() + "/"  # noqa: PTH109  (kept as text: it is only ever cut off)
RANK = {"passed": 0, "skipped": 1, "failed": 2, "error": 3}
order: dict[str, int] = {}
found: dict[str, tuple[str, str]] = {}


def pytest_collection_modifyitems(items: list[Any]) -> None:
    for item in items:
        order.setdefault(item.nodeid, len(order))


def pytest_collectreport(report: Any) -> None:
    if report.failed:
        add(report.nodeid, "error", why(report))
    elif report.skipped:
        add(report.nodeid, "skipped", reason(report))


def pytest_runtest_logreport(report: Any) -> None:
    outcome = report.outcome
    if outcome == "failed":
        add(report.nodeid, "failed" if report.when == "call" else "error", why(report))
    elif outcome == "skipped":
        add(report.nodeid, "skipped", reason(report))
    elif report.when == "call":
        add(report.nodeid, "passed", "")


def add(name: str, outcome: str, message: str) -> None:
    """A test is reported up to three times (before, during, after); the worst counts."""
    if name not in found or RANK[outcome] > RANK[found[name][0]]:
        found[name] = (outcome, message)


def reason(report: Any) -> str:
    expected = getattr(report, "wasxfail", None)
    if expected is not None:
        return f"expected to fail: {expected.removeprefix('reason: ')}".removesuffix(": ")
    text = getattr(report, "longrepr", "")
    return str(text[2] if isinstance(text, tuple) else text).removeprefix("Skipped: ")


def why(report: Any) -> str:
    """Where it went wrong and with what message: `tests/test_x.py:12: AssertionError: …`."""
    text = getattr(report, "longrepr", None)
    crash = getattr(text, "reprcrash", None)
    if crash is None:
        lines = str(text).splitlines()
        marked = [line[1:].strip() for line in lines if line.startswith("E ")]
        return "\n".join(marked or lines[-1:])
    return f"{crash.path.removeprefix(PROJECT)}:{crash.lineno}: {crash.message}"


def pytest_sessionfinish(session: Any, exitstatus: int) -> None:
    if hasattr(session.config, "workerinput"):
        return  # a worker of pytest-xdist: the process that started it hears of the same tests and reports them
    names = sorted(
        found, key=lambda name: (order.get(name, -1 if found[name][0] == "error" else len(order)), name)
    )
    report = {
        "exit": int(exitstatus),
        "tests": [[name, *found[name]] for name in names],
    }
    Path(os.environ["PUNIE_DATA_REPORT"]).write_text(json.dumps(report), encoding="utf-8")
