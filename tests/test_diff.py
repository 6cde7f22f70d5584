"""Two datasets compared: every row is accounted for once, what differs is named, and nothing that does not differ is."""

import json
import random
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from punie_data.cli import cli
from punie_data.diff.compare import compare
from punie_data.diff.manifest import differences
from punie_data.diff.rows import ASPECTS, aspects_of
from punie_data.stats.length import Characters
from tests.test_stats import CALLING, ROWS, SAMPLE, dataset


def compared(tmp_path: Path, a: dict[str, list], b: dict[str, list], limit: int | None = None):
    one, other = dataset(tmp_path / "a", **a), dataset(tmp_path / "b", **b)
    return compare(one, other, Characters(), limit)


def counts(found) -> tuple[int, int, int, int, int]:
    m = found.matched
    return m.same, len(m.moved), len(m.changed), len(m.removed), len(m.added)


def edited(row: dict, edit) -> dict:
    copy = json.loads(json.dumps(row))
    edit(copy)
    return copy


def test_a_dataset_is_the_same_as_itself_and_the_exit_code_says_so(tmp_path: Path) -> None:
    """Else a script could not ask whether a build gave the same again; key order and white space make no difference."""
    lines = [
        json.dumps(dict(reversed(row.items())), indent=None, separators=(" , ", ": ")).encode()
        for row in ROWS
    ]
    other = dataset(tmp_path / "other", examples=lines)
    assert (
        CliRunner()
        .invoke(cli, ["diff", str(SAMPLE / "examples.jsonl"), str(other / "examples.jsonl")])
        .exit_code
        == 0
    )
    done = CliRunner().invoke(cli, ["diff", str(SAMPLE), str(SAMPLE)])
    assert done.exit_code == 0 and "the same" in done.output


def test_rows_that_came_and_went_are_named(tmp_path: Path) -> None:
    """Else one knows that something changed and not what."""
    found = compared(tmp_path, {"train": ROWS[:20]}, {"train": ROWS[3:25]})
    assert counts(found) == (17, 0, 0, 3, 5)
    assert [place.id for place in found.removed] == [row["id"] for row in ROWS[:3]]
    assert [(place.part, place.line) for place in found.added] == [("train", n) for n in range(18, 23)]
    done = CliRunner().invoke(cli, ["diff", str(tmp_path / "a"), str(tmp_path / "b")])
    assert done.exit_code == 1 and f"- train:1 {ROWS[0]['id']}" in " ".join(done.output.split())


CHANGES = {
    "answer": lambda row: row["messages"][-1].update(content="Something else."),
    "question": lambda row: row["messages"][0].update(content="Something else?"),
    "results": lambda row: next(m for m in row["messages"] if m["role"] == "tool").update(content="{}"),
    "calls": lambda row: row["messages"][1]["tool_calls"][0]["function"].update(arguments={"a": 1}),
    "tools": lambda row: row.update(tools=[]),
    "label": lambda row: row["label"].update(category="other"),
    "origin": lambda row: row["origin"].update(revision="0" * 40),
    "runs": lambda row: row["runs"][0].update(tool_version="ty 9"),
}


@pytest.mark.parametrize("aspect", CHANGES)
@pytest.mark.parametrize("new_id", [False, True], ids=["same id", "new id"])
def test_a_changed_row_is_one_change_and_says_what_changed(tmp_path: Path, aspect: str, new_id: bool) -> None:
    """Else a corrected answer would look like a row that went and another that came; an id that was made anew hides nothing."""
    row = {**CALLING, "origin": {**CALLING["origin"], "symbol": "x"}}
    changed = edited(row, CHANGES[aspect])
    if new_id:
        changed["id"] = "f" * 20
    found = compared(tmp_path, {"train": [ROWS[0], row]}, {"train": [ROWS[0], changed]})
    assert counts(found) == (1, 0, 1, 0, 0)
    ((_, _, aspects),) = found.changed
    assert set(aspects) == {aspect, *(["id"] if new_id else [])}


