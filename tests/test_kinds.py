"""Rows that ask, refuse, or need no tool: each must be the only right answer to its question with its tools. Found by reading rows."""

import json
import re
from random import Random

import pytest

from punie_data.code.facts import FunctionFact
from punie_data.code.mine import mine
from punie_data.dialects.base import Parsed
from punie_data.generate.offers import offered
from punie_data.generators import discover, load
from punie_data.scenario import missing
from punie_data.scenario.missing import Missing
from punie_data.scenario.outside import OUTSIDE
from punie_data.scenario.pasted import forms
from punie_data.scenario.printed import printed
from punie_data.scenario.readings import spread
from punie_data.scenario.readings_of_places import listed
from punie_data.scenario.scene import Scene, Turn
from punie_data.scenario.snippets import questions
from punie_data.scenario.withdrawn import CODE as CODE_WITHDRAWN
from punie_data.scenario.withdrawn import COMMANDS, LEFT, LISTING
from punie_data.scorers.decision import decision
from punie_data.tools.base import Outcome
from punie_data.tools.registry import TOOLS
from punie_data.tools.results import (
    Commit,
    GitFile,
    GitLogResult,
    GitStatusResult,
    ListFilesResult,
    RuffResult,
    SearchTextResult,
    TextMatch,
    Violation,
    to_text,
)
from punie_data.validate.record_rules import admits

GAPS = {name: gap for name, gap in vars(missing).items() if isinstance(gap, Missing)}


def generator(name: str):
    return load(discover()[name])


def outcome(tool: str, value: object, **arguments: object) -> Outcome:
    return Outcome(tool, arguments, value, to_text(value), 0, "1")


def scene(kind: str, question: str = "q", **more: object) -> Scene:
    return Scene((Turn(question, (), "a"),), "search", kind).changed(**more)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", GAPS)
def test_whoever_asks_back_is_read_as_asking(name: str) -> None:
    """Else a model that asks in our own words would be scored as one that answers."""
    for answer in GAPS[name].answers:
        assert decision(Parsed(re.sub(r"\{\w+\}", "`x`", answer))) == "ask", answer


def test_whoever_refuses_is_read_as_refusing() -> None:
    cannot = generator("cannot")
    phrasings = [
        phrasing.format(needed=needed)
        for phrasing in (*cannot.WITHDRAWN, *cannot.UNTOLD, *cannot.UNDONE)
        for every in cannot.NEEDED.values()
        for needed in every
    ]
    for answer in [*phrasings, *(answer for _, answers in OUTSIDE for answer in answers)]:
        assert decision(Parsed(answer)) == "cannot" and admits().search(answer), answer


def test_what_is_ordered_is_not_refused_as_a_question() -> None:
    """ "Find `TagTracerSub` and print its source." was answered with "I'm not able to tell."."""
    for phrasing in generator("cannot").WITHDRAWN:
        assert not re.search(r"\b(?:tell|answer|say|find that out)\b", phrasing), phrasing


@pytest.mark.parametrize("name", GAPS)
def test_what_is_asked_for_belongs_to_a_tool_at_hand(name: str) -> None:
    """One row in eleven asked for a string to search for where nothing could search: there, to refuse is right."""
    asking = scene("ask", needs=GAPS[name].needs)
    assert GAPS[name].needs
    for seed in range(40):
        tools = offered(asking, str(seed))
        # Programs of Code Mode reach every tool.
        assert set(GAPS[name].needs) <= set(tools) or tools == ("execute_code",)


@pytest.mark.parametrize("withdrawn", ["read_file", "list_files", "ruff_check", "typecheck", "git_log", "cst_rename", "write_file"])  # fmt: skip
def test_no_selection_of_tools_tells_that_the_row_refuses(withdrawn: str) -> None:
    """What was left of the tools was offered in refusals only: a model need not have read the question."""
    refusing = scene("cannot", withheld=tuple(name for name in TOOLS if name not in LEFT[withdrawn]))
    left = tuple(name for name in TOOLS if name in LEFT[withdrawn])
    assert left in {offered(refusing, str(seed)) for seed in range(20)}
    assert left in {offered(scene("direct"), str(seed)) for seed in range(600)}


def test_no_selection_of_tools_tells_that_no_tool_is_for_it() -> None:
    outside = {offered(scene("cannot", withheld=COMMANDS), str(seed)) for seed in range(60)}
    others = {offered(scene("direct"), str(seed)) for seed in range(600)}
    assert outside <= others


