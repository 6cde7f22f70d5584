"""The door to the tools: what it binds, remembers, cleans and refuses; and the schemas that are written from it."""

import dataclasses
import json
from pathlib import Path

import jsonschema
import pytest

from punie_data.errors import ToolUnavailable
from punie_data.resources import path_of
from punie_data.sensitive import has_secret, redact
from punie_data.tools.base import Parameter, Tool
from punie_data.tools.normalise import Normaliser, steady
from punie_data.tools.registry import TOOLS, document
from punie_data.tools.results import TextMatch, failed, json_schema, to_text
from punie_data.tools.toolbox import Toolbox
from tests.conftest import open_tools, place

PLAIN = {
    "read_file": {"path": "README.md"},
    "list_files": {},
    "search_text": {"pattern": "cart"},
    "typecheck": {"path": "src"},
    "ruff_check": {},
    "document_symbols": {"file_path": "src/tiny_shop/cart.py"},
    "workspace_symbols": {"query": "Cart"},
    "git_status": {},
    "git_diff": {},
    "git_log": {},
    "cst_find_pattern": {"file_path": "src/tiny_shop/cart.py", "pattern": "FunctionDef"},
    "cst_rename": {"file_path": "src/tiny_shop/cart.py", "old_name": "CartLine", "new_name": "Line"},
    "cst_add_import": {"file_path": "src/tiny_shop/cart.py", "import_statement": "import json"},
    "execute_code": {"code": "print(len(git_log().commits))"},
}
AT_A_POSITION = (
    "goto_definition", "find_references", "hover", "find_implementations", "call_hierarchy", "type_hierarchy"
)  # fmt: skip
NEEDS_A_COPY = ("write_file",)
NEEDS_LEAVE = ("pytest_run", "run_command")


def arguments(shop: Toolbox, name: str) -> dict:
    if name in AT_A_POSITION:
        return place(shop.workspace.root, "src/tiny_shop/cart.py", "class Cart:", "Cart")
    return PLAIN[name]


@pytest.mark.parametrize("name", [name for name in TOOLS if name not in NEEDS_A_COPY + NEEDS_LEAVE])
def test_a_result_is_what_its_schema_says(shop: Toolbox, name: str) -> None:
    """Else a validator would reject what the tools really return, or let pass what they never would."""
    found = shop.call(name, **arguments(shop, name))
    assert found.ok
    schema = document()["tools"][name]
    jsonschema.validate(dict(found.arguments), schema["arguments"])
    if schema["result"] is None:
        assert found.content == found.value
    else:
        jsonschema.validate(json.loads(found.content), schema["result"])
        assert type(found.value) is TOOLS[name].result
        broken = json.loads(found.content) | {"surprise": 1}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, schema["result"])


def test_every_tool_is_tested_here() -> None:
    """Else a new tool would come in without a test."""
    assert {*PLAIN, *AT_A_POSITION, *NEEDS_A_COPY, *NEEDS_LEAVE} == set(TOOLS)


def test_the_schema_file_is_the_registrys_document() -> None:
    """Else validators elsewhere would check against the tools of last week."""
    written = path_of("schemas", "tools.schema.json").read_text()
    assert written == json.dumps(document(), indent=1) + "\n", "run `python -m punie_data.tools`"


@pytest.mark.parametrize("name", TOOLS)
def test_a_schema_is_a_schema(name: str) -> None:
    """Else a typing mistake in a signature would be found by the first user."""
    entry = document()["tools"][name]
    jsonschema.Draft202012Validator.check_schema(entry["arguments"])
    assert entry["description"].endswith(".") or name == "execute_code" or name == "cst_find_pattern"
    if entry["result"]:
        jsonschema.Draft202012Validator.check_schema(entry["result"])
        assert "parse_error" in entry["result"]["properties"]


