"""What two readers of a whole evaluation stumbled over: right answers that were wrong, and signs by which a kind is known unread."""

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest

from punie_data.chat import Example
from punie_data.code.facts import FunctionFact
from punie_data.code.mine import mine
from punie_data.code.repo import Repo
from punie_data.documents import inline
from punie_data.documents.build_files import targets
from punie_data.errors import UserError
from punie_data.evaluate.picks import picked
from punie_data.generate.judge import judge
from punie_data.generate.offers import offered
from punie_data.generate.stale import stale_import
from punie_data.generate.task import Shard
from punie_data.generate.without import leave_out
from punie_data.generators import discover, load
from punie_data.scenario import missing
from punie_data.scenario.left_open import covers
from punie_data.scenario.outside import OUTSIDE
from punie_data.scenario.scene import Scene, Turn, direct_scene, tool_scene
from punie_data.scenario.snippets import questions
from punie_data.tools.toolbox import Toolbox
from tests.conftest import make_tiny_shop
from tests.mined import derived_of, opened, scenes_of

Opened = tuple[Repo, Toolbox]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    folder = tmp_path_factory.mktemp("second")
    with opened(make_tiny_shop(folder / "tiny_shop"), folder / "cache") as each:
        yield each


def generator(name: str):
    return load(discover()[name])


def scenes(name: str, tiny: Opened) -> list[Scene]:
    return [scene for scene, _ in scenes_of(discover()[name], *tiny)[0]]


def test_some_requests_are_such_that_no_tool_is_for_them(tiny: Opened) -> None:
    """Every third refusal was to be one, of which two were taken: of 1,330 in a training set there was one."""
    answers = {answer for _, each in OUTSIDE for answer in each}
    found = []
    for name in (
        "callers",
        "lint",
        "search_text",
        "subclasses",
        "todos",
        "log",
        "hover",
        "read_file",
        "references",
        "imports",
    ):
        if name in discover():
            source = scenes(name, tiny)
            found += [
                scene for scene, _ in derived_of(discover()["cannot"], discover()[name], source, *tiny)[0]
            ]
    outside = sum(scene.answer in answers for scene in found)
    assert len(found) // 8 <= outside <= len(found) // 2


def test_a_refusal_is_about_what_was_asked_for(tiny: Opened) -> None:
    """ "{path} needs `import x`. Where would it go?" was answered with "none of my tools adds imports"."""
    [made, *_] = scenes("add_import", tiny)
    ask = made.changed(
        turns=(Turn("src/a.py needs `import re`. Where would it go?", made.outcomes, made.answer),)
    )
    order = made.changed(turns=(Turn("Add `import re` to src/a.py.", made.outcomes, made.answer),))
    cannot = generator("cannot")
    kept = [
        scene.question
        for scene in cannot.derive([ask, order] * 9, *tiny, Random(1))
        if scene.withheld != cannot.COMMANDS
    ]
    assert order.question in kept and ask.question not in kept


def test_the_new_name_does_not_tell_the_old_one(tiny: Opened) -> None:
    """Of "call it `_Greeting`" and five classes everybody knows which one is meant."""
    ask = generator("ask")
    asked = [
        scene for _, scene in zip(range(60), ask.derive(scenes("rename", tiny) * 8, *tiny, Random(3)), strict=False)
    ]  # fmt: skip
    without = [
        scene for scene in asked if any(_fits(each, scene.question) for each in missing.OLD_NAME.questions)
    ]
    assert without
    for scene in without:
        new = re.search(r"`?(\w+)`?", scene.question.partition("`")[2] or scene.question.split(" to ")[1])
        assert new and new[1] in {*ask.FUNCTIONS, *ask.CLASSES, *ask.CONSTANTS}


def _fits(template: str, question: str) -> bool:
    return re.fullmatch(re.sub(r"\\\{\w+\\\}", ".+", re.escape(template)), question) is not None


