"""pytest_run and run_command: a repository's own code, in the sandbox. tiny_shop has one failing test and one skipped, on purpose."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from punie_data.errors import ToolUnavailable
from punie_data.tools.results import TestCase, TestResult
from punie_data.tools.sandbox import bubblewrap_works, why_not
from punie_data.tools.toolbox import Toolbox
from tests.conftest import open_tools

TestCase.__test__ = TestResult.__test__ = False  # type: ignore[attr-defined]  (pytest would take them for tests)
pytestmark = pytest.mark.skipif(not bubblewrap_works(), reason=why_not() or "the sandbox works")
OURS = Path(sys.prefix)
"""The virtual environment that runs these tests has pytest in it; it spares making one for them."""


def open_with_leave(root: Path, cache: Path):
    return with_environment(open_tools(root, cache, allow_exec=True))


class with_environment:
    def __init__(self, opened) -> None:
        self.opened = opened

    def __enter__(self) -> Toolbox:
        tools = self.opened.__enter__()
        tools.workspace.virtual_environment = OURS
        return tools

    def __exit__(self, *exception: object) -> None:
        self.opened.__exit__(*exception)


@pytest.fixture(scope="module")
def tools(shared_tiny_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toolbox]:
    with open_with_leave(shared_tiny_shop, tmp_path_factory.mktemp("cache")) as toolbox:
        yield toolbox


def suite(tmp_path: Path, text: str, **files: str) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "test_it.py").write_text(text)
    for name, content in files.items():
        (root / name.replace("_dot_", ".")).write_text(content)
    return root


def result(tmp_path: Path, text: str, **files: str) -> TestResult:
    with open_with_leave(suite(tmp_path, text, **files), tmp_path / "cache") as toolbox:
        return toolbox.call("pytest_run").value


def test_each_test_of_tiny_shop_is_told(tools: Toolbox) -> None:
    """Else 'which test fails' could not be answered."""
    found = tools.call("pytest_run")
    value = found.value
    assert (value.success, value.passed, value.failed, value.errors, value.skipped) == (False, 20, 1, 0, 1)
    assert [test.name for test in value.tests if test.outcome == "failed"] == [
        "tests/test_pricing.py::test_shipping_is_free_from_the_threshold_on"
    ]
    assert [test for test in value.tests if test.outcome == "skipped"] == [
        TestCase(name="tests/test_orders.py::test_a_real_card_is_charged", outcome="skipped", duration=0.0,
                 message="needs an account with a real provider")
    ]  # fmt: skip
    assert found.exit == 0, "failing tests are a success of the tool"
    assert found.version.startswith("pytest ")


def test_a_failure_says_where_and_why(tools: Toolbox) -> None:
    """Else the next step, reading the failing line, would have to be guessed."""
    (test,) = tools.call(
        "pytest_run", path="tests/test_pricing.py::test_shipping_is_free_from_the_threshold_on"
    ).value.tests
    assert test.message is not None
    assert test.message.startswith(
        "tests/test_pricing.py:35: AssertionError: assert Money(amount=Decimal('4.90')) == "
    )


def test_a_file_or_a_folder_alone(tools: Toolbox) -> None:
    """Else a question about one file would run all tests."""
    file = tools.call("pytest_run", path="tests/test_cart.py").value
    assert (file.success, file.passed) == (True, 4)
    assert [test.name for test in file.tests] == [
        "tests/test_cart.py::test_adding_twice_makes_one_line",
        "tests/test_cart.py::test_removing_takes_all_pieces",
        "tests/test_cart.py::test_a_quantity_below_one_is_refused[0]",
        "tests/test_cart.py::test_a_quantity_below_one_is_refused[-1]",
    ]
    assert len(tools.call("pytest_run", path="tests").value.tests) == 22
    empty = tools.call("pytest_run", path="docs").value
    assert (empty.success, empty.tests, empty.parse_error) == (False, (), None)


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("nope", "no such path: nope"),
        ("../", "no such path: ../"),
        ("--version", "no such path: --version"),
        ("tests/test_cart.py::nope", "not found: tests/test_cart.py::nope"),
    ],
)  # fmt: skip
def test_what_is_not_there_cannot_be_run(tools: Toolbox, path: str, error: str) -> None:
    """Else 'no test failed' would be said of tests that do not exist."""
    found = tools.call("pytest_run", path=path)
    assert (found.exit, found.value.parse_error) == (1, error)


def test_two_runs_are_equal_to_the_byte(tiny_shop: Path, tmp_path: Path, tools: Toolbox) -> None:
    """Else no row with tests could be verified: times, addresses and folders differ from run to run."""
    with open_with_leave(tiny_shop, tmp_path / "other-cache") as others:
        assert others.call("pytest_run").content == tools.call("pytest_run").content


def test_what_differs_is_normalised(tmp_path: Path) -> None:
    """Else an object's address, a time or a folder of this machine would stand in a row."""
    found = result(
        tmp_path,
        "import os, sys, time\ndef test_a(tmp_path):\n"
        "    assert object() == 1, f'{object()} {tmp_path} {sys.executable} {os.getcwd()}/x in {time.time() % 60:.3f}s'\n",
    )
    assert found.tests[0].message is not None
    first = found.tests[0].message.splitlines()[0]
    assert first == (
        "test_it.py:3: AssertionError: <object object at 0x…> /tmp/pytest-of-nobody/pytest-0/test_a0 /environment/bin/python x in 0.00s"
    )


