"""`punie-data validate` as a user runs it."""

import json
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from punie_data.cli import cli
from punie_data.cli.validate import validate
from punie_data.errors import UserError
from punie_data.validate import files
from punie_data.validate.files import check_files
from tests.test_validate_rows import GOOD, edited

DIRECT, LOG = (orjson.dumps(GOOD[name]) + b"\n" for name in ("direct", "log"))
ROW = orjson.dumps(GOOD["one call"]) + b"\n"
WITHOUT_LICENCE = orjson.dumps(edited(GOOD["one call"], "origin", "license", to="")) + b"\n"
WRONG_ID = orjson.dumps({**GOOD["log"], "id": "0" * 20}) + b"\n"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(validate, [str(argument) for argument in arguments])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rows.jsonl"


def test_clean_rows_end_with_zero(file: Path) -> None:
    """A hook that fails on clean files is removed."""
    file.write_bytes(ROW + DIRECT + LOG)
    result = run(file)
    assert (result.exit_code, result.output) == (0, "3 rows in 1 file: no findings\n")


def test_a_finding_is_told_with_its_file_and_line(file: Path) -> None:
    """Editors and people jump to `file:line`."""
    file.write_bytes(ROW + b"\n" + WRONG_ID + b'{"a"\n')
    result = run(file)
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert lines[0].startswith(f"{file}:3: PD150 the id is 0000")
    assert lines[1].startswith(f"{file}:4: PD100 not JSON")
    assert lines[2] == "3 rows in 1 file: 2 errors, 0 warnings"


def test_a_warning_fails_only_when_strict(file: Path) -> None:
    """A warning that fails everybody's build is an error under another name."""
    file.write_bytes(WITHOUT_LICENCE)
    assert run(file).exit_code == 0
    assert "PD151" in run(file).output
    assert run(file, "--strict").exit_code == 1


def test_rules_are_selected_and_ignored_by_beginning_and_name(file: Path) -> None:
    """The more exact word wins, as ruff's users expect."""
    file.write_bytes(WRONG_ID)
    assert run(file, "--select", "PD2,PD3").exit_code == 0
    assert run(file, "--ignore", "wrong-id").exit_code == 0
    assert run(file, "--ignore", "PD1", "--select", "PD150").exit_code == 1
    assert run(file, "--select", "PD1", "--ignore", "PD150").exit_code == 0
    with pytest.raises(UserError, match="PD999"):
        CliRunner().invoke(validate, [str(file), "--select", "PD999"], catch_exceptions=False)


def test_json_says_the_same(file: Path) -> None:
    """Programs read the findings too."""
    file.write_bytes(ROW + WRONG_ID)
    result = run(file, "--json")
    told = orjson.loads(result.output)
    assert result.exit_code == 1
    assert (told["rows"], told["errors"], told["by_code"]) == (2, 1, {"PD150 wrong-id": 1})
    assert [(f["line"], f["code"], f["level"]) for f in told["findings"]] == [(2, "PD150", "error")]


def test_only_so_many_findings_are_printed_and_all_are_counted(file: Path) -> None:
    """A file of a million bad rows must not fill the terminal, nor pass for one with a hundred."""
    file.write_bytes(WRONG_ID * 7)
    result = run(file, "--limit-findings", 2, "--select", "PD1")
    assert result.output.count("PD150 the id") == 2
    assert "5 more findings" in result.output
    assert "7 errors" in result.output
    assert run(file, "--limit-findings", 0, "--select", "PD1").output.count("PD150 the id") == 7


def test_a_folder_means_its_splits_and_not_its_rejected_rows(tmp_path: Path) -> None:
    """What was rejected is wrong by design."""
    (tmp_path / "train.jsonl").write_bytes(ROW)
    (tmp_path / "valid.jsonl").write_bytes(DIRECT)
    (tmp_path / "rejected.jsonl").write_bytes(b'{"reason": "x"}\n')
    assert run(tmp_path).output == "2 rows in 2 files: no findings\n"
    with pytest.raises(UserError, match="holds none of"):
        files.dataset_files([tmp_path / ".."])
    with pytest.raises(UserError, match="there is no such file"):
        files.dataset_files([tmp_path / "absent.jsonl"])


def test_a_file_without_rows_is_a_finding(file: Path) -> None:
    """An empty file is more often a failed run than a wish."""
    for content in (b"", b"\n \n"):
        file.write_bytes(content)
        assert "PD102" in run(file).output
        assert run(file).exit_code == 1
        assert run(file, "--ignore", "PD102").exit_code == 0


