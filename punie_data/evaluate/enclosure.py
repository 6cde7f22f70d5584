"""Where a command-line agent runs: in a throw-away copy of the repository, with an end to its time, and watched for what it writes elsewhere.

An agent is a program that the user chose, with the user's network and keys: it is not held to be hostile, but what it does must not change the machine or
the next query. Where bubblewrap works, everything but the copy is read-only: the home and /tmp are stand-ins in which everything that is there can be read, and
what is written stays in the stand-in and is thrown away; only what the agent keeps its sessions in, and what the user names, is really written to. All its
processes are ended with it. Elsewhere (macOS) its process group is ended, and what it writes outside is looked for and reported, not prevented.

What this does not cover: the network, reading, and, without bubblewrap, files that are changed deep inside other folders.
"""

import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from punie_data.code.gitfolder import GitFolder
from punie_data.errors import UserError
from punie_data.tools.sandbox import bubblewrap_works

STATE = (".claude", ".codex", ".gemini", ".config/claude", ".cache/claude-cli-nodejs")
"""Below the home: where agents keep their sessions and their login, which are theirs to write."""
SMALL = 1_000_000
"""Bytes. Smaller files at the top of the home are copied, so that an agent can replace its settings as it is used to."""
LONGEST = 16 * 1024 * 1024
"""Bytes of output that are kept; what comes after is read and dropped."""
THERE = ".there"
"""Where a stand-in has what it stands for."""


@dataclass(frozen=True, slots=True)
class Ended:
    """`exit` is None where the time was over. `outside` are paths that were written and are not the copy's, `sessions` folders to look for transcripts in."""

    exit: int | None
    output: str
    errors: str
    outside: tuple[str, ...]
    sessions: tuple[Path, ...]
    seconds: float
    began: float


class Enclosure:
    """A copy of a repository for one run of an agent; gone when it is closed."""

    def __init__(self, root: Path, paths: Sequence[str], git: GitFolder | None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="punie-data-agent-", ignore_cleanup_errors=True)
        self.area = Path(self._folder.name, "area")
        self.project = self.area / root.name
        self.walls = bubblewrap_works()
        self.project.mkdir(parents=True)
        for path in paths:
            target = self.project / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / path, target)  # never a link: an agent may write into the file itself
            target.chmod((root / path).stat().st_mode & 0o777 | 0o600)
        if git is not None:
            shutil.copytree(git.directory, self.project / ".git", symlinks=True)

    def run(self, command: Sequence[str], seconds: float, writable: Sequence[Path] = ()) -> Ended:
        """Run the command in the copy and wait for its end. UserError where it can't be started."""
        home = Path.home().resolve()
        began = time.time()
        with self._ready(home, writable) as (prefix, passed, watched):
            environment = dict(os.environ)
            environment.pop("LD_PRELOAD", None)
            if not self.walls:
                environment["TMPDIR"] = self._made("tmp")
            started = time.monotonic()
            try:
                process = subprocess.Popen(
                    [*prefix, *command],
                    cwd=self.project,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    pass_fds=passed,
                    start_new_session=True,
                )
            except OSError as error:
                raise UserError(f"{command[0]} does not start: {error.strerror or error}") from None
            try:
                output, errors, late = _read(process, seconds)
            finally:
                _end(process)
            took = time.monotonic() - started
            outside = sorted([*self._beside(), *watched.changed()])
        folders = [home / name for name in STATE] + [Path(self._folder.name, "home", name) for name in STATE]
        folders += [
            Path(os.environ[name]) for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME") if os.environ.get(name)
        ]
        return Ended(
            None if late else process.returncode, output, errors, tuple(outside), tuple(folders), took, began
        )

    def _beside(self) -> Iterator[str]:
        """What was written into the folder in which the copy lies."""
        for entry in self.area.iterdir():
            if entry != self.project:
                yield f"../{entry.name}"

    @contextmanager
    def _ready(
        self, home: Path, writable: Sequence[Path]
    ) -> "Iterator[tuple[list[str], tuple[int, ...], _Watched]]":
        """What the command is started by, and what notices writes into the home."""
        allowed = [path for path in (*(home / name for name in STATE), *writable) if path.exists()]
        own = {name.partition("/")[0] for name in STATE}
        if not self.walls:
            yield [], (), _Watched(home, {entry.name for entry in home.iterdir()} | own)
            return
        arguments = ["--ro-bind", "/", "/", "--dev-bind", "/dev", "/dev", "--proc", "/proc"]
        inside = Path(self._made("home"))
        needed = [self.area, home, *allowed]
        arguments += _stand_in(Path("/tmp"), Path(self._made("tmp")), needed, copied=False)
        if home not in (Path("/"), Path("/tmp")):
            arguments += _stand_in(home, inside, [self.area, *allowed], copied=True)
        for path in allowed:
            if path.is_dir() or path.parent != home:
                arguments += ["--bind", str(path), str(path)]
        arguments += ["--bind", str(self.area), str(self.area), "--chdir", str(self.project)]
        arguments += ["--unshare-pid", "--die-with-parent"]
        known = {entry.name: entry.lstat().st_mtime_ns for entry in inside.iterdir()} | {THERE: 0}
        with tempfile.TemporaryFile() as told:
            told.write(b"".join(os.fsencode(argument) + b"\0" for argument in arguments))
            told.seek(0)
            command = [shutil.which("bwrap") or "bwrap", "--args", str(told.fileno()), "--"]
            watched = _Watched(inside, {*known, *own, *(path.name for path in allowed)}, known)
            yield command, (told.fileno(),), watched

    def _made(self, name: str) -> str:
        folder = Path(self._folder.name, name)
        folder.mkdir(exist_ok=True)
        return str(folder)

    def close(self) -> None:
        self._folder.cleanup()

    def __enter__(self) -> "Enclosure":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