def test_another_question_about_another_thing_is_no_change(tmp_path: Path) -> None:
    """Else any row that went would be paired with any that came."""
    rows = [row for row in ROWS if row["origin"]["generator"] == ROWS[5]["origin"]["generator"]]
    assert len({row["origin"]["repo"] for row in rows}) > 1
    found = compared(tmp_path, {"train": rows[:1]}, {"train": rows[-1:]})
    assert counts(found) == (0, 0, 0, 1, 1)


def test_rows_that_changed_sides_are_moved(tmp_path: Path) -> None:
    """Else a row that went from train to test would pass for the same, and leakage with it."""
    found = compared(
        tmp_path,
        {"train": ROWS[:10], "test": ROWS[10:12]},
        {"train": ROWS[1:10], "test": [ROWS[0], *ROWS[10:12]]},
    )
    assert counts(found) == (11, 1, 0, 0, 0) and found.moves == {("train", "test"): 1} and not found.same


def test_two_files_are_compared_whatever_they_are_called(tmp_path: Path) -> None:
    """Else all rows of `new.jsonl` would have moved from `old.jsonl`."""
    found = compare(
        dataset(tmp_path / "a", train=ROWS[:9]), dataset(tmp_path / "b", test=ROWS[:9]), Characters()
    )
    assert counts(found) == (9, 0, 0, 0, 0) and found.same


def test_another_order_is_a_difference(tmp_path: Path) -> None:
    """Else training would see other batches and the datasets would be called the same."""
    found = compared(tmp_path, {"train": ROWS[:5]}, {"train": ROWS[4::-1]})
    assert counts(found) == (5, 0, 0, 0, 0) and found.matched.reordered == ["train"] and not found.same


def test_a_row_twice_is_another_thing_than_once(tmp_path: Path) -> None:
    """Else duplicates would come in unseen."""
    found = compared(tmp_path, {"train": ROWS[:2]}, {"train": [ROWS[0], *ROWS[:2]]})
    assert counts(found) == (2, 0, 0, 0, 1)


def test_very_many_equal_rows_are_matched(tmp_path: Path) -> None:
    """Else a file of one row ten thousand times over would be compared until tomorrow."""
    found = compared(tmp_path, {"train": ROWS[:1] * 4000}, {"train": ROWS[:1] * 4001})
    assert counts(found) == (4000, 0, 0, 0, 1)


def test_lines_that_are_no_rows_are_compared_too(tmp_path: Path) -> None:
    """Else a broken line that came in would make no difference."""
    found = compared(tmp_path, {"train": [ROWS[0], b'{"half']}, {"train": [ROWS[0], b'{"half', b"[1]"]})
    assert counts(found) == (2, 0, 0, 0, 1) and found.added[0].question == "(no row)"


def test_rejected_rows_are_compared(tmp_path: Path) -> None:
    """Else rows could vanish from what was refused; only the number by reason is shown."""
    one = {"reason": "a", "question": "x"}
    assert not compared(
        tmp_path, {"train": ROWS[:1], "rejected": [one]}, {"train": ROWS[:1], "rejected": []}
    ).same
    same = compared(
        tmp_path / "2", {"train": ROWS[:1], "rejected": [one]}, {"train": ROWS[:1], "rejected": [one]}
    )
    assert same.same


def test_manifests_differ_in_versions_sources_and_steps() -> None:
    """Else a dataset of other tools would be taken for the same; what is counted in them is not compared again."""
    old = {
        "tools": {"ty": "1"},
        "sources": [{"name": "b", "revision": "1"}, {"name": "a", "revision": "1"}],
        "steps": [{"command": "split", "options": {"seed": 0}}],
        "counts": {"train": 1},
        "files": {"train.jsonl": "a"},
    }
    new = json.loads(json.dumps(old))
    new["sources"].reverse()
    new["counts"] = new["files"] = {}
    assert differences(old, new) == []
    new["tools"]["ty"] = "2"
    new["sources"][0]["revision"] = "2"
    new["steps"].append({"command": "balance"})
    told = [(said.where, said.a, said.b) for said in differences(old, new)]
    assert told == [
        ("sources.a.revision", "1", "2"),
        ("steps.2 balance.command", None, "balance"),
        ("tools.ty", "1", "2"),
    ]
    assert differences({"sources": 3, "steps": [1, {"a": []}]}, {"sources": [{}], "steps": {}})


