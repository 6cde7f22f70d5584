"""What a row is on each axis, and what a mix file may say."""

import ast
from fractions import Fraction
from pathlib import Path
from typing import Any

import orjson
import pytest

from punie_data.balance.axes import AXES, Unclassifiable, facts_of, template_of
from punie_data.balance.content import outcome, reads_a_field
from punie_data.balance.mix import Band, load_mix, percent, tool_share
from punie_data.errors import UserError

ROOT = Path(__file__).parent.parent


def call(name: str, arguments: Any = None) -> dict[str, Any]:
    return {
        "id": "call_0",
        "type": "function",
        "function": {"name": name, "arguments": {} if arguments is None else arguments},
    }


def row(
    *calls: dict[str, Any], results: tuple[Any, ...] = (), question: str = "Where is it?", **more: Any
) -> Any:
    messages: list[Any] = [{"role": "user", "content": question}]
    messages += [{"role": "assistant", "content": "", "tool_calls": [one]} for one in calls]
    messages += [{"role": "tool", "tool_call_id": "call_0", "content": content} for content in results]
    label = {"kind": "tool" if calls else "direct", "category": "navigation"}
    origin = {"generator": "callers", "repo": "shop", "symbol": "Cart", "paths": []}
    messages.append({"role": "assistant", "content": "There."})
    return {"messages": messages, "label": label, "origin": origin} | more


def on(axis: str, value: Any) -> Any:
    return AXES[axis](facts_of(value))


def test_the_kind_is_the_label_s() -> None:
    """Else a row of When2Call's, where the calls are in the conversation and the answer to learn is direct, counts as a call."""
    assert on("kind", row(call("hover"))) == "tool"
    assert on("kind", row(call("hover"), label={"kind": "direct", "category": "x"})) == "direct"


def test_a_row_that_calls_two_tools_counts_for_both() -> None:
    """Else the second tool's share is invisible."""
    value = row(call("hover"), call("grep"), call("hover"))
    assert on("tool", value) == ("grep", "hover") and on("first_tool", value) == "hover"
    assert on("turns", value) == "3+" and on("multi_tool", value) == "yes"
    assert on("multi_tool", row(call("hover"), call("hover"))) == "no"
    assert on("turns", row()) == "0" and on("first_tool", row()) == "none" and on("tool", row()) == ()


@pytest.mark.parametrize(
    "value",
    [
        row(messages=[]),
        row(messages="hello"),
        row(messages=["hello"]),
        row(messages=[{"role": "human", "content": "x"}]),
        row(messages=[{"role": "user", "content": "x"}]),
        row(label={"kind": "chat", "category": "x"}),
        row(label={"kind": ["tool"], "category": "x"}),
        row(label={"kind": "tool"}),
        row(label="tool"),
        row(origin=None),
        row({"id": "x"}),
        row({"function": {"arguments": {}}}),
        row(messages=[{"role": "assistant", "tool_calls": 7}]),
    ],
)
def test_what_is_no_row_is_said_to_be_none(value: Any) -> None:
    """Else rows are counted as direct because nobody understood them."""
    with pytest.raises(Unclassifiable):
        on("kind", value)


def test_an_axis_that_the_row_can_t_tell_is_no_value() -> None:
    """Else rows without a repository are all from the repository None."""
    assert on("repo", row()) == "shop" and on("generator", row()) == "callers"
    for axis in ("repo", "generator"):
        with pytest.raises(Unclassifiable, match=axis):
            on(axis, row(origin={"repo": "", "generator": 7}))


@pytest.mark.parametrize(
    ("question", "template"),
    [
        ("Where is `Registry` used?", "where is … used?"),
        ("Where is `Money` used?", "where is … used?"),
        ("Show src/shop/cart.py, lines 4-9", "show … lines …"),
        ("What's the difference between A and B?", "what's the difference between"),
        ("", ""),
        ("x" * 100_000, "…"),
        ("Show `a b c` in x.py", "show … in …"),
        ('Isn\'t it "so to say" done?', "isn't it … done?"),
    ],
)
def test_questions_of_one_phrasing_have_one_template(question: str, template: str) -> None:
    """Else every question is a template of its own, and no phrasing can be held back."""
    assert template_of(question) == template


