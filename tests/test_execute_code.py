"""execute_code: what its code may do, what it cannot, and what is told about it; and the stubs it is checked against."""

import ast
import dataclasses
import os
import signal
import socket
import threading
from pathlib import Path

import pytest

from punie_data.errors import ToolUnavailable
from punie_data.tools import interpreter as interpreters
from punie_data.tools.base import Outcome
from punie_data.tools.execute_code import LONGEST_OUTPUT
from punie_data.tools.interpreter import Interpreter
from punie_data.tools.registry import TOOLS
from punie_data.tools.results import RuffResult, Symbol, Violation
from punie_data.tools.stubs import stubs, type_errors
from punie_data.tools.toolbox import Toolbox
from punie_data.tools.workspace import program
from tests.conftest import open_tools

REPORTS = "src/tiny_shop/reports.py"


def run(shop: Toolbox, code: str) -> Outcome:
    return shop.call("execute_code", code=code)


def test_fields_of_a_typed_result_are_read(shop: Toolbox) -> None:
    """Else Code Mode could call tools, but not use what they say."""
    found = run(
        shop,
        "result = ruff_check('src')\n"
        "print(result.violation_count, result.success)\n"
        "for violation in result.violations[:2]:\n"
        "    print(f'{violation.file}:{violation.line} {violation.code} {violation.fixable}')\n",
    )
    assert found.content == f"4 False\n{REPORTS}:3 I001 True\n{REPORTS}:6 F401 True\n"
    assert (found.exit, found.truncated, found.value) == (0, False, found.content)


def test_the_calls_inside_are_told(shop: Toolbox) -> None:
    """Else nobody could check that the code really used what it prints."""
    found = run(
        shop, "status = git_status()\nif not status.clean:\n    print(git_diff(staged=True).additions)\n"
    )
    assert found.content == "9\n"
    assert [(call.tool, dict(call.arguments)) for call in found.inner] == [
        ("git_status", {}),
        ("git_diff", {"staged": True}),
    ]
    assert found.inner[1].value.additions == 9


def test_a_call_inside_is_the_call_outside(shop: Toolbox) -> None:
    """Else the same question would have two answers, and be run twice."""
    found = run(shop, f"typecheck('{REPORTS}')")
    assert found.inner[0] is shop.call("typecheck", path=REPORTS)


@pytest.mark.parametrize("name", sorted(set(TOOLS) - {"execute_code"}))
def test_every_other_tool_is_a_function(shop: Toolbox, name: str) -> None:
    """Else the signatures would promise a tool that the code cannot call."""
    assert run(shop, f"print({name})").content == f"<function '{name}' external>\n"


def test_execute_code_is_no_function(shop: Toolbox) -> None:
    """Else code could run code in itself without end."""
    assert (
        run(shop, "execute_code('1')").content
        == "Error: NameError: name 'execute_code' is not defined (line 1)"
    )


def test_nested_results_cross_whole(shop: Toolbox) -> None:
    """Else the methods of a class would be missing inside the code."""
    found = run(
        shop,
        "def count(symbols):\n    return sum(1 + count(s.children) for s in symbols)\n"
        "result = document_symbols('src/tiny_shop/errors.py')\n"
        "print(count(result.symbols), result.symbol_count, result.symbols[1].children[0].name)",
    )
    assert found.content == "9 9 __init__\n"


def test_a_result_prints_as_its_class(shop: Toolbox) -> None:
    """Else code that prints a whole result would print something no reader knows."""
    found = run(shop, "print(git_status('docs').files[1])")
    assert found.content == "GitFile(file='docs/ideas.md', status='untracked', staged=False)\n"


def test_a_result_cannot_be_changed_for_others(shop: Toolbox) -> None:
    """Else one example's code could falsify the result that the next one gets."""
    before = shop.call("git_log").value
    run(
        shop,
        "log = git_log()\nlog.commits.clear()\ntry:\n    log.commit_count = 7\nexcept Exception:\n    pass\n",
    )
    assert shop.call("git_log").value == before
    assert before.commit_count == len(before.commits) == 3