def test_composition_shifts_are_what_the_rows_say(tmp_path: Path) -> None:
    """Else the table would show a change that did not happen."""
    tools = [row for row in ROWS if row["label"]["kind"] == "tool"][:10]
    direct = [row for row in ROWS if row["label"]["kind"] == "direct"][:5]
    found = compared(tmp_path, {"train": tools + direct}, {"train": tools[:4] + direct})
    kinds = [(shift.value, shift.a, shift.b) for shift in found.shifts if shift.axis == "kind"]
    assert kinds == [("tool", 10, 4)]
    told = json.loads(
        CliRunner().invoke(cli, ["diff", str(tmp_path / "a"), str(tmp_path / "b"), "--json"]).output
    )
    assert told["same"] is False and told["rows"] == {
        "same": 9,
        "moved": 0,
        "changed": 0,
        "removed": 6,
        "added": 0,
    }


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 7), max_size=12), st.lists(st.integers(0, 7), max_size=12), st.integers(0, 99))
def test_every_row_is_accounted_for_once(
    tmp_path_factory, one: list[int], other: list[int], seed: int
) -> None:
    """Else rows would be counted twice or not at all."""
    chance = random.Random(seed)
    rows = [*ROWS[:6], {**ROWS[0], "tools": []}, edited(ROWS[1], CHANGES["answer"])]
    folder = tmp_path_factory.mktemp("diff")
    cut = chance.randrange(len(one) + 1)
    found = compared(
        folder,
        {"train": [rows[n] for n in one[:cut]], "valid": [rows[n] for n in one[cut:]]},
        {"train": [rows[n] for n in other]},
    )
    same, moved, changed, removed, added = counts(found)
    assert same + moved + changed + removed == len(one) and same + moved + changed + added == len(other)
    pairs = [*found.matched.moved, *found.matched.changed]
    assert len({pair.a for pair in pairs}) == len({pair.b for pair in pairs}) == len(pairs)
    if sorted(one) == sorted(other):
        assert changed == removed == added == 0


@pytest.mark.parametrize("key", ["id", "messages", "tools", "label", "origin", "runs"])
def test_aspects_are_all_of_a_row(key: str) -> None:
    """Else something could change that no aspect names."""
    other = {**CALLING, key: CALLING["messages"][:1] if key == "messages" else None}
    assert tuple(aspects_of(CALLING)) == ASPECTS and set(CALLING) >= {key}
    assert aspects_of(other) != aspects_of(CALLING)


def test_names_from_the_data_do_nothing_to_the_terminal(tmp_path: Path) -> None:
    """Else a question would move the cursor."""
    evil = edited(ROWS[0], lambda row: row["messages"][0].update(content="\x1b[2J[red]evil\nline"))
    dataset(tmp_path / "a", train=[ROWS[1]])
    dataset(tmp_path / "b", train=[evil])
    (tmp_path / "b/manifest.json").write_bytes(orjson.dumps({"tools": {"\x1b": "\x1b"}}))
    (tmp_path / "a/manifest.json").write_bytes(orjson.dumps({"tools": {}}))
    told = CliRunner().invoke(cli, ["diff", str(tmp_path / "a"), str(tmp_path / "b")]).output
    assert "\x1b" not in told and "[red]evil line" in told


def test_what_is_no_dataset_is_one_line(tmp_path: Path) -> None:
    """Else a wrong name ends in a trace."""
    from punie_data.errors import UserError

    for wrong in (tmp_path, tmp_path / "none.jsonl"):
        done = CliRunner().invoke(cli, ["diff", str(SAMPLE), str(wrong)])
        assert isinstance(done.exception, UserError)
