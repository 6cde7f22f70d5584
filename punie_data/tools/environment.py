"""Virtual environments in which repositories' tests run, made once for each set of requirements.

Making one needs the network, so it happens outside the sandbox; therefore only wheels are installed: unpacking a wheel runs none of its
code, while building a source distribution runs whatever its author wrote. For the same reason the environment's Python is never started
again outside the sandbox once something is installed.
"""

import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from punie_data.errors import ToolUnavailable, UserError

ALWAYS = "pytest"
MARKER = "complete.json"
TIMEOUT = 900.0


def prepare(requirements: tuple[str, ...], cache: Path, progress: Callable[[str], None]) -> Path:
    """The folder of a virtual environment with pytest and `requirements` in it; a second call finds it made.

    A virtual environment cannot be moved, so it is made where it stays, and a marker written last says that it is whole. UserError for a
    requirement that is none or that names a URL; ToolUnavailable when it cannot be made.
    """
    wanted = sorted({_checked(requirement) for requirement in requirements})
    if not any(re.match(rf"{ALWAYS}(?![\w-])", requirement) for requirement in wanted):
        wanted.append(ALWAYS)
    key = json.dumps(
        [wanted, sys.implementation.name, platform.python_version(), platform.machine(), sys.base_prefix]
    )
    folder = cache / "environments" / hashlib.sha256(key.encode()).hexdigest()[:24]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _alone(folder.with_suffix(".lock")):
            if not (folder / MARKER).is_file():
                shutil.rmtree(folder, ignore_errors=True)
                progress(f"installing {', '.join(wanted)}")
                _make(folder, wanted)
                (folder / MARKER).write_text(json.dumps({"requirements": wanted}) + "\n")
    except OSError as error:
        raise UserError(f"no virtual environment in {cache}: {error.strerror or error}") from None
    return folder


def _checked(requirement: str) -> str:
    """The requirement in one spelling. A URL is refused: pip would build what it finds there, wheel or not."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        parsed = Requirement(requirement)
    except InvalidRequirement:
        raise UserError(f"{requirement!r} is not a requirement such as 'attrs>=23'") from None
    if parsed.url:
        raise UserError(f"{requirement!r} names a URL; only packages of the index can be installed for tests")
    return str(parsed)


def _make(folder: Path, wanted: list[str]) -> None:
    python = str(folder / "bin" / "python")
    _run([sys.executable, "-m", "venv", str(folder)], "python -m venv")
    _run(
        [python, "-m", "pip", "install", "--only-binary", ":all:", "--no-input", "--disable-pip-version-check", "--quiet", *wanted],
        "pip",
    )  # fmt: skip


def _run(command: list[str], name: str) -> None:
    """Run one step. Everyone may read what it makes, since the sandbox's user is not us."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT, umask=0o022
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ToolUnavailable(f"{name} did not end in {TIMEOUT:.0f} s") from None
    if done.returncode:
        raise ToolUnavailable(_why(name, done.stdout + done.stderr))


def _why(name: str, said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    if any("Failed to establish a new connection" in line or "name resolution" in line for line in lines):
        return "pip cannot reach the package index"
    missing = next((line for line in lines if "No matching distribution found for" in line), None)
    if missing:
        package = missing.rpartition(" for ")[2]
        return f"pip found no wheel of {package} for this Python (source distributions are not built, since that runs their code)"
    errors = [line for line in lines if line.startswith("ERROR:")]
    return f"{name}: {(errors or lines or ['failed'])[-1].removeprefix('ERROR: ')}"


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Wait until no other process makes the same environment."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
