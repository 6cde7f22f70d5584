"""`validate --fix`: what has one right answer is mended, everything else stays as it is, byte for byte."""

import copy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from punie_data import dataset, jsonl
from punie_data.cli.validate import validate
from punie_data.errors import UserError
from punie_data.validate.check import Checker
from punie_data.validate.fix import CODES, mended_line
from punie_data.validate.fix_file import fixed_lines, write_fixed
from punie_data.validate.record_rules import identity
from tests.test_validate_rows import GOOD, sealed

ONE = GOOD["one call"]
TWO = GOOD["two calls, the second from the first's result"]
Row = dict[str, Any]


def changed(row: Row, change: Callable[[Row], object]) -> Row:
    row = copy.deepcopy(row)
    change(row)
    return row


def call(row: Row, turn: int = 1) -> Row:
    return row["messages"][turn]["tool_calls"][0]


def rename(mapping: Row, old: str, new: str) -> None:
    items = [(new if key == old else key, value) for key, value in mapping.items()]
    mapping.clear()
    mapping.update(items)


def as_text(row: Row) -> None:
    function = call(row)["function"]
    function["arguments"] = orjson.dumps(function["arguments"]).decode()


def spoken(row: Row) -> None:
    for message in row["messages"]:
        rename(message, "content", "value")
        message["role"] = {"user": "human", "assistant": "gpt"}.get(message["role"], message["role"])
        rename(message, "role", "from")


def parallel(row: Row) -> Row:
    """The row's two calls in one turn, the results behind it, each with its name."""
    row = copy.deepcopy(row)
    question, first, result, second, other, answer = row["messages"]
    first["tool_calls"] += second["tool_calls"]
    row["messages"] = [question, first, result, other, answer]
    return sealed(row)


MENDED: dict[str, tuple[Row, Callable[[Row], object]]] = {
    "tool for name": (ONE, lambda r: rename(call(r)["function"], "name", "tool")),
    "args for arguments": (ONE, lambda r: rename(call(r)["function"], "arguments", "args")),
    "arguments as text": (ONE, as_text),
    "arguments as text of text": (ONE, lambda r: (as_text(r), as_text(r))),
    "from and value": (ONE, spoken),
    "white space in a role": (ONE, lambda r: r["messages"][1].update(role="assistant ")),
    "a role in capitals": (ONE, lambda r: r["messages"][0].update(role="User")),
    "a kind with white space": (ONE, lambda r: r["label"].update(kind=" Tool\n")),
    "a call without its function": (ONE, lambda r: r["messages"][1].update(tool_calls=[{"id": "call_0", **call(r)["function"]}])),
    "one call that is no list": (ONE, lambda r: r["messages"][1].update(tool_calls=call(r))),
    "calls as text": (ONE, lambda r: r["messages"][1].update(tool_calls=orjson.dumps(r["messages"][1]["tool_calls"]).decode())),
    "a call without a type": (ONE, lambda r: call(r).pop("type")),
    "a call without an id, which its run has": (ONE, lambda r: call(r).pop("id")),
    "a result without an id": (ONE, lambda r: r["messages"][2].pop("tool_call_id")),
    "a result with another id": (ONE, lambda r: r["messages"][2].update(tool_call_id="call_9")),
    "a result without a name": (ONE, lambda r: r["messages"][2].pop("name")),
    "the results of two turns": (TWO, lambda r: [r["messages"][n].pop("tool_call_id") for n in (2, 4)]),
    "two results of one turn, by name": (parallel(TWO), lambda r: [r["messages"][n].pop("tool_call_id") for n in (2, 3)]),
    "two results of one turn, by checksum": (parallel(TWO), lambda r: [r["messages"][n].update(tool_call_id="", name=None) for n in (2, 3)]),
    "null where a message has no such key": (ONE, lambda r: r["messages"][0].update(tool_calls=None, tool_call_id=None, name=None)),
    "no calls, as a list": (ONE, lambda r: r["messages"][3].update(tool_calls=[])),
    "null content beside calls": (ONE, lambda r: r["messages"][1].update(content=None)),
    "null arguments of other tools": (ONE, lambda r: call(r)["function"]["arguments"].update(path=None, query=None)),
    "null under a reserved key": (ONE, lambda r: r.update(text=None)),
    "no runs where there are no calls": (GOOD["direct"], lambda r: r.pop("runs")),
    "no tools where there are no calls": (sealed({**copy.deepcopy(GOOD["direct"]), "tools": []}), lambda r: r.pop("tools")),
    "an origin without spans": (ONE, lambda r: (r["origin"].pop("spans"), r["origin"].update(paths=None))),
    "no id": (ONE, lambda r: r.pop("id")),
    "a wrapped result, which the run proves": (ONE, lambda r: r["messages"][2].update(content=orjson.dumps({"output": orjson.loads(r["messages"][2]["content"])}).decode())),
    "a tag around a result": (ONE, lambda r: r["messages"][2].update(content=f"<tool_response>\n{r['messages'][2]['content']}\n</tool_response>")),
}  # fmt: skip


