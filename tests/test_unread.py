"""A line that can't be read: every command tells it, goes on with the others, and ends with 1."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from punie_data.cli import cli

ROOT = Path(__file__).parent.parent
ROWS = (ROOT / "data/sample/examples.jsonl").read_bytes().splitlines(keepends=True)[:60]
COMMANDS = {
    "dedupe": ["dedupe", "FILE", "--exact-only", "--out", "OUT"],
    "split": ["split", "FILE", "--out", "OUT"],
    "decontaminate": ["decontaminate", "FILE", "--against", str(ROOT / "data/suites/shop-60.jsonl"), "--out", "OUT"],
    "import": ["import", "FILE", "--out", "OUT"],
    "balance": ["balance", "FILE", "--tool", "0.67", "--out", "OUT"],
    "export": ["export", "FILE", "--for", "openai", "--dialect", "hermes", "--out", "OUT"],
    "scan": ["scan", "FILE", "--out", "OUT"],
    "stats": ["stats", "FILE"],
    "report": ["report", "FILE", "--out", "OUT.html"],
    "diff": ["diff", "FILE", "FILE"],
}  # fmt: skip


def run(command: str, file: Path, *more: str) -> tuple[int, str]:
    out = file.with_name(f"{file.stem}-{command}{''.join(more)}")
    arguments = [
        part.replace("FILE", str(file)).replace("OUT", str(out)) for part in (*COMMANDS[command], *more)
    ]
    done = CliRunner().invoke(cli, arguments)
    return done.exit_code, done.output


@pytest.mark.parametrize("command", COMMANDS)
def test_a_line_that_can_t_be_read_is_told_and_makes_the_exit_code_1(tmp_path: Path, command: str) -> None:
    """Else a script would take half a dataset for a whole one after one command, and not after another."""
    good, cut, strange = (tmp_path / name for name in ("good.jsonl", "cut.jsonl", "strange.jsonl"))
    good.write_bytes(b"".join(ROWS))
    cut.write_bytes(b"".join([*ROWS[:30], ROWS[30][:100] + b"\n", *ROWS[30:]]))
    strange.write_bytes(b"".join([*ROWS, b'{"a": 1}\n']))
    assert run(command, good)[0] == 0
    for file in (cut, strange):
        code, told = run(command, file)
        assert code == 1
        assert any(f"{word} {what}" in told for word in ("1", "2") for what in ("line", "rejected"))
        if "OUT" in COMMANDS[command]:
            assert (tmp_path / f"{file.stem}-{command}" / "manifest.json").is_file()


@pytest.mark.parametrize("command", ["import", "balance", "export", "scan", "stats", "diff"])
def test_programs_are_told_so_too(tmp_path: Path, command: str) -> None:
    """With --json the exit code must not be another."""
    file = tmp_path / "cut.jsonl"
    file.write_bytes(b"".join([*ROWS, b"{\n"]))
    assert run(command, file, "--json")[0] == 1
