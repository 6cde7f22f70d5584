"""`punie-data import`: a dataset with a manifest that holds what does not fit into rows; whole or absent, and nothing lost on the way."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from punie_data.cli import cli
from punie_data.dataset import manifest_of
from punie_data.described import Described
from punie_data.errors import UserError
from punie_data.importing.convert import Options, convert
from punie_data.importing.reader import NAMES
from tests.test_import import ANSWER, ASKED, PLAIN, SAMPLE

README = (Path(__file__).parent.parent / "README.md").read_text()


def tool(name: str, *parameters: str) -> dict[str, Any]:
    properties = {parameter: {"type": "string"} for parameter in parameters}
    return {"type": "function", "function": {"name": name, "description": f"{name} of {len(parameters)}", "parameters": {"type": "object", "properties": properties}}}  # fmt: skip


def row(question: str, prompt: str = "", *tools: dict[str, Any]) -> dict[str, Any]:
    system = [{"role": "system", "content": prompt}] if prompt else []
    return {"messages": [*system, {"role": "user", "content": question}, ANSWER], "tools": list(tools)}


def written(file: Path, *rows: Any) -> Path:
    file.write_bytes(
        b"".join(orjson.dumps(each) + b"\n" if not isinstance(each, bytes) else each for each in rows)
    )
    return file


def rows_of(file: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in file.read_bytes().splitlines()]


def test_a_rejected_row_is_kept_with_its_line_and_reason(tmp_path: Path) -> None:
    """Else what could not be converted would be lost, and nobody could mend it."""
    file = written(tmp_path / "old.jsonl", PLAIN["messages"], {"x": 1}, b'{"half": \n', PLAIN["text"])
    done = convert([file], tmp_path / "out", Options())
    assert (done.rows, sum(done.rejected.values())) == (2, 2)
    kept = rows_of(tmp_path / "out" / "rejected.jsonl")
    assert [(each["file"], each["line"]) for each in kept] == [("old.jsonl", 2), ("old.jsonl", 3)]
    assert kept[0]["raw"] == '{"x":1}'
    assert all(each["reason"] for each in kept)
    manifest = manifest_of(tmp_path / "out")
    assert manifest["counts"] == {"examples": 2, "rejected": 2}
    assert manifest["steps"][0]["command"] == "import"
    assert manifest["steps"][0]["counts"]["rows"] == 2


def test_every_row_finds_its_system_prompt_and_signatures_again(tmp_path: Path) -> None:
    """Else an export of foreign rows would show tools that the rows did not have, or none."""
    rows = [
        row("a", "Be brief.", tool("look", "x")),
        row("b", "Be brief.", tool("look", "x"), tool("count")),
        row("c", "Be long.", tool("look", "x", "y")),
        row("d", "", tool("read_file", "where")),
        row("e", "Be brief."),
    ]
    out = tmp_path / "out"
    convert([written(tmp_path / "old.jsonl", *rows)], out, Options())
    described = Described(manifest_of(out))
    for given, found in zip(rows, rows_of(out / "examples.jsonl"), strict=True):
        prompt = given["messages"][0]["content"] if len(given["messages"]) == 3 else ""
        assert described.prompt(found["id"]) == prompt
        signatures = described.signatures(found["id"])
        assert [signatures[name] for name in found["tools"]] == given["tools"]
    assert "read_file" not in described.signatures(rows_of(out / "examples.jsonl")[0]["id"])


def test_a_signature_that_no_validator_takes_is_kept_as_it_was_written(tmp_path: Path) -> None:
    """Else `"type": "dict"` would either break every check or be lost."""
    from jsonschema import Draft202012Validator

    parameters = {"type": "dict", "properties": {"n": {"type": "int", "enum": []}, "f": {"type": "Callable"}}, "required": "n"}  # fmt: skip
    given = {"name": "odd", "description": "d", "parameters": parameters}
    convert([written(tmp_path / "old.jsonl", row("a", "", given))], tmp_path / "out", Options())
    entry = manifest_of(tmp_path / "out")["signatures"]["odd"]
    Draft202012Validator.check_schema(entry["arguments"])
    assert entry["arguments"] == {"type": "object", "properties": {"n": {"type": "integer"}, "f": {}}}
    assert entry["written"] == given


def test_the_tools_of_rows_that_name_none(tmp_path: Path) -> None:
    """Else every row would offer just what it calls, which gives the answer away."""
    call = {"role": "assistant", "content": "<tool_call>print(hover('a.py', 1, 1, 'x'))</tool_call>"}
    file = written(
        tmp_path / "old.jsonl", {"messages": [ASKED, call]}, PLAIN["messages"], row("a", "", tool("look"))
    )
    out = tmp_path / "out"
    convert([file], out, Options(tools=("execute_code", "read_file")))
    offered = [each["tools"] for each in rows_of(out / "examples.jsonl")]
    assert offered == [["execute_code", "read_file"], ["execute_code", "read_file"], ["look"]]


def test_a_tool_that_no_row_describes_is_described_by_its_calls(tmp_path: Path) -> None:
    """Else session files, which describe no tool, could never be exported."""
    from jsonschema import Draft202012Validator

    given = [{"command": "ls", "timeout": 5}, {"command": "pwd"}, {"command": None, "timeout": 1.5}]
    rows = [{"messages": [ASKED, {"role": "assistant", "tool_calls": [{"name": "Bash", "arguments": each}]}]} for each in given]  # fmt: skip
    done = convert([written(tmp_path / "old.jsonl", *rows)], tmp_path / "out", Options())
    assert (done.tools, done.undescribed) == (0, 1)
    entry = manifest_of(tmp_path / "out")["signatures"]["Bash"]
    assert entry["seen_in_calls"] == 3
    assert entry["arguments"]["required"] == ["command"]
    assert all(Draft202012Validator(entry["arguments"]).is_valid(each) for each in given)
    told = CliRunner().invoke(cli, ["export", str(tmp_path / "out"), "--for", "trl", "--out", str(tmp_path / "trl")])  # fmt: skip
    assert told.exit_code == 0, told.output


def test_one_file_has_its_manifest_beside_it(tmp_path: Path) -> None:
    """Else the signatures would be lost where somebody wants a single file."""
    file = written(tmp_path / "old.jsonl", row("a", "Be brief.", tool("look")), {"x": 1})
    out = tmp_path / "new.jsonl"
    convert([file], out, Options())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.jsonl", "new.manifest.json", "new.rejected.jsonl", "old.jsonl"]  # fmt: skip
    assert manifest_of(out)["system_prompt"] == "Be brief."
    assert list(manifest_of(out)["signatures"]) == ["look"]


def test_a_folders_parts_stay_parts(tmp_path: Path) -> None:
    """Else importing an export would mix what was split."""
    inside = tmp_path / "in"
    inside.mkdir()
    written(inside / "train.jsonl", PLAIN["messages"], PLAIN["text"])
    written(inside / "valid.jsonl", PLAIN["sharegpt"])
    done = convert([inside], tmp_path / "out", Options())
    assert done.parts == {"train": 2, "valid": 1, "rejected": 0}


def test_datasets_that_become_one_keep_their_prompts_and_signatures(tmp_path: Path) -> None:
    """Else putting two datasets together would give the rows of one the prompt of the other."""
    for name, prompt, parameters in (("a", "Be brief.", "x"), ("b", "Be long.", "y")):
        rows = [row(f"{name}{n}", prompt, tool("look", parameters)) for n in range(2 + (name == "a"))]
        convert([written(tmp_path / f"{name}.jsonl", *rows)], tmp_path / name, Options())
    done = convert([tmp_path / "a", tmp_path / "b"], tmp_path / "both", Options())
    assert done.untouched == 5
    both = Described(manifest_of(tmp_path / "both"))
    for name in ("a", "b"):
        alone = Described(manifest_of(tmp_path / name))
        for each in rows_of(tmp_path / name / "examples.jsonl"):
            assert both.prompt(each["id"]) == alone.prompt(each["id"])
            assert both.signatures(each["id"])["look"] == alone.signatures(each["id"])["look"]
    assert [source["name"] for source in manifest_of(tmp_path / "both")["sources"]] == ["a", "b"]


def test_records_go_through_as_they_are(tmp_path: Path) -> None:
    """Else importing a dataset twice would change it."""
    done = convert([SAMPLE], tmp_path / "out", Options())
    assert (tmp_path / "out" / "examples.jsonl").read_bytes() == SAMPLE.read_bytes()
    assert done.untouched == done.rows


def test_the_same_files_make_the_same_bytes(tmp_path: Path) -> None:
    """Else nobody could tell whether two people imported the same."""
    file = written(
        tmp_path / "old.jsonl", *[row(str(n), f"p{n % 3}", tool("look", *"xyz"[: n % 3])) for n in range(9)]
    )
    for name in ("a", "b"):
        convert([file], tmp_path / name, Options())
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["examples.jsonl", "manifest.json", "rejected.jsonl"]
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in names)


def test_an_input_is_never_written_over(tmp_path: Path) -> None:
    """Else a typing mistake would cost the only copy."""
    file = written(tmp_path / "old.jsonl", PLAIN["messages"])
    before = file.read_bytes()
    for out in (file, tmp_path):
        with pytest.raises(UserError):
            convert([file], out, Options())
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_changes_while_it_is_read_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    """Else the revision would name bytes that were not read."""
    file = written(tmp_path / "old.jsonl", PLAIN["messages"], PLAIN["text"])

    def change(read: int) -> None:
        with file.open("ab") as opened:
            opened.write(b"\n")

    with pytest.raises(UserError, match="changed while it was read"):
        convert([file], tmp_path / "new.jsonl", Options(), change)
    assert list(tmp_path.iterdir()) == [file]


def test_foreign_rows_can_be_looked_at(tmp_path: Path) -> None:
    """Else one would have to import a file to see what is in it."""
    file = written(tmp_path / "old.jsonl", PLAIN["sharegpt"], {"x": 1})
    told = CliRunner().invoke(cli, ["show", str(file)])
    assert told.exit_code == 0 and ANSWER["content"] in told.output


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    """Else its digest would be taken of all that it gives, and nothing would be left to read."""
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    with pytest.raises(UserError, match="no regular file"):
        convert([pipe], tmp_path / "out", Options())


def test_a_format_that_is_named_holds_for_every_line(tmp_path: Path) -> None:
    """Else a row that fits two formats could not be told which it is."""
    file = written(
        tmp_path / "old.jsonl", {"text": "not chat", "prompt": "a", "completion": "b"}, {"text": "Hi"}
    )
    assert convert([file], tmp_path / "a", Options()).rows == 1
    assert convert([file], tmp_path / "b", Options("text")).rows == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_row_of_another_format_than_the_named_one_says_so(tmp_path: Path, name: str) -> None:
    """Else a wrong --format would end in a traceback about a missing key."""
    strange = [{"x": 1}, {"type": "user"}, {"type": "response_item"}, {"messages": 1}, {"answers": 1}, [1], 2]
    done = convert([written(tmp_path / "old.jsonl", *strange)], tmp_path / "out", Options(name))
    assert done.rows == 0
    assert sum(done.rejected.values()) + done.not_rows == len(strange)


def test_the_command_says_what_became_of_the_rows(tmp_path: Path) -> None:
    """Else nobody would look into rejected.jsonl."""
    file = written(tmp_path / "old.jsonl", PLAIN["messages"], {"x": 1})
    told = CliRunner().invoke(cli, ["import", str(file), "--out", str(tmp_path / "out")])
    assert told.exit_code == 1
    assert "1 record, 1 rejected" in told.output and "no format that is known" in told.output
    told = CliRunner().invoke(cli, ["import", str(file), "--out", str(tmp_path / "out"), "--json"])
    assert orjson.loads(told.output)["reasons"] == {"no format that is known": 1}
    nothing = written(tmp_path / "none.jsonl", {"x": 1})
    assert CliRunner().invoke(cli, ["import", str(nothing), "--out", str(tmp_path / "none")]).exit_code == 1


def test_the_readmes_block_runs_and_says_what_it_says(tmp_path: Path) -> None:
    """Else the README promises another output than users get."""
    block = re.search(r"### import\n\n```console\n(.*?)```", README, re.DOTALL)
    assert block is not None
    commands = re.findall(r"^\$ (.*)$", block[1], re.MULTILINE)
    script = "\n".join(line.replace("punie-data", f"{sys.executable} -m punie_data") for line in commands)
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, env=environment()
    )
    wanted = [line for line in block[1].splitlines() if not line.startswith("$ ")]
    assert done.stdout.splitlines() == wanted, done.stderr


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}


def test_a_command_that_reads_foreign_rows_keeps_what_they_say_of_prompts_and_tools(tmp_path: Path) -> None:
    """Else `dedupe old.jsonl` would make rows whose tools nobody can describe any more, and `export` could not write them."""
    look = tool("look", "x")
    file = written(tmp_path / "old.jsonl", row("a", "Be brief.", look), row("b", "Be brief.", look))
    told = CliRunner().invoke(cli, ["dedupe", str(file), "--out", str(tmp_path / "deduped")])
    assert told.exit_code == 0, told.output
    told = CliRunner().invoke(
        cli, ["export", str(tmp_path / "deduped"), "--for", "trl", "--out", str(tmp_path / "exported")]
    )
    assert told.exit_code == 0, told.output
    found = rows_of(tmp_path / "exported" / "train.jsonl")
    assert [each["tools"] for each in found] == [[look], [look]]
    assert [each["messages"][0]["content"] for each in found] == ["Be brief.", "Be brief."]


def test_foreign_rows_that_were_imported_can_be_exported_and_imported_again(tmp_path: Path) -> None:
    """Else importing would be a dead end for tools that are not ours."""
    call = {
        "role": "assistant",
        "content": '<tool_call>{"name": "look", "arguments": {"x": "1"}}</tool_call>',
    }
    file = written(
        tmp_path / "old.jsonl",
        {"messages": [ASKED, call, {"role": "tool", "content": "2"}, ANSWER], "tools": [tool("look", "x")]},
    )
    convert([file], tmp_path / "in", Options())
    for dialect in ("native", "hermes", "qwen3-xml", "json-fence"):
        out = tmp_path / dialect
        told = CliRunner().invoke(
            cli, ["export", str(tmp_path / "in"), "--for", "trl", "--dialect", dialect, "--out", str(out)]
        )
        assert told.exit_code == 0, told.output
        again = convert([out], tmp_path / f"{dialect}-back", Options())
        assert again.rejected == {}
        assert rows_of(tmp_path / f"{dialect}-back" / "train.jsonl") == rows_of(
            tmp_path / "in" / "examples.jsonl"
        )
        manifests = [manifest_of(tmp_path / name) for name in ("in", f"{dialect}-back")]
        assert manifests[0]["signatures"] == manifests[1]["signatures"]


def test_a_whole_number_with_a_point_comes_back_with_it(tmp_path: Path) -> None:
    """Else a row whose argument is 54.0 has another id, and another repository, after it was exported as qwen3-xml and imported again."""
    properties = {name: {"type": "number"} for name in ("a", "b", "c")}
    tool = {"type": "function", "function": {"name": "add", "description": "", "parameters": {"type": "object", "properties": properties}}}  # fmt: skip
    call = {"id": "x", "type": "function", "function": {"name": "add", "arguments": {"a": 54.0, "b": 3, "c": 2.5}}}  # fmt: skip
    messages = [{"role": "user", "content": "Add 54.0, 3 and 2.5."}, {"role": "assistant", "content": "", "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "x", "content": "59.5"}, {"role": "assistant", "content": "59.5"}]  # fmt: skip
    (tmp_path / "old.jsonl").write_bytes(orjson.dumps({"messages": messages, "tools": [tool]}) + b"\n")
    for words in (
        ["import", "old.jsonl", "--out", "set"],
        ["export", "set", "--for", "trl", "--dialect", "qwen3-xml", "--out", "rows"],
        ["import", "rows/train.jsonl", "--out", "again"],
    ):
        command, *rest = words
        paths = [str(tmp_path / word) if not word.startswith("-") and word not in ("trl", "qwen3-xml") else word for word in rest]  # fmt: skip
        done = CliRunner().invoke(cli, [command, *paths])
        assert done.exit_code == 0, done.output
    assert (tmp_path / "again" / "examples.jsonl").read_bytes() == (tmp_path / "set" / "examples.jsonl").read_bytes()  # fmt: skip
