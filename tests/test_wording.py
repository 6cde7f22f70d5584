"""What a reader stumbles over in questions and answers taken from documents: found by reading rows, each with a near-miss that stays."""

import re
from random import Random
from types import SimpleNamespace

import pytest

from punie_data.documents.english import a_or_an, unmarked
from punie_data.documents.markup import blocks
from punie_data.documents.passages import a_few_sentences, passage
from punie_data.documents.topics import noun_phrase, topic
from punie_data.generators import discover, load
from punie_data.scenario.readings import Reading
from punie_data.scenario.readings_of_places import workspace
from punie_data.scenario.scene import direct_scene
from punie_data.tools.results import WorkspaceSymbol, WorkspaceSymbolsResult

LONG = "A handler receives the event, and the container waits until each of its services has answered or given up."


def said(text: str, flavour: str = "md", **options) -> str:
    found = passage(f"docs/page.{flavour}", blocks(text, 1, flavour), **options)
    return found.text if found else ""


def generator(name: str):
    return load(discover()[name])


@pytest.mark.parametrize(
    ("word", "article"),
    [
        ("UnannotatedAttributeError", "an"),
        ("HTTPError", "an"),
        ("SSLError", "an"),
        ("uninstalled", "an"),
        ("`Entry`", "an"),
        ("UnicodeError", "a"),
        ("UsageError", "a"),
        ("URLError", "a"),
        ("NoSuchJobError", "a"),
        ("EuropeanDate", "a"),
    ],
)
def test_the_article_goes_by_the_first_sound(word: str, article: str) -> None:
    assert a_or_an(word) == article


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("How does _Black_ wrap lines?", "How does Black wrap lines?"),
        ("use *structlog* with `logging`", "use structlog with `logging`"),
        ("the **one** logger.", "the one logger."),
        # Code, arithmetic and names keep theirs.
        ("pass `*args` and `**kwargs`", "pass `*args` and `**kwargs`"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("_private and snake_case_name", "_private and snake_case_name"),
        ("__init__.py", "__init__.py"),
    ],
)
def test_questions_carry_no_marks_of_emphasis(text: str, plain: str) -> None:
    """Nobody types _Black_ into a question."""
    assert unmarked(text) == plain
    assert direct_scene(text, "x", "concept", spans=[]).turns[0].question == plain


def test_a_pair_of_marks_inside_a_heading_goes_as_a_pair() -> None:
    """Else "_attrs_ classes" became "attrs_ classes"."""
    about = topic("_attrs_ classes and dataclasses", "", "cattrs")
    assert about is not None
    assert about.text == "attrs classes and dataclasses"


def test_a_setting_of_one_word_is_code() -> None:
    """Else someone asks about "the EDITOR"; an abbreviation that the page does not write as code stays a word."""
    setting = topic("EDITOR", "The `EDITOR` to use.", "Shop")
    assert setting is not None
    assert noun_phrase(setting, "The `EDITOR` to use.") == "`EDITOR`"
    assert noun_phrase(setting, "The EDITOR to use.") == "the EDITOR"


def test_a_sentence_that_goes_on_in_a_list_is_left_out() -> None:
    """An answer ended in "Role of this class is to."."""
    cut = f"{LONG}\n\nThe role of the class is to\n\n| a | b |\n|---|---|\n"
    assert said(cut) == LONG
    listed = f"{LONG}\n\nThe status will be, by default\n\n- 200\n- 404\n"
    assert said(listed) == LONG
    assert said(f"{LONG}\n\nThe container closes them by default\n") == (
        f"{LONG}\n\nThe container closes them by default."
    )


def test_no_second_stop_behind_a_parenthesis() -> None:
    assert said(f"{LONG}\n\n(It stops after ten minutes.)").endswith("ten minutes.)")
    assert said(f"{LONG} It stops (after ten minutes)").endswith("ten minutes).")
    assert said(f"{LONG} It sends (events, signals etc.)").endswith("etc.).")


def test_a_list_in_a_list_is_not_run_together() -> None:
    """ "- A command should do one thing. - A group names its subcommand." is no item."""
    nested = "- one thing\n    - a group\n    - a command\n- another\n"
    assert [block.kind for block in blocks(nested, 1, "md")] == ["other"]
    wrapped = "- one thing that\n    goes on\n- another\n"
    assert [block.text for block in blocks(wrapped, 1, "md")] == ["- one thing that goes on\n- another"]


