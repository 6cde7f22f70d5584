"""`validate` and `explain` as the README shows them, and as a user meets them on bad input."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from punie_data import importing
from punie_data.cli import cli
from punie_data.errors import UserError
from punie_data.validate.forms import KEYS
from tests.test_validate_rows import GOOD

ROOT = Path(__file__).parent.parent
ROW = orjson.dumps(GOOD["one call"]) + b"\n"


def shown_in(heading: str) -> list[str]:
    """The commands of a section of the README that run on the committed sample."""
    section = (ROOT / "README.md").read_text().split(f"\n### {heading}\n")[1].split("\n### ")[0]
    commands = re.findall(r"^\$ punie-data (.*)$", section, re.MULTILINE)
    return [
        c.split("#")[0].split(">")[0].strip() for c in commands if "data/sample" in c or heading == "explain"
    ]


@pytest.mark.parametrize("command", [*shown_in("validate"), *shown_in("explain")])
def test_what_the_readme_shows_works(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first thing that a newcomer types must not fail."""
    shutil.copytree(ROOT / "data" / "sample", tmp_path / "data" / "sample")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, shlex.split(command))
    assert result.exit_code == 0, result.output
    if "--out" in command:
        for name in ("examples.jsonl", "manifest.json"):
            assert (tmp_path / "data" / "mended" / name).is_file()


def test_records_are_checked_without_what_reads_other_formats(tmp_path: Path) -> None:
    """The hook runs at every commit: what it doesn't need must not cost its start."""
    file = tmp_path / "rows.jsonl"
    file.write_bytes(ROW)
    code = (
        "import sys; from punie_data.cli.validate import validate;"
        f"validate(['--isolated', {str(file)!r}], standalone_mode=False);"
        "print([name for name in sys.modules if name in ('jsonschema', 'tomllib', 'rich', 'jinja2', 'tokenizers', 'numpy') or '.importing' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert KEYS == importing.KEYS


BAD = {
    "half a line": (ROW + ROW[:99], 2, "the file ends in the middle of a row"),
    "a byte order mark": (b"\xef\xbb\xbf" + ROW, 0, ""),
    "UTF-16": (ROW.decode().encode("utf-16"), 1, "the file is UTF-16"),
    "CRLF": (ROW.replace(b"\n", b"\r\n"), 0, ""),
    "NUL": (ROW + ROW.replace(b"user", b"us\0er"), 2, "a NUL byte"),
    "NaN": (ROW + ROW.replace(b'"seed":0', b'"seed":NaN'), 2, "NaN is not a JSON value"),
    "a key twice": (ROW + ROW.replace(b'"seed":0', b'"seed":1,"seed":0'), 2, "'seed' stands twice"),
    "beyond 64 bits": (ROW + ROW.replace(b'"seed":0', b'"seed":99999999999999999999'), 2, "does not fit into 64 bits"),
    "10,000 deep": (ROW + b'{"messages":' + b"[" * 10_000 + b"]" * 10_000 + b"}\n", 2, "nested more than 1024 deep"),
    "500 deep": (ROW + ROW.replace(b'"seed":0', b'"seed":' + b"[" * 500 + b"]" * 500), 2, "origin.seed"),
    "a long line": (ROW + b'{"a":"' + b"x" * 17_000_000 + b'"}\n' + ROW, 2, "bytes long, 16777216 are read"),
    "nothing": (b"", 1, "the file has no rows"),
    "bytes": (bytes(range(128, 256)), 1, "not UTF-8"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told_with_its_line_and_survives_mending(name: str, tmp_path: Path) -> None:
    """Never a traceback, and what can't be read is still somebody's."""
    content, line, message = BAD[name]
    file, out = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    file.write_bytes(content)
    told = orjson.loads(
        CliRunner().invoke(cli, ["validate", "--isolated", "--json", "--ignore", "PD9", str(file)]).output
    )
    found = {each["line"]: each["message"] for each in told["findings"] if message in each["message"]}
    assert set(found) == ({line} if line else set()), told
    assert bool(told["errors"]) == bool(line)
    result = CliRunner().invoke(cli, ["validate", "--isolated", "--fix", "--out", str(out), str(file)])
    assert result.exit_code == bool(line), result.output
    assert out.read_bytes() == content


@pytest.mark.parametrize(
    ("name", "said"), [("absent.jsonl", "there is no such file"), (".", "holds none of examples.jsonl")]
)
def test_what_is_no_file_of_rows_is_one_line(name: str, said: str, tmp_path: Path) -> None:
    """The user's to mend, and told so."""
    with pytest.raises(UserError, match=said):
        CliRunner().invoke(cli, ["validate", str(tmp_path / name)], catch_exceptions=False)


@pytest.mark.skipif(sys.platform == "win32", reason="resource limits are POSIX's")
def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """Half of a mended file is worse than a broken one that is whole."""
    import resource

    file = tmp_path / "rows.jsonl"
    file.write_bytes(ROW.replace(b'"name":"find', b'"tool":"find', 1) * 20)
    before = file.read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "punie_data", "validate", "--isolated", "--fix", "--in-place", str(file)],
        capture_output=True, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)),
    )  # fmt: skip
    assert done.returncode == 2 and "can't be written" in done.stderr and "Traceback" not in done.stderr
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]