@dataclass(slots=True)
class _Watched:
    """The top of a folder that stands for the home: what appears there, and which of the files that were copied there changes."""

    folder: Path
    known: set[str]
    times: Mapping[str, int] | None = None

    def changed(self) -> Iterator[str]:
        for entry in self.folder.iterdir():
            if entry.name not in self.known:
                yield f"~/{entry.name}"
            elif self.times is not None and entry.is_file() and not entry.is_symlink():
                agents_own = any(entry.name.startswith(name.partition("/")[0]) for name in STATE)
                if entry.lstat().st_mtime_ns != self.times.get(entry.name) and not agents_own:
                    yield f"~/{entry.name}"


def _stand_in(folder: Path, inside: Path, needed: Sequence[Path], copied: bool) -> list[str]:
    """Arguments that put `inside` in the place of `folder`, with everything in it that there is, to be read: behind links, since each mount takes time.

    What leads to one of `needed` is there by itself. `copied`: small files as copies, which may be written and are thrown away.
    """
    if not folder.is_dir():
        return []
    arguments = ["--bind", str(inside), str(folder), "--ro-bind", str(folder), str(folder / THERE)]
    kept = {
        path.relative_to(folder).parts[0] for path in needed if path != folder and path.is_relative_to(folder)
    }
    for entry in sorted(folder.iterdir()):
        try:
            if entry.name in kept and entry.is_dir() and not entry.is_symlink():
                (inside / entry.name).mkdir()
                arguments += ["--ro-bind", str(entry), str(entry)]
            elif entry.is_symlink():
                (inside / entry.name).symlink_to(entry.readlink())
            elif copied and entry.is_file() and entry.stat().st_size < SMALL:
                shutil.copy2(entry, inside / entry.name)
            else:
                (inside / entry.name).symlink_to(f"{THERE}/{entry.name}")
        except OSError:
            continue  # it is gone again, or nobody's to read
    return arguments


def _read(process: subprocess.Popen[bytes], seconds: float) -> tuple[str, str, bool]:
    """Both outputs, and whether the time was over. A child that holds on to them after the command's end is not waited for."""
    assert process.stdout is not None and process.stderr is not None
    kept = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
    numbers = list(kept)
    deadline = time.monotonic() + seconds
    late = False
    with selectors.DefaultSelector() as selector:
        for number in numbers:
            selector.register(number, selectors.EVENT_READ)
        grace = None
        while selector.get_map():
            now = time.monotonic()
            if process.poll() is not None and grace is None:
                grace = now + 1.0
            if now > deadline or (grace is not None and now > grace):
                late = process.poll() is None
                break
            for key, _ in selector.select(min(0.2, max(0.0, deadline - now))):
                piece = os.read(key.fd, 1 << 16)
                if not piece:
                    selector.unregister(key.fd)
                elif len(kept[key.fd]) < LONGEST:
                    kept[key.fd] += piece
    if not late:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            late = True
    output, errors = (bytes(kept[number]).decode("utf-8", "replace") for number in numbers)
    return output, errors, late


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole group, whatever is left of it."""
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
