"""`balance` on files and folders: what is read, which rows stay, what is written, and what is said."""

import hashlib
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from punie_data.balance import census as census_module
from punie_data.balance.cells import Counted
from punie_data.balance.census import take_census
from punie_data.balance.mix import DEFAULT, Mix, tool_share
from punie_data.balance.pick import pick
from punie_data.balance.plan import kept, left_out, plan
from punie_data.cli import cli
from punie_data.errors import UserError

SAMPLE = Path(__file__).parent.parent / "data" / "sample" / "examples.jsonl"


def row(
    number: int,
    kind: str = "tool",
    tool: str = "hover",
    repo: str = "shop",
    generator: str = "hover",
    symbol: str = "",
    question: str = "What is `x`?",
) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [{"role": "user", "content": f"{question} {number}"}]
    if kind == "tool":
        call = {"id": "call_0", "type": "function", "function": {"name": tool, "arguments": {"line": number}}}
        messages.append({"role": "assistant", "content": "", "tool_calls": [call]})
        messages.append({"role": "tool", "content": "int", "tool_call_id": "call_0", "name": tool})
    messages.append({"role": "assistant", "content": f"It is {number}."})
    origin = {"generator": generator, "repo": repo, "revision": "1", "license": "MIT", "paths": [], "spans": [], "symbol": symbol, "seed": 0}  # fmt: skip
    identity = hashlib.sha256(orjson.dumps(messages)).hexdigest()[:20]
    return {
        "id": identity,
        "messages": messages,
        "tools": [tool],
        "label": {"kind": kind, "category": "types"},
        "origin": origin,
        "runs": [],
    }


def rows_of(tool: int, direct: int) -> list[dict[str, Any]]:
    return [row(n) for n in range(tool)] + [row(n, kind="direct") for n in range(direct)]


def write(file: Path, rows: list[dict[str, Any]]) -> Path:
    file.write_bytes(b"".join(orjson.dumps(each) + b"\n" for each in rows))
    return file


def read(file: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in file.read_bytes().splitlines()]


def run(*arguments: str | Path) -> Result:
    done = CliRunner().invoke(cli, ["balance", *map(str, arguments)])
    if done.exception is not None and not isinstance(done.exception, SystemExit | UserError):
        raise done.exception
    return done


def test_the_largest_part_of_a_file_is_written_in_its_order_and_its_bytes(tmp_path: Path) -> None:
    """Else a row that was verified is another one afterwards, or rows are lost that need not be."""
    file = write(tmp_path / "old.jsonl", rows_of(160, 40))
    before = file.read_bytes()
    done = run(file, "--tool", "0.67", "--out", tmp_path / "new.jsonl")
    assert done.exit_code == 0 and "200 → 129 rows" in done.output and file.read_bytes() == before
    lines = (tmp_path / "new.jsonl").read_bytes().splitlines(keepends=True)
    old = before.splitlines(keepends=True)
    assert [old.index(line) for line in lines] == sorted(old.index(line) for line in lines)
    kinds = [each["label"]["kind"] for each in read(tmp_path / "new.jsonl")]
    assert (kinds.count("tool"), kinds.count("direct")) == (89, 40)
    assert run(tmp_path / "new.jsonl", "--tool", "0.67", "--check").exit_code == 0
    assert run(file, "--tool", "0.67", "--check").exit_code == 1


def test_the_default_mix_is_65_to_75_per_cent_tool(tmp_path: Path) -> None:
    """Else a dataset that calls a tool for every question passes."""
    assert run(write(tmp_path / "a.jsonl", rows_of(75, 25)), "--check").exit_code == 0
    assert run(write(tmp_path / "b.jsonl", rows_of(65, 35)), "--check").exit_code == 0
    told = run(write(tmp_path / "c.jsonl", rows_of(76, 24)), "--check")
    assert told.exit_code == 1 and "outside: kind tool is 76.0 %, asked 65–75 %" in told.output


def test_the_same_rows_stay_every_time_and_others_with_another_seed(tmp_path: Path) -> None:
    """Else nobody can make a dataset again."""
    file = write(tmp_path / "old.jsonl", rows_of(60, 10))
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        run(file, "--out", tmp_path / f"{name}.jsonl", "--seed", str(seed))
    first, again, other = ((tmp_path / f"{name}.jsonl").read_bytes() for name in "abc")
    assert first == again != other and len(first.splitlines()) == len(other.splitlines())