def test_every_outcome_has_its_count(tmp_path: Path) -> None:
    """Else an expected failure would count as one, or an error as a pass."""
    found = result(
        tmp_path,
        "import pytest\n"
        "def test_pass(): pass\n"
        "def test_fail(): assert 1 == 2\n"
        "@pytest.fixture\ndef broken(): raise RuntimeError('no fixture')\n"
        "def test_setup(broken): pass\n"
        "@pytest.fixture\ndef leaves():\n    yield\n    raise RuntimeError('no end')\n"
        "def test_teardown(leaves): pass\n"
        "def test_skip(): pytest.skip('later')\n"
        "@pytest.mark.xfail(reason='known')\ndef test_expected(): assert 0\n"
        "@pytest.mark.xfail(reason='known')\ndef test_unexpected(): pass\n"
        "@pytest.mark.xfail(strict=True, reason='known')\ndef test_strict(): pass\n",
    )
    assert [(test.name.partition("::")[2], test.outcome, test.message) for test in found.tests] == [
        ("test_pass", "passed", None),
        ("test_fail", "failed", "test_it.py:3: assert 1 == 2"),
        ("test_setup", "error", "test_it.py:5: RuntimeError: no fixture"),
        ("test_teardown", "error", "test_it.py:10: RuntimeError: no end"),
        ("test_skip", "skipped", "later"),
        ("test_expected", "skipped", "expected to fail: known"),
        ("test_unexpected", "passed", None),
        ("test_strict", "failed", "[XPASS(strict)] known"),
    ]
    assert (found.passed, found.failed, found.errors, found.skipped) == (2, 2, 2, 2)


def test_a_file_that_cannot_be_imported_is_an_error(tmp_path: Path) -> None:
    """Else a broken test file would look like one without tests."""
    found = result(tmp_path, "import no_such_module\n", test_ok_dot_py="def test_ok(): pass\n")
    assert (found.success, found.errors, found.passed) == (False, 1, 0)
    assert (found.tests[0].name, found.tests[0].outcome) == ("test_it.py", "error")
    assert "No module named 'no_such_module'" in (found.tests[0].message or "")


def test_a_configuration_that_pytest_refuses_is_an_error(tmp_path: Path) -> None:
    """Else a repository that needs a plugin would seem to have no tests."""
    found = result(tmp_path, "def test_a(): pass\n", pytest_dot_ini="[pytest]\naddopts = --no-such-option\n")
    assert found.parse_error == "unrecognized arguments: --no-such-option"
    assert found.tests == ()