FIELDS = [
    ("result = typecheck('a.py')\nprint(result.error_count)", True),
    ("for r in find().references:\n    pass", True),
    ("print(f'{result.error_count} errors')", True),
    ('print(f"{m.file!r:>10} {{no.field}}")', True),
    ("print(found[0].line)", True),
    ("x = a.b.c()", True),
    ("print(read_file('src/shop.py'))", False),
    ("print('result.error_count')  # result.count", False),
    ('print(f"{{no.field}} {len(x)}")', False),
    ("'''a.b\nc.d'''\nprint(text.strip())", False),
    ("import os.path\nfrom a.b import c", False),
    ("print(1.5, 2e3, 'it''s.a')", False),
    ("print(result['error_count'])", False),
    (r"print('don\'t a.b')", False),
]


@pytest.mark.parametrize(("code", "reads"), FIELDS)
def test_code_that_reads_a_field_is_told_from_code_that_does_not(code: str, reads: bool) -> None:
    """Else the share of field access, which decided between 5 % and 90 %, is a guess."""
    assert reads_a_field({"code": code}) == reads
    assert reads_a_field(orjson.dumps({"code": code}).decode()) == reads


def test_the_fast_look_at_code_agrees_with_the_parser() -> None:
    """Else some program of ours is on the wrong side; every function of the tools serves as one."""
    different = []
    for file in sorted((ROOT / "punie_data" / "tools").rglob("*.py")):
        source = file.read_text()
        for node in ast.parse(source).body:
            code = ast.get_source_segment(source, node)
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Assign) and code:
                walked = list(ast.walk(ast.parse(code)))  # the segment has no decorators
                called = {id(each.func) for each in walked if isinstance(each, ast.Call)}
                reads = any(isinstance(each, ast.Attribute) and id(each) not in called for each in walked)
                if reads_a_field({"code": code}) != reads:
                    different.append(f"{file.name}:{node.lineno}")
    assert not different


@pytest.mark.parametrize(
    "code", ["'" + "\\" * 60, '"' * 2001, "f'" + "{" * 3000, "a" + "." * 5000, "'''" * 501 + "\\" * 99]
)
def test_hostile_code_is_read_in_no_time(code: str) -> None:
    """Else one row holds up a million; a regular expression that backtracks would not come to an end here."""
    assert reads_a_field({"code": code + ".x"}) in (True, False)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ('{"success":true,"symbol":"a","reference_count":3,"references":[1],"parse_error":null}', "success"),
        ('{"success":true,"symbol":"a","reference_count":0,"references":[],"parse_error":null}', "empty"),
        ('{"success":false,"error_count":2,"warning_count":0,"errors":[1],"parse_error":null}', "success"),
        ('{"success":false,"symbol":"a","locations":[],"parse_error":"no such file"}', "failure"),
        ('{"success":true,"symbol":"\\"x_count\\":1","match_count":0,"parse_error":null}', "empty"),
        ('{"success": false}', "failure"),
        ('{"error": "not found"}', "failure"),
        ("Error: no such file", "failure"),
        ("Traceback (most recent call last):\n…", "failure"),
        ("The Error: of their ways", "success"),
        ("", "empty"),
        ("[]", "empty"),
        ("{}", "empty"),
        (None, "empty"),
        ("{ not json", "success"),
        ("True\n", "success"),
    ],
)
def test_results_are_success_failure_or_empty(content: Any, what: str) -> None:
    """Else a set of nothing but successes passes for one that teaches what to do when a tool fails."""
    assert outcome(content) == what


def test_the_tool_share_is_what_was_written() -> None:
    """Else 0.67 - 0.02 is a hair more than 0.65."""
    assert tool_share("0.67") == Band("kind", "tool", Fraction(65, 100), Fraction(69, 100))
    assert tool_share("0.99", "0.05") == Band("kind", "tool", Fraction(94, 100), Fraction(1))
    assert str(tool_share("0.67")) == "65–69 %" and str(tool_share("1", "0")) == "100 %"
    assert percent(Fraction(1, 3)) == "33.3 %"