def test_a_sentence_that_answers_a_left_out_one_ends_the_passage() -> None:
    """The sentence before "Because the data is there, however, …" had been dropped."""
    above = f"{LONG} This works as shown below.\n\nBecause the data is there, however, it can be read."
    assert said(above) == LONG
    kept = f"{LONG}\n\nBecause the data is there, however, it can be read."
    assert "however" in said(kept)


def test_an_example_without_its_main_clause_is_left_out() -> None:
    code = "\n\n```python\nshop = Shop()\n```\n\nwould fail.\n"
    assert said(f"{LONG} Without a cart the following code:{code}", with_code=True) == LONG
    assert "Shop()" in said(f"{LONG} Without a cart you can write the shop as a function, so write:{code}")


def test_no_answer_begins_with_a_question() -> None:
    assert said(f"How much goes into the handler? As little as possible. {LONG}") == ""
    assert said(f"{LONG} Why is that? It saves time.") != ""


def test_a_few_sentences_are_two_to_five() -> None:
    """ "Explain it in a few sentences" was answered with one, or with a page of code."""
    assert not a_few_sentences(LONG)
    assert a_few_sentences(f"{LONG} It waits.")
    assert not a_few_sentences(f"{LONG} It waits:\n\n```python\nwait()\n```")
    assert not a_few_sentences(" ".join([LONG] * 6))
    phrasings = generator("concept").WORKING
    assert len(generator("concept")._not_few(phrasings)) == len(phrasings) - 1


@pytest.mark.parametrize(
    ("rest", "is_praise"),
    [
        ("a mature and well-tested project: the overall design is solid", True),
        ("one of the most downloaded Python packages today", True),
        ("a mature HTTP client for Python", False),
        ("one of the most popular web frameworks for Python", False),
    ],
)
def test_praise_says_not_what_a_project_is(rest: str, is_praise: bool) -> None:
    assert bool(generator("concept").PRAISE.match(rest)) == is_praise


@pytest.mark.parametrize(
    ("title", "is_option"),
    [
        ("--diff", True),
        ("-l`, `--line-length", True),
        ("BLACK_NUM_WORKERS", True),
        ("Values of BLACK_NUM_WORKERS", False),
        ("Writing files", False),
    ],
)
def test_the_help_of_an_option_is_no_advice(title: str, is_option: bool) -> None:
    """ "Is it good practice to write the files back?" was answered "Don't", which only said what `--diff` does."""
    assert bool(generator("best_practice").OPTION.fullmatch(title)) == is_option


def test_things_that_only_their_page_tells_apart_are_not_asked_about() -> None:
    concept, architecture = generator("concept"), generator("architecture")
    assert concept.POINTS.fullmatch("The property")
    assert not concept.POINTS.fullmatch("The item pipeline")
    assert architecture.POINTS.fullmatch("the lower layer")
    assert not architecture.POINTS.fullmatch("the ASGI server")
    assert generator("how_to").VAGUE.search("ignore the statement")
    assert generator("how_to").VAGUE.search("support both fields")
    assert not generator("how_to").VAGUE.search("open the database file")


def test_a_module_holds_its_class_and_is_a_parser() -> None:
    holds = generator("architecture").HOLDS
    assert holds.sub(r"\1 holds \2", "`shop.cart` is the Cart class, with its lines.") == (
        "`shop.cart` holds the Cart class, with its lines."
    )
    assert not holds.search("`shop.tags` is a registry of `Tag` classes.")


def test_comparing_needs_two_things() -> None:
    two = generator("comparison")._are_two
    assert not two("high", "low")
    assert not two("threads", "the ability to cancel tasks")
    assert two("high-level API", "low-level API")


def test_what_was_to_be_done_is_refused_as_such() -> None:
    """A request to rename was refused with "anything I said would be a guess", and one to write with "none of them reads files"."""
    cannot = generator("cannot")
    for phrasing in cannot.UNDONE:
        assert not any(word in phrasing for word in ("guess", "tell.", "look", "output")), phrasing
    assert not set(cannot.CHANGES) - set(cannot.NEEDED)


def test_nothing_is_asked_again_that_was_just_said() -> None:
    """ "Line 92." was followed by "On which line does it end?"."""
    end = Reading("On which line does `run` end?", "On line 92.", ("line 92",))
    assert not end.follows("Line 92.")
    assert end.follows("It begins on line 80.")


