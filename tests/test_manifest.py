"""A manifest that was damaged, or written by hand, is told in one line by whoever reads it."""

import os
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from punie_data.cli import cli
from punie_data.dataset import manifest_of
from punie_data.errors import UserError
from punie_data.manifest import problem_of

SAMPLE = Path(__file__).parent.parent / "data" / "sample"
SIGNATURE = {"description": "The weather.", "arguments": {"type": "object"}, "result": None}
WHOLE: dict[str, Any] = {
    **orjson.loads((SAMPLE / "manifest.json").read_bytes()),
    "system_prompts": [{"text": "Be brief.", "rows": "0123456789abcdef0123"}],
    "signatures": {"get_weather": SIGNATURE},
    "signature_variants": [{"tool": "get_weather", "signature": SIGNATURE, "rows": "0123456789abcdef0123"}],
    "steps": [{"command": "dedupe", "options": {}, "inputs": {"a.jsonl": "00"}, "counts": {"rows": 1}}],
}
COMMANDS = (
    ["validate"],
    ["stats"],
    ["lineage"],
    ["report", "--out", "OUT.html"],
    ["dedupe", "--out", "OUT"],
    ["split", "--out", "OUT"],
    ["scan", "--out", "OUT"],
    ["balance", "--tool", "0.67", "--out", "OUT"],
    ["import", "--out", "OUT"],
    ["export", "--for", "openai", "--dialect", "hermes", "--out", "OUT"],
)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_no_command_stumbles_over_a_damaged_manifest(command: list[str], tmp_path: Path) -> None:
    """Else a comma too many in manifest.json is a traceback."""
    folder = tmp_path / "set"
    folder.mkdir()
    lines = (SAMPLE / "examples.jsonl").read_bytes().splitlines(keepends=True)[:3]
    (folder / "examples.jsonl").write_bytes(b"".join(lines))
    values = (None, 3, "x", [3], [[1]], {"a": 3})
    damaged = [b"", b"{", b"null", b"[]", b"\xff{"]
    damaged += [orjson.dumps({**WHOLE, key: value}) for key in ("signatures", "steps", "sources", "files", "system_prompt") for value in values]  # fmt: skip
    arguments = [word.replace("OUT", str(tmp_path / "out")) for word in command[1:]]
    for manifest in damaged:
        (folder / "manifest.json").write_bytes(manifest)
        done = CliRunner().invoke(cli, [command[0], str(folder), *arguments])
        assert done.exception is None or isinstance(done.exception, UserError | SystemExit), manifest


def test_a_damage_is_told_by_its_place(tmp_path: Path) -> None:
    """Else the user reads the whole manifest for it."""
    file = tmp_path / "rows.manifest.json"
    file.write_bytes(orjson.dumps({**WHOLE, "steps": [*WHOLE["steps"], {"command": "split", "options": 3}]}))
    with pytest.raises(UserError, match=r"rows\.manifest\.json is damaged: steps\[1\].options is no object"):
        manifest_of(tmp_path / "rows.jsonl")
    file.write_bytes(orjson.dumps({"files": ["rows.jsonl"], "sources": "the web"}))
    assert manifest_of(tmp_path / "rows.jsonl") == {}  # another program's


def test_what_is_whole_is_left_alone() -> None:
    """Else the manifests that are there are refused; a key that nobody knows is somebody's."""
    assert not problem_of(WHOLE) and not problem_of({}) and not problem_of({"mine": [1]})


@settings(max_examples=150)
@given(st.sampled_from(sorted(WHOLE)), st.recursive(st.none() | st.integers() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2), max_leaves=5))  # fmt: skip
def test_any_value_is_judged(key: str, value: Any) -> None:
    """The judge itself must not stumble."""
    assert isinstance(problem_of({**WHOLE, key: value}), str)


def test_a_part_has_the_manifest_of_its_folder(tmp_path: Path) -> None:
    """Else `data/old/train.jsonl` has lost the prompt and the tools that `data/old` has. Near-misses: a file of another name, one that is not listed."""
    for name in ("train", "rows", "test"):
        (tmp_path / f"{name}.jsonl").write_bytes(b"")
    made = {**WHOLE, "files": {"train.jsonl": "00"}}
    (tmp_path / "manifest.json").write_bytes(orjson.dumps(made))
    assert manifest_of(tmp_path / "train.jsonl") == made == manifest_of(tmp_path)
    assert manifest_of(tmp_path / "rows.jsonl") == manifest_of(tmp_path / "test.jsonl") == {}
    (tmp_path / "rows.manifest.json").write_bytes(orjson.dumps({"system_prompt": "Its own."}))
    assert manifest_of(tmp_path / "rows.jsonl") == {"system_prompt": "Its own."}


@pytest.mark.parametrize("command", COMMANDS[1:], ids=lambda command: command[0])
def test_a_pipe_or_a_device_is_told_and_not_read(command: list[str], tmp_path: Path) -> None:
    """Else a pipe is empty at the second reading, and /dev/zero is read for ever."""
    os.mkfifo(tmp_path / "pipe")
    arguments = [word.replace("OUT", str(tmp_path / "out")) for word in command[1:]]
    for path, said in ((tmp_path / "pipe", "no regular file"), ("/dev/zero", "no regular file")):
        done = CliRunner().invoke(cli, [command[0], str(path), *arguments])
        assert isinstance(done.exception, UserError) and said in str(done.exception)
    with pytest.raises(UserError, match="standard input is not read here"):
        CliRunner().invoke(cli, ["lineage", "-"], catch_exceptions=False)
    with pytest.raises(UserError, match="is a device"):
        CliRunner().invoke(cli, ["validate", "/dev/zero"], catch_exceptions=False)


@pytest.mark.parametrize(
    "command", [each for each in COMMANDS if "OUT" in each], ids=lambda command: command[0]
)
def test_what_is_in_the_folder_outlives_a_command_that_fails(command: list[str], tmp_path: Path) -> None:
    """Else naming the input's own folder, or an input without rows, costs a dataset its manifest, or its rows."""
    folder = tmp_path / "set"
    folder.mkdir()
    rows = b"".join((SAMPLE / "examples.jsonl").read_bytes().splitlines(keepends=True)[:3])
    (folder / "train.jsonl").write_bytes(rows)
    (folder / "manifest.json").write_bytes(orjson.dumps(WHOLE))
    (tmp_path / "empty.jsonl").write_bytes(b"")
    (tmp_path / "not").mkdir()
    (tmp_path / "not" / "rows.jsonl").write_bytes(b"{\n")
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    arguments = [word.replace("OUT", str(folder)) for word in command[1:]]
    written = command[0] in ("import", "scan")  # of a file without rows they make a dataset without rows
    for source in (folder, folder / "train.jsonl", *((tmp_path / "empty.jsonl", tmp_path / "not" / "rows.jsonl") if not written else ())):  # fmt: skip
        done = CliRunner().invoke(cli, [command[0], str(source), *arguments])
        assert isinstance(done.exception, UserError), source
        assert {file.name: file.read_bytes() for file in folder.iterdir()} == before, source