def test_the_corpus_may_say_more_to_pytest(tmp_path: Path) -> None:
    """Else a repository whose configuration needs a plugin could never be run."""
    root = suite(tmp_path, "def test_a(): pass\n", pytest_dot_ini="[pytest]\naddopts = --no-such-option\n")
    with open_with_leave(root, tmp_path / "cache") as toolbox:
        toolbox.workspace.pytest_arguments = ("-o", "addopts=")
        assert toolbox.call("pytest_run").value.passed == 1
        with toolbox.scratch() as scratch:
            assert scratch.call("pytest_run").value.passed == 1, "a copy knows what its project knows"


def test_a_long_message_is_cut(tmp_path: Path) -> None:
    """Else one failing comparison of two large texts would fill a row."""
    found = result(tmp_path, "def test_a(): raise ValueError('x' * 5000)\n")
    message = found.tests[0].message or ""
    assert len(message) == 501
    assert message.endswith("x…")


def test_the_project_is_importable_and_has_a_version(tmp_path: Path) -> None:
    """Else a package that asks for its own version when it is imported could not be tested."""
    root = suite(
        tmp_path,
        "import importlib.metadata, mine\n"
        "def test_a():\n    assert mine.version == '1.2.3'\n"
        "    assert [e.value for e in importlib.metadata.entry_points(group='mine.plugins')] == ['mine:plugin']\n",
        pyproject_dot_toml="[project]\nname = 'My-Own'\nversion = '1.2.3'\n[project.entry-points.'mine.plugins']\na = 'mine:plugin'\n",
    )
    (root / "src" / "mine").mkdir(parents=True)
    (root / "src" / "mine" / "__init__.py").write_text(
        "from importlib.metadata import version as v\nversion = v('my-own')\n"
    )
    with open_with_leave(root, tmp_path / "cache") as toolbox:
        assert toolbox.call("pytest_run").value.passed == 1


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"PKG-INFO": "Metadata-Version: 2.1\nName: mine\nVersion: 4.5\n"}, id="source-distribution"),
        pytest.param({"setup.cfg": "[metadata]\nname = mine\nversion = 4.5\n"}, id="setup.cfg"),
        pytest.param(
            {"pyproject.toml": "[project]\nname = 'mine'\ndynamic = ['version']\n", "PKG-INFO": "Name: mine\nVersion: 4.5\n"},
            id="dynamic",
        ),
    ],
)  # fmt: skip
def test_the_version_may_stand_elsewhere(tmp_path: Path, files: dict[str, str]) -> None:
    """Else older repositories, and those that compute their version, would have none."""
    root = suite(
        tmp_path,
        "from importlib.metadata import version\ndef test_a(): assert version('mine') == '4.5'\n",
        **files,
    )
    with open_with_leave(root, tmp_path / "cache") as toolbox:
        assert toolbox.call("pytest_run").value.passed == 1


def test_a_broken_project_file_is_no_trouble(tmp_path: Path) -> None:
    """Else a repository with an odd pyproject.toml would end the run with a traceback."""
    root = suite(tmp_path, "def test_a(): pass\n", pyproject_dot_toml="project = 3\n")
    (root / "PKG-INFO").write_bytes(b"\xff\0Name: ../../x\n")
    with open_with_leave(root, tmp_path / "cache") as toolbox:
        assert toolbox.call("pytest_run").value.passed == 1


