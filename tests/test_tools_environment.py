"""Virtual environments for tests: made whole or not at all, from wheels only. The wheels here are hand-made; no network is used."""

import json
import os
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from punie_data.errors import ToolUnavailable, UserError
from punie_data.tools import environment
from punie_data.tools.environment import prepare


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with wheels of `pytest` and `friend`, and a source distribution of `builder` whose build leaves a mark."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in ("pytest", "friend"):
        with zipfile.ZipFile(folder / f"{name}-9.9-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}.py", "x = 1\n")
            wheel.writestr(
                f"{name}-9.9.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 9.9\n"
            )
            wheel.writestr(
                f"{name}-9.9.dist-info/WHEEL",
                "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            )
            wheel.writestr(f"{name}-9.9.dist-info/RECORD", "")
    source = tmp_path / "builder-1.0"
    source.mkdir()
    (source / "setup.py").write_text(f"from pathlib import Path\nPath({str(tmp_path / 'built')!r}).touch()\n")
    (source / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: builder\nVersion: 1.0\n")
    subprocess.run(
        ["tar", "czf", str(folder / "builder-1.0.tar.gz"), "-C", str(tmp_path), "builder-1.0"], check=True
    )
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


def test_an_environment_is_made_once(index: Path, tmp_path: Path) -> None:
    """Else every run would install everything again."""
    said: list[str] = []
    folder = prepare(("friend>=1",), tmp_path / "cache", said.append)
    assert said == ["installing friend>=1, pytest"]
    (packages,) = folder.glob("lib/python*/site-packages")
    assert {"pytest.py", "friend.py"} <= {path.name for path in packages.iterdir()}
    assert json.loads((folder / environment.MARKER).read_text()) == {"requirements": ["friend>=1", "pytest"]}
    assert prepare((" friend >= 1 ",), tmp_path / "cache", said.append) == folder
    assert len(said) == 1
    (folder / environment.MARKER).unlink()
    assert prepare(("friend>=1",), tmp_path / "cache", said.append) == folder, (
        "what was not finished is made anew"
    )
    assert len(said) == 2
    pinned = prepare(("pytest==9.9", "friend"), tmp_path / "cache", said.append)
    assert pinned != folder
    assert said[-1] == "installing friend, pytest==9.9", "a pinned pytest is not asked for twice"
    assert packages.stat().st_mode & 0o005 == 0o005, "the sandbox's user must be able to read it"


def test_what_has_no_wheel_is_not_built(index: Path, tmp_path: Path) -> None:
    """Else installing a requirement would run whatever its author wrote, with all the user's rights."""
    with pytest.raises(ToolUnavailable, match="no wheel of builder"):
        prepare(("builder",), tmp_path / "cache", lambda line: None)
    assert not (tmp_path / "built").exists()
    assert not list((tmp_path / "cache").rglob(environment.MARKER))


def test_the_source_distribution_would_have_built(index: Path, tmp_path: Path) -> None:
    """Else the test above would pass with a trap that never springs."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-build-isolation",
        "--target",
        str(tmp_path / "x"),
        "builder",
    ]
    subprocess.run(command, capture_output=True, check=False)
    assert (tmp_path / "built").exists()


@pytest.mark.parametrize(
    "requirement",
    [
        "friend @ https://example.com/friend.tar.gz",
        "friend @ file:///tmp/friend",
        "-r requirements.txt",
        "--index-url=https://example.com",
        "./friend",
        "git+https://example.com/friend",
        "",
        "friend; import os",
    ],
)  # fmt: skip
def test_only_packages_of_the_index_can_be_asked_for(tmp_path: Path, requirement: str) -> None:
    """Else a corpus file could make pip fetch from anywhere, or build."""
    with pytest.raises(UserError):
        prepare((requirement,), tmp_path / "cache", lambda line: None)
    assert not (tmp_path / "cache").exists()


def test_a_package_that_is_not_there_is_named(index: Path, tmp_path: Path) -> None:
    """Else a mistyped requirement would be hard to find."""
    with pytest.raises(ToolUnavailable, match="no wheel of no-such-thing"):
        prepare(("no-such-thing",), tmp_path / "cache", lambda line: None)


def test_a_cache_that_cannot_be_written_is_the_users_to_mend(tmp_path: Path) -> None:
    """Else a full or read-only disk would give a traceback."""
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(UserError, match="no virtual environment in"):
        prepare((), tmp_path / "cache", lambda line: None)


def test_two_at_once_make_one(index: Path, tmp_path: Path) -> None:
    """Else two runs would install into the same folder and break it."""
    said: list[str] = []
    found: list[Path] = []
    threads = [
        threading.Thread(target=lambda: found.append(prepare((), tmp_path / "cache", said.append)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert said == ["installing pytest"]
