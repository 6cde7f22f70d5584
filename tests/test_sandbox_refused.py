"""Where there is no sandbox that works, a repository's code is refused, and what to do about it is said."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from punie_data.errors import ToolUnavailable
from punie_data.tools import sandbox
from punie_data.tools.sandbox import bubblewrap_works, run_sandboxed, variables, why_not


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def run(project: Path, command: str) -> None:
    run_sandboxed([command], project, variables(None))


@pytest.fixture
def fresh_probe() -> Iterator[None]:
    sandbox._rights.cache_clear()
    yield
    sandbox._rights.cache_clear()


def test_without_bubblewrap_it_is_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch, fresh_probe: None
) -> None:
    """Else a machine without bubblewrap would run a stranger's code with nothing around it."""
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert not bubblewrap_works()
    with pytest.raises(ToolUnavailable, match="apt install bubblewrap"):
        run(project, "true")


def test_where_there_is_no_such_sandbox_it_is_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch, fresh_probe: None
) -> None:
    """Else a Mac would run a stranger's code with nothing around it."""
    monkeypatch.setattr(sandbox.sys, "platform", "darwin")
    with pytest.raises(ToolUnavailable, match="only for Linux"):
        run(project, "true")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is refused before bubblewrap is asked")
def test_a_bubblewrap_that_does_not_work_is_refused(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_probe: None
) -> None:
    """Else a kernel that forbids namespaces would be noticed only as odd test results."""
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(fake))
    assert "setting up uid map: Permission denied" in why_not()
    with pytest.raises(ToolUnavailable, match=r"0\.8 or newer"):
        run(project, "true")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is refused before bubblewrap is asked")
def test_a_bubblewrap_that_only_runs_the_command_is_refused(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_probe: None
) -> None:
    """Else something called bwrap that makes no walls would be believed: the start script must find its snapshot."""
    fake = tmp_path / "bwrap"
    fake.write_text('#!/bin/sh\nwhile [ "$1" != "--" ]; do shift; done\nshift\nexec "$@"\n')
    fake.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(fake))
    assert not bubblewrap_works()
