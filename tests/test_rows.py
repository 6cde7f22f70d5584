"""Rows that come through standard input are rows like those of a file."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from punie_data.cli import cli
from punie_data.errors import UserError
from tests.test_unread import COMMANDS, ROWS


def run(arguments: list[str], given: bytes) -> Result:
    return CliRunner().invoke(cli, arguments, input=given)


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "diff"])
def test_standard_input_makes_the_same_bytes_as_a_file(tmp_path: Path, command: str) -> None:
    """Else a set would be another one because it was unpacked on the way."""
    (tmp_path / "stdin.jsonl").write_bytes(b"".join(ROWS))
    made = []
    for name, file in (("piped", "-"), ("named", str(tmp_path / "stdin.jsonl"))):
        out = tmp_path / name
        arguments = [part.replace("FILE", file).replace("OUT", str(out)) for part in COMMANDS[command]]
        done = run(arguments, b"".join(ROWS))
        assert done.exit_code == 0, done.output
        written = sorted(path for path in (out, *out.glob("*"), Path(f"{out}.html")) if path.is_file())
        made.append({path.name.replace(name, ""): path.read_bytes() for path in written})
        assert bool(written) == ("--out" in arguments)
    assert made[0] == made[1]


def test_two_sets_can_t_come_through_one_pipe_and_a_report_needs_a_place() -> None:
    """Else the second would be empty, or the report gone with the file that held the rows."""
    for arguments, said in ((["diff", "-", "-"], "can be read once"), (["report", "-"], "--out")):
        done = run(arguments, b"".join(ROWS[:3]))
        assert isinstance(done.exception, UserError) and said in str(done.exception)


def test_nothing_is_left_behind_and_places_are_named_as_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a temporary folder stays, and a finding names a file that is gone."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done = run(["scan", "-"], b'{"text": "mail ann.lee@mail-host.io"}\n')
    assert done.exit_code == 1 and done.output.startswith("-:1: e-mail")
    assert list(tmp_path.iterdir()) == []
