"""`punie-data dedupe`: what goes, what must not, and that nothing else changes."""

import random
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from punie_data.cli.dedupe import dedupe as command
from punie_data.dedupe import Options, dedupe
from punie_data.dedupe.content import content_of
from punie_data.dedupe.reading import opened
from punie_data.errors import UserError
from punie_data.question import folded
from tests.conversations import Record, conversation, defined, read_rows, write_rows

SAMPLE = Path(__file__).parent.parent / "data" / "sample"
LONG = """A cart holds the items that somebody means to buy. It keeps a number and a quantity for each of them, never a price, because prices
change while people think. At the till it is turned into an order, which remembers what was to be paid, and by whom; the cart is then emptied and
used again. Rules look at a cart, and say by how much its sum goes down: the best of them counts, and they are not added up. Taxes come last."""
CHECK = [("ruff_check", {"path": "a.py"}, '{"violation_count":0}')]
TYPES = [("typecheck", {"path": "a.py"}, '{"error_count":0}')]


def left(rows: list[Record], folder: Path, **options: Any) -> tuple[list[str], list[Record]]:
    """The ids that stay, in order, and the rejected rows."""
    dedupe(write_rows(folder / "rows.jsonl", rows), folder / "out", Options(**options))
    kept = (folder / "out" / "examples.jsonl").read_bytes().splitlines()
    given = set((folder / "rows.jsonl").read_bytes().splitlines())
    assert set(kept) <= given, "a row was changed"
    return [orjson.loads(line)["id"] for line in kept], read_rows(folder / "out" / "rejected.jsonl")


def reasons(rows: list[Record], folder: Path, **options: Any) -> list[str]:
    return [row["reason"] for row in left(rows, folder, **options)[1]]


def test_rows_of_the_same_content_stay_once(tmp_path: Path) -> None:
    """Else a row counts twice in training. Origin and the numbers of calls are no content; what has verified runs stays."""
    same = [
        defined("Cart", "cart.py", 3, runs=False),
        defined("Cart", "cart.py", 3, first_id=7),
        defined("Cart", "cart.py", 3, repo="other", runs=False),
    ]
    ids, gone = left(same, tmp_path, exact_only=True)
    assert ids == [same[1]["id"]]
    assert [(row["reason"], row["of"]) for row in gone] == [("exact duplicate", same[1]["id"])] * 2
    assert [row["example"] for row in gone] == [same[0], same[2]]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Where is `Cart` defined?", "where is Cart   defined"),
        ("What's in a.py?", "Whats in a.py"),
        ("Is it so: yes?", "is it so yes"),
        ("Show “a b”, please.", 'Show "a b" please!'),
        ("Call `f()`.", "call f"),
    ],
)
def test_questions_that_are_the_same(one: str, other: str) -> None:
    """Else a question counts twice because somebody typed it differently."""
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Show 3 commits", "Show 4 commits"),
        ("What is in a.py?", "What is in apy?"),
        ("Is x < y?", "Is x > y?"),
        ("a + b", "a - b"),
        ("Where is _cart?", "Where is cart?"),
        ("Open .gitignore", "Open gitignore"),
        ("Go to a.py:3", "Go to a.py:4"),
        ("?", "!"),
        ("Read a/b.", "Read a.b."),
    ],
)
def test_questions_that_are_not_the_same(one: str, other: str) -> None:
    """Else a row is lost that asks something else."""
    assert folded(one) != folded(other)


def test_a_question_stays_once_in_a_repository(tmp_path: Path) -> None:
    """Else one question has two answers; in another repository it has another answer by right."""
    log = {"count": 1}
    rows = [
        conversation("What was committed last?", "Release 1, a day ago.", [("git_log", log, "Release 1")]),
        conversation("what was committed last", "It's release 1.", [("git_log", log, "Release 1")]),
        conversation("What was committed last?", "The fix.", [("git_log", log, "Fix")], repo="other"),
    ]
    ids, gone = left(rows, tmp_path)
    assert len(ids) == 2 and rows[2]["id"] in ids
    assert [row["reason"] for row in gone] == ["same question"]
    assert {gone[0]["of"], gone[0]["example"]["id"]} == {rows[0]["id"], rows[1]["id"]}
    assert len(left(rows, tmp_path, same_question="anywhere")[0]) == 1
    assert len(left(rows, tmp_path, same_question="keep")[0]) == 3