@pytest.mark.parametrize("name", [name for name, tool in TOOLS.items() if tool.result])
def test_a_failed_result_fits_its_schema(name: str) -> None:
    """Else the one result that nobody looks at would be the one that breaks the reader."""
    result = failed(TOOLS[name].result, parse_error="no")
    jsonschema.validate(json.loads(to_text(result)), json_schema(TOOLS[name].result))
    assert (result.success, result.parse_error) == (False, "no")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, r"read_file\(\) missing a required argument: 'path'"),
        ({"path": "a", "encoding": "utf-8"}, r"read_file\(\) got an unexpected keyword argument 'encoding'"),
        ({"path": 1}, r"read_file\(\) argument 'path' must be of type string"),
        ({"path": "a", "first_line": "1"}, r"read_file\(\) argument 'first_line' must be of type integer"),
        ({"path": "a", "first_line": True}, r"read_file\(\) argument 'first_line' must be of type integer"),
        ({"path": "a", "first_line": 10**30}, r"read_file\(\) argument 'first_line' must be of type integer"),
        ({"path": "a", "first_line": None}, r"read_file\(\) argument 'first_line' must be of type integer"),
        ({"path": "\ud800"}, r"read_file\(\) argument 'path' must be of type string"),
    ],
)  # fmt: skip
def test_a_call_that_does_not_bind_is_refused(shop: Toolbox, given: dict, said: str) -> None:
    """Else a wrong argument would reach a program's command line, or be silently dropped."""
    with pytest.raises(TypeError, match=said):
        shop.call("read_file", **given)


def test_choices_and_lists_are_checked(shop: Toolbox) -> None:
    """Else a direction that does not exist would be answered like the other one."""
    position = arguments(shop, "call_hierarchy")
    with pytest.raises(TypeError, match="'incoming' or 'outgoing'"):
        shop.call("call_hierarchy", **position, direction="sideways")
    with pytest.raises(TypeError, match="of type array"):
        TOOLS["run_command"].bind({"command": "ls", "args": "-la"})
    with pytest.raises(TypeError, match="of type array"):
        TOOLS["run_command"].bind({"command": "ls", "args": ["-l", 1]})
    assert TOOLS["run_command"].bind({"command": "ls", "args": ["-l"]})["cwd"] == "."


def test_an_unknown_tool_is_a_mistake_of_the_caller(shop: Toolbox) -> None:
    """Else a typing mistake in a generator would quietly yield nothing."""
    with pytest.raises(KeyError):
        shop.call("grep", pattern="x")


def test_equal_calls_run_once(shop: Toolbox) -> None:
    """Else every phrasing of a question would start the program again."""
    first = shop.call("git_log", count=2)
    assert shop.call("git_log", count=2) is first
    assert shop.call("git_log", path=".", count=2).value is first.value
    assert shop.call("git_log", count=1) is not first


def test_a_remembered_call_keeps_its_caller_s_arguments(shop: Toolbox) -> None:
    """Else a row's bytes would depend on which generator had asked before, and so on the number of jobs."""
    shop.call("git_diff", path="src")
    assert list(shop.call("git_diff", staged=False, path="src").arguments.items()) == [
        ("path", "src"),
        ("staged", False),
    ]
    assert shop.call("git_diff", path="src").arguments == {"path": "src"}


def test_a_write_forgets_what_was_known(tiny_shop: Path, tmp_path: Path) -> None:
    """Else a file would be read as it was before it was written."""
    with open_tools(tiny_shop, tmp_path / "cache") as tools, tools.scratch() as scratch:
        assert scratch.call("list_files", path="docs").value.file_count == 6
        scratch.call("write_file", path="docs/new.md", content="x")
        assert scratch.call("list_files", path="docs").value.file_count == 7
        scratch.call("write_file", path="./docs//new.md", content="y")
        assert scratch.call("read_file", path="docs/new.md", first_line=1).content == "y"


@pytest.mark.parametrize(
    ("path", "said"),
    [("docs", "docs is a folder"), ("README.md/x", "README.md/x: "), ("x" * 300, "x: ")],
)  # fmt: skip
def test_a_write_that_cannot_be_is_an_error(shop: Toolbox, path: str, said: str) -> None:
    """Else a question about such a path would end the run with a traceback."""
    with shop.scratch() as scratch:
        found = scratch.call("write_file", path=path, content="x")
    assert found.exit == 1
    assert said in found.content


