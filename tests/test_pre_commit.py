"""The pre-commit hook, as its user gets it: installed by pre-commit itself from this checkout, and run on changed files."""

import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import orjson
import pytest
from packaging.requirements import Requirement

from tests.test_validate_rows import GOOD

ROOT = Path(__file__).parent.parent
HOOK = "punie-data-validate"
HEAVY = {"mlx", "mlx-lm", "datasets", "transformers", "torch", "pyarrow"}
NO_INDEX = re.compile(
    r"No matching distribution|Could not find a version|Failed to establish|name resolution|Network is unreachable|ConnectionError|ReadTimeout"
)


def test_pre_commit_installs_the_hook_and_finds_the_line(tmp_path: Path) -> None:
    """A hook that was only written down fails at its first user: in what it installs, what it matches, or what it prints."""
    pytest.importorskip("pre_commit")
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout, from which pre-commit could install")
    project, home = tmp_path / "project", tmp_path / "home"
    project.mkdir()
    bad = orjson.dumps({**GOOD["one call"], "id": "0" * 20})
    (project / "good.jsonl").write_bytes(orjson.dumps(GOOD["one call"]) + b"\n")
    (project / "bad.jsonl").write_bytes(orjson.dumps(GOOD["direct"]) + b"\n" + bad + b"\n")
    (project / "rejected.jsonl").write_bytes(b'{"reason": "x"}\n')
    (project / "notes.txt").write_bytes(b"no rows\n")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PYTHON"))
    }
    environment |= {"PRE_COMMIT_HOME": str(home), "PIP_LOG": str(tmp_path / "pip.log")}
    for command in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *command], cwd=project, env=environment, check=True)
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "try-repo", str(ROOT), HOOK, "--all-files", "--color", "never"],
        cwd=project, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    said = done.stdout + done.stderr
    if "CalledProcessError" in said and NO_INDEX.search(said):
        pytest.skip("no package index can be reached, from which pre-commit installs the hook")
    assert done.returncode == 1, said
    assert re.search(r"^bad\.jsonl:2: PD150 the id is 0{20}", said, re.MULTILINE), said
    assert "3 rows in 2 files: 1 error, 0 warnings" in said
    installed = re.findall(r"Successfully installed (.*)", (tmp_path / "pip.log").read_text())
    names = {package.rpartition("-")[0] for line in installed for package in line.split()}
    assert "punie-data" in names and not names & HEAVY


def test_no_dependency_of_the_base_install_leads_to_training_libraries() -> None:
    """The hook's environment is the base install: what that needs, every user of the hook waits for."""
    waiting, seen = ["punie-data"], set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            required = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # for another platform or Python
        for text in required:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name.lower())
    assert "orjson" in seen and not seen & HEAVY