def test_names_that_differ_in_case_are_two_questions(tmp_path: Path) -> None:
    """Else `cart`, the module, goes because of `Cart`, the class."""
    assert reasons([defined("Cart", "cart.py", 3), defined("cart", "shop.py", 9)], tmp_path) == []


def test_of_conflicting_first_actions_the_verified_and_then_the_majority_stays(tmp_path: Path) -> None:
    """Else a model is taught two things for one question."""
    rows = [
        conversation("Is a.py fine?", "Yes, no findings.", CHECK),
        conversation("Is a.py fine?", "Yes, as ruff says.", CHECK, repo="b"),
        conversation("is `a.py` fine", "Yes, the types are.", TYPES, repo="c"),
    ]
    ids, gone = left(rows, tmp_path)
    assert ids == [rows[0]["id"], rows[1]["id"]]
    assert gone[0]["reason"] == "conflicting first action" and "calls typecheck" in gone[0]["detail"]
    assert gone[0]["of"] in ids
    assert left(rows, tmp_path, conflicts="drop")[0] == []
    assert len(left(rows, tmp_path, conflicts="keep")[0]) == 3
    unproven = [*(conversation("Is a.py fine?", a, CHECK, runs=False, repo=a) for a in "xyz"), rows[2]]
    assert left(unproven, tmp_path)[0] == [rows[2]["id"]]


def test_what_the_tools_explain_is_no_conflict(tmp_path: Path) -> None:
    """Else every "I can't" goes, which is made by taking the tool away from a question that had it."""
    rows = [
        conversation("Is a.py fine?", "Yes, no findings.", CHECK),
        conversation("Is a.py fine?", "I can't: no tool here lints.", kind="cannot", tools=("hover",)),
        conversation("Is a.py fine?", "Yes.", [("execute_code", {"code": "print(ruff_check('a.py'))"}, "0")], tools=("execute_code",)),
    ]  # fmt: skip
    assert reasons(rows, tmp_path) == []
    asks = conversation("Is a.py fine?", "In which sense?", kind="ask")
    assert reasons([*rows, asks], tmp_path) == ["conflicting first action"]
    longer = conversation("What is a cart?", "A thing.")
    longer["messages"] += [
        {"role": "user", "content": "And?"},
        {"role": "assistant", "content": "It holds items."},
    ]
    assert (
        reasons([conversation("What is a cart?", "It keeps what somebody means to buy."), longer], tmp_path)
        == []
    )


NEAR = {
    "a word of the answer": (
        conversation("What is a cart?", LONG),
        conversation("What is a cart?", LONG.replace("somebody", "a customer"), repo="b"),
    ),
    "another question, the same answer": (
        conversation("What is a cart for?", LONG),
        conversation("Could you explain the cart?", LONG),
    ),
    "another wording around the same call": (
        conversation("Find `Cart`, print its source.", f"`Cart`: {LONG}", CHECK),
        conversation("Find `Cart` and show me its code.", f"`Cart`: {LONG}", CHECK),
    ),
}


@pytest.mark.parametrize("name", NEAR)
def test_near_duplicates_go(name: str, tmp_path: Path) -> None:
    """Else a set is smaller than it looks."""
    assert reasons(list(NEAR[name]), tmp_path) == ["near duplicate"]
    assert reasons(list(NEAR[name]), tmp_path, exact_only=True) == []