@pytest.mark.parametrize("name", MENDED)
def test_what_has_one_right_answer_is_mended_to_the_very_row(name: str) -> None:
    """A row that was whole before it was spoilt must come back whole, with its keys in order, its id and its proofs."""
    row, change = MENDED[name]
    spoilt = orjson.dumps(changed(row, change)) + b"\n"
    assert Checker().row(orjson.loads(spoilt), spoilt)
    mended, done = mended_line(spoilt, CODES)
    assert done
    assert orjson.loads(mended) == row
    assert list(orjson.loads(mended)) == list(row)
    assert mended_line(mended, CODES) == (mended, [])


LEFT: dict[str, tuple[Row, Callable[[Row], object]]] = {
    "two keys for one": (ONE, lambda r: call(r)["function"].update(args={}, input=call(r)["function"].pop("arguments"))),
    "arguments that are no JSON": (ONE, lambda r: call(r)["function"].update(arguments='{"path": ')),
    "arguments that are a list": (ONE, lambda r: call(r)["function"].update(arguments="[1]")),
    "arguments with a key twice": (ONE, lambda r: call(r)["function"].update(arguments='{"line": 1, "line": 2}')),
    "arguments with a wide number": (ONE, lambda r: call(r)["function"].update(arguments='{"line": 99999999999999999999}')),
    "empty arguments": (ONE, lambda r: call(r)["function"].update(arguments="")),
    "a role that is none": (ONE, lambda r: r["messages"][0].update(role="alien")),
    "two results of two calls of one tool, without ids": (
        changed(parallel(TWO), lambda r: r.update(runs=[])),
        lambda r: [r["messages"][n].update(tool_call_id="", name=None) for n in (2, 3)],
    ),
    "a result that the run proves to be another's": (ONE, lambda r: r["messages"][2].update(tool_call_id="x", content="{}")),
    "two results of one call": (ONE, lambda r: r["messages"].insert(3, r["messages"][2])),
    "a result with the id of another turn's call": (TWO, lambda r: r["messages"][4].update(tool_call_id="call_0")),
    "a result of another tool": (changed(ONE, lambda r: r.update(runs=[])), lambda r: r["messages"][2].update(tool_call_id="x", name="hover")),
    "an edited row": (ONE, lambda r: r.update(id="0" * 20)),
    "no runs beside calls": (ONE, lambda r: r.pop("runs")),
    "no tools beside calls": (ONE, lambda r: r.pop("tools")),
    "a required argument that is null": (ONE, lambda r: call(r)["function"]["arguments"].update(line=None)),
    "a wrapped result that nothing proves": (changed(ONE, lambda r: r.update(runs=[])), lambda r: r["messages"][2].update(content='{"output": 1}')),
    "a reserved key with a value": (ONE, lambda r: r.update(text="x")),
    "a user's null": (ONE, lambda r: r["messages"][0].update(content=None)),
    "no licence": (ONE, lambda r: r["origin"].pop("license")),
}  # fmt: skip


@pytest.mark.parametrize("name", LEFT)
def test_what_would_be_a_guess_stays_byte_for_byte(name: str) -> None:
    """A guess that is wrong is a defect that no rule finds any more."""
    row, change = LEFT[name]
    line = orjson.dumps(changed(row, change)).replace(b'{"id":', b'{ "id" : ', 1) + b"\r\n"
    assert mended_line(line, CODES) == (line, [])


@pytest.mark.parametrize("name", GOOD)
def test_a_good_row_stays_as_it_is(name: str) -> None:
    """White space, escapes and the order of keys are the writer's own."""
    line = orjson.dumps(GOOD[name], option=orjson.OPT_INDENT_2).replace(b"\n", b" ") + b"\n"
    assert mended_line(line, CODES) == (line, [])


