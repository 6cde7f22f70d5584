"""`punie-data split`: nothing is on two sides, and no row changes its side when rows are added."""

from collections.abc import Iterable
from itertools import combinations
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from punie_data.cli.split import split as command
from punie_data.errors import UserError
from punie_data.question import asked
from punie_data.split import LeakCheck, Shares, find_leaks, pick_unseen, split
from punie_data.split.sides import SIDES, Placing
from punie_data.split.units import By, deciding, units_of
from tests.conversations import Record, conversation, defined, read_rows, write_rows

SAMPLE = Path(__file__).parent.parent / "data" / "sample"
CALL = [("hover", {"symbol": "x"}, "x")]


def placed(rows: list[Record], shares: Shares) -> list[str]:
    """Each row's side, or `aside`."""
    placing = Placing(shares)
    for row in rows:
        placing.add(row)
    sides, aside = placing.sides()
    return ["aside" if number in aside else SIDES[side] for number, side in enumerate(sides)]


def some_row(question: int, paths: frozenset[str], symbol: str, repo: str) -> Record:
    return conversation(
        f"Question {question}?",
        f"{sorted(paths)} {symbol}",
        CALL,
        repo=repo,
        paths=tuple(sorted(paths)),
        symbol=symbol,
    )


ROWS = st.builds(
    some_row,
    st.integers(0, 12),
    st.frozensets(st.sampled_from([f"src/{name}.py" for name in "abcdefgh"] + ["src"]), max_size=3),
    st.sampled_from(["", "", "Cart", "Item", "Money"]),
    st.sampled_from(["shop", "till"]),
)
SHARES = st.builds(
    Shares,
    st.sampled_from([0.0, 0.2, 0.4]),
    st.sampled_from([0.0, 0.2, 0.4]),
    st.sampled_from(["origin", "file", "symbol", "repo"]),
    st.sampled_from([(), (), ("till",)]),
    st.integers(0, 5),
)


