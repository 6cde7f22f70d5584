"""cst_find_pattern: what it finds, and that our positions are LibCST's."""

from collections.abc import Iterator
from pathlib import Path

import libcst as cst
import pytest
from libcst import matchers
from libcst.metadata import MetadataWrapper, PositionProvider

from punie_data.tools import cst_find_pattern
from punie_data.tools.cst_find_pattern import NODE_TYPES, starts
from punie_data.tools.workspace import Workspace
from tests.conftest import TINY_SHOP

TRICKY = '''# a comment first
"""Docstring
over two lines."""

import os, sys
from .a import (
    b,  # why
)


@first
# between decorators
@second.third(1)(2)
class Shop(Base, metaclass=Meta): x = call(); y = (call)(call())


async def main():
\twith (open("a") as f, open("b") as g):
\t\tawait (f.read())
\t\t(yield (await g()))
\tif x: raise ValueError(
\t\tf"{call(1)}"
\t) from None
\ttry:
\t\tpass
\texcept* E:
\t\traise
\ttry: pass
\tfinally: ...
\treturn lambda: a()()[0]()

if True:

    # indented comment
    @decorator
    def inner(): ...
text = """
multi"""; after(1)
'''


Place = tuple[int, int, cst.CSTNode]


def compared(source: str, node_types: tuple[str, ...]) -> Iterator[tuple[list[Place], list[Place]]]:
    """For each node type what LibCST's provider says and what we say, outer nodes first."""
    wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
    positions = wrapper.resolve(PositionProvider)
    for node_type in node_types:
        nodes = matchers.findall(wrapper.module, getattr(matchers, node_type)())
        theirs = [(positions[node].start.line, positions[node].start.column + 1, node) for node in nodes]
        ours = [(line, column, node) for node, line, column in starts(wrapper.module, (node_type,))]
        yield sorted(theirs, key=lambda place: place[:2]), sorted(ours, key=lambda place: place[:2])


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old-mac"])
def test_positions_are_those_of_libcst(newline: str) -> None:
    """Else a match would point a reader, or the next tool call, at the wrong line."""
    for theirs, ours in compared(TRICKY.replace("\n", newline), NODE_TYPES):
        assert theirs
        assert ours == theirs


def test_positions_are_those_of_libcst_in_real_files() -> None:
    """Else the tricky source alone would vouch for code as people write it."""
    for file in sorted(TINY_SHOP.rglob("*.py")):
        for theirs, ours in compared(file.read_text(), NODE_TYPES):
            assert ours == theirs, file


def found_in(folder: Path, source: str, pattern: str) -> cst_find_pattern.CstFindResult:
    (folder / "a.py").write_text(source, newline="")
    with Workspace(folder, frozenset(["a.py"]), None) as workspace:
        return cst_find_pattern.run(workspace, "a.py", pattern)


@pytest.mark.parametrize(
    ("pattern", "lines"),
    [
        ("decorator:third", [13]),
        ("decorator:decorator", [35]),
        ("decorator:decorat", []),
        ("class:Shop", [14]),
        ("class:Base", []),
        ("function:inner", [36]),
        ("import:sys", [5]),
        ("import:.a", [6]),
        ("import:a", []),
        ("call:read", [19]),
        ("call:f.read", [19]),
        ("call:Shop", []),
        ("Raise", [21, 27]),
    ],
)
def test_a_pattern_finds_what_it_names_and_nothing_like_it(
    tmp_path: Path, pattern: str, lines: list[int]
) -> None:
    """Else `class:Base` would count the classes that merely derive from Base."""
    result = found_in(tmp_path, TRICKY, pattern)
    assert result.success
    assert [match.line for match in result.matches] == lines
    assert result.match_count == len(lines)


@pytest.mark.parametrize(
    ("source", "pattern", "trouble"),
    [
        ("def f(:\n", "FunctionDef", "a.py:1: "),
        ("x = 1\n", "Function", "unknown pattern 'Function'"),
        ("x = 1\n", "call:", "unknown pattern 'call:'"),
        ("x = 1\n", "lambda:x", "unknown pattern 'lambda:x'"),
        ("x = " + "(" * 3000 + "1" + ")" * 3000 + "\n", "Call", ""),
    ],
    ids=["syntax", "no-type", "no-name", "no-kind", "deep"],
)
def test_what_cannot_be_searched_is_said_in_the_result(
    tmp_path: Path, source: str, pattern: str, trouble: str
) -> None:
    """Else one broken file or one wrong pattern would end the run of a generator."""
    result = found_in(tmp_path, source, pattern)
    assert not result.success
    assert result.parse_error is not None
    assert trouble in result.parse_error