@pytest.mark.parametrize("name", NEEDS_LEAVE)
def test_a_repositorys_code_runs_only_with_leave(shop: Toolbox, name: str) -> None:
    """Else mining a stranger's repository would run it."""
    with pytest.raises(ToolUnavailable, match="--allow-exec"):
        shop.call(name, **({"command": "true"} if name == "run_command" else {}))


def test_addresses_are_taken_out_and_counted(tmp_path: Path) -> None:
    """Else people's addresses would go from a repository into a model."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "AUTHORS").write_text("Ann <ann.lee@mail.invalid.org>, bob@example.com\n@decorator\n")
    with open_tools(root, tmp_path / "cache") as tools:
        found = tools.call("read_file", path="AUTHORS")
        assert found.content == "Ann <[e-mail]>, bob@example.com\n@decorator\n"
        assert found.redactions == 1
        (match, *_) = tools.call("search_text", pattern="Ann").value.matches
        assert match.text == "Ann <[e-mail]>, bob@example.com"
        inside = tools.call(
            "execute_code", code='print(search_text("Ann").matches[0].text, read_file("AUTHORS"))'
        )
        assert "ann.lee" not in inside.content


def test_the_folder_of_this_run_is_taken_out(shop: Toolbox) -> None:
    """Else every row would tell on whose machine, and where, it was made."""
    root = str(shop.workspace.root)
    match = TextMatch(file=f"{root}/a.py", line=1, column=1, text=f"see {root} and {root}/b")
    clean, count = Normaliser(root).clean((match,), to_text((match,)))
    assert clean == (TextMatch(file="a.py", line=1, column=1, text="see . and b"),)
    assert count == 0


@pytest.mark.parametrize(
    "text",
    ["@pytest.fixture", "x @ y", "git@", "a@b", "user@host", "me@localhost", "me@example.org", "me@shop.example", "1@2.3"],
)  # fmt: skip
def test_what_only_looks_like_an_address_stays(text: str) -> None:
    """Else decorators and matrix products would be cut out of code."""
    assert redact(text) == (text, 0)


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN RSA PRIVATE KEY-----\n" + "MIICXQIBAAKBgQC9Twh0V5q/R1Q8N+Y+CNM4lj9AXeZL0gYowoK1ht2ZLC",
        "-----BEGIN PRIVATE KEY-----\n" + "MIICXQIBAAKBgQDH22L8b9AmST9ABDmQTQ2DWMdDmK5YXZt4AIY81IcsTQ",
        "AKIA" + "Q3ZJ7RW5TN2XKHBD",
        "ghp_" + "x7Kq2ZrV9mTb4LwY8cJ1dNfG5hPs3QaE6uRt",
        "sk-" + "x7Kq2ZrV9mTb4LwY8cJ1dNfG5hPs3QaE6uRt",
    ],
)  # fmt: skip
def test_a_secret_is_known(text: str) -> None:
    """Else a key that was committed by mistake would be trained on."""
    assert has_secret(f"x = '{text}'")
    assert not has_secret(text[: len(text) // 2])


def test_what_differs_from_run_to_run_is_made_equal() -> None:
    """Else no run of a repository's own code could be verified."""
    environment = Path("/somewhere/environments/abc")
    text = "/somewhere/environments/abc/lib/x.py <A at 0x7f3a9c01d2b0> 3 passed in 0.31s; 2.5 seconds /project/src/a.py"
    assert (
        steady(text, environment)
        == "/environment/lib/x.py <A at 0x…> 3 passed in 0.00s; 0.00 seconds src/a.py"
    )


@pytest.mark.parametrize(
    "text",
    ["0xff", "0xDEAD", "timeout=5 s", "version 1.2.3", "3.5 sheets", "my/project/src", "x.project/y", "1.5x"],
)
def test_what_is_the_same_on_every_run_stays(text: str) -> None:
    """Else the real numbers of an output would be lost."""
    assert steady(text, None) == text


def test_a_signature_is_frozen() -> None:
    """Else one caller could change a tool for all others."""
    tool = Tool("t", "T.", (Parameter("p", "string", "P"),), None, lambda workspace, p: p)
    with pytest.raises(dataclasses.FrozenInstanceError):
        tool.name = "other"  # type: ignore[misc]