def test_which_rows_stay_does_not_depend_on_their_order(tmp_path: Path) -> None:
    """Else shuffling a file changes what is kept of it."""
    rows = [row(n, symbol=f"S{n % 7}", generator=f"g{n % 3}") for n in range(60)] + rows_of(0, 10)
    chosen = []
    for name, given_rows in (("a", rows), ("b", rows[::-1])):
        found = plan(write(tmp_path / f"{name}.jsonl", given_rows), DEFAULT)
        chosen.append({orjson.loads(raw)["id"] for raw in kept(found)})
    assert chosen[0] == chosen[1]


def test_a_cell_keeps_different_generators_symbols_and_phrasings(tmp_path: Path) -> None:
    """Else of a thousand rows the hundred that stay are of one template about one class. Near-miss: what there is little of stays whole."""
    many = [row(n, generator="g0", symbol="A") for n in range(90)]
    few = [row(n, generator=f"g{1 + n % 3}", symbol=f"S{n}") for n in range(9)]
    found = plan(write(tmp_path / "a.jsonl", many + few + rows_of(0, 12)), DEFAULT)
    stay = [orjson.loads(raw) for raw in kept(found)]
    generators = [one["origin"]["generator"] for one in stay if one["label"]["kind"] == "tool"]
    assert len(generators) == 36 and len([name for name in generators if name != "g0"]) == 9


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 4)), min_size=1, max_size=60),
    st.integers(0, 60),
)
def test_a_cell_s_places_are_dealt_out_evenly(rows: list[tuple[int, int, int]], wanted: int) -> None:
    """Else one generator takes all the places: no generator has two more than another that has rows left."""
    found = census_module.Census(Path("x"), ("kind",), {("tool",): 0})
    for number, (maker, symbol, place) in enumerate(rows):
        found.of_row.append(0)
        for sums, value in zip(found.spread, (maker, symbol, place, 0), strict=True):
            sums.append(value)
        found.content.append(number * 7919)
    wanted = min(wanted, len(rows))
    stays = pick(found, (0,), (wanted,))
    assert sum(stays) == wanted
    have = {maker: sum(stays[n] for n, each in enumerate(rows) if each[0] == maker) for maker, *_ in rows}
    there = {maker: sum(each[0] == maker for each in rows) for maker in have}
    for one, number in have.items():
        assert number == there[one] or number >= max(have.values()) - 1


