"""A repository as if it were installed, for what runs in the sandbox: importable, and with the metadata that installing would have left.

Really installing it would run its build. Many packages ask `importlib.metadata` for their own version when they are imported; without an
answer, no test of theirs would run.
"""

import configparser
import re
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_string
from pathlib import Path
from typing import Any

from punie_data.tools.sandbox import PROJECT, variables
from punie_data.tools.workspace import Workspace

UNKNOWN_VERSION = "0"
METADATA = "/metadata"


@dataclass(frozen=True, slots=True)
class Installed:
    """`variables` for the command and `read_only` mounts for `run_sandboxed`; `folder` is ours and goes with the block."""

    variables: dict[str, str]
    read_only: dict[str, Path]
    folder: Path


@contextmanager
def installed(workspace: Workspace) -> Iterator[Installed]:
    """What `run_sandboxed` needs so that the command finds the project's packages and its virtual environment, if it has one."""
    environment = workspace.virtual_environment
    with tempfile.TemporaryDirectory(prefix="punie-data-installed-") as temporary:
        folder = Path(temporary)
        write_metadata(workspace.root, folder / "metadata", environment)
        sources = (f"{PROJECT}/src", PROJECT) if workspace.below("src") is not None else (PROJECT,)
        mounts = {METADATA: folder / "metadata"}
        if environment is not None:
            mounts[str(environment)] = environment
        yield Installed(variables(environment, (*sources, METADATA)), mounts, folder)


def write_metadata(root: Path, folder: Path, environment: Path | None = None) -> None:
    """Put a `.dist-info` for the project in `root` into `folder`, which is made.

    Nothing in it when the project has no name, or when its release is installed in `environment`, which has better metadata.
    """
    folder.mkdir(parents=True, mode=0o755)
    folder.chmod(0o755)
    project = _project(root)
    name, version = project.get("name"), project.get("version")
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        return
    plain = re.sub(r"[-_.]+", "_", name)
    known = environment.glob("lib/python*/site-packages/*.dist-info") if environment is not None else ()
    if any(found.name.partition("-")[0].lower() == plain.lower() for found in known):
        return
    if not isinstance(version, str) or not re.fullmatch(r"[A-Za-z0-9.+!_-]+", version):
        version = UNKNOWN_VERSION
    info = folder / f"{plain}-{version}.dist-info"
    info.mkdir()
    info.chmod(0o755)
    for file, text in {
        "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        "entry_points.txt": _entry_points(project),
        "INSTALLER": "punie-data\n",
    }.items():
        (info / file).write_text(text, encoding="utf-8")
        (info / file).chmod(0o644)


def _project(root: Path) -> dict[str, Any]:
    """pyproject.toml's `[project]`; name and version, where they are not there, from a source distribution's PKG-INFO or setup.cfg."""
    found: dict[str, Any] = {}
    try:
        table = tomllib.loads(_text(root / "pyproject.toml")).get("project", {})
    except (tomllib.TOMLDecodeError, AttributeError):
        table = {}
    if isinstance(table, dict):
        found |= table
    info = message_from_string(_text(root / "PKG-INFO"))
    setup = configparser.RawConfigParser(strict=False)
    try:
        setup.read_string(_text(root / "setup.cfg"))
    except configparser.Error:
        setup.clear()
    for key in ("name", "version"):
        given = info.get(key) or setup.get("metadata", key, fallback=None)
        if key not in found and isinstance(given, str):
            found[key] = given.strip()
    return found


def _entry_points(project: dict[str, Any]) -> str:
    groups = {"console_scripts": project.get("scripts"), **_table(project.get("entry-points"))}
    lines = []
    for group, points in groups.items():
        written = [f"{name} = {value}" for name, value in _table(points).items() if isinstance(value, str)]
        if written:
            lines += [f"[{group}]", *written, ""]
    return "\n".join(lines)


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8", "replace") if not path.is_symlink() else ""
    except OSError:
        return ""