def test_a_file_to_be_written_needs_what_writes(tiny: Opened) -> None:
    """ "Set up tox.ini unless we have one" was offered nothing that could have set it up."""
    rows = [example for scene, example in scenes_of(discover()["write_file"], *tiny)[0]]
    assert [
        row
        for row in rows
        if row.runs and len(row.runs) == 1 and row.messages[1].tool_calls[0].name == "read_file"
    ]
    assert all("write_file" in row.tools for row in rows)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("test:\n\tpytest\n", ["test"]),
        ("build36 build37: clean\nclean:\n", ["build36", "build37", "clean"]),
        ("build38: PYTHON = python3.8\nbuild38: clean\n", ["build38"]),
        ("CC := gcc\nx ::= 1\nall : a\n", ["all"]),
        ("clean:: one\nclean:: two\n", ["clean", "clean"]),
        (".PHONY: test\ntest: ; pytest\n", ["test"]),
    ],
)
def test_make_has_all_its_targets_and_no_variables(text: str, names: list[str]) -> None:
    assert targets(text) == names


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("```python\nfrom tiny_shop import Cart\n```", ""),
        (
            "```python\nfrom tiny_shop.cart import (\n    Cart,  # the one\n    Basket,\n)\n```",
            "tiny_shop.cart.Basket",
        ),
        (">>> from tiny_shop import Basket as B", "tiny_shop.Basket"),
        ("from other_shop import Basket", ""),
        ("from tiny_shop import cart", ""),
    ],
)
def test_an_example_imports_what_there_is(text: str, name: str, tiny: Opened) -> None:
    """A page of documentation showed `from svcs_di import Injectable`, which that package has no longer: as an answer it would be false."""
    assert stale_import(text, tiny[0]) == name
    verdict = judge(
        direct_scene(
            "How do I make a cart in tiny-shop?", f"So:\n\n{text}", "how_to", spans=["README.md:1-3"]
        ),
        tiny[0],
        "how_to",
        0,
    )
    assert (getattr(verdict, "reason", "") == "imports what the project does not have") == bool(name)


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ("Arrow <arrow.formatter.DateTimeFormatter>", "`DateTimeFormatter`"),
        ("Arrow.span() <arrow.arrow.Arrow.span>", "`Arrow.span`"),
        ("span <arrow.arrow.Arrow.span>", "span"),
        ("the formatter <arrow.formatter.DateTimeFormatter>", "the formatter"),
    ],
)
def test_a_title_that_names_another_thing_is_not_believed(content: str, shown: str) -> None:
    """ "`arrow.formatter` provides the `Arrow` class" was an answer, because a page has it so."""
    assert inline._role("class", content) == shown


def test_what_no_documentation_speaks_of_is_looked_up(tmp_path: Path) -> None:
    """ "What is `svcs_di._container_mixin` responsible for?" was to be answered without a look at it."""
    told = "A module of rules that decide which discounts there are and in which order they are tried when a cart is priced."
    files = {
        "README.md": "# Shop\n\nAll prices come from `shop.known`, in which `KnownRule` decides.\n\n## Use\n\nCall it.\n",
        "shop/__init__.py": "",
        **{
            f"shop/{name}.py": f'"""{told}"""\n\n\nclass {name.title()}Rule:\n    """{name.title()}Rule decides which discounts there are and in which order they are tried when the price of a cart is asked for."""\n'
            for name in ("known", "hidden")
        },
    }
    for path, text in files.items():
        (tmp_path / "shop" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "shop" / path).write_text(text)
    with opened(tmp_path / "shop", tmp_path / "cache") as (repo, tools):
        made = list(generator("architecture").generate(repo, tools, Random(0)))
        assert [scene.symbol for scene in made if isinstance(scene, Scene) and scene.symbol] == ["shop.known"]