def test_a_test_that_sleeps_for_ever_makes_no_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one test would hold up the run for ever."""
    from punie_data.tools import pytest_run, sandbox

    monkeypatch.setattr(
        pytest_run, "run_sandboxed",
        lambda *given, **named: sandbox.run_sandboxed(*given, **named, limits=sandbox.Limits(seconds=3)),
    )  # fmt: skip
    with pytest.raises(ToolUnavailable, match="did not end in 3 s"):
        result(tmp_path, "import time\ndef test_a(): time.sleep(600)\n")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", id="kills-itself"),
        pytest.param("import os; os._exit(0)", id="leaves"),
        pytest.param("import os, signal\n    if os.fork() == 0: os.kill(os.getppid(), signal.SIGKILL); os._exit(0)\n    os.wait()", id="is-killed-by-its-child"),
        pytest.param("import ctypes; ctypes.string_at(0)", id="crashes"),
    ],
)  # fmt: skip
def test_tests_that_end_pytest_make_no_example(tmp_path: Path, body: str) -> None:
    """Else half a run would pass for a whole one."""
    with pytest.raises(ToolUnavailable, match="before it could report"):
        result(tmp_path, f"def test_fine(): pass\ndef test_a():\n    {body}\n")


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ("'garbage'", "damaged"),
        ("'[]'", "damaged"),
        ("'{}'", "damaged"),
        ('\'{"exit": 0, "tests": [["a", "splendid", ""]]}\'', "damaged"),
        ('\'{"exit": 0, "tests": [[1, "passed", ""]]}\'', "damaged"),
        ('\'{"exit": 0, "tests": [["a", "passed"]]}\'', "damaged"),
        ("'[' * 100000", "damaged"),
    ],
)  # fmt: skip
def test_a_report_that_was_tampered_with_is_not_believed(tmp_path: Path, report: str, said: str) -> None:
    """Else a repository could end the run with a traceback, or make a result of a shape that there is not."""
    text = f"import os\ndef test_a():\n    open(os.environ['PUNIE_DATA_REPORT'], 'w').write({report})\n    os._exit(0)\n"
    with pytest.raises(ToolUnavailable, match=said):
        result(tmp_path, text)


def test_a_child_that_forks_does_not_report_twice(tmp_path: Path) -> None:
    """Else a test that forks would be counted in both processes."""
    found = result(tmp_path, "import os\ndef test_a():\n    if os.fork() == 0: os._exit(0)\n    os.wait()\n")
    assert (found.passed, len(found.tests)) == (1, 1)


def test_printing_much_and_filling_the_disk_is_survived(tmp_path: Path) -> None:
    """Else one noisy test would take the machine with it."""
    found = result(
        tmp_path,
        "def test_noisy(capfd):\n    with capfd.disabled():\n        for _ in range(100): print('x' * 1_000_000)\n"
        "def test_greedy(tmp_path):\n    try:\n        for i in range(100): (tmp_path / str(i)).write_bytes(bytes(50_000_000))\n"
        "    except OSError as error:\n        assert 'No space left' in str(error)\n    else:\n        raise AssertionError\n"
        "    import shutil; shutil.rmtree(tmp_path)\n",
    )
    assert [test.outcome for test in found.tests] == ["passed", "passed"]


def test_a_written_file_is_not_in_the_project_afterwards(tiny_shop: Path, tmp_path: Path) -> None:
    """Else a run would change what the next tool sees."""
    (tiny_shop / "tests" / "test_write.py").write_text(
        "from pathlib import Path\ndef test_a(): Path('README.md').write_text('gone'); Path('new').mkdir()\n"
    )
    with open_with_leave(tiny_shop, tmp_path / "cache") as toolbox:
        assert toolbox.call("pytest_run", path="tests/test_write.py").value.passed == 1
        assert toolbox.call("read_file", path="README.md").content.startswith("# tiny-shop")
        assert not (toolbox.workspace.root / "new").exists()


def test_what_was_written_in_a_copy_is_what_is_tested(tools: Toolbox) -> None:
    """Else a fix could not be shown to mend the failing test."""
    with tools.scratch() as scratch:
        text = scratch.call("read_file", path="src/tiny_shop/pricing.py").content
        scratch.call(
            "write_file",
            path="src/tiny_shop/pricing.py",
            content=text.replace("subtotal > FREE", "subtotal >= FREE"),
        )
        assert scratch.call("pytest_run").value.failed == 0
    assert tools.call("pytest_run").value.failed == 1


def test_without_a_virtual_environment_there_are_no_tests(tiny_shop: Path, tmp_path: Path) -> None:
    """Else the machine's own pytest, whatever it is, would be used."""
    with open_tools(tiny_shop, tmp_path / "cache", allow_exec=True) as toolbox:
        with pytest.raises(ToolUnavailable, match="no virtual environment"):
            toolbox.call("pytest_run")
        assert toolbox.call("run_command", command="echo", args=["hello"]).content == "exit status 0\nhello"


