"""What the navigation generators lean on: where names stand, which types a signature has, programs that say enough, an environment without packages."""

from pathlib import Path
from random import Random

import pytest

from punie_data.code.mine import mine
from punie_data.code.repo import Repo
from punie_data.generators import discover, load
from punie_data.scenario.ground import evidence, ungrounded
from punie_data.scenario.targets import is_rare, mixed, spot, uses
from punie_data.tools.toolbox import Toolbox
from punie_data.tools.workspace import Workspace
from tests.mined import opened, scenes_of

SOURCE = '''"""Cart, twice: Cart"""
from shop import Cart  # Cart in a comment
text = f"Cart {1}" + 'it\\'s a Cart' + r"\\Cart"
def fill(café, cart=Cart()) -> "Cart": return café.Cart
'''


def repo_of(folder: Path, files: dict[str, str]) -> Repo:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    facts = {path: mine(path, text.encode()) for path, text in files.items() if path.endswith(".py")}
    return Repo("small", folder, "none", "MIT", sorted(files), facts, False)


def test_names_in_strings_and_comments_are_no_uses(tmp_path: Path) -> None:
    """Else a question would point into a docstring, where the language server knows nothing."""
    found = [
        (u.line, u.column) for u in uses(repo_of(tmp_path, {"a.py": SOURCE}), "a.py") if u.name == "Cart"
    ]
    assert found == [(2, 18), (4, 21), (4, 52)]


def test_a_use_knows_what_stands_around_it(tmp_path: Path) -> None:
    """Else an import could not be told from a call, and the question would misname it."""
    use = next(u for u in uses(repo_of(tmp_path, {"a.py": "x = shop.Cart(1)\n"}), "a.py") if u.name == "Cart")
    assert (use.before, use.after) == ("x = shop.", "(1)")


def test_a_module_with_a_stub_beside_it_is_left_out(tmp_path: Path) -> None:
    """Else LibCST's facts would be held against those of another file."""
    repo = repo_of(tmp_path, {"pkg/a.py": "x = 1\n", "pkg/a.pyi": "x: int\n", "pkg/b.py": "y = 1\n"})
    assert [facts.path for facts in mixed(repo, Random(0))] == ["pkg/b.py"]


def test_plain_words_are_rare_only_in_a_small_project(tmp_path: Path) -> None:
    """Else asking who uses `request` would have the server understand half of a large project."""
    small = repo_of(tmp_path / "small", {"a.py": "x = 1\n"})
    large = repo_of(tmp_path / "large", {"a.py": "x = 1\n" * 11_000})
    assert is_rare(small, "request")
    assert not is_rare(large, "request")
    assert not is_rare(large, "Request")
    assert is_rare(large, "parse_request")
    assert is_rare(large, "RequestError")


def test_a_position_is_written_in_several_ways() -> None:
    """Else a model would know positions in one spelling only."""
    chance = Random(0)
    assert len({spot(chance, "a.py", 3, 5) for _ in range(60)}) == 4


@pytest.mark.parametrize(
    ("signature", "result"),
    [
        ("def f() -> int", "int"),
        ("def f(g: (int) -> str) -> None", "None"),
        ("def f(g: int) -> ((str, /) -> bytes)", "((str, /) -> bytes)"),
        ("def f(\n    a: int,\n    b: (int) -> str\n) -> dict[str, int]", "dict[str, int]"),
        ("bound method C.f[T](a: T) -> T", "T"),
    ],
)
def test_the_result_type_is_behind_the_function_s_own_arrow(signature: str, result: str) -> None:
    """Else the answer would name half of a callable type."""
    assert load(discover()["hover"])._result(signature) == result


def test_parameters_are_read_from_a_signature() -> None:
    """Else a default with a comma or a keyword-only parameter would be told wrong."""
    content = 'def f(\n    self,\n    a: int,\n    b: str = ",",\n    *,\n    c=None\n) -> None'
    found = load(discover()["signature"])._parameters(content)
    assert [(g.name, g.type, g.default, g.keyword_only) for g in found] == [
        ("a", "int", "", False),
        ("b", "str", '","', False),
        ("c", "", "None", True),
    ]


def test_a_signature_with_stars_is_left_alone() -> None:
    """Else `*args` would be counted as a parameter that has to be passed."""
    assert load(discover()["signature"])._parameters("def f(\n    a: int,\n    *args: int\n) -> None") == []


@pytest.mark.parametrize("name", ["explore", "locate", "usage_example"])
def test_a_workflow_s_program_says_what_its_answer_needs(
    name: str, shared_tiny_shop: Path, tmp_path: Path
) -> None:
    """Else Code Mode's version of the row would answer from nothing."""
    with opened(shared_tiny_shop, tmp_path / "cache") as (repo, tools):
        scenes = [scene for scene, _ in scenes_of(discover()[name], repo, tools)[0] if scene.program]
        assert scenes
        for scene in scenes:
            printed = tools.call("execute_code", code=scene.program)
            assert printed.ok, printed.content
            seen = "\n".join((scene.question, scene.program, evidence([(printed.content, "")])))
            assert ungrounded(scene.answer, seen, scene.counted) is None, scene.question


def test_a_program_names_nothing_that_only_the_result_knows(shared_tiny_shop: Path, tmp_path: Path) -> None:
    """Programs picked the caller by its name and file before any call had told them: a model would learn to guess."""
    with opened(shared_tiny_shop, tmp_path / "cache") as (repo, tools):
        scenes = [
            scene for scene, _ in scenes_of(discover()["usage_example"], repo, tools)[0] if scene.program
        ]
        assert scenes
        for scene in scenes:
            callers = {call.name for call in scene.outcomes[0].value.calls}
            callers |= {call.file for call in scene.outcomes[0].value.calls}
            asked = [name for name in callers if name not in scene.question]
            assert not [name for name in asked if f'"{name}"' in scene.program]


def test_ty_sees_no_packages_that_happen_to_be_installed(tmp_path: Path) -> None:
    """Else the same repository would give other rows on a machine with other packages beside ty."""
    (tmp_path / "a.py").write_text("import click\n")
    with Workspace(tmp_path, frozenset(["a.py"]), None) as workspace:
        tools = Toolbox(workspace)
        found = tools.call("goto_definition", file_path="a.py", line=1, column=8, symbol="click").value
        checked = tools.call("typecheck", path="a.py").value
    assert found.locations == ()
    assert [issue.code for issue in checked.errors] == ["import-not-found"]