def test_an_error_of_the_code_is_a_result(shop: Toolbox) -> None:
    """Else an honest 'that failed' could not be shown."""
    found = run(shop, "print('before')\nx = git_log().commits[99]\n")
    assert (
        found.content
        == "Error: IndexError: list index out of range (line 2)\nPrinted before the error:\nbefore\n"
    )
    assert found.exit == 1
    assert [call.tool for call in found.inner] == ["git_log"]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("print(", "SyntaxError: unexpected EOF while parsing (line 1)"),
        ("print(ruff_check().errors)", "AttributeError: 'RuffResult' object has no attribute 'errors' (line 1)"),
        ("print(undefined)", "NameError: name 'undefined' is not defined (line 1)"),
        ("import subprocess", "ModuleNotFoundError: No module named 'subprocess' (line 1)"),
        ("1\n2\nraise ValueError('mine')", "ValueError: mine (line 3)"),
        ("raise TimeoutError('mine')", "TimeoutError: mine (line 1)"),
        ("def f(n):\n    return f(n + 1)\nf(1)", "RecursionError: maximum recursion depth exceeded (line 2)"),
        ("x = [0] * 10**9", "MemoryError: memory limit exceeded (line 1)"),
        ("read_file()", "TypeError: read_file() missing a required argument: 'path' (line 1)"),
        ("read_file('a', 1, 2, 3)", "TypeError: read_file() takes 3 positional arguments but 4 were given (line 1)"),
        ("read_file('a', path='b')", "TypeError: read_file() got multiple values for argument 'path' (line 1)"),
        ("read_file(file='a')", "TypeError: read_file() got an unexpected keyword argument 'file' (line 1)"),
        ("read_file(7)", "TypeError: read_file() argument 'path' must be of type string (line 1)"),
        ("git_log(count=10**40)", "TypeError: git_log() argument 'count' must be of type integer (line 1)"),
        ("for _ in range(2000):\n    git_log()", "RuntimeError: suspension limit 1000 exceeded (line 2)"),
    ],
)  # fmt: skip
def test_errors_are_in_pythons_words(shop: Toolbox, code: str, error: str) -> None:
    """Else the model would learn messages that no Python gives."""
    assert run(shop, code).content == f"Error: {error}"


def test_an_error_can_be_caught(shop: Toolbox) -> None:
    """Else code that handles its errors would be reported as failed."""
    found = run(shop, "try:\n    read_file(7)\nexcept TypeError as error:\n    print('caught', error)\n")
    assert (found.exit, found.content) == (0, "caught read_file() argument 'path' must be of type string\n")


def test_a_failed_call_inside_is_no_failure_of_the_code(shop: Toolbox) -> None:
    """Else code that prints what a tool said of a missing file would itself count as failed."""
    found = run(shop, "print(read_file('nope.py'))")
    assert (found.exit, found.content) == (0, "Error: no such file: nope.py\n")
    assert found.inner[0].exit == 1


@pytest.mark.parametrize(
    "code",
    [
        "open('/etc/passwd').read()",
        "from pathlib import Path\nprint(Path('/etc/passwd').read_text())",
        "from pathlib import Path\nPath('/tmp/punie-data-was-here').write_text('x')",
        "open('/tmp/punie-data-was-here', 'w').write('x')",
        "import os\nprint(os.listdir('/'))",
        "import os\nprint(os.environ['PATH'])",
        "import os\nos.system('touch /tmp/punie-data-was-here')",
        "import socket\nsocket.create_connection(('127.0.0.1', 1))",
        "import ctypes",
        "import sys\nprint(sys.modules['os'])",
        "__import__('os').system('touch /tmp/punie-data-was-here')",
        "eval(\"__import__('os')\").listdir('/')",
        "print(read_file.__globals__)",
        "print(git_log.__closure__)",
        "print(git_log().__class__.__subclasses__())",
        "git_log().commits[0].__class__.__init__.__globals__",
        "print(().__class__.__base__.__subclasses__())",
        "input()",
    ],
)  # fmt: skip
def test_the_machine_is_out_of_reach(shop: Toolbox, code: str) -> None:
    """Else a model's code, or a row's, could read, write or run anything where it is replayed."""
    found = run(shop, code)
    assert found.exit == 1, found.content
    assert not Path("/tmp/punie-data-was-here").exists()
    assert str(Path.home()) not in found.content


