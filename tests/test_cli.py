"""The command line: it starts fast because it imports little, every command is documented, and help ends in something that runs."""

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
