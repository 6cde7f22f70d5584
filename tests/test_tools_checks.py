"""typecheck and ruff_check on tiny_shop, whose faults are deliberate: two type errors, one warning and four lint findings.

They stand in `reports.py` (a return type that forgets None, a default of None, an unsorted and an unused import, a comparison with
None, an f-string without a field) and `inventory.py` (a deprecated annotation).
"""

import stat
import sys
from pathlib import Path

import pytest

from punie_data.errors import ToolUnavailable
from punie_data.tools import workspace as workspaces
from punie_data.tools.results import TypeIssue, Violation
from punie_data.tools.toolbox import Toolbox
from punie_data.tools.workspace import Workspace
from tests.conftest import open_tools

REPORTS = "src/tiny_shop/reports.py"
INVENTORY = "src/tiny_shop/inventory.py"
TYPE_ERRORS = (
    TypeIssue(file=REPORTS, line=30, column=12, severity="error", code="invalid-explicit-return",
              message="Return type does not match returned value: expected `date`, found `date | None`"),
    TypeIssue(file=REPORTS, line=33, column=34, severity="error", code="invalid-parameter-default",
              message="Default value of type `None` is not assignable to annotated parameter type `str`"),
)  # fmt: skip
VIOLATIONS = (
    Violation(file=REPORTS, line=3, column=1, code="I001", message="Import block is un-sorted or un-formatted", fixable=True),
    Violation(file=REPORTS, line=6, column=8, code="F401", message="`os` imported but unused", fixable=True),
    Violation(file=REPORTS, line=35, column=17, code="E711", message="Comparison to `None` should be `cond is None`", fixable=False),
    Violation(file=REPORTS, line=36, column=17, code="F541", message="f-string without any placeholders", fixable=True),
)  # fmt: skip


def test_type_errors_stand_where_they_are(shop: Toolbox) -> None:
    """Else an answer about types would point at the wrong line."""
    found = shop.call("typecheck", path=REPORTS).value
    assert (found.success, found.error_count, found.warning_count) == (False, 2, 0)
    assert found.errors == TYPE_ERRORS


def test_a_warning_is_no_error(shop: Toolbox) -> None:
    """Else a file with a mere warning would count as broken."""
    found = shop.call("typecheck", path=INVENTORY).value
    assert (found.success, found.error_count, found.warning_count) == (True, 0, 1)
    assert [(issue.line, issue.severity, issue.code) for issue in found.errors] == [
        (30, "warning", "deprecated")
    ]


def test_a_clean_file_is_a_success(shop: Toolbox) -> None:
    """Else 'no errors' could not be told from 'not checked'."""
    assert shop.call("typecheck", path="src/tiny_shop/cart.py").value.success
    assert shop.call("ruff_check", path="src/tiny_shop/cart.py").value.success
    assert shop.call("typecheck", path="docs").value.success


def test_lint_findings_stand_where_they_are(shop: Toolbox) -> None:
    """Else an answer about lint would point at the wrong line."""
    found = shop.call("ruff_check", path=REPORTS).value
    assert (found.success, found.violation_count, found.fixable_count) == (False, 4, 3)
    assert found.violations == VIOLATIONS
    assert shop.call("ruff_check").value.violations == VIOLATIONS


def test_finding_something_is_no_failure_of_the_tool(shop: Toolbox) -> None:
    """Else every row with findings would be taken for one with an error."""
    assert shop.call("ruff_check").exit == 0
    assert shop.call("typecheck").exit == 0


@pytest.mark.parametrize("tool", ["typecheck", "ruff_check"])
@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("nope.py", "no such path: nope.py"),
        ("../", "no such path: ../"),
        ("/etc", "no such path: /etc"),
        ("src/tiny", "no such path: src/tiny"),
        ("README.md", "not a Python file: README.md"),
        ("pyproject.toml", "not a Python file: pyproject.toml"),
        ("--help", "no such path: --help"),
        ("a\0b", "no such path: a\0b"),
    ],
)  # fmt: skip
def test_what_cannot_be_checked_says_so(shop: Toolbox, tool: str, path: str, error: str) -> None:
    """Else prose would be checked as if it were Python, or a missing file would be without findings."""
    found = shop.call(tool, path=path)
    assert (found.exit, found.value.parse_error) == (1, error)