def test_parts_and_processes_find_what_one_pass_finds(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Line numbers must not depend on how many cores a machine has."""
    monkeypatch.setattr(files, "_PART", 3000)
    pieces = [ROW, WRONG_ID, b"\n", b'{"half\n', WITHOUT_LICENCE, b"x" * 7000 + b"\n", b"[1]\r\n"]
    file.write_bytes(b"".join(pieces[n % 7] for n in range(100)) + b'{"id": ')
    alone = run(file, "--limit-findings", 0, "--jobs", 1)
    together = run(file, "--limit-findings", 0, "--jobs", 3)
    assert alone.output == together.output
    assert alone.output.count("PD150 the id") == 15
    assert "the file ends in the middle of a row" in alone.output


def test_a_file_that_changes_while_it_is_read_is_told(file: Path) -> None:
    """Findings of two files at once send the user to the wrong line."""
    file.write_bytes(ROW * 2)
    checked = files.check_files([file])
    with pytest.raises(UserError, match="changed while it was read"):
        for _ in checked:
            file.write_bytes(ROW)


def test_text_of_a_row_can_not_reach_the_terminal(file: Path) -> None:
    """A finding quotes the row, and the row is anybody's text."""
    row = edited(GOOD["one call"], "messages", 1, "tool_calls", 0, "function", "name", to="\x1b[2Jgrep\u202e")
    file.write_bytes(orjson.dumps(row) + b"\n")
    assert "PD300" in run(file).output
    assert "\x1b" not in run(file).output
    assert "\u202e" not in run(file).output


def test_validate_imports_neither_training_nor_mining_libraries() -> None:
    """The hook's environment has none of them, and each costs a start."""
    code = (
        "import sys; from punie_data.cli.validate import validate; from punie_data.validate.check import Checker; Checker();"
        "print([m for m in ('mlx', 'datasets', 'libcst', 'jsonschema', 'concurrent.futures.process', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_rows_of_an_imported_dataset_may_call_the_tools_that_came_with_it(tmp_path: Path) -> None:
    """Else each of them would be called unknown, and a wrong argument of one would not be noticed."""
    tool = {"type": "function", "function": {"name": "look_up", "description": "Looks up.", "parameters": {
        "type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}}}  # fmt: skip

    def row(arguments: dict[str, str], question: str) -> dict[str, object]:
        call = {
            "id": "c",
            "type": "function",
            "function": {"name": "look_up", "arguments": json.dumps(arguments)},
        }
        return {"tools": [tool], "messages": [
            {"role": "user", "content": question}, {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c", "content": "a fruit"}, {"role": "assistant", "content": "It is a fruit."}]}  # fmt: skip

    good, bad = row({"word": "plum"}, "What is a plum?"), row({"wort": "pear"}, "What is a pear?")
    file = tmp_path / "old.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in (good, bad)))
    command = [sys.executable, "-m", "punie_data"]
    subprocess.run(
        [*command, "import", str(file), "--out", str(tmp_path / "out"), "--license", "MIT"],
        check=True,
        capture_output=True,
    )
    told = subprocess.run([*command, "validate", str(tmp_path / "out")], capture_output=True, text=True)
    assert "PD300" not in told.stdout
    assert [line for line in told.stdout.splitlines() if "PD302" in line and ":2:" in line], told.stdout
    assert not [line for line in told.stdout.splitlines() if ":1:" in line]


def test_rows_that_were_imported_are_held_to_the_tools_that_came_with_them(tmp_path: Path) -> None:
    """Else every call of an imported set is of a tool that there is not. Near-misses: a wrong argument, a tool that nobody described."""
    described = {"type": "object", "properties": {"city": {"$ref": "#/$defs/City"}}, "required": ["city"], "$defs": {"City": {"type": "string"}}}  # fmt: skip
    other = {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}

    def row(arguments: dict[str, object], parameters: dict[str, object], name: str = "weather") -> bytes:
        call = {"id": "a", "type": "function", "function": {"name": name, "arguments": arguments}}
        messages = [
            {"role": "user", "content": "How is it in Oslo?"},
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "a", "content": "sun"},
            {"role": "assistant", "content": "In Oslo there is sun."},
        ]
        tools = [{"type": "function", "function": {"name": "weather", "description": "", "parameters": parameters}}]  # fmt: skip
        return orjson.dumps({"messages": messages, "tools": tools}) + b"\n"

    good, wrong = {"city": "Oslo"}, {"town": "Oslo"}
    lines = [
        row(good, described),
        row(good, described) + row(wrong, described),
        row({"place": "Oslo"}, other),
    ]
    (tmp_path / "old.jsonl").write_bytes(b"".join(lines))
    for out in (tmp_path / "set", tmp_path / "one.jsonl"):
        done = CliRunner().invoke(cli, ["import", str(tmp_path / "old.jsonl"), "--out", str(out), "--license", "MIT"])  # fmt: skip
        assert done.exit_code == 0, done.output
        file = out if out.is_file() else out / "examples.jsonl"
        for jobs in (1, 2):
            found = [
                each for checked in check_files([file], ["PD30"], jobs=jobs) for each in checked.findings
            ]
            assert [(each.line, each.code) for each in found] == [(3, "PD302")]
    manifest = orjson.loads((tmp_path / "one.manifest.json").read_bytes())
    manifest["signatures"]["weather"]["arguments"] = {"$ref": "file:///etc/passwd", "pattern": "("}
    (tmp_path / "one.manifest.json").write_bytes(orjson.dumps(manifest))
    assert [each.line for checked in check_files([file], ["PD30"]) for each in checked.findings] == []