def test_the_network_is_out_of_reach(shop: Toolbox) -> None:
    """Else code could send what it read to anybody: a listener that is really there hears nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        assert (
            run(shop, f"import urllib.request\nurllib.request.urlopen('http://127.0.0.1:{port}')").exit == 1
        )
        with pytest.raises(TimeoutError):
            server.accept()


def test_the_same_code_prints_the_same_on_every_day(shop: Toolbox, tiny_shop: Path, tmp_path: Path) -> None:
    """Else a row could not be verified tomorrow, or on another machine."""
    code = (
        "import datetime, random, time\ntime.sleep(1000)\n"
        "print(datetime.datetime.now(), time.time(), random.random(), {'b', 'a', 'c'}, hash('a'))\n"
    )
    with open_tools(tiny_shop, tmp_path / "cache") as other:
        assert run(other, code).content == run(shop, code).content
    assert run(shop, code).content.startswith("2025-01-01 12:00:00 ")


def test_nothing_is_left_over_from_another_run(shop: Toolbox) -> None:
    """Else a row would work only after the one before it."""
    assert run(shop, "left_over = 1").ok
    assert (
        run(shop, "print(left_over)").content == "Error: NameError: name 'left_over' is not defined (line 1)"
    )


def test_much_output_is_cut_and_said_to_be(shop: Toolbox) -> None:
    """Else an answer could count what the row does not show."""
    found = run(shop, "for i in range(9000):\n    print(i)")
    assert found.truncated
    assert found.content.endswith(f"\n[cut after {LONGEST_OUTPUT} characters]")
    assert len(found.content) == LONGEST_OUTPUT + len(f"\n[cut after {LONGEST_OUTPUT} characters]")
    exact = run(shop, f"print('x' * {LONGEST_OUTPUT - 1})")
    assert (exact.truncated, len(exact.content)) == (False, LONGEST_OUTPUT)


def test_code_that_does_not_end_makes_no_example(
    tiny_shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would hang the run, or leave a row that says when it was stopped."""
    monkeypatch.setitem(interpreters.LIMITS, "max_feed_duration_secs", 0.3)
    with open_tools(tiny_shop, tmp_path / "cache") as tools:
        with pytest.raises(ToolUnavailable, match="did not end"):
            run(tools, "while True:\n    pass")
        with pytest.raises(ToolUnavailable, match="printed more than"):
            run(tools, "while True:\n    print('x' * 1000)")
        assert run(tools, "print('still here')").content == "still here\n"


def test_a_killed_interpreter_is_unavailable_and_then_replaced(tiny_shop: Path, tmp_path: Path) -> None:
    """Else one crash would cost a repository all its later Code Mode rows."""
    with open_tools(tiny_shop, tmp_path / "cache") as tools:
        assert run(tools, "print(1)").ok
        with tools.workspace.interpreter._pool.checkout() as session:
            pid = session.worker_pid
        assert pid is not None
        timer = threading.Timer(0.2, os.kill, (pid, signal.SIGKILL))
        timer.start()
        with pytest.raises(ToolUnavailable):
            run(tools, "while True:\n    pass")
        timer.join()
        assert run(tools, "print(2)").content == "2\n"


def test_no_interpreter_where_there_is_no_program(tmp_path: Path) -> None:
    """Else a broken installation would give a traceback."""
    with pytest.raises(ToolUnavailable, match="does not start"):
        Interpreter(str(tmp_path / "nothing"))


def test_files_change_only_in_a_copy(shop: Toolbox) -> None:
    """Else code could write into the snapshot by catching the refusal."""
    with pytest.raises(TypeError, match="scratch"):
        run(shop, "try:\n    write_file('README.md', 'x')\nexcept BaseException:\n    print('no')")
    with shop.scratch() as scratch:
        code = "print(write_file('new.py', 'import os\\n'))\nprint(ruff_check('new.py').violations[0].code)"
        first = run(scratch, code)
        assert first.content == "Wrote 10 characters to new.py\nF401\n"
        assert scratch.call("read_file", path="new.py").content == "import os\n"
        scratch.call("write_file", path="new.py", content="")
        run(scratch, code)
        assert scratch.call("read_file", path="new.py").content == "import os\n", (
            "a run that writes is never remembered"
        )
    assert not shop.call("read_file", path="new.py").ok