def python_files(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*.py"))


def test_checking_many_files_at_once_changes_nothing(tiny_shop: Path, tmp_path: Path) -> None:
    """Else what a row shows would depend on which files were checked beside its own."""
    (tiny_shop / "pyproject.toml").write_text(
        (tiny_shop / "pyproject.toml").read_text()
        + '\n[tool.ty.rules]\ninvalid-parameter-default = "warn"\nnot-a-rule = "warn"\n'
        '\n[tool.ty.src]\nexclude = ["tests/test_cart.py"]\n'
    )
    (tiny_shop / "tests/test_cart.py").write_text("x: int = 'no'\n")
    (tiny_shop / ".gitignore").write_text("*_generated.py\n")
    (tiny_shop / "src/tiny_shop/a_generated.py").write_text("import os\nx: int = 'no'\n")
    files = python_files(tiny_shop)
    with open_tools(tiny_shop, tmp_path / "one") as one, open_tools(tiny_shop, tmp_path / "many") as many:
        many.workspace.paths.add("src/tiny_shop/a_generated.py")
        one.workspace.paths.add("src/tiny_shop/a_generated.py")
        for tools in (one, many):
            root = tools.workspace.root
            (root / "src/tiny_shop/a_generated.py").write_text("import os\nx: int = 'no'\n")
        many.prepare_typecheck(files)
        one.workspace.batches["ruff_check"] = None
        one.workspace.changed = True  # so that ruff is asked about each file alone
        for path in [*files, "src", "tests", "."]:
            for tool in ("typecheck", "ruff_check"):
                assert many.call(tool, path=path).value == one.call(tool, path=path).value, (tool, path)
        generated = many.call("ruff_check", path="src/tiny_shop/a_generated.py").value
        assert [v.code for v in generated.violations] == ["I001", "F401"], (
            "what git ignores but the project holds is checked like the rest"
        )
        assert not one.call("typecheck", path="src/tiny_shop/a_generated.py").value.success
        assert one.call("typecheck", path="tests/test_cart.py").value.success, (
            "the project excludes this file"
        )


def test_files_are_prepared_in_any_order_and_twice(shop: Toolbox, tiny_shop: Path, tmp_path: Path) -> None:
    """Else the order in which generators ask would change the rows."""
    files = python_files(tiny_shop)
    with open_tools(tiny_shop, tmp_path / "cache") as tools:
        tools.prepare_typecheck(files[::-1][:3])
        tools.prepare_typecheck(files)
        tools.prepare_typecheck([])
        assert tools.call("typecheck").value == shop.call("typecheck").value


def test_a_change_in_a_copy_is_seen(tiny_shop: Path, tmp_path: Path) -> None:
    """Else a fix would be checked against what was there before."""
    with open_tools(tiny_shop, tmp_path / "cache") as tools:
        tools.prepare_typecheck(python_files(tiny_shop))
        text = tools.call("read_file", path=REPORTS).content
        with tools.scratch() as scratch:
            assert scratch.call("ruff_check", path=REPORTS).value.violation_count == 4
            assert scratch.call("typecheck", path=REPORTS).value.error_count == 2
            scratch.call(
                "write_file",
                path=REPORTS,
                content=text.replace("import os\n", "").replace("-> date:", "-> date | None:"),
            )
            assert [v.code for v in scratch.call("ruff_check", path=REPORTS).value.violations] == [
                "E711",
                "F541",
            ]
            assert scratch.call("typecheck", path=REPORTS).value.error_count == 1
        assert tools.call("ruff_check", path=REPORTS).value.violation_count == 4


def test_columns_count_characters(tmp_path: Path) -> None:
    """Else a finding behind an emoji would point beside it."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "a.py").write_text('x = "🍵é"; y: int = "no"; z = undefined\n')
    with open_tools(root, tmp_path / "cache") as tools:
        line = (root / "a.py").read_text()
        errors = tools.call("typecheck", path="a.py").value.errors
        assert [(e.code, e.column) for e in errors] == [
            ("invalid-assignment", line.index('"no"') + 1), ("unresolved-reference", line.index("undefined") + 1)
        ]  # fmt: skip
        undefined = [v for v in tools.call("ruff_check", path="a.py").value.violations if v.code == "F821"]
        assert [v.column for v in undefined] == [line.index("undefined") + 1]


@pytest.mark.parametrize(
    ("tool", "file", "text"),
    [
        ("typecheck", "ty.toml", "[rules]\nall = 'ignore'\n"),
        ("typecheck", "pyproject.toml", "[tool.ty.rules]\nall = 'ignore'\n"),
        ("hover", "pyproject.toml", "[project]\nname = 'above'\n"),
        ("ruff_check", "ruff.toml", "lint.select = []\n"),
        ("ruff_check", "pyproject.toml", "[tool.ruff.lint]\nselect = ['ALL']\n"),
    ],
)  # fmt: skip
def test_configuration_above_the_project_is_not_obeyed(
    tmp_path: Path, tool: str, file: str, text: str
) -> None:
    """Else a cache below somebody's own project would give other rows than one in her home."""
    (tmp_path / file).write_text(text)
    root = tmp_path / "cache" / "project"
    root.mkdir(parents=True)
    (root / "a.py").write_text("x = 1\n")
    arguments = (
        {"file_path": "a.py", "line": 1, "column": 1, "symbol": "x"} if tool == "hover" else {"path": "a.py"}
    )
    with (
        Workspace(root, frozenset(["a.py"]), None) as workspace,
        pytest.raises(ToolUnavailable, match="PUNIE_DATA_CACHE"),
    ):
        Toolbox(workspace).call(tool, **arguments)


def test_configuration_of_the_projects_own_shields_it(tmp_path: Path) -> None:
    """Else a project with a configuration would be refused for what lies above it."""
    (tmp_path / "pyproject.toml").write_text(
        "[tool.ruff.lint]\nselect = ['ALL']\n[tool.black]\nline-length = 80\n"
    )
    root = tmp_path / "project"
    root.mkdir()
    (root / "a.py").write_text("import os\n")
    (root / "ruff.toml").write_text("lint.select = ['F']\n")
    (root / "pyproject.toml").write_text("[project]\nname = 'own'\n")
    with Workspace(root, frozenset(["a.py"]), None) as workspace:
        tools = Toolbox(workspace)
        assert [v.code for v in tools.call("ruff_check", path="a.py").value.violations] == ["F401"]
        assert tools.call("typecheck", path="a.py").value.success


@pytest.fixture
def fake_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Put a little program in the place of every real one."""

    def install(text: str) -> None:
        file = tmp_path / "program"
        file.write_text(f"#!{sys.executable}\n{text}")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(workspaces, "program", lambda name: str(file))
        monkeypatch.setattr(workspaces, "TIMEOUT", 1.0)

    return install


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import time; time.sleep(60)", "did not end in 1 s"),
        ("import os, time\nif os.fork() == 0: time.sleep(60)\ntime.sleep(60)", "did not end in 1 s"),
        ("import sys; sys.exit('out of order')", "printed something else"),
        ("import sys; print('no such option', file=sys.stderr); sys.exit(2)", "ended with 2: no such option"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "ended with -11"),
        ("print('not JSON')", "printed something else"),
        ("print('{}')", "printed something else"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("tool", ["typecheck", "ruff_check"])
def test_a_program_that_misbehaves_is_unavailable(
    tmp_path: Path, fake_program, tool: str, text: str, said: str
) -> None:
    """Else a hanging or broken program would hang the run or end it with a traceback."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "a.py").write_text("x = 1\n")
    fake_program(text)
    with Workspace(root, frozenset(["a.py"]), None) as workspace, pytest.raises(ToolUnavailable, match=said):
        Toolbox(workspace).call(tool, path="a.py")


def test_a_program_that_is_not_installed_is_unavailable() -> None:
    """Else a machine without ripgrep would get a traceback."""
    with pytest.raises(ToolUnavailable, match="no-such-program is not installed"):
        workspaces.program("no-such-program")