def test_the_id_follows_only_what_was_mended() -> None:
    """An id that was right before stays right; one that was wrong goes on saying that somebody edited the row."""
    spoilt = changed(ONE, lambda r: r["messages"][1].update(role="assistant "))
    spoilt["id"] = identity(spoilt["messages"], spoilt["tools"], spoilt["label"])
    mended, done = mended_line(orjson.dumps(spoilt), CODES)
    assert orjson.loads(mended)["id"] == ONE["id"] and done[-1].code == "PD150"
    edited = changed(spoilt, lambda r: r.update(id="0" * 20))
    mended, done = mended_line(orjson.dumps(edited), CODES)
    assert orjson.loads(mended)["id"] == "0" * 20
    assert {rule.code for rule, _ in Checker().row(orjson.loads(mended), mended)} == {"PD150"}


def test_a_key_that_stands_twice_goes_only_where_its_values_are_equal() -> None:
    """Readers disagree about which one counts; where the values are equal they can't."""
    raw = orjson.dumps(ONE) + b"\n"
    twice = raw.replace(b'"seed":0', b'"seed":0,"seed": 0')
    assert mended_line(twice, CODES)[0] == raw
    other = raw.replace(b'"seed":0', b'"seed":0,"seed":1').replace(
        b'"find_references","arg', b'"find_references","input'
    )
    assert mended_line(other, CODES) == (other, [])
    wide = orjson.dumps(changed(ONE, as_text)).replace(b'"seed":0', b'"seed":99999999999999999999')
    assert mended_line(wide, CODES) == (wide, [])


def test_only_selected_rules_mend() -> None:
    """Who selects a rule has read what it does."""
    both = orjson.dumps(changed(ONE, lambda r: (as_text(r), rename(call(r)["function"], "name", "tool"))))
    assert {done.code for done in mended_line(both, {"PD105"})[1]} == {"PD105"}
    assert mended_line(both, {"PD200"}) == (both, [])


def test_openai_rows_keep_their_form() -> None:
    """There arguments are text and content is null by right; a wrong key is wrong everywhere."""
    row = {"messages": [{"role": "User", "content": "a"}, {"role": "assistant", "content": None, "tool_calls": [
        {"id": "c", "type": "function", "function": {"tool": "f", "arguments": '{"a": 1}'}}]},
        {"role": "tool", "content": "1"}, {"role": "assistant", "content": "1"}], "extra": None}  # fmt: skip
    mended = orjson.loads(mended_line(orjson.dumps(row), CODES, record=False)[0])
    wanted = copy.deepcopy(row)
    wanted["messages"][0]["role"] = "user"
    wanted["messages"][1]["tool_calls"][0]["function"] = {"name": "f", "arguments": '{"a": 1}'}
    wanted["messages"][2] = {"role": "tool", "content": "1", "tool_call_id": "c"}
    assert mended == wanted