@given(st.lists(ROWS, max_size=20), st.lists(ROWS, max_size=12), SHARES, st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_no_row_changes_its_side_when_rows_are_added(
    old: list[Record], new: list[Record], shares: Shares, chance
) -> None:  # type: ignore[no-untyped-def]
    """Else what was trained on yesterday is tested on today. Rows may only be set aside or come back; those of test stay."""
    before = placed(old, shares)
    mixed = [(number, row) for number, row in enumerate([*old, *new])]
    chance.shuffle(mixed)
    after = dict(zip((number for number, _ in mixed), placed([row for _, row in mixed], shares), strict=True))
    for number, side in enumerate(before):
        assert after[number] == side or "aside" in (after[number], side)
        if side == "test" and old[number]["origin"]["repo"] not in shares.unseen:
            assert after[number] == "test"


def shared(one: Record, other: Record, by: By) -> bool:
    """Said again, and plainly: do two rows share what two sides must not?"""
    if one["id"] == other["id"] or asked(one["messages"]) == asked(other["messages"]):
        return True
    if one["origin"]["repo"] != other["origin"]["repo"]:
        return False
    files = {path for path in one["origin"]["paths"] if path != "src"} & set(other["origin"]["paths"])
    symbol = one["origin"]["symbol"] and one["origin"]["symbol"] == other["origin"]["symbol"]
    return {
        "repo": True,
        "file": bool(files),
        "symbol": bool(symbol),
        "origin": bool(files or symbol),
    }[by]


@given(st.lists(ROWS, max_size=25), SHARES)
@settings(max_examples=150, deadline=None)
def test_nothing_is_on_two_sides(rows: list[Record], shares: Shares) -> None:
    """Else an evaluation measures memory. The check agrees with a plain comparison of all pairs."""
    sides = placed(rows, shares)
    check = LeakCheck(shares.by)
    for side, row in zip(sides, rows, strict=True):
        if side != "aside":
            check.add(side, row)
    assert list(check.leaks()) == []
    pairs = combinations(zip(sides, rows, strict=True), 2)
    leaking = [
        (one, other)
        for (side, one), (other_side, other) in pairs
        if side != other_side and "aside" not in (side, other_side) and shared(one, other, shares.by)
    ]
    assert leaking == []


@given(st.lists(ROWS, max_size=12), st.data())
@settings(max_examples=80, deadline=None)
def test_the_check_finds_what_a_plain_comparison_finds(rows: list[Record], data: st.DataObject) -> None:
    """Else a leak passes as a proof."""
    by = data.draw(st.sampled_from(["origin", "file", "symbol", "repo"]))
    parts = [data.draw(st.sampled_from(["train", "valid", "test"])) for _ in rows]
    check = LeakCheck(by)
    for part, row in zip(parts, rows, strict=True):
        check.add(part, row)
    there = any(
        part != other_part and shared(row, other, by)
        for (part, row), (other_part, other) in combinations(zip(parts, rows, strict=True), 2)
    )
    assert bool(list(check.leaks())) == there


def names(row: Record, by: By = "origin") -> set[tuple[str, str]]:
    return {(unit.what, unit.name) for unit in units_of(row, by) if unit.what in ("file", "symbol")}


def test_the_files_of_a_row_without_paths_are_those_it_speaks_of() -> None:
    """Else a question that was made by taking the tool away is on another side than the row it was made from."""
    asks = conversation("What's wrong in src/shop/cart.py:3?", "I can't tell.", kind="cannot")
    assert names(asks) == {("file", "src/shop/cart.py")}
    called = conversation("Show it.", "There.", [("read_file", {"path": "./docs/a.md"}, "x")])
    assert names(called) == {("file", "docs/a.md")}


@pytest.mark.parametrize("path", ["src", "tests/", "docs/guide"])
def test_a_folder_ties_nothing_together(path: str) -> None:
    """Else one row about `src` takes every file in it to its side."""
    assert names(conversation("List it.", "Much.", CALL, paths=(path,))) == set()
    assert names(conversation("Look.", "Much.", CALL, paths=("Makefile",))) == {("file", "Makefile")}


def test_a_question_without_a_place_is_on_one_side_in_all_repositories() -> None:
    """Else "What was committed last?" is trained and tested."""
    rows = [conversation(f"{word} was committed last?", repo, CALL, repo=repo) for repo in "abcdefgh" for word in ("What", "what", "Who")]  # fmt: skip
    assert len({tuple(unit.number() for unit in deciding(row)) for row in rows}) == 2
    assert set(placed(rows, Shares(0.3, 0.3))) <= {"train", "valid", "test"}


def test_a_row_about_two_sides_doesnt_take_one_along() -> None:
    """Else one row that compares two files joins everything that is known of both."""
    files = [f"f{number}.py" for number in range(40)]
    single = [conversation(f"What is {file}?", file, CALL, paths=(file,)) for file in files]
    before = placed(single, Shares())
    at = {side: files[before.index(side)] for side in ("train", "test")}
    both = conversation("Which is longer?", "x", CALL, paths=(at["train"], at["test"]))
    assert placed([*single, both], Shares()) == [*before, "aside"]


def test_shares_are_about_what_was_wished_and_only_train_gives() -> None:
    """Else a wish for a tenth gives a third, or a larger test takes rows from valid."""
    rows = [defined(f"Class{number}", f"f{number}.py", number) for number in range(2000)]
    tenth, fifth = placed(rows, Shares()), placed(rows, Shares(test=0.2))
    assert 140 < tenth.count("test") < 260 and 140 < tenth.count("valid") < 260
    assert all(
        now == then or (then, now) == ("train", "test") for then, now in zip(tenth, fifth, strict=True)
    )
    assert placed(rows, Shares(seed=1)) != tenth


def test_unseen_repositories_are_in_test_only() -> None:
    """Else "unseen" isn't. Their questions that train has too are set aside, and train loses nothing."""
    rows = [
        defined(f"Class{number}", f"f{number}.py", number, repo=repo) for number in range(30) for repo in "ab"
    ]
    rows += [conversation("What was committed last?", repo, CALL, repo=repo) for repo in "ab"]
    sides = placed(rows, Shares(0.1, 0.0, unseen=("b",)))
    for row, side in zip(rows, sides, strict=True):
        assert side in (("test", "aside") if row["origin"]["repo"] == "b" else ("train", "valid"))
    assert sides[-2:] == ["train", "aside"]
    alone = [row for row in rows if row["origin"]["repo"] == "b"]
    assert set(placed(alone, Shares(0.1, 0.0, unseen=("b",)))) == {"test"}
    assert len(pick_unseen(set("abcdef"), 2)) == 2 and pick_unseen(set("abc"), 1) == pick_unseen(
        set("cba"), 1
    )


def ids(path: Path) -> list[str]:
    return [row["id"] for row in read_rows(path)]


def all_of(folder: Path, parts: Iterable[str] = ("train", "valid", "test")) -> set[bytes]:
    return {line for part in parts for line in (folder / f"{part}.jsonl").read_bytes().splitlines()}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments], catch_exceptions=False)


