"""Facts: what one pass over a file's tree finds, and that its positions are LibCST's own."""

import inspect
from pathlib import Path

import libcst as cst
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from libcst.metadata import MetadataWrapper, PositionProvider

from punie_data.code.facts import module_name
from punie_data.code.limits import DEEPEST
from punie_data.code.mine import mine

SOURCE = b'''"""A module.

More.
"""
from __future__ import annotations
import os, json as j
from .near import thing as other
from ..far import *
import dataclasses
from typing import Protocol

LIMIT: int = 3
# TODO: make it faster
# todo lower case is prose, and so is TODOS
names = ["# FIXME: a string is no comment"]

@dataclasses.dataclass(frozen=True)
class Point:
    """Where."""

    x: int
    y: "int" = 0

    @property
    def far(self) -> bool:
        return abs(self.x) > LIMIT

class Shape(Protocol[T]):
    def area(self, *, scale: float = 1.0, **rest: object) -> float: ...

async def load(path, /, *paths: str, retry=3) -> list[str]:
    """Read them."""
    async def one(): yield 1
    def inner():
        raise ValueError("no")
    await j.load(open(path))
    raise other.Problem from None

def numbers():
    yield from range(3)

def not_a_generator():
    return (lambda: (yield))

try: pass
except OSError: raise
'''


@pytest.fixture(scope="module")
def facts():
    return mine("src/shop/geometry.py", SOURCE)


def by_name(items, name: str):
    return next(item for item in items if item.qualname == name)


def test_classes(facts) -> None:
    """Else questions about classes would be about something else."""
    point, shape = facts.classes
    assert (point.name, point.line, point.column, point.first_line) == ("Point", 18, 7, 17)
    assert point.is_dataclass and not point.is_protocol and point.docstring == "Where."
    assert point.fields == ("x", "y") and point.methods == ("far",)
    assert shape.is_protocol and not shape.is_dataclass and shape.base_names == ("Protocol",)


def test_functions(facts) -> None:
    """Else signatures, async functions and generators would be told wrongly."""
    load = by_name(facts.functions, "load")
    assert load.is_async and not load.is_generator and load.returns == "list[str]" and not load.is_nested
    assert [(p.name, p.kind, p.keyword_only, p.default) for p in load.parameters] == [
        ("path", "", False, ""),
        ("paths", "*", False, ""),
        ("retry", "", True, "3"),
    ]
    assert (
        by_name(facts.functions, "load.one").is_generator and by_name(facts.functions, "load.one").is_nested
    )
    assert by_name(facts.functions, "numbers").is_generator
    assert by_name(facts.functions, "Point.far").class_name == "Point"
    assert by_name(facts.functions, "Point.far").decorators == ("property",)
    assert by_name(facts.functions, "load").docstring_line == 32
    assert [p.kind for p in by_name(facts.functions, "Shape.area").parameters] == ["", "", "**"]


def test_imports(facts) -> None:
    """Else "who imports what" would be wrong."""
    told = [(i.module, i.name, i.alias, i.level) for i in facts.imports]
    assert told == [
        ("__future__", "annotations", "", 0),
        ("os", "", "", 0),
        ("json", "", "j", 0),
        ("near", "thing", "other", 1),
        ("far", "*", "", 2),
        ("dataclasses", "", "", 0),
        ("typing", "Protocol", "", 0),
    ]


def test_calls_raises_todos_and_variables(facts) -> None:
    """Else callers, exceptions and to-do lists would be wrong; prose and strings are spared."""
    calls = {(call.name, call.line, call.caller) for call in facts.calls}
    assert {("abs", 26, "Point.far"), ("j.load", 36, "load"), ("ValueError", 35, "load.inner")} <= calls
    assert next(call.column for call in facts.calls if call.name == "j.load") == 13
    assert [(r.exception, r.function) for r in facts.raises] == [
        ("ValueError", "load.inner"),
        ("other.Problem", "load"),
    ]
    assert [(t.tag, t.text, t.line) for t in facts.todos] == [("TODO", "make it faster", 13)]
    assert next((v.name, v.annotation, v.value) for v in facts.variables) == ("LIMIT", "int", "3")
    assert [v.name for v in facts.variables] == ["LIMIT", "names"]