def test_openai_rows_get_the_keys_of_their_file(tmp_path: Path) -> None:
    """mlx-lm batches rows of other key counts apart; null is what it takes a missing key for. Rows of another form are not made to fit."""
    talk = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
    file, out = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    file.write_bytes(orjson.dumps(talk) + b"\n" + orjson.dumps({**talk, "tools": [], "note": 1}) + b"\n")
    write_fixed(file, out, CODES, record=False)
    assert [orjson.loads(line) for line in out.read_bytes().splitlines()] == [
        {**talk, "tools": None},
        {**talk, "tools": [], "note": 1},
    ]
    assert not any(line.done for line in fixed_lines(out, CODES, record=False))
    assert not any(line.done for line in fixed_lines(file, {"PD101"}, record=False))
    file.write_bytes(file.read_bytes() + b'{"text": "x"}\n')
    assert not any(line.done for line in fixed_lines(file, CODES, record=False))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=5) | st.sampled_from(["user", "tool ", "call_0", "{}", '{"a": 1}']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["role", "content", "id", "name", "function", "arguments", "tool", "from", "x"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@st.composite
def spoilt_rows(draw: st.DrawFn) -> Row:
    """A good row with a few of its values replaced, renamed or taken out, anywhere."""
    row = copy.deepcopy(draw(st.sampled_from([ONE, TWO, GOOD["direct"], parallel(TWO)])))
    for _ in range(draw(st.integers(1, 4))):
        inner: Any = row
        while True:
            keys = list(range(len(inner))) if isinstance(inner, list) else list(inner)
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(inner[key], dict | list) and draw(st.integers(0, 3)):
                inner = inner[key]
                continue
            if draw(st.booleans()):
                inner[key] = draw(ANYTHING)
            else:
                del inner[key]
            break
    return row


@settings(max_examples=150, deadline=None)
@given(row=spoilt_rows(), record=st.booleans())
def test_mending_twice_is_mending_once(row: Row, record: bool) -> None:
    """Else a hook that mends fails at every second commit; and no row, however odd, may end it."""
    line = orjson.dumps(row) + b"\n"
    mended, done = mended_line(line, CODES, record)
    assert (mended == line) == (not done)
    assert mended_line(mended, CODES, record) == (mended, [])


@settings(max_examples=100, deadline=None)
@given(value=ANYTHING)
def test_a_line_that_is_no_row_is_left_alone(value: Any) -> None:
    """What can't be understood must not be touched."""
    line = orjson.dumps(value)
    assert mended_line(line, CODES)[0] == line
    assert mended_line(line[:-1] + b"\xff", CODES) == (line[:-1] + b"\xff", [])


SPOILT = orjson.dumps(changed(ONE, as_text))
WRONG_ID = orjson.dumps({**ONE, "id": "0" * 20})


def run(*arguments: object) -> Result:
    return CliRunner().invoke(validate, ["--isolated", *(str(argument) for argument in arguments)])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Every kind of line: a mark at the start, one to be mended, blank ones, broken ones, a last one without its end."""
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + SPOILT + b"\r\n \n" + WRONG_ID + b'\n{"half\n\xff\xfe\n' + SPOILT)
    return path


def test_fix_alone_shows_and_writes_nothing(file: Path) -> None:
    """Never in place without being asked."""
    before = file.read_bytes(), file.stat().st_mtime_ns
    result = run("--fix", file)
    assert result.exit_code == 1
    assert f"{file}:1: PD106 would mend messages[1].tool_calls[0]: the arguments" in result.output
    assert f"{file}:3: PD150 the id is 0000" in result.output and f"{file}:4: PD100" in result.output
    assert (
        "would mend 2 rows (PD106 arguments-as-text × 2); --in-place or --out FILE does it" in result.output
    )
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before
    assert sorted(path.name for path in file.parent.iterdir()) == ["rows.jsonl"]


def test_out_and_in_place_write_the_same_and_leave_all_else(file: Path, tmp_path: Path) -> None:
    """Blank lines, broken lines, line ends and the mark are not ours to change."""
    wanted = file.read_bytes().replace(SPOILT, orjson.dumps(ONE))
    file.chmod(0o640)
    out = tmp_path / "mended.jsonl"
    result = run("--fix", "--out", out, file)
    assert result.exit_code == 1 and f"{out}:3: PD150" in result.output and "mended 2 rows" in result.output
    assert out.read_bytes() == wanted
    assert run("--fix", "--in-place", file).exit_code == 1
    assert file.read_bytes() == wanted and file.stat().st_mode & 0o777 == 0o640
    written = file.stat().st_mtime_ns, file.stat().st_ino
    assert "nothing to mend" in run("--fix", "--in-place", file).output
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == written


def test_a_file_that_is_mended_whole_ends_with_zero(tmp_path: Path) -> None:
    """A hook with --fix --in-place is judged by what is left."""
    file = tmp_path / "rows.jsonl"
    file.write_bytes(SPOILT + b"\n")
    assert run("--diff", file).exit_code == 1
    told = orjson.loads(run("--fix", "--in-place", "--json", file).output)
    assert (told["errors"], told["mended"]) == (0, {"rows": 1, "by_code": {"PD106": 1}})
    assert file.read_bytes() == orjson.dumps(ONE) + b"\n"
    assert run("--diff", file).exit_code == 0
    assert run("--fix", file).exit_code == 0


def test_the_diff_is_a_patch(file: Path) -> None:
    """What is shown must be what would be done, to the byte."""
    result = run("--diff", file)
    bom = b"\xef\xbb\xbf"
    mended = orjson.dumps(ONE)
    lines = result.stdout_bytes.split(b"\n")
    assert lines[:2] == [f"--- {file}".encode(), f"+++ {file}".encode()]
    assert lines[2:5] == [b"@@ -1 +1 @@", b"-" + bom + SPOILT + b"\r", b"+" + bom + mended + b"\r"]
    assert lines[5:10] == [b"@@ -6 +6 @@", b"-" + SPOILT, b"\\ No newline at end of file", b"+" + mended, b"\\ No newline at end of file"]  # fmt: skip


def test_what_comes_through_a_pipe_is_told_as_such(file: Path, tmp_path: Path) -> None:
    """`zcat rows.gz | punie-data validate -` must work, and nobody knows the place where we kept it meanwhile."""
    command = [sys.executable, "-m", "punie_data", "validate", "--isolated", "-"]
    for options, told in (
        (["--json"], b'"file":"-","line":3'),
        (["--fix"], b"-:1: PD106 would mend"),
        (["--diff"], b"--- -\n"),
    ):
        done = subprocess.run([*command, *options], input=file.read_bytes(), capture_output=True)
        assert done.returncode == 1 and told in done.stdout, done
    done = subprocess.run([*command, "--fix", "--in-place"], input=b"", capture_output=True, text=False)
    assert done.returncode == 2 and b"can't be replaced" in done.stderr


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="no device to try it on")
def test_a_device_is_never_replaced(file: Path) -> None:
    """Whoever writes to /dev/null as root would otherwise have a file of that name."""
    with pytest.raises(UserError, match="no file that can be replaced"):
        CliRunner().invoke(validate, ["--fix", "--out", "/dev/null", str(file)], catch_exceptions=False)


def test_a_link_stays_a_link(tmp_path: Path, file: Path) -> None:
    """Replacing it would leave the file behind it as it was."""
    link = tmp_path / "link.jsonl"
    link.symlink_to(file)
    run("--fix", "--in-place", link)
    assert link.is_symlink() and orjson.dumps(ONE) in file.read_bytes()


def test_a_dataset_is_mended_into_another_folder_only(tmp_path: Path) -> None:
    """Its manifest holds checksums, and a dataset is never edited in place."""
    source, out = tmp_path / "old", tmp_path / "new"
    with dataset.claimed(source):
        dataset.write_parts(source, {}, dataset.Step("x", {}, {}), {"train": [SPOILT], "test": [WRONG_ID]})
    for path in (source, source / "train.jsonl"):
        with pytest.raises(UserError, match="never edited in place"):
            CliRunner().invoke(validate, ["--fix", "--in-place", str(path)], catch_exceptions=False)
    result = run("--fix", "--out", out, source)
    assert result.exit_code == 1 and "mended 1 row" in result.output
    assert (out / "train.jsonl").read_bytes() == orjson.dumps(ONE) + b"\n"
    steps = dataset.read_manifest(out)["steps"]
    assert [step["command"] for step in steps] == ["x", "validate"]
    assert steps[1]["counts"] == {"PD106": 1}
    with pytest.raises(UserError, match="never changed"):
        CliRunner().invoke(validate, ["--fix", "--out", str(source), str(source)], catch_exceptions=False)


def test_options_that_contradict_are_one_line(file: Path, tmp_path: Path) -> None:
    """Guessing which one was meant could overwrite a file."""
    out = str(tmp_path / "out.jsonl")
    for options in (
        ["--in-place"],
        ["--out", out],
        ["--fix", "--in-place", "--out", out],
        ["--fix", "--diff", "--in-place"],
    ):
        with pytest.raises(UserError, match="say where --fix writes"):
            CliRunner().invoke(validate, [*options, str(file)], catch_exceptions=False)
    with pytest.raises(UserError, match="name one"):
        CliRunner().invoke(validate, ["--fix", "--out", out, str(file), str(file)], catch_exceptions=False)
    file.write_bytes(b'{"conversations": [{"from": "human", "value": "a"}]}\n')
    with pytest.raises(UserError, match="its rows are sharegpt"):
        CliRunner().invoke(validate, ["--fix", str(file)], catch_exceptions=False)


def test_a_long_line_goes_over_in_pieces(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that is too long to be read is still somebody's."""
    monkeypatch.setattr(jsonl, "LINE_LIMIT", 3000)
    content = SPOILT + b"\n" + b"x" * 10_000 + b"\n" + SPOILT + b"\n"
    file.write_bytes(content)
    lines = list(fixed_lines(file, CODES))
    assert b"".join(line.old for line in lines) == content
    assert [line.number for line in lines if line.done] == [1, 3]


def test_a_file_in_another_encoding_is_left_alone(file: Path) -> None:
    """Half of its bytes would look like line ends."""
    file.write_bytes(SPOILT.decode().encode("utf-16"))
    assert not any(line.done for line in fixed_lines(file, CODES))


def test_a_file_that_changes_meanwhile_is_not_replaced(file: Path) -> None:
    """Half of the one and half of the other would be worse than either."""

    def write(line: object) -> None:
        with file.open("ab") as opened:
            opened.write(b"\n{}")

    with pytest.raises(UserError, match="changed while it was read"):
        write_fixed(file, file, CODES, told=write)
    assert SPOILT in file.read_bytes()
    assert [path.name for path in file.parent.iterdir()] == ["rows.jsonl"]