def test_rows_that_need_not_refuse_are_offered_what_refusals_are() -> None:
    """Of the rows with what is left where reading is withdrawn, 86 % refused: "typecheck shop/cart.py" was refused with the type checker at hand, unread."""
    refusing = scene("cannot", withheld=tuple(name for name in TOOLS if name not in CODE_WITHDRAWN))
    theirs = {offered(refusing, str(seed)) for seed in range(200)}
    for other in (scene("direct"), scene("ask", needs=("typecheck",)), scene("ask", needs=("git_log",))):
        drawn = [offered(other, str(seed)) for seed in range(400)]
        assert sum(tools in theirs for tools in drawn) > 400 * 0.12, other.needs


def test_code_mode_is_offered_to_rows_that_call_nothing() -> None:
    """Else its one tool says by itself that there is something to call."""
    alone = ("execute_code",)
    for each in (scene("direct"), scene("ask", needs=("read_file",))):
        drawn = [offered(each, str(seed)) for seed in range(400)]
        assert 0 < drawn.count(alone) < 100
        assert not any("execute_code" in tools for tools in drawn if tools != alone)
    refusing = scene("cannot", withheld=COMMANDS)
    assert alone not in {offered(refusing, str(seed)) for seed in range(400)}


def test_what_can_find_a_file_goes_with_the_listing() -> None:
    """ "Is there a test module for it?" was refused with pytest and `read_file` at hand."""
    assert not {"read_file", "pytest_run", "search_text", "workspace_symbols", "document_symbols"} & set(LISTING)  # fmt: skip


def test_a_file_to_be_written_unless_it_is_there_is_not_refused_with_what_can_do_it() -> None:
    """ "Set up .gitignore unless we have one" was refused for want of `read_file`, with `list_files` and `write_file` at hand."""
    made = Outcome("read_file", {"path": ".gitignore"}, "*.pyc", "*.pyc", 0, "1")
    turn = Turn("Set up .gitignore for us unless we have one.", (made,), "There is one.")
    derive = generator("cannot").derive
    assert not list(derive([Scene((turn,), "editing")], None, None, Random(0)))
    assert list(derive([Scene((turn,), "reading")], None, None, Random(0)))


def test_one_asks_which_only_where_there_are_several() -> None:
    """Of two functions in a file one would simply look at both."""
    ask = generator("ask")
    two = mine("a.py", b"def one(): ...\ndef two(): ...\n")
    three = mine("a.py", b"def one(): ...\ndef two(): ...\ndef three(): ...\n")
    assert ask._thing(two, "one") is None
    assert ask._thing(three, "one") == (missing.A_FUNCTION, {"path": "a.py"})


def test_no_question_hides_what_a_search_would_find() -> None:
    """ "The subclasses of the base class in a.py": if one class of it has any, that is the one."""
    every = [question for gap in GAPS.values() for question in gap.questions]
    for question in every:
        assert not re.search(
            r"base class|broke the build|only one|the new helper|unused|missing in", question
        )
        assert "  " not in question


def of_source(source: str, near_async: bool = True) -> list[tuple[str, str]]:
    """Every question and answer about the first function, in many draws."""
    item: FunctionFact = mine("a.py", source.encode()).functions[0]
    drawn = [one for seed in range(12) for one in questions(item, source, near_async, Random(seed))]
    return [(one.question, one.answer) for one in drawn]


def said_of(source: str, near_async: bool = True) -> str:
    return "\n".join(f"{question} {answer}" for question, answer in of_source(source, near_async))


def test_what_a_decorator_may_change_is_not_told() -> None:
    """`@contextmanager` over a `yield` was told to give a generator, an async generator to be awaited."""
    assert "generator" in said_of("def f():\n    yield 1\n")
    assert "generator" not in said_of("@contextmanager\ndef f():\n    yield 1\n")
    assert "await" in said_of("async def f():\n    return 1\n")
    assert "await" not in said_of("async def f():\n    yield 1\n")


def test_nobody_wonders_whether_a_special_method_is_a_coroutine_or_what_init_returns() -> None:
    """ "Is this a coroutine?" was asked of `__eq__`, and of code where nothing is async, in one row of five."""
    special = "def __init__(self, a: int) -> None:\n    self.a = a\n"
    assert not re.search("coroutine|async|return", said_of(special))
    assert "`self.a`" in said_of(special)
    plain = "def f(a: int) -> None:\n    print(a)\n"
    assert re.search("coroutine|async", said_of(plain)) and "`None`" in said_of(plain)
    assert not re.search("coroutine|async", said_of(plain, near_async=False))


