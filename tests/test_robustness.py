"""What goes wrong must go wrong well: hostile, broken and enormous repositories, missing tools, full disks, sudden ends."""

from pathlib import Path

import pytest

from punie_data.code.limits import DEEPEST, DEEPEST_PATTERN, LONGEST_CHAIN, MOST_MARKS, too_much
from punie_data.code.mine import mine


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("x = " + "(" * 5000 + ")" * 5000, "nested deeper"),
        ("x = " + "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "nested deeper"),
        ("x = a" + ".b" * 5000, "a chain"),
        ("x = " + " + ".join(["1"] * 4000), "a chain"),
        ("x = f" + "(a, b)()" * 1000, "a chain"),
        ("x = " + "not " * 4000 + "1", "a chain"),
        ("x = " + "-" * 5000 + "1", "a chain"),
        ("x = " + "lambda: " * 2000 + "1", "a chain"),
        ("x = " + "1 if a else " * 1000 + "1", "a chain"),
        ("x = " + "'a' " * 2000, "a chain"),
        ("x = [\n" + "1,\n" * MOST_MARKS + "]", "generated"),
        ("x=1;" * MOST_MARKS, "generated"),
        ("x = (\n" + "- \n" * 5000 + "1)", "a chain"),
        ("x = (a\n" + "    .b\n" * 5000 + ")", "a chain"),
        ("x = [" + "'key', " * 5000 + "]", "a line of more than"),
        ("if a:\n    pass\n" + "elif a:\n    pass\n" * 5000, "branches"),
        ("".join(" " * i + "if a:\n" for i in range(300)) + " " * 300 + "pass", "indented more than"),
        (f"match x:\n    case {'(' * 30}1{')' * 30}:\n        pass", "a pattern nested deeper"),
        (
            "match x:\n    case (\n" + "(\n" * 30 + "1" + ")" * 31 + ":\n        pass",
            "a pattern nested deeper",
        ),
    ],
)
def test_source_on_which_the_parser_would_die_or_hang_is_told_and_not_parsed(
    source: str, reason: str
) -> None:
    """Else one hostile file takes the memory, the minutes or the life of the run."""
    facts = mine("x.py", f"{source}\n".encode())
    assert reason in facts.problem and not facts.variables


@pytest.mark.parametrize(
    "source",
    [
        "x = " + "(" * DEEPEST + "1" + ")" * DEEPEST,
        "x = a" + ".b" * (LONGEST_CHAIN - 1),
        "x = [" + ", ".join(["a.b(1) + 2"] * 1500) + "]",
        "x = {" + ", ".join(["'key': a.b[1]"] * 1300) + "}",
        "x = [\n" + "    a.b(1) +\n    2,\n" * 3000 + "]",
        "if a:\n    pass\nelif b:\n    pass\n" * 400,
        "x = f(\n" + (" " * 150 + "a,\n") * 200 + ")",
        "x = '" + "(" * 3000 + "'",
        "\n".join(f"PATTERN_{i} = re.compile('(')  # ((" for i in range(200)),
        '"""' + "No comma and no end . " * 800 + '"""',
        "x = '" + "a.b+c" * 3000 + "'",
        f"match x:\n    case {'(' * 6}1{')' * 6}:\n        pass",
        "case = f(" + ", ".join(["g(h(1))"] * 200) + ")",
    ],
)
def test_source_that_only_looks_like_that_is_read(source: str) -> None:
    """Near-misses: tables, long strings and brackets in strings are ordinary source."""
    assert mine("x.py", f"{source}\n".encode()).problem == ""


def test_no_file_of_ours_is_near_the_limits() -> None:
    """Else the limits would cost real files."""
    for path in sorted(Path(__file__).parent.parent.rglob("punie_data/**/*.py")):
        assert too_much(path.read_bytes() * 4) == ""


def test_a_pattern_at_the_limit_is_read() -> None:
    """Else the limit on patterns would be one too low."""
    nested = "(" * DEEPEST_PATTERN + "1" + ")" * DEEPEST_PATTERN
    assert mine("x.py", f"match x:\n    case {nested}:\n        pass\n".encode()).problem == ""


@pytest.mark.parametrize("encoding", ["undefined", "utf-7", "idna", "base64", "punycode", "mbcs", "utf-16"])
def test_an_odd_declared_encoding_is_no_trouble(encoding: str) -> None:
    """Else a file could end the run by the codec that it names."""
    facts = mine("x.py", f"# coding: {encoding}\nx = 1\n".encode())
    assert facts.problem in ("", "not in the encoding that it declares (UTF-8 by default)")