@pytest.mark.parametrize("share", ["67", "-0.1", "x", "nan", "inf", ""])
def test_what_is_no_share_is_one_line(share: str) -> None:
    """Else 67 is taken for 6,700 %."""
    with pytest.raises(UserError, match="a share is between 0 and 1"):
        tool_share(share)


def test_a_mix_file_is_read_with_exact_shares(tmp_path: Path) -> None:
    """Else a band of 0.1 is one of 0.1000000000000000055."""
    file = tmp_path / "mix.toml"
    file.write_text(
        '[kind]\ntool = [0.65, 0.75]\n[repo]\n"*" = [0, 0.1]\n[turns]\n2 = [0.1, 1]\n"3+" = [0, 0.5]\n'
    )
    mix = load_mix(file)
    assert mix.axes == ("kind", "repo", "turns")
    assert mix.bands[1] == Band("repo", "*", Fraction(0), Fraction(1, 10))
    changed = mix.with_band(tool_share("0.9"))
    assert [band.least for band in changed.bands if band.axis == "kind"] == [Fraction(88, 100)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[kinds]\ntool = [0.1, 0.2]", "kinds: no such key; did you mean kind?"),
        ("[kind]\ntol = [0.1, 0.2]", "kind.tol: no such key; did you mean tool?"),
        ("[turns]\n7 = [0.1, 0.2]", "turns.7: no such key; there are 0, 1, 2, 3\\+"),
        (
            "[kind]\ntool = [65, 75]",
            "toml:2: kind.tool.[01].: [67]5 is not a share; a share is between 0 and 1",
        ),
        ("[kind]\ntool = [0.1, nan]", "nan is no number"),
        ("[kind]\ntool = 0.67", "kind.tool: 0.67 is not the least and the most share"),
        ("[kind]\ntool = [0.67]", "kind.tool: .* is not the least and the most share"),
        ('[kind]\ntool = ["a", "b"]', "is not a share"),
        ("[kind]\ntool = [true, false]", "(True|False) is not a share"),
        ("[kind]\ntool = [0.8, 0.7]", "kind.tool: the least share, 80 %, is more than the most, 70 %"),
        ("kind = 3", "kind: .* is not a table of bands"),
        ("", "the file is empty"),
        ("[kind]\n", "toml:1: kind is empty"),
        ("[split.vali.kind]\ntool = [0, 1]", "toml:1: split.vali: no such key; did you mean valid?"),
        (
            "[split.valid]\nkinds = {tool = [0, 1]}",
            "toml:2: split.valid.kinds: no such key; did you mean kind?",
        ),
        ("[kind", "not TOML"),
    ],
)
def test_a_wrong_mix_is_one_line_that_says_where(tmp_path: Path, text: str, says: str) -> None:
    """Else a typing mistake in an axis balances nothing and says nothing."""
    file = tmp_path / "mix.toml"
    file.write_text(text)
    with pytest.raises(UserError, match=says) as caught:
        load_mix(file)
    assert str(caught.value).startswith(f"{file}:") and "\n" not in str(caught.value)


def test_a_split_may_have_bands_of_its_own(tmp_path: Path) -> None:
    """Else a small test split can't be met by bands that are right for a large one."""
    file = tmp_path / "mix.toml"
    file.write_text(
        "[kind]\ntool = [0.65, 0.75]\ndirect = [0.1, 0.3]\n[split.test.kind]\ntool = [0.5, 0.9]\n[split.test.repo]\na = [0, 1]\n"
    )
    mix = load_mix(file)
    assert mix.of("train").bands == mix.bands and mix.of("test").axes == ("kind", "repo")
    assert [str(band) for band in mix.of("test").bands] == ["50–90 %", "10–30 %", "≤ 100 %"]
    file.write_text(_as_toml(mix.to_json()))
    assert load_mix(file) == mix


def _as_toml(data: Any, path: tuple[str, ...] = ()) -> str:
    if isinstance(data, list):
        return f"{'.'.join(path)} = {data}\n"
    return "".join(_as_toml(value, (*path, key)) for key, value in data.items())


def test_a_mix_that_isn_t_there_is_one_line(tmp_path: Path) -> None:
    """Else the user reads a traceback for a wrong name."""
    with pytest.raises(UserError, match="No such file"):
        load_mix(tmp_path / "none.toml")