def test_every_row_of_the_sample_is_somewhere_and_unchanged(tmp_path: Path) -> None:
    """Else rows are lost on the way, or are edited by it."""
    done = run(SAMPLE, "--out", tmp_path / "out", "--json")
    said = orjson.loads(done.stdout)
    given = (SAMPLE / "examples.jsonl").read_bytes().splitlines()
    gone = read_rows(tmp_path / "out" / "rejected.jsonl")
    kept = all_of(tmp_path / "out")
    assert done.exit_code == 0 and kept <= set(given) and len(kept) + len(gone) == len(given) == said["rows"]
    assert all(row["of"] in row["detail"] and row["reason"].startswith("its ") for row in gone)
    order = [orjson.loads(line)["id"] for line in given]
    for side in ("train", "valid", "test"):
        found = ids(tmp_path / "out" / f"{side}.jsonl")
        assert found == [id for id in order if id in set(found)] and len(found) == said["sides"][side]
    assert run(tmp_path / "out", "--check").exit_code == 0
    assert sum(sum(counts.values()) for counts in said["kinds"].values()) == said["rows"]


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    """Else nobody can make the split again; and to split a split changes nothing but the order of what was set aside."""
    for name in ("one", "two"):
        split(SAMPLE, tmp_path / name)
    for file in ("train.jsonl", "valid.jsonl", "test.jsonl", "rejected.jsonl", "manifest.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    split(tmp_path / "one", tmp_path / "again")
    assert all_of(tmp_path / "again") == all_of(tmp_path / "one")


def test_the_check_tells_who_leaks(tmp_path: Path) -> None:
    """Else one knows that a set leaks and not where."""
    folder = tmp_path / "set"
    folder.mkdir()
    first, second = defined("Cart", "cart.py", 3), defined("Item", "cart.py", 9)
    write_rows(folder / "train.jsonl", [first, defined("Money", "money.py", 1)])
    write_rows(folder / "valid.jsonl", [second])
    done = run(folder, "--check")
    assert done.exit_code == 1
    assert f"valid row {second['id']} has the same file as train row {first['id']}" in done.output
    assert [leak.what for leak in find_leaks(folder, "file")] == ["file"]
    assert run(folder, "--check", "--by", "symbol").exit_code == 0
    assert orjson.loads(run(folder, "--check", "--json").stdout)["leaks"][0]["other_part"] == "valid"


def test_an_empty_side_and_lines_that_are_no_records_are_told(tmp_path: Path) -> None:
    """Else a trainer raises at an empty split, hours later."""
    rows = write_rows(tmp_path / "rows.jsonl", [defined("Cart", "cart.py", 3)])
    done = run(rows, "--out", tmp_path / "out", "--by", "repo")
    assert done.exit_code == 1 and "is empty" in done.stderr
    rows.write_bytes(rows.read_bytes() + b"{\n")
    done = run(rows, "--out", tmp_path / "out", "--valid", "0", "--test", "0")
    assert done.exit_code == 1 and "rows.jsonl:2: " in done.stderr
    assert not (tmp_path / "out" / "valid.jsonl").exists()


def test_what_the_user_can_mend_is_said(tmp_path: Path) -> None:
    """Else a traceback, or a split that is none."""
    rows = write_rows(tmp_path / "rows.jsonl", [defined("Cart", "cart.py", 3)])
    for shares, unseen, said in (
        (Shares(0.5, 0.5), 0, "leave something"),
        (Shares(unseen=("nix",)), 0, "no row is of nix"),
        (Shares(), 1, "leave nothing"),
    ):
        with pytest.raises(UserError, match=said):
            split(rows, tmp_path / "out", shares, unseen)
    with pytest.raises(UserError, match="no rows"):
        split(write_rows(tmp_path / "empty.jsonl", []), tmp_path / "out")
    assert run(rows).exit_code == 2


def test_the_check_proves_nothing_of_what_it_could_not_read(tmp_path: Path) -> None:
    """Else a set of broken lines, of no rows or of one part is proven leak-free."""
    folder = tmp_path / "set"
    folder.mkdir()
    write_rows(folder / "train.jsonl", [defined("Cart", "cart.py", 3)])
    (folder / "test.jsonl").write_bytes(b"{\n")
    done = run(folder, "--check")
    assert done.exit_code == 1 and "test.jsonl:1: not JSON" in done.stderr
    assert orjson.loads(run(folder, "--check", "--json").stdout)["unreadable"]
    (folder / "train.jsonl").write_bytes(b"")
    with pytest.raises(UserError, match="holds no record"):
        run(folder, "--check")
    with pytest.raises(UserError, match="is one part"):
        run(write_rows(tmp_path / "rows.jsonl", [defined("Cart", "cart.py", 3)]), "--check")


def test_a_folder_is_not_named_like_a_file(tmp_path: Path) -> None:
    """Else `--out new.jsonl` leaves a folder of that name, which no program reads as rows."""
    rows = write_rows(tmp_path / "rows.jsonl", [defined("Cart", "cart.py", 3)])
    with pytest.raises(UserError, match="named like a file"):
        run(rows, "--out", tmp_path / "new.jsonl")
    assert not (tmp_path / "new.jsonl").exists()
