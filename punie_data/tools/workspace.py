"""The folder in which tools run, with the programs they run and the environment those see."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from punie_data.code.gitfolder import GitFolder
from punie_data.code.lines import lines_of
from punie_data.errors import ToolFailed, ToolUnavailable
from punie_data.tools.interpreter import Interpreter
from punie_data.tools.language_server import LanguageServer

TIMEOUT = 120.0
MOST_DEATHS = 3
"""A project on which the language server dies again and again is given up."""
NO_PACKAGES = "no-packages"
"""The virtual environment that ty is given. Without one it would take the one that it is installed in, and answer by what else is there."""


def link_or_copy(source: Path, target: Path) -> None:
    """A hard link where the file system allows, else a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


@cache
def program(name: str) -> str:
    """The path of a program: beside our Python first (the wheels of ty, ruff and ripgrep put it there), then on PATH."""
    folders = (Path(sysconfig.get_path("scripts")), Path(sys.executable).parent)
    for folder in folders:
        if (folder / name).is_file():
            return str(folder / name)
    found = shutil.which(name)
    if found is None:
        raise ToolUnavailable(f"{name} is not installed")
    return found


@cache
def version(name: str) -> str:
    """`ty 0.0.105`, `git 2.39.5`: what the program says of itself, else the installed distribution's version."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as distribution_version

    try:
        return f"{name} {distribution_version({'rg': 'ripgrep'}.get(name, name))}"
    except PackageNotFoundError:
        said = subprocess.run(
            [program(name), "--version"], capture_output=True, text=True, timeout=TIMEOUT
        ).stdout
        return f"{name} {next((word for word in said.split() if word[0].isdigit()), 'unknown')}"


def _has_table(pyproject: Path, tool: str) -> bool:
    try:
        return f"[tool.{tool}" in pyproject.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


class Workspace:
    """`root` and `paths` are what may be read: a path outside is refused, whoever asks for it.

    Shapes: `paths` are relative with forward slashes. The language server starts at the first question and is closed with the workspace.
    """

    def __init__(
        self,
        root: Path,
        paths: frozenset[str],
        git: GitFolder | None,
        remove: "tempfile.TemporaryDirectory[str] | None" = None,
    ) -> None:
        """`remove` is the folder that goes with the workspace: only a throw-away copy has one, and only in one may files be written."""
        self.root = root
        self.paths = set(paths)
        self.git = replace(git, work_tree=root) if git is not None and remove is not None else git
        self.changed = False
        self._written: set[str] = set()
        self._remove = remove
        self._server: LanguageServer | None = None
        self._deaths = 0
        self._hung: set[str] = set()
        """Programs that did not end: waiting for each of them again at every call would take hours."""
        self._interpreter: Interpreter | None = None
        self._lines: dict[str, list[str]] = {}
        self._configured: dict[str, Path | None] = {}
        self._home = tempfile.TemporaryDirectory(prefix="punie-data-home-")
        _make_empty_environment(Path(self._home.name) / NO_PACKAGES)
        self.batches: dict[str, object] = {}
        """Results of programs that were run once for the whole project, by tool."""
        self.virtual_environment: Path | None = None
        """What `environment.prepare` made for this repository's tests; only with --allow-exec."""
        self.pytest_arguments: tuple[str, ...] = ()
        """What pytest must be told besides: the corpus entry's."""

    @property
    def throw_away(self) -> bool:
        return self._remove is not None

    @property
    def environment(self) -> dict[str, str]:
        """No variable of the user's: no virtual environment, no configuration of hers, one language, no colours."""
        return {
            "PATH": "/nonexistent",
            "HOME": self._home.name,
            "XDG_CONFIG_HOME": self._home.name,
            "XDG_CACHE_HOME": self._home.name,
            "VIRTUAL_ENV": f"{self._home.name}/{NO_PACKAGES}",
            "LC_ALL": "C.UTF-8",
            "NO_COLOR": "1",
            "TZ": "UTC",
        }

    def check_configuration(self, tool: str) -> None:
        """ToolUnavailable when `tool` (ty or ruff) would find its configuration in a folder above the project, which is the machine's.

        Both look upwards until they meet a table of their own, and ty, without one, takes any pyproject.toml for the project.
        """
        if tool not in self._configured:
            own = self.root / "pyproject.toml"
            names = {"ty": ("ty.toml",), "ruff": ("ruff.toml", ".ruff.toml")}[tool]
            found = None
            if not any((self.root / name).is_file() for name in names) and not _has_table(own, tool):
                for folder in self.root.parents:
                    above = folder / "pyproject.toml"
                    if above.is_file() and (not own.is_file() or _has_table(above, tool)):
                        found = above
                    found = next((folder / name for name in names if (folder / name).is_file()), found)
            self._configured[tool] = found
        if self._configured[tool] is not None:
            raise ToolUnavailable(
                f"{self._configured[tool]} would configure {tool} for the mined project: keep the cache elsewhere (PUNIE_DATA_CACHE)"
            )

    @property
    def server(self) -> LanguageServer:
        if self._server is not None and not self._server.alive:
            self._server.close()
            self._server = None
            self._deaths += 1
        if self._server is None:
            self.check_configuration("ty")
            ty = program("ty")
            if self._deaths >= MOST_DEATHS:
                raise ToolFailed(f"the language server failed {MOST_DEATHS} times")
            try:
                self._server = LanguageServer([ty, "server"], self.root, self.environment)
            except ToolUnavailable:
                self._deaths += 1
                raise
        return self._server

    @property
    def interpreter(self) -> Interpreter:
        """The interpreter of execute_code: like the server, it starts when first asked for and ends with the workspace."""
        if self._interpreter is None:
            self._interpreter = Interpreter(program("monty"))
        return self._interpreter

    def run(self, *command: str, accept: tuple[int, ...] = (0, 1)) -> bytes:
        """What a program printed on standard output, run in the root. ToolUnavailable when it hangs or ends with another code."""
        if command[0] in ("ty", "ruff"):
            self.check_configuration(command[0])
        if command[0] in self._hung:
            raise ToolFailed(f"{command[0]} did not end in {TIMEOUT:.0f} s")
        try:
            done = subprocess.run(
                [program(command[0]), *command[1:]],
                cwd=self.root,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=TIMEOUT,
            )
        except subprocess.TimeoutExpired:
            self._hung.add(command[0])
            raise ToolFailed(f"{command[0]} did not end in {TIMEOUT:.0f} s") from None
        except OSError as error:
            raise ToolFailed(f"{command[0]} does not start: {error.strerror or error}") from None
        if done.returncode not in accept:
            said = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
            raise ToolUnavailable(f"{command[0]} ended with {done.returncode}: {said}")
        return done.stdout

    def rows(self, *command: str) -> list[dict[str, Any]]:
        """The JSON array that a program printed. ToolUnavailable when it printed something else."""
        printed = self.run(*command)
        try:
            rows = orjson.loads(printed)
        except orjson.JSONDecodeError:
            rows = None
        if not isinstance(rows, list):
            raise ToolUnavailable(f"{command[0]} printed something else than its findings")
        return rows

    def inside(self, path: str) -> str | None:
        """The path as the project writes it, "." for its root; None when it leads out of the project."""
        clean = PurePosixPath(path)
        if clean.is_absolute() or ".." in clean.parts or "\0" in path:
            return None
        return clean.as_posix()

    def text(self, path: str) -> str | None:
        """The file's text, None when the project has no such file. Not UTF-8: undecodable bytes become U+FFFD."""
        clean = self.inside(path)
        if clean is None or clean not in self.paths:
            return None
        return (self.root / clean).read_bytes().decode("utf-8", "replace")

    def below(self, path: str) -> list[str] | None:
        """The files at or below `path`, sorted; None when there are none."""
        clean = self.inside(path)
        if clean is None:
            return None
        found = sorted(p for p in self.paths if clean == "." or p == clean or p.startswith(f"{clean}/"))
        return found or None

    def preview(self, path: str, line: int) -> str:
        """Line `line` (1-based) of a file of the project without the white space around it, "" where there is none."""
        lines = self.lines(path)
        return lines[line - 1].strip() if 0 < line <= len(lines) else ""

    def lines(self, path: str) -> list[str]:
        """The lines of a file as Python and the language server count them (form feeds do not end one); [] where there is no file."""
        clean = self.inside(path) or path
        if clean not in self._lines:
            text = self.text(clean)
            self._lines[clean] = [] if text is None else lines_of(text)
        return self._lines[clean]

    def line_count(self, path: str) -> int:
        """How many lines a reader would count: the empty rest behind the last line end is none."""
        lines = self.lines(path)
        return len(lines) - (1 if lines and not lines[-1] else 0)

    def is_python(self, path: str) -> bool:
        """Whether the file is Python by its name. ty reads whatever it is given as Python, a README too, so the tools must ask."""
        return path.endswith((".py", ".pyi"))

    def write(self, path: str, content: str) -> None:
        """Put `content` into a file of this (throw-away) workspace. The link to the snapshot is cut first, so that it stays as it was."""
        assert self.throw_away
        self.changed = True
        self._written.add(path)
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.write_text(content, encoding="utf-8", newline="")
        self.paths.add(path)
        self._forget()

    def restore(self, origin: "Workspace") -> None:
        """Make this copy what `origin` is again: cheaper than another copy, since only what was written has to be put back."""
        for path in sorted(self._written):
            target = self.root / path
            if os.path.lexists(target):  # not so where a write failed
                target.unlink()
            if path in origin.paths:
                link_or_copy(origin.root / path, target)
                continue
            for folder in target.parents:
                if folder == self.root or not folder.is_dir() or any(folder.iterdir()):
                    break
                folder.rmdir()
        self.paths = set(origin.paths)
        self._written.clear()
        self.changed = False
        self._forget()

    def _forget(self) -> None:
        """Drop what was known of the files before they changed."""
        self._lines.clear()
        self._configured.clear()
        self.batches.clear()
        if self._server is not None:
            self._server.close()
            self._server = None

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._interpreter is not None:
            self._interpreter.close()
            self._interpreter = None
        self._home.cleanup()
        if self._remove is not None:
            self._remove.cleanup()

    def __enter__(self) -> "Workspace":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _make_empty_environment(folder: Path) -> None:
    (folder / "lib" / "python3.14" / "site-packages").mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "pyvenv.cfg").write_text(f"home = {folder}/bin\n")