def test_a_tool_that_cannot_run_ends_the_code(shop: Toolbox) -> None:
    """Else code that catches everything would yield a row in which a tool that never ran seems to have said no."""
    with pytest.raises(ToolUnavailable, match="--allow-exec"):
        run(shop, "try:\n    pytest_run()\nexcept BaseException:\n    print('no tests')")


def test_stopping_by_hand_stops(shop: Toolbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else Ctrl-C during a tool call would be swallowed by the code's own except."""

    def interrupted(workspace: object, **given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(TOOLS, "git_log", dataclasses.replace(TOOLS["git_log"], run=interrupted))
    with pytest.raises(KeyboardInterrupt):
        run(shop, "try:\n    git_log(count=7)\nexcept BaseException:\n    print('go on')")


def test_the_stubs_are_python_and_name_every_tool_and_field() -> None:
    """Else the system prompt of Code Mode would describe other tools than there are."""
    tree = ast.parse(stubs())
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    assert set(functions) == set(TOOLS) - {"execute_code"}
    for name, function in functions.items():
        assert [argument.arg for argument in function.args.args] == [p.name for p in TOOLS[name].parameters]
        returned = ast.unparse(function.returns) if function.returns else ""
        assert returned == (TOOLS[name].result.__name__ if TOOLS[name].result else "str")
        assert returned == "str" or returned in classes
        assert ast.get_docstring(function) == TOOLS[name].description
    for kind in (RuffResult, Violation, Symbol):
        assert [ast.unparse(line).split(":")[0] for line in classes[kind.__name__].body] == [
            f.name for f in dataclasses.fields(kind)
        ]


def test_the_stubs_of_some_tools_hold_only_what_those_need() -> None:
    """Else a prompt with three tools would be as long as one with all."""
    text = stubs(("git_status", "read_file"))
    assert "class GitStatusResult" in text
    assert "class GitFile" in text
    assert "def read_file(path: str, first_line: int = 1, last_line: int = 0) -> str:" in text
    assert "RuffResult" not in text
    assert "def ruff_check" not in text


@pytest.fixture(scope="module")
def interpreter():
    made = Interpreter(program("monty"))
    yield made
    made.close()


@pytest.mark.parametrize(
    ("code", "finding"),
    [
        ("print(ruff_check().errors)", "`RuffResult` has no attribute `errors`"),
        ("for v in ruff_check().violations:\n    print(v.rule)", "`Violation` has no attribute `rule`"),
        ("read_file(1)", "Expected `str`"),
        ("read_file(file='a')", "`file` does not match"),
        ("git_log(count='3')", "Expected `int`"),
        ("call_hierarchy('a', 1, 1, 's', direction='up')", "Expected `Literal"),
        ("print(nothing)", "`nothing` used when not defined"),
        ("print(read_file('a').content)", "`str` has no attribute `content`"),
        ("print(", "main.py:1:7"),
        ("x = 1\nwhile True:\n    x = x.upper()\n", "`upper` is not defined on"),
    ],
)  # fmt: skip
def test_wrong_types_are_found_before_running(interpreter: Interpreter, code: str, finding: str) -> None:
    """Else a field that a result does not have would only be noticed where the code happens to reach it."""
    assert finding in (type_errors(interpreter, code) or "")


@pytest.mark.parametrize(
    "code",
    [
        "for v in ruff_check('src').violations[:3]:\n    print(v.code.upper(), v.line + 1)",
        "status = git_status()\nif not status.clean:\n    print([f.file for f in status.files if f.staged])",
        "def depth(symbols: list[Symbol]) -> int:\n    return 1 + max([depth(s.children) for s in symbols], default=0)\n"
        "print(depth(document_symbols('a.py').symbols))",
        "message = pytest_run().tests[0].message\nif message is not None:\n    print(message.upper())",
        "print(run_command('ls', ['-l'], cwd='src').splitlines()[0])",
        "print(call_hierarchy('a', 1, 1, 's', direction='outgoing').calls[0].call_lines[0] + 1)",
        "while True:\n    pass",
        "1 / 0",
        "",
    ],
)  # fmt: skip
def test_right_types_are_left_alone(interpreter: Interpreter, code: str) -> None:
    """Else good rows would be rejected; and checking must not wait for the code to end, or call a tool."""
    assert type_errors(interpreter, code) is None