def definitions_by_libcst(source: bytes) -> list[tuple[str, int, int, int]]:
    wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
    positions = wrapper.resolve(PositionProvider)
    found = []

    class Visitor(cst.CSTVisitor):
        def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
            start = positions[node.name].start
            found.append((node.name.value, start.line, start.column + 1, positions[node].end.line))

        def visit_ClassDef(self, node: cst.ClassDef) -> None:
            start = positions[node.name].start
            found.append((node.name.value, start.line, start.column + 1, positions[node].end.line))

    wrapper.module.visit(Visitor())
    return sorted(found, key=lambda item: (item[1], item[2]))


@pytest.mark.parametrize(
    "module", ["argparse", "dataclasses", "asyncio.base_events", "typing", "http.client", "enum"]
)
def test_positions_are_those_of_libcst(module: str) -> None:
    """Else every position in every question would be off; this holds our counting against LibCST's own provider."""
    __import__(module)
    file = inspect.getsourcefile(__import__(module, fromlist=["_"]))
    assert file is not None
    source = Path(file).read_bytes()
    facts = mine("x.py", source)
    ours = sorted(
        ((i.name, i.line, i.column, i.end_line) for i in (*facts.classes, *facts.functions)),
        key=lambda i: (i[1], i[2]),
    )
    assert ours == definitions_by_libcst(source)


@pytest.mark.parametrize(
    "source", [SOURCE, SOURCE.replace(b"\n", b"\r\n"), b"\x0c" + SOURCE, b"\xef\xbb\xbf" + SOURCE]
)
def test_line_ends_form_feeds_and_marks_do_not_shift_positions(source: bytes) -> None:
    """Else Windows files would be off by some."""
    facts = mine("x.py", source)
    assert [(i.name, i.line) for i in facts.classes] == [("Point", 18), ("Shape", 28)]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (b"def broken(:\n  pass\n", "syntax error in line 2"),
        (b"x = '\xff\xfe'\n", "not in the encoding"),
        (b"# -*- coding: klingon -*-\nx = 1\n", "not in the encoding"),
        (b"x = 1\0\n", "NUL bytes"),
        (b"x = t'a' t'b'\n", "LibCST cannot read it"),
        (b"x = " + b"(" * 5000 + b")" * 5000 + b"\n", f"nested deeper than {DEEPEST}"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(source: bytes, problem: str) -> None:
    """Else one bad file ends the run, or its absence is silent."""
    facts = mine("x.py", source)
    assert problem in facts.problem and not facts.classes


@pytest.mark.parametrize(
    "source",
    [b"", b"\n\n", b"# only a comment", b"'just a docstring'", b"# -*- coding: latin-1 -*-\nx = '\xe9'\n"],
)
def test_odd_but_fine_files_have_no_problem(source: bytes) -> None:
    """The near-misses of the test above."""
    assert mine("x.py", source).problem == ""


def test_newer_python_is_read() -> None:
    """Else svcs-di, which needs a newer Python than ours, could not be mined."""
    source = b"type Pair[T] = tuple[T, T]\ndef f[T](x: T) -> T:\n    return t'{x}'\n"
    facts = mine("x.py", source)
    assert facts.problem == "" and facts.functions[0].name == "f"


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(source: bytes) -> None:
    """Else somebody's file is our traceback."""
    mine("x.py", source)


def test_module_names() -> None:
    """Else importers are looked for under another name."""
    assert module_name("src/shop/cart.py") == "shop.cart"
    assert module_name("shop/__init__.py") == "shop"
    assert module_name("setup.py") == "setup"