def test_what_a_body_does_is_read_off_its_tree() -> None:
    source = (
        "def f(self, *args, **kwargs):\n"
        '    """Raise ValueError."""\n'
        "    try:\n"
        "        self.a, self.b = args\n"
        "    except (KeyError, errors.Bad):\n"
        "        raise TypeError(1) from None\n"
        "    return load(self.a)\n"
    )
    said = said_of(source)
    for told in ("`self.a` and `self.b`", "`KeyError` and `errors.Bad`", "`TypeError`", "`load(self.a)`", "`*args` and `**kwargs`"):  # fmt: skip
        assert told in said
    assert "`ValueError`" not in said and "may I leave out" not in said
    # An inner function raises and returns for itself; a raised variable is known at run time only.
    assert "`E`" not in said_of("def f(x: int):\n    def g():\n        raise E\n    return g\n")
    assert "raise" not in said_of("def f(error: Exception):\n    raise error\n")


def test_the_answer_fits_every_wording_of_the_question() -> None:
    """ "Which files would I have to open?" was answered "In two files: …", and "Is there a awssm.py?" asked."""
    places = [place for seed in range(40) for place in spread(["a.py", "b.py"], ["3", "8"], Random(seed), "are they")]  # fmt: skip
    assert {place.question for place in places} >= {"Which files would I have to open for that?", "In which files are they?"}  # fmt: skip
    assert {place.question for place in places if place.answer.startswith("In ")} == {
        "In which files are they?"
    }
    value = ListFilesResult(success=True, path=".", file_count=2, files=("src/awssm.py", "src/b.py"))
    asked = {one.question for seed in range(40) for one in listed(value, Random(seed))}
    assert "Is awssm.py among them?" in asked and not any(" a awssm" in question for question in asked)


def test_what_is_pasted_from_a_program_looks_like_its_output() -> None:
    """JSON was said to be what ripgrep printed."""
    found = Violation(file="a.py", line=3, column=8, code="F401", message="`os` imported but unused", fixable=True)  # fmt: skip
    ruff = outcome(
        "ruff_check", RuffResult(success=False, violation_count=1, fixable_count=1, violations=(found,))
    )
    assert printed(ruff)[1] == (
        "a.py:3:8: F401 [*] `os` imported but unused\nFound 1 error.\n[*] 1 fixable with the `--fix` option."
    )
    match = TextMatch(file="a.py", line=3, column=1, text="import os")
    search = SearchTextResult(success=True, pattern="os", match_count=1, file_count=1, matches=(match,))
    assert printed(outcome("search_text", search, pattern="os"))[1] == "a.py:3:import os"
    files = (
        GitFile(file="a.py", status="modified", staged=True),
        GitFile(file="b.py", status="modified", staged=False),
        GitFile(file="c.py", status="untracked", staged=False),
    )
    status = GitStatusResult(success=True, clean=False, file_count=3, files=files)
    assert printed(outcome("git_status", status))[1] == "M  a.py\n M b.py\n?? c.py"
    # Of a renamed file git prints both names; the result has one.
    moved = GitStatusResult(success=True, clean=False, file_count=1, files=(GitFile(file="d.py", status="renamed", staged=True),))  # fmt: skip
    assert printed(outcome("git_status", moved)) == ("", "")


def test_what_is_pasted_says_what_was_run() -> None:
    """A question about src was answered from what "rg -n --trim" had found nobody knew where."""
    match = TextMatch(file="src/a b.py", line=3, column=1, text="import os")

    def searched(pattern: str, **more: object) -> Outcome:
        value = SearchTextResult(success=True, pattern=pattern, match_count=1, file_count=1, matches=(match,))
        return outcome("search_text", value, pattern=pattern, **more)

    assert printed(searched("os", path="src", glob="*.py"))[0] == "rg -n --trim -g '*.py' 'os' src"
    # In one file ripgrep prints no names by itself, and a pattern that begins with a dash is an option.
    assert printed(searched("-o", path="src/a b.py"))[0] == "rg -n -H --trim -e '-o' 'src/a b.py'"
    assert printed(searched("`os`")) == printed(searched("o\ns")) == ("", "")
    commit = Commit(hash="22554ed71e4d", message="Orders", author="Jon Berg", date="2024-04-11")
    log = GitLogResult(success=True, commit_count=1, commits=(commit,))
    command = "--abbrev=12 --date=short --format='%h %cd %an: %s'"
    assert printed(outcome("git_log", log, path="src", count=1))[0] == f"git log -1 {command} -- src"
    assert printed(outcome("git_log", log))[0] == f"git log -10 {command}"
    found = Violation(file="a.py", line=3, column=8, code="F401", message="unused", fixable=False)
    lint = RuffResult(success=False, violation_count=1, fixable_count=0, violations=(found,))
    assert printed(outcome("ruff_check", lint, path="a.py"))[0] == "ruff check --output-format concise a.py"