def test_a_class_that_no_documentation_speaks_of_is_looked_up(
    tiny: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo, tools = tiny

    def made(*documented: str) -> list[str]:
        monkeypatch.setitem(repo.__dict__, "documented", frozenset(documented))
        found = generator("docstring_concept").generate(repo, tools, Random(0))
        return [scene.symbol for scene in found if isinstance(scene, Scene)]

    every = made(*(item.name for _, item in (*repo.classes(), *repo.functions())))
    assert every and made(every[0]) == every[:1] and not made()


def test_names_are_documented_where_they_are_written_as_names() -> None:
    """ "run", which every page has, would else document a method of that name."""
    text = "To run a Group, use `Cart.add`, TagTracer or shop.money. Then call check_out().\n\n    indented = Basket\n"
    documents = SimpleNamespace(articles=[SimpleNamespace(section=SimpleNamespace(text=text))])
    found = Repo.documented.func(documents)
    assert {"Cart.add", "add", "TagTracer", "shop.money", "money", "check_out", "Basket"} <= found
    assert not {"run", "Group", "To", "use", "Then"} & found


def a_repo(**files: str) -> Repo:
    facts = {f"pkg/{name}.py": mine(f"pkg/{name}.py", text.encode()) for name, text in files.items()}
    return Repo("pkg", Path("/nowhere"), "1", "MIT", list(facts), facts, False)


@pytest.mark.parametrize(
    ("begins", "name", "stale"),
    [
        ("from ._a import *", "A", ""),
        ("from ._a import *", "B", "pkg.B"),
        ("from ._a import *", "save", "pkg.save"),
        ("from foreign import *", "B", ""),
        ("def __getattr__(name): ...", "B", ""),
        ("import os as B", "B", ""),
    ],
)
def test_a_package_may_have_what_its_text_does_not_show(begins: str, name: str, stale: str) -> None:
    """A method is no name that one imports; what a foreign module brings, nobody knows."""
    repo = a_repo(
        __init__=f"{begins}\n", _a="class A:\n    def save(self): ...\n    def __getattr__(self, name): ...\n"
    )
    assert stale_import(f"from pkg import {name}", repo) == stale
    assert stale_import(f"from pkg.compiled import {name}", repo) == ""


@pytest.mark.parametrize(
    ("content", "is_left"),
    [
        ('{"text":"x\\\\ncorp.example"}', False),
        ('{"text":"a \\\\"corp.example\\\\" b"}', False),
        ("see\ncorp.example", False),
        ("incorp.example", True),
    ],
)
def test_what_is_left_out_is_found_in_json_as_well(content: str, is_left: bool) -> None:
    """In JSON a line end is a backslash and an n, behind which no word begins: the name would stay in the data."""
    message = {"role": "tool", "content": content.replace("\\\\", "\\")}
    origin = {"generator": "g", "repo": "r", "symbol": "", "paths": [], "spans": []}
    shard = leave_out(Shard([{"messages": [message], "origin": origin}]), [r"\bcorp\.example"])
    assert bool(shard.rows) == is_left


def test_what_is_left_out_of_calls_is_looked_for_in_each_argument() -> None:
    call = {"function": {"name": "write_file", "arguments": {"content": "a\nhost"}}}
    row = {"messages": [{"role": "assistant", "content": "", "tool_calls": [call]}], "origin": {"generator": "g", "repo": "r", "symbol": "", "paths": [], "spans": []}}  # fmt: skip
    assert not leave_out(Shard([row]), ["other", "(?m)^host$"]).rows
    assert leave_out(Shard([row]), ["other", "(?m)^host$"]).rejected[0]["detail"] == "expression 2"


@pytest.mark.parametrize(("annotation", "asked"), [("Inject[Database]", False), ("Database", True)])
def test_what_somebody_else_fills_in_may_be_left_out(annotation: str, asked: bool) -> None:
    """ "Can I call it with fewer arguments?" – "No": of a function whose argument is injected."""
    code = f"def connect(db: {annotation}) -> None:\n    db.open()\n"
    [item] = mine("a.py", code.encode()).functions
    assert isinstance(item, FunctionFact)
    every = {one.question for seed in range(30) for one in questions(item, code, False, Random(seed))}
    assert ("Can I call it with fewer arguments?" in every) == asked


def test_names_of_settings_are_not_renamed(tiny: Opened, tmp_path: Path) -> None:
    """`install_requires` of setup.py is setuptools' name: who renames it breaks the build."""
    rename = generator("rename")
    repo = tiny[0]
    text = b"install_requires = ['attrs']\nprint(install_requires)\n"
    for path, is_free in (("setup.py", False), ("docs/conf.py", False), ("src/setup_py.py", True)):
        (repo.root / path).parent.mkdir(exist_ok=True)
        facts = mine(path, text)
        wishes = rename._wishes(_With(repo, path, text.decode()), facts, set(), Random(0))
        assert bool(wishes) == is_free, path


class _With:
    """The repository with one more file."""

    def __init__(self, repo: Repo, path: str, text: str) -> None:
        self._repo, self._path, self._text = repo, path, text

    def text(self, path: str) -> str:
        return self._text if path == self._path else self._repo.text(path)


def test_a_tool_scene_is_not_held_to_what_documents_say(tiny: Opened) -> None:
    """What a tool returned is so, whatever it imports."""
    found = scenes("search_text", tiny)[0]
    said = tool_scene(found.question, list(found.outcomes), found.answer, found.category)
    assert getattr(judge(said, tiny[0], "search_text", 0), "reason", "") == ""


def rows_of(name: str, sources: tuple[str, ...], tiny: Opened) -> list[tuple[Scene, Example]]:
    every = discover()
    return [
        pair
        for source in sources
        for pair in derived_of(every[name], every[source], scenes(source, tiny), *tiny)[0]
    ]


def test_a_second_question_may_take_a_call(tiny: Opened) -> None:
    """All of 337 conversations with a second question had it answered without a call: a model would never call after its first answer."""
    rows = rows_of(
        "second_question",
        ("callers", "lint", "read_span", "log", "async_functions", "search_text", "type_errors", "todos"),
        tiny,
    )
    assert len(rows) >= 6
    assert not [one for source in ("lint", "async_functions", "log") for one in derived_of(discover()["second_question"], discover()[source], scenes(source, tiny), *tiny)[1]]  # fmt: skip
    for scene, row in rows:
        first, second = scene.turns
        assert row.label.kind == "tool" and first.outcomes and second.outcomes
        assert not any(covers(one, own) for one in first.outcomes for own in second.outcomes)
        assert [message.role for message in row.messages].count("user") == 2


def test_what_the_first_answer_says_is_not_asked_with_a_call(tiny: Opened) -> None:
    """A search below src stands for one below src/shop."""
    [wide, narrow] = (
        tool_scene(f"Where is `Cart` in {path}?", tiny[1].call("search_text", pattern=r"class Cart\b", path=path), "Line 1.", "search")
        for path in ("src", "src/tiny_shop")
    )  # fmt: skip
    second = generator("second_question")
    made = [scene.question for scene in second.derive([wide, narrow], *tiny, Random(0))]
    assert made == [] or all(question != wide.question for question in made)
    other = tool_scene("Where is `Order` in src?", tiny[1].call("search_text", pattern=r"class Order\b", path="src"), "Line 2.", "search")  # fmt: skip
    assert list(second.derive([wide, other], *tiny, Random(0)))


def test_pasted_code_need_not_be_what_answers(tiny: Opened) -> None:
    """Of 239 questions with a Python block 217 were answered from it, and none took a look elsewhere."""
    rows = rows_of(
        "pasted_besides",
        ("callers", "lint", "type_errors", "references", "log", "definition", "raises"),
        tiny,
    )
    rows += [
        (scene, judge(scene, tiny[0], "pasted_besides", 0))
        for source in ("callers", "lint", "references")
        for scene in generator("pasted_besides").derive(scenes(source, tiny), *tiny, Random(5))
    ]
    beside = [(scene, row) for scene, row in rows if "```python" in scene.question]
    assert beside
    for scene, row in beside:
        assert isinstance(row, Example) and row.label.kind == "tool"
        assert scene.outcomes[0].tool not in ("read_file", "hover", "document_symbols", "search_text")


def test_what_no_shell_could_do_is_refused_with_every_tool_at_hand() -> None:
    """With all 22 tools, as an agent has them, no row of 1,327 declined."""
    refusing = Scene(
        (Turn("What does our architect think of a.py?", (), "I can't ask people."),), "workflow", "cannot"
    )
    drawn = {offered(refusing, str(seed)) for seed in range(300)}
    assert any("run_command" in tools for tools in drawn) and ("execute_code",) in drawn
    cannot = generator("cannot")
    assert set(cannot.BEYOND_SHELLS) < set(OUTSIDE)
    first = ["Ask Jonas", "Order a faster", "Turn this design", "When will the next"]
    assert all(
        questions[0].startswith(begins)
        for begins, (questions, _) in zip(first, cannot.BEYOND_SHELLS, strict=True)
    )
    said = " ".join(question for questions, _ in cannot.BEYOND_SHELLS for question in questions)
    assert not re.search(
        r"deploy|release of|pull request|e-mail|browser|log",
        said.replace("next release of", ""),
        re.IGNORECASE,
    )


def test_a_pick_means_the_row_that_asks_this_and_no_more(tmp_path: Path) -> None:
    """A pasted result behind the question, or a second question, made two rows begin alike, and the suite could not be chosen any more."""

    def row(*turns: str, calls: bool = True) -> dict:
        kind = {"kind": "tool" if calls else "direct", "category": "search"}
        messages = [{"role": "user", "content": turn} for turn in turns]
        return {"messages": messages, "tools": ["grep"], "label": kind, "origin": {"repo": "shop"}}

    plain, pasted, second = (
        row("Where is it?"),
        row("Where is it?\n\n```\nx\n```"),
        row("Where is it?", "And that?"),
    )
    file = tmp_path / "picks.txt"
    file.write_text("# Some.\ntool shop: Where is it?\n")
    assert picked(file, [pasted, second, plain])[1] == [plain]
    assert picked(file, [pasted, second])[1] == [pasted]
    file.write_text("# Some.\nsecond shop: Where is it?\n")
    assert picked(file, [pasted, second, plain])[1] == [second]
    with pytest.raises(UserError, match="2 rows ask"):
        picked(file, [second, second])