NOT_NEAR = {
    "one template, other names": (defined("Cart", "shop/cart.py", 3), defined("Item", "shop/cart.py", 3)),
    "the answer counts something else": (
        conversation("What does `Cart` hold?", f"`Cart` has eight fields. {LONG}"),
        conversation("Tell me what `Cart` holds.", f"`Cart` has nine fields. {LONG}"),
    ),
    "other results, answers one word apart": (
        conversation("Is a.py new or modified, as git sees it?", "It is modified.", [("git_log", {"path": "a.py"}, "M a.py")]),
        conversation("Is a.py new or modified, as git sees it?", "It is deleted.", [("git_log", {"path": "a.py"}, "D a.py")], repo="b"),
    ),
    "one template without names that look like names": (
        conversation("Does anything in this project import pickle?", f"I can't say. {LONG}", kind="cannot"),
        conversation("Does anything in this project import marshal?", f"I can't say. {LONG}", kind="cannot"),
    ),
    "programs that differ in one string": (
        conversation("Which files differ?", LONG, [("execute_code", {"code": f"# {'status ' * 30}\nprint(git_status('docs'))"}, "none")]),
        conversation("What files differ, please?", LONG, [("execute_code", {"code": f"# {'status ' * 30}\nprint(git_status('tests'))"}, "none")]),
    ),
    "a number in an argument": (
        conversation("What is here?", LONG, [("hover", {"path": "a.py", "line": 10}, "x")]),
        conversation("What is this here?", LONG, [("hover", {"path": "a.py", "line": 11}, "x")]),
    ),
    "the same results and nothing else": (
        conversation("Is a.py clean?", "It is.", CHECK),
        conversation("How many findings has a.py?", "Zero findings.", CHECK),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_NEAR)
def test_rows_of_one_template_are_not_near(name: str, tmp_path: Path) -> None:
    """Else most of a mined set would go: its rows share their wording, and differ in what they are about."""
    assert reasons(list(NOT_NEAR[name]), tmp_path) == []


def test_the_sample_keeps_what_a_person_would_keep(tmp_path: Path) -> None:
    """Else mined rows, which share templates by the hundred, would be thinned out. What goes is one answer given twice."""
    report = dedupe(SAMPLE, tmp_path / "out")
    gone = read_rows(tmp_path / "out" / "rejected.jsonl")
    answers = {row["id"]: row["messages"][-1]["content"] for row in read_rows(SAMPLE / "examples.jsonl")}
    assert report.rows == len(answers) and len(gone) <= len(answers) / 50
    assert all(row["example"]["messages"][-1]["content"] == answers[row["of"]] for row in gone)
    manifest = orjson.loads((tmp_path / "out" / "manifest.json").read_bytes())
    before = orjson.loads((SAMPLE / "manifest.json").read_bytes())
    assert manifest["system_prompt"] == before["system_prompt"] and manifest["sources"] == before["sources"]
    assert manifest["steps"][-1]["command"] == "dedupe"


def _pool() -> list[Record]:
    rows = [row for pair in (*NEAR.values(), *NOT_NEAR.values()) for row in pair]
    rows += [defined("Cart", "cart.py", 3, repo=repo, runs=runs) for repo in "ab" for runs in (True, False)]
    rows += [conversation("Is a.py fine?", f"{word}.", calls, repo=word) for word in ("Yes", "No", "So so") for calls in (CHECK, TYPES)]  # fmt: skip
    return rows


@given(st.lists(st.sampled_from(_pool()), max_size=25), st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_what_stays_does_not_depend_on_the_order_and_staying_is_final(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Record], chance: random.Random
) -> None:
    """Else two people get two sets from the same rows, or a second run takes more away."""
    if not rows:
        return
    folder = tmp_path_factory.mktemp("order")
    shuffled = chance.sample(rows, len(rows))
    kept, gone = left(rows, folder)
    again, _ = left(shuffled, folder)
    assert sorted(kept) == sorted(again)
    position = {row["id"]: number for number, row in reversed(list(enumerate(shuffled)))}
    assert len(kept) + len(gone) == len(rows) and set(again) <= set(position)
    staying = [row for row in rows if row["id"] in set(kept)]
    unique = list({orjson.dumps(row): row for row in staying}.values())
    once = read_rows(folder / "out" / "examples.jsonl")
    assert left(once, folder)[1] == [] and len(once) <= len(unique)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments], catch_exceptions=False)


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    """Else nobody can make the dataset again."""
    rows = write_rows(tmp_path / "rows.jsonl", _pool())
    for name in ("one", "two"):
        dedupe(rows, tmp_path / name)
    for file in ("examples.jsonl", "rejected.jsonl", "manifest.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_rows_that_were_imported_are_not_verified_and_have_no_repository(tmp_path: Path) -> None:
    """Else a question of two files counts as asked in two repositories, or an unproven row stays for a proven one."""
    asks = [{"role": "user", "content": "What is a cart?"}, {"role": "assistant", "content": "A thing."}]
    lines = [
        {"messages": asks},
        {"messages": [{**asks[0], "content": "what is a cart"}, {**asks[1], "content": "It holds items."}]},
    ]
    (tmp_path / "rows.jsonl").write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    done = run(tmp_path / "rows.jsonl", "--out", tmp_path / "out")
    assert done.exit_code == 0 and not done.stderr
    assert [row["reason"] for row in read_rows(tmp_path / "out" / "rejected.jsonl")] == ["same question"]
    row = defined("Cart", "cart.py", 3)
    assert content_of(row).verified
    row["runs"][0]["tool_version"] = "imported"
    assert not content_of(row).verified


def test_in_a_split_dataset_the_row_of_test_stays(tmp_path: Path) -> None:
    """Else an evaluation shrinks because training data repeats it."""
    folder = tmp_path / "split"
    folder.mkdir()
    write_rows(folder / "train.jsonl", [defined("Cart", "cart.py", 3), defined("Item", "cart.py", 9)])
    write_rows(folder / "test.jsonl", [defined("Cart", "cart.py", 3, runs=False)])
    dedupe(folder, tmp_path / "out")
    assert len(read_rows(tmp_path / "out" / "test.jsonl")) == 1
    assert len(read_rows(tmp_path / "out" / "train.jsonl")) == 1


def test_lines_that_are_no_records_are_told_and_kept_apart(tmp_path: Path) -> None:
    """Else rows vanish, or one bad line costs the whole run."""
    rows = tmp_path / "rows.jsonl"
    good = orjson.dumps(defined("Cart", "cart.py", 3))
    rows.write_bytes(good + b'\n{"half": \n\n{"id": 5}\n' + good[:-2].replace(b"Cart", b"Item"))
    done = run(rows, "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert (
        "rows.jsonl:2: not JSON" in done.stderr
        and "rows.jsonl:4:" in done.stderr
        and "rows.jsonl:5:" in done.stderr
    )
    gone = read_rows(tmp_path / "out" / "rejected.jsonl")
    assert [row["reason"] for row in gone] == ["not a record"] * 3
    assert len(read_rows(tmp_path / "out" / "examples.jsonl")) == 1


def test_what_the_user_can_mend_is_said(tmp_path: Path) -> None:
    """Else an input is overwritten, or an empty dataset is taken for a result."""
    rows = write_rows(tmp_path / "rows.jsonl", [defined("Cart", "cart.py", 3)])
    with pytest.raises(UserError, match="where the input lies"):
        dedupe(rows, tmp_path)
    with pytest.raises(UserError, match="no such file"):
        dedupe(tmp_path / "absent.jsonl", tmp_path / "out")
    other = tmp_path / "other.jsonl"
    other.write_bytes("{}\n".encode("utf-16"))
    with pytest.raises(UserError, match="the file is UTF-16"):
        dedupe(other, tmp_path / "out")
    empty = write_rows(tmp_path / "empty.jsonl", [])
    with pytest.raises(UserError, match="no rows"):
        dedupe(empty, tmp_path / "out")


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    """Else the rows that are written are others than those that were compared."""
    rows = write_rows(tmp_path / "rows.jsonl", _pool())
    source = opened(rows)
    assert len(list(source.rows())) == len(_pool())
    write_rows(rows, [*_pool(), defined("New", "new.py", 1)])
    with pytest.raises(UserError, match="changed while it was read"):
        list(source.rows())


def test_the_table_and_the_json_say_how_many_went(tmp_path: Path) -> None:
    """Else nobody sees what a threshold does to a kind of rows."""
    rows = write_rows(tmp_path / "rows.jsonl", [*NEAR["a word of the answer"], defined("Cart", "a.py", 1)])
    shown = run(rows, "--out", tmp_path / "out")
    assert shown.exit_code == 0 and "made" in shown.output and "2 of 3 rows" in shown.output
    said = orjson.loads(run(rows, "--out", tmp_path / "out", "--json").stdout)
    assert said["rows"] == 3 and said["kept"] == 2 and said["removed"]["near duplicate"] == 1
    assert {row["kind"]: row["kept"] for row in said["table"]} == {"direct": 1, "tool": 1}