def test_a_call_is_named_with_its_arguments_where_nothing_else_tells_them() -> None:
    """Commits "from git" were pasted, and asked about as those of a folder."""
    none = GitLogResult(success=True, commit_count=0, commits=())
    of_folder = outcome("git_log", none, path="examples", count=1)

    def names(made: Outcome, question: str) -> set[str]:
        return {name for seed in range(20) for name, _, _ in forms(made, question, Random(seed))}

    assert names(of_folder, "Which came last?") == {'`git_log(path="examples", count=1)`'}
    assert names(of_folder, "Which commit in examples/a.py came last?") == {
        '`git_log(path="examples", count=1)`'
    }
    assert names(of_folder, "Which commit in examples came last?") == {"git", "`git_log`"}
    assert names(outcome("git_log", none, count=1), "Which came last?") == {"git", "`git_log`"}
    assert names(outcome("git_log", none, path="a`b"), "Which came last?") == set()


def test_the_question_of_a_call_is_asked_with_the_result_pasted() -> None:
    """The nearest thing to a row with a call: the same question, and nothing left to call."""
    match = TextMatch(file="a.py", line=3, column=1, text="import os")
    value = SearchTextResult(success=True, pattern="os", match_count=1, file_count=1, matches=(match,))
    made = outcome("search_text", value, pattern="os")
    maker = generator("no_tool_needed")._pasted
    asked = Scene((Turn("Where is os imported?", (made,), "In `a.py:3`."),), "search")
    row = maker(asked, None, Random(0))
    assert row.kind == "direct" and not row.outcomes and row.answer == "In `a.py:3`."
    assert "Where is os imported?" in row.question
    forms = {maker(asked, None, Random(seed)).question for seed in range(30)}
    assert any(made.content in form for form in forms) and any("a.py:3:import os" in form for form in forms)
    assert all(json.loads(block) for form in forms for block in re.findall(r"```json\n(.*?)\n```", form))
    ordered = asked.changed(turns=(Turn("Search for os.", (made,), "In `a.py:3`."),))
    assert maker(ordered, None, Random(0)) is None
    untold = asked.changed(turns=(Turn("Where is os imported?", (made,), "In `b.py:9`."),))
    assert maker(untold, None, Random(0)) is None


def test_an_empty_list_does_not_tell_what_was_looked_for() -> None:
    """`"files":[]` was pasted, and taken to say that there is no settings.py."""
    maker = generator("no_tool_needed")._pasted
    for files, is_told in ((), False), (("src/settings.py",), True):
        value = ListFilesResult(success=True, path=".", file_count=len(files), files=files)
        made = outcome("list_files", value, pattern="settings.py")
        answer = "`src/settings.py`." if files else "There is none."
        row = maker(Scene((Turn("Where is settings.py?", (made,), answer),), "search"), None, Random(0))
        assert (row is not None) == is_told


def test_another_form_is_the_same_content() -> None:
    answer = "Three:\n\n- `a`, line 1\n- `b`, line 2\n- `c`, line 3"
    asked = Scene((Turn("q", (), answer),), "structure")
    maker = generator("no_tool_needed")._reformatted
    forms = {maker(asked, None, Random(seed)).answer for seed in range(30)}
    assert forms == {
        "`a`, `b`, `c`",
        "- `c`, line 3\n- `b`, line 2\n- `a`, line 1",
        "1. `a`, line 1\n2. `b`, line 2\n3. `c`, line 3",
    }
    assert maker(Scene((Turn("q", (), "Only `a`."),), "structure"), None, Random(0)) is None


def test_generators_of_this_page_have_many_phrasings() -> None:
    """A few sentences, each a hundred times, would be learned by heart."""
    cannot, none = generator("cannot"), generator("no_tool_needed")
    assert min(len(gap.questions) for gap in GAPS.values()) >= 6
    assert sum(len(gap.questions) for gap in GAPS.values()) >= 150
    assert len({*cannot.WITHDRAWN, *cannot.UNTOLD, *cannot.UNDONE}) >= 35
    assert sum(len(asked) for asked, _ in OUTSIDE) >= 70
    assert (
        min(len(none.PASTED) + len(none.ENOUGH_PASTED), len(none.SNIPPETS) + len(none.ENOUGH_SNIPPET)) >= 12
    )
    assert len(none.PASTED) + len(generator("pasted_besides").SO_FAR) >= 16


def beside(scenes: list[Scene]) -> list[Scene]:
    """What `pasted_besides` makes of them, in many draws."""
    derive = generator("pasted_besides").derive
    return [row for seed in range(20) for row in derive(scenes, None, None, Random(seed))]