def test_parts_counted_by_several_processes_are_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else large files are counted wrong at the seams, or their broken lines get other numbers."""
    monkeypatch.setattr(census_module, "_PART", 2000)
    rows = [row(n, kind="tool" if n % 3 else "direct", generator=f"g{n % 5}") for n in range(40)]
    lines = [orjson.dumps(each) + b"\n" for each in rows]
    lines[7] = b'{"half": \n'
    lines[20] = b"\n" + lines[20]
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + b"".join(lines).rstrip(b"\n"))
    alone, together = (
        take_census(file, DEFAULT, ("generator",), 1),
        take_census(file, DEFAULT, ("generator",), 3),
    )
    assert alone == together and alone.rows == 39 and list(alone.unread) == [8]
    assert [orjson.loads(raw) for raw in together.raw_rows()] == rows[:7] + rows[8:]


BROKEN = {
    "half a line": b'{"id": "x"\n',
    "a NUL byte": b'{"a": "\0"}\n',
    "not a number": b'{"a": NaN}\n',
    "no object": b"[1, 2]\n",
    "another object": b'{"hello": 1}\n',
    "a row without messages": b'{"id": "x", "messages": [], "tools": [], "label": {}, "origin": {}, "runs": []}\n',
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_line_that_is_no_row_is_named_left_out_and_kept_with_its_reason(tmp_path: Path, name: str) -> None:
    """Else it vanishes, or one broken line holds up a million."""
    raw = BROKEN[name]
    folder = tmp_path / "set"
    folder.mkdir()
    write(folder / "train.jsonl", rows_of(70, 30))
    with (folder / "train.jsonl").open("ab") as file:
        file.write(raw)
    done = run(folder, "--out", tmp_path / "out")
    assert done.exit_code == 1 and f"1 line is no row and left out: {folder}/train.jsonl:101: " in done.output
    rejected = read(tmp_path / "out" / "rejected.jsonl")
    assert [(each["reason"], each["stage"]) for each in rejected] == [("no row", "balance")]
    assert "train.jsonl:101" in rejected[0]["detail"] and len(read(tmp_path / "out" / "train.jsonl")) == 100
    assert run(folder, "--check").exit_code == 1


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe{\0}\0", b"{}\n", b"nonsense"])
def test_a_file_without_rows_is_one_line(tmp_path: Path, content: bytes) -> None:
    """Else an empty file is inside every mix."""
    file = tmp_path / "a.jsonl"
    file.write_bytes(content)
    with pytest.raises(UserError, match="has no rows"):
        plan(file, DEFAULT)


def test_a_file_that_changes_is_not_balanced(tmp_path: Path) -> None:
    """Else what is written is not what was counted, and the bands hold for nothing."""
    file = write(tmp_path / "a.jsonl", rows_of(80, 20))
    found = plan(file, DEFAULT)
    write(file, rows_of(80, 21))
    with pytest.raises((UserError, ValueError)):
        list(kept(found))


def test_each_split_is_inside_the_mix_on_its_own(tmp_path: Path) -> None:
    """Else valid is all tool and train all direct, and both together are 67 : 33."""
    folder = tmp_path / "set"
    folder.mkdir()
    write(folder / "train.jsonl", rows_of(20, 80))
    write(folder / "valid.jsonl", rows_of(80, 20))
    (folder / "manifest.json").write_bytes(orjson.dumps({"system_prompt": "Help.", "steps": [{"command": "split"}]}))  # fmt: skip
    done = run(folder, "--out", tmp_path / "out", "--json")
    report = orjson.loads(done.output)
    assert [one["rows"]["after"] for one in report["files"]] == [30, 80]
    manifest = orjson.loads((tmp_path / "out" / "manifest.json").read_bytes())
    assert manifest["system_prompt"] == "Help." and manifest["counts"] == {"train": 30, "valid": 80, "rejected": 90}  # fmt: skip
    assert [step["command"] for step in manifest["steps"]] == ["split", "balance"]
    written = read(tmp_path / "out" / "train.jsonl") + read(tmp_path / "out" / "valid.jsonl")
    out = [each["example"] for each in read(tmp_path / "out" / "rejected.jsonl")]
    everything = read(folder / "train.jsonl") + read(folder / "valid.jsonl")
    assert sorted(orjson.dumps(each) for each in written + out) == sorted(orjson.dumps(e) for e in everything)
    assert {each["reason"] for each in read(tmp_path / "out" / "rejected.jsonl")} == {"over the mix"}


def test_a_split_s_own_bands_hold_in_it_alone(tmp_path: Path) -> None:
    """Else `[split.valid.kind]` is read and not obeyed."""
    folder = tmp_path / "set"
    folder.mkdir()
    for name in ("train", "valid"):
        write(folder / f"{name}.jsonl", rows_of(80, 20))
    mix = tmp_path / "mix.toml"
    mix.write_text("[kind]\ntool = [0.65, 0.75]\n[split.valid.kind]\ntool = [0.4, 0.5]\n")
    report = orjson.loads(run(folder, "--mix", mix, "--json", "--dry-run").output)
    assert [one["rows"]["after"] for one in report["files"]] == [80, 40]


def test_a_mix_that_can_t_be_met_writes_nothing_and_says_why(tmp_path: Path) -> None:
    """Else the user gets a set outside the mix, or no word on what to change."""
    file = write(tmp_path / "a.jsonl", [row(n, repo="a") for n in range(9)] + [row(n, "direct", repo="b") for n in range(9)])  # fmt: skip
    mix = tmp_path / "mix.toml"
    mix.write_text("[kind]\ntool = [0.65, 0.75]\n[repo]\nb = [0.4, 0.5]\n")
    done = run(file, "--mix", mix, "--out", tmp_path / "new.jsonl")
    assert done.exit_code == 1 and not (tmp_path / "new.jsonl").exists()
    assert "kind tool ≥ 65 % and repo b ≥ 40 %" in done.output and "nearest mix that can" in done.output
    assert "nothing was written" in done.output


def test_the_input_is_never_written_over(tmp_path: Path) -> None:
    """Else the only copy of the rows is gone."""
    file = write(tmp_path / "a.jsonl", rows_of(8, 2))
    folder = tmp_path / "set"
    folder.mkdir()
    write(folder / "train.jsonl", rows_of(8, 2))
    for arguments in ((file, "--out", file), (folder, "--out", folder), (folder, "--out", file), (file, "--out", tmp_path), (file, "--check", "--out", tmp_path / "b")):  # fmt: skip
        done = run(*arguments)
        assert isinstance(done.exception, UserError)
    assert read(file) == read(folder / "train.jsonl") == rows_of(8, 2)


def test_any_mix_keeps_every_row_in_one_place_or_the_other(tmp_path: Path) -> None:
    """Else rows are lost, on the real sample."""
    found = plan(SAMPLE, Mix(()).with_band(tool_share("0.5")))
    stay = [orjson.loads(raw)["id"] for raw in kept(found)]
    gone = [each["example"]["id"] for each in left_out(found)]
    assert sorted(stay + gone) == sorted(each["id"] for each in read(SAMPLE)) and len(stay) == found.after


def test_counting_is_what_the_rows_say(tmp_path: Path) -> None:
    """Else before → after is a fable: the sample's tallies are those of its labels."""
    found = take_census(SAMPLE, DEFAULT, ("repo", "category"))
    counts = found.counts()
    assert sum(counts) == found.rows == len(read(SAMPLE))
    for axis, part, key in (("kind", "label", "kind"), ("repo", "origin", "repo")):
        have = [each[part][key] for each in read(SAMPLE)]
        assert found.tally(axis, counts) == {value: have.count(value) for value in set(have)}
    assert Counted(found.axes, tuple(found.combinations), tuple(counts)).tally("kind") == found.tally("kind", counts)  # fmt: skip