@pytest.mark.parametrize(
    ("names", "asked"), [(("run", "_run"), False), (("_run", "runner"), True), (("run", "run"), True)]
)
def test_the_files_of_namesakes_are_not_the_files_of_what_was_asked_for(names, asked: bool) -> None:
    """ "Where is `run`?", "Just the files, please." was answered with the file of `_run`, too."""
    symbols = tuple(
        WorkspaceSymbol(name=name, kind="function", file=f"{index}.py", line=1)
        for index, name in enumerate(names)
    )
    value = WorkspaceSymbolsResult(success=True, query="run", symbol_count=len(symbols), symbols=symbols)
    assert bool(list(workspace(value, Random(0)))) == asked


def test_a_docstring_made_of_a_name_takes_an_article_where_english_does() -> None:
    """`get_all_events` was to be given "Get the all events."."""
    edit = generator("edit_file")
    assert {"all", "each", "a"} <= edit.DETERMINED
    assert not edit.DETERMINED & {"user", "event"}


def test_typing_is_no_task() -> None:
    """ "How do I type stub files?" was asked of "Typing stub files"; "Writing stub files" is a task."""
    noun, task = topic("Typing stub files", "", "Shop"), topic("Writing stub files", "", "Shop")
    assert noun is None or noun.kind != "task"
    assert task is not None
    assert task.text == "write stub files"


@pytest.mark.parametrize(
    ("answer", "task", "says"),
    [
        ("You should have an understanding of `logging` first: it must be configured, too.", "use structlog with `logging`", False),
        ("Trio raises `KeyboardInterrupt` and asyncio exits.", "handle `KeyboardInterrupt`", False),
        ("There is another choice: to add finalizers to the request-context object.", "add finalizers directly", False),
        ("By writing extensions you can add custom tags.", "write extensions", False),
        ("When a clause is too long, Black will wrap it.\n\n```python\nx = 1\n```", "wrap long clauses", False),
        ("You can drop a pair by returning an empty string from the formatter.", "drop a pair", True),
        ("Use the `FIELDS` setting to define them.", "define the fields to export", True),
        ("This can be escaped with a line with only `\\b` on it.", "escape the wrapping", True),
        ("Black will not wrap them if you say so:\n\n```python\nx = 1\n```", "keep long lines", True),
        ("It works like this:\n\n```python\nshop.open()\n```", "open a shop", True),
    ],
)  # fmt: skip
def test_an_answer_to_how_says_how(answer: str, task: str, says: bool) -> None:
    """ "How do I skip files?" was answered "In this case, you must exclude them", without how."""
    assert generator("how_to").says_how(answer, task, "Black") == says


@pytest.mark.parametrize(
    ("text", "is_advice"),
    [
        ("The assertion below should not error.", False),
        ("If the key is there it should be handled as an order.", False),
        ("The selection must happen at runtime.", False),
        ("There are heuristics regarding when blank lines should appear.", False),
        ("`omit` holds brackets that shouldn't be considered for this split.", False),
        ("It uses `spawn` to avoid unsafe forking.", False),
        ("You can set a timeout to ensure that it ends.", False),
        ("It goes on:\n\n```python\n# this should be closed\n```", False),
        ("Filters should handle empty values.", True),
        ("This means that you should close it.", True),
        ("Sessions must be closed when they are no longer needed.", True),
        ("Forking is unsafe here.", True),
        ("It should not be called from user code.", True),
    ],
)
def test_a_description_is_no_advice(text: str, is_advice: bool) -> None:
    """ "Is there anything to watch out for with `right_hand_split`?" was answered with what its parameter means."""
    assert generator("best_practice").advises(text) == is_advice


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Returns a pool. It should not be shared.", "`Pool.get` returns a pool. It should not be shared."),
        ("This method should not be called.", "`Pool.get` should not be called."),
        ("Make sure to close it.", "Make sure to close it."),
        ("Instances should be closed.", "Instances should be closed."),
        ("Calls should be made once.", "Calls should be made once."),
    ],
)
def test_a_docstring_in_the_middle_has_a_subject(text: str, told: str) -> None:
    """An answer began "Supports both dotted paths"."""
    assert generator("best_practice").with_subject("Pool.get", text) == told


