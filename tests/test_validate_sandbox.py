"""What the rules say of the sandbox is what the real interpreter does."""

import ast
from collections.abc import Callable, Iterator

import pydantic_monty
import pytest

from punie_data.tools.execute_code import TOOL
from punie_data.validate import sandbox
from tests.test_validate_rows import code
from tests.test_validate_rules import codes

SNIPPETS = {
    ast.Delete: "x = [1]\ndel x[0]",
    ast.Yield: "def f():\n    yield 1\nlist(f())",
    ast.YieldFrom: "def f():\n    yield from [1]\nlist(f())",
}
POLICY = {ast.ClassDef, ast.With, ast.AsyncWith, ast.AsyncFor, getattr(ast, "TypeAlias", None)}
"""Refused by the rules although newer interpreters begin to support them, or because nothing in the sandbox can be used with them."""


@pytest.fixture(scope="module")
def fails() -> Iterator[Callable[[str], str]]:
    """Run code in the interpreter; the error it ends with, "" where it ends well."""
    with pydantic_monty.Monty() as pool:

        def run(source: str) -> str:
            try:
                with pool.checkout() as session:
                    session.feed_run(source)
            except pydantic_monty.MontyError as error:
                return str(error) or type(error).__name__
            return ""

        yield run


def test_the_rules_know_the_tool_by_its_own_name() -> None:
    """Under another name no code would be looked at."""
    assert TOOL.name == sandbox.TOOL
    assert sandbox.PARAMETER in {parameter.name for parameter in TOOL.parameters}


def test_every_allowed_name_and_module_is_there(fails: Callable[[str], str]) -> None:
    """A name that the rules allow and the sandbox lacks is a NameError in the training data."""
    absent = [name for name in sorted(sandbox.BUILTINS) if fails(name)]
    assert absent == []
    assert [name for name in sorted(sandbox.MODULES) if fails(f"import {name}")] == []


def test_what_is_called_unsupported_is_so(fails: Callable[[str], str]) -> None:
    """A rule that forbids what works makes the data poorer for nothing."""
    assert {kind for kind in sandbox.UNSUPPORTED if kind not in POLICY} == set(SNIPPETS)
    assert [source for source in SNIPPETS.values() if not fails(source)] == []


def test_a_tool_can_not_be_the_sandbox_itself() -> None:
    """Code that runs code is a NameError: the sandbox offers every tool but itself."""
    assert "PD321" in codes(code("print(execute_code(code='1'))"))
    assert "PD321" not in codes(code("print(typecheck().error_count)"))