def searched(question: str, answer: str, pattern: str, file: str, path: str = "src") -> Scene:
    matches = (TextMatch(file=file, line=3, column=1, text=f"import {pattern}"),) if file else ()
    count = len(matches)
    value = SearchTextResult(success=True, pattern=pattern, match_count=count, file_count=count, matches=matches)  # fmt: skip
    return Scene((Turn(question, (outcome("search_text", value, pattern=pattern, path=path),), answer),), "search")  # fmt: skip


def test_beside_the_result_of_another_call_a_tool_is_still_called() -> None:
    """Pasted output stood only in rows that call nothing: the fence told the kind."""
    one = searched("Where is json imported?", "In `src/a.py:3`.", "json", "src/a.py")
    other = searched("Where is enum imported?", "In `src/b.py:3`.", "enum", "src/b.py")
    rows = beside([one, other])
    assert len(rows) == 40
    for row in rows:
        own, pasted = (one, other) if one.question in row.question else (other, one)
        assert (row.kind, row.outcomes, row.answer) == ("tool", own.outcomes, own.answer)
        assert own.question in row.question and pasted.question not in row.question
        assert pasted.outcomes[0].content in row.question or "3:import" in row.question
        assert "```" in row.question
    # The same forms hold results that do answer.
    assert {row.question.startswith("Here's the output of") for row in rows} == {True, False}


def test_a_pasted_result_that_answers_after_all_is_not_used() -> None:
    """Else a call would be learned whose result the user has just shown."""
    asked = searched("Where is json imported?", "In `src/a.py:3`.", "json", "src/a.py")
    same = searched("Which imports are there?", "In `src/a.py:3`.", "json|enum", "src/a.py")
    assert not any(asked.question in row.question for row in beside([asked, same]))
    # "No" stands in no result, and needs none: what is pasted may well say it.
    nowhere = searched("Is json imported in src?", "No.", "json", "")
    assert not any(nowhere.question in row.question for row in beside([nowhere, same]))
    # All of src was looked at, so what is in src/shop can be read off.
    wide = searched("Where is json imported?", "In `src/b.py:3`.", "json", "src/b.py")
    narrow = searched("Where is json imported in src/shop?", "In `src/shop/c.py:3`.", "json", "src/shop/c.py", "src/shop")  # fmt: skip
    assert not any(narrow.question in row.question for row in beside([narrow, wide]))
    assert any(narrow.question in row.question for row in beside([narrow, same]))


def test_what_was_seen_behind_a_change_that_was_tried_out_is_not_pasted() -> None:
    """Of the file as it is the tool would say something else."""
    asked = searched("Where is json imported?", "In `src/a.py:3`.", "json", "src/a.py")
    other = searched("Put enum into src/b.py. Where is it then?", "In `src/b.py:3`.", "enum", "src/b.py")
    written = Outcome("write_file", {"path": "src/b.py", "content": "import enum"}, "", "saved", 0, "1")
    changed = other.changed(turns=(Turn(other.question, (written, *other.outcomes), other.answer),))
    assert any(asked.question in row.question for row in beside([asked, other]))
    assert not any(asked.question in row.question for row in beside([asked, changed]))


def test_what_is_asked_beside_a_pasted_result_is_not_asked_about_it() -> None:
    """ "From git's status, only what's deleted" beside the status of docs is a question about docs."""
    git = GitStatusResult(success=True, clean=True, file_count=0, files=())
    docs = Scene((Turn("Is docs clean?", (outcome("git_status", git, path="docs"),), "Yes."),), "git")
    deleted = GitFile(file="MANIFEST.in", status="deleted", staged=False)
    whole = GitStatusResult(success=True, clean=False, file_count=1, files=(deleted,))
    for question, path, is_made in (("What's deleted?", ".", False), ("What's deleted in src?", "src", True)):
        asked = Scene((Turn(question, (outcome("git_status", whole, path=path),), "`MANIFEST.in`."),), "git")
        assert any(question in row.question for row in beside([asked, docs])) == is_made


def test_what_goes_on_from_something_is_not_asked_beside_a_pasted_result() -> None:
    stands_alone = generator("pasted_besides").stands_alone
    for question in ("Where is `f` called?", "`a.py`: any TODO in it?", "Nothing of json in src, is there?", "Find `f`."):  # fmt: skip
        assert stands_alone(question), question
    for question in ("And in `a.py`?", "Does `g` raise, too?", "lint a.py", "source of `f`", "What is this?\n\nx = 1."):  # fmt: skip
        assert not stands_alone(question), question