@pytest.mark.parametrize(
    ("path", "name", "is_fixed"),
    [
        ("docs/conf.py", "project", True),
        ("docs/conf.py", "_project", False),
        ("tests/conftest.py", "collect_ignore", True),
        ("tests/test_cart.py", "setup_module", True),
        ("tests/conftest.py", "pytest_configure", True),
        ("src/cart.py", "project", False),
        ("src/cart.py", "setup_cart", False),
    ],
)
def test_nobody_renames_what_a_framework_looks_for(path: str, name: str, is_fixed: bool) -> None:
    """Sphinx's `project` was renamed to `_project`, and pytest's `setup_module` to `prepare_module`."""
    assert generator("rename_and_check")._is_found_by_name(path, name) == is_fixed


def test_no_new_name_hides_a_builtin() -> None:
    """`TimeoutException` was to become `TimeoutError`; `ShopException` may become `ShopError`."""

    def wish(old: str, seed: int) -> str:
        facts = SimpleNamespace(
            path="a.py",
            classes=[SimpleNamespace(name=old, qualname=old)],
            functions=(),
            variables=(),
            imports=(),
        )
        repo = SimpleNamespace(text=lambda _: f"class {old}: ...\nraise {old}\n", python=[facts])
        return generator("rename_and_check")._wish(repo, facts, Random(seed))[1]

    assert "TimeoutError" not in {wish("TimeoutException", seed) for seed in range(20)}
    assert "ShopError" in {wish("ShopException", seed) for seed in range(20)}


def test_what_is_passed_on_is_in_use() -> None:
    """ "How is `handle_401` used?" was answered "nothing calls it", while it is registered as a hook."""
    files = {"a.py": "def hook(): ...\ndef unused(): ...\n", "b.py": "register(hook)\nunused_one = 1\n"}
    repo = SimpleNamespace(facts=files, text=files.__getitem__)

    def is_idle(name: str, is_method: bool = False) -> bool:
        return generator("usage_example")._is_idle(repo, SimpleNamespace(name=name, is_method=is_method))

    assert is_idle("unused")
    assert not is_idle("hook")
    assert not is_idle("unused", is_method=True)


def test_no_article_before_a_name_that_may_begin_with_a_vowel() -> None:
    """ "There is a `InvalidHostname` at …", "Somewhere there is a auto.py."."""
    for name in ("workflows", "explore", "usage_example", "rename_and_check"):
        for value in vars(generator(name)).values():
            for phrasing in value if isinstance(value, tuple) else ():
                assert not re.search(r"\ban? `?\{", str(phrasing)), phrasing


def test_yes_or_no_stands_before_what_was_found() -> None:
    """ "Are they lint-free?" was answered with a list; "Lint them" needs no yes."""
    listed = generator("workflows_git").listed
    assert listed("clean", ["`a.py`: two violations"]) == "No:\n\n- `a.py`: two violations"
    assert listed("found", ["`a.py`: one type error"]) == "Yes:\n\n- `a.py`: one type error"
    assert listed("", ["`a.py`: one type error"]) == "- `a.py`: one type error"
    asked = generator("workflows_git")
    for phrasing in (*asked.LINT_CHANGED, *asked.TYPE_CHANGED):
        is_whether = phrasing.endswith("?")
        assert is_whether == phrasing.startswith((*asked.CLEAN_IS_YES, "Did")), phrasing
    assert asked.is_python_below("docs/conf.py", "docs")
    assert not asked.is_python_below("docs/conf.py", ".github")


@pytest.mark.parametrize(
    ("said", "unwanted"),
    [
        ("working with blueprints", "} with {project}"),
        ("using middleware in other frameworks", "} in {project}"),
        ("activating a component", ""),
        ("within limits", ""),
    ],
)
def test_no_preposition_comes_twice(said: str, unwanted: str) -> None:
    """ "What do I have to be careful about when working with blueprints with Flask?"."""
    asked = generator("best_practice")
    for phrasings in (
        asked.CARE_TASK,
        asked.CARE_THING,
        asked.PRACTICE,
        asked.WHETHER,
        asked.WHY,
        asked.PREFER,
    ):
        kept = asked.unrepeated(phrasings, said)
        assert kept == (phrasings if not unwanted else tuple(p for p in phrasings if unwanted not in p))
        assert kept