def test_code_mode_may_run_tests_with_leave(tools: Toolbox) -> None:
    """Else Code Mode would have fewer tools than the rest."""
    code = "r = pytest_run('tests/test_pricing.py')\nprint(r.failed, [t.name.split('::')[1] for t in r.tests if t.outcome == 'failed'])"
    found = tools.call("execute_code", code=code)
    assert found.content == "1 ['test_shipping_is_free_from_the_threshold_on']\n"


def test_a_command_tells_its_status_and_its_output(tools: Toolbox) -> None:
    """Else success and failure of a command could not be told apart."""
    assert tools.call("run_command", command="ls", args=["docs"]).content == (
        "exit status 0\narchitecture.md\nbest-practices.md\nchoosing-a-provider.rst\nconcepts.rst\nhow-to.md\nideas.md"
    )
    failing = tools.call("run_command", command="sh", args=["-c", "echo no >&2; exit 4"])
    assert (failing.content, failing.exit) == ("exit status 4\nno", 0)
    assert tools.call("run_command", command="true").content == "exit status 0"


def test_a_command_runs_where_it_is_told(tools: Toolbox) -> None:
    """Else a command in a subfolder would run at the root."""
    assert tools.call("run_command", command="ls", cwd="src/").content == "exit status 0\ntiny_shop"
    for cwd in ("nope", "../", "/etc", "README.md", "a\0b"):
        found = tools.call("run_command", command="ls", cwd=cwd)
        assert (found.exit, found.content) == (1, f"Error: no such folder: {cwd}")


def test_a_command_is_never_a_shell_line(tools: Toolbox) -> None:
    """Else a file name with a semicolon would be a second command."""
    assert (
        tools.call("run_command", command="echo", args=["a; ls", "$HOME", "*"]).content
        == "exit status 0\na; ls $HOME *"
    )
    assert tools.call("run_command", command="echo a").content == "exit status 127\necho a: command not found"
    assert tools.call("run_command", command="", args=[]).content == "Error: not a command"
    assert tools.call("run_command", command="echo", args=["a\0b"]).content == "Error: not a command"


def test_the_projects_python_is_the_environments(tools: Toolbox) -> None:
    """Else `python -c 'import tiny_shop'` would not find the project, or find the machine's packages."""
    code = "import sys, tiny_shop, pytest; print(tiny_shop.__file__, sys.prefix)"
    assert tools.call("run_command", command="python", args=["-c", code]).content == (
        "exit status 0\nsrc/tiny_shop/__init__.py /environment"
    )


def test_a_command_shows_no_path_of_this_machine(tools: Toolbox) -> None:
    """Else every traceback would name the folders of whoever made the dataset."""
    failing = tools.call(
        "run_command", command="python", args=["-c", "import asyncio; asyncio.run(1)"]
    ).content
    assert "ValueError: a coroutine was expected" in failing
    assert sys.base_prefix not in failing
    assert str(OURS) not in failing


def test_much_output_is_cut_and_said_to_be(tools: Toolbox) -> None:
    """Else an answer could count lines that the row does not show."""
    found = tools.call("run_command", command="seq", args=["100000"])
    assert found.truncated
    assert found.content.endswith("\n[cut after 20000 characters]")
    assert not tools.call("run_command", command="seq", args=["100"]).truncated