def test_what_a_file_s_rows_bring_with_them_goes_on(tmp_path: Path) -> None:
    """Else the system prompt is lost on the way: of a file that `import` wrote, and of a foreign one. Near-miss: rows that bring nothing."""
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is A?"}, {"role": "assistant", "content": "A letter."}]  # fmt: skip
    (tmp_path / "old.jsonl").write_bytes(orjson.dumps({"messages": messages}) + b"\n")
    mix = tmp_path / "mix.toml"
    mix.write_text("[kind]\ndirect = [0.5, 1]\n")
    assert CliRunner().invoke(cli, ["import", str(tmp_path / "old.jsonl"), "--out", str(tmp_path / "new.jsonl")]).exit_code == 0  # fmt: skip
    for name, steps in (("new", ["import", "balance"]), ("old", ["balance"])):
        assert run(tmp_path / f"{name}.jsonl", "--mix", mix, "--out", tmp_path / "out.jsonl").exit_code == 0
        manifest = orjson.loads((tmp_path / "out.manifest.json").read_bytes())
        assert manifest["system_prompt"] == "Be brief."
        assert [step["command"] for step in manifest["steps"]] == steps
    write(tmp_path / "bare.jsonl", rows_of(0, 3))
    assert run(tmp_path / "bare.jsonl", "--mix", mix, "--out", tmp_path / "none.jsonl").exit_code == 0
    assert not (tmp_path / "none.manifest.json").exists()


def test_a_file_becomes_a_dataset_where_the_name_is_a_folder_s(tmp_path: Path) -> None:
    """Else `--out data/new` means a folder for every command but this one, and what is left out is kept nowhere."""
    file = write(tmp_path / "old.jsonl", rows_of(9, 2))
    done = run(file, "--tool", "0.67", "--tolerance", "0.1", "--out", tmp_path / "new")
    stay, gone = read(tmp_path / "new" / "examples.jsonl"), read(tmp_path / "new" / "rejected.jsonl")
    assert done.exit_code == 0 and gone and len(stay) + len(gone) == 11
    assert orjson.loads((tmp_path / "new" / "manifest.json").read_bytes())["counts"]["examples"] == len(stay)
