"""The command line: it starts fast because it imports little, every command is documented, and help ends in something that runs."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from punie_data.cli import COMMANDS, cli

README = (Path(__file__).parent.parent / "README.md").read_text()
HEAVY = (
    "libcst",
    "mlx",
    "mlx_lm",
    "datasets",
    "pydantic_monty",
    "rich",
    "markdown_it",
    "jsonschema",
    "hypothesis",
)


def imported_by(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "punie_data", *arguments], capture_output=True, text=True
    )
    return {
        line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines() if "|" in line
    }


def test_help_imports_nothing_heavy() -> None:
    """Else `--help` makes people wait."""
    assert not set(HEAVY) & imported_by("--help")


def test_validate_imports_nothing_heavy(tmp_path: Path) -> None:
    """Else pre-commit waits for LibCST, or needs mlx."""
    file = tmp_path / "rows.jsonl"
    file.write_text("{}\n")
    assert not (set(HEAVY) - {"jsonschema"}) & imported_by("validate", str(file))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme_and_its_help_ends_in_an_example(command: str) -> None:
    """Else a command exists that nobody can find or use."""
    assert f"### {command}" in README
    told = CliRunner().invoke(cli, [command, "--help"])
    assert told.exit_code == 0
    assert re.search(r"Examples?:\s", told.output)
    assert f"punie-data {command}" in told.output.split("Example")[-1]


def test_every_command_in_the_readme_exists() -> None:
    """Else the README promises what isn't there."""
    named = re.findall(r"^\$ punie-data ([a-z]+)", README, re.MULTILINE)
    assert named and set(named) <= set(COMMANDS)


def test_an_unknown_command_is_one_line_and_exit_2() -> None:
    """Else a typing mistake looks like a crash."""
    done = subprocess.run([sys.executable, "-m", "punie_data", "genrate"], capture_output=True, text=True)
    assert done.returncode == 2 and "genrate" in done.stderr and "Traceback" not in done.stderr


def test_a_closed_pipe_is_no_traceback(tmp_path: Path) -> None:
    """Else `punie-data generators | head -1` ends in red."""
    command = f"{sys.executable} -m punie_data generators | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["validate", "stats", "dedupe", "export"])  # fmt: skip
def test_a_name_that_the_system_refuses_is_one_line(command: str, tmp_path: Path) -> None:
    """Else a path that is too long, or leads in a circle, is a traceback."""
    (tmp_path / "round").symlink_to(tmp_path / "round")
    (tmp_path / "file").write_text("")
    out = ["--out", str(tmp_path / "out")] if command in ("dedupe", "import", "export") else []
    for name in ("n" * 300, "round", "file/rows.jsonl"):
        done = subprocess.run(
            [sys.executable, "-m", "punie_data", command, str(tmp_path / name), *out],
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr


def test_no_colour_is_no_colour(tmp_path: Path) -> None:
    """Else who can't see colours, or records a terminal, gets their codes."""

    (tmp_path / "rows.jsonl").write_bytes(b"{\n")
    for given, wanted in (("", True), ("1", False)):
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [sys.executable, "-m", "punie_data", "validate", "--isolated", str(tmp_path / "rows.jsonl")],
            stdout=theirs, stderr=subprocess.DEVNULL, env={**os.environ, "NO_COLOR": given, "TERM": "xterm"},
        ) as running:  # fmt: skip
            running.wait()
        os.close(theirs)
        told = os.read(ours, 100_000)
        os.close(ours)
        assert b"PD100" in told and (b"\x1b[" in told) is wanted
