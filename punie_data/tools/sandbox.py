"""Where a repository's own code runs, when the user allows it: in bubblewrap's namespaces, on a copy that is gone afterwards.

The code sees the system's programs and libraries (read-only), a virtual environment (read-only), a copy of the project, an empty home
and an empty /tmp, the last three in memory and of limited size. It has no network but its own loopback, no processes but its own, no
environment variables of the user's, no rights of root's. Nothing on the machine's disks can be written, but for one report file that
the caller may ask for. Time, address space, processes, file sizes and output are limited; at the end of the time everything is killed.

What this does not cover:
- a hole in the kernel: all system calls are there, no filter is installed; a virtual machine would be the stronger wall;
- the memory of all processes together: the limit is on each process (and on their number), not on the sum;
- the number of processes, where we are root without root's full rights (in some containers) or the kernel is older than 5.14;
- the load on the processor and on the memory bus while the time lasts;
- reading what every user of the machine may read below /usr, and the Python installation that runs us;
- what a test wants to make believe: a repository that forges its own test report only fools those who mine it.
There is no such sandbox on macOS or Windows: there, running a repository's code is refused.
"""

import json
import os
import platform
import re
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from punie_data.errors import ToolUnavailable
from punie_data.tools import sandbox_start

PROJECT = "/project"
"""Where the copy lies inside."""
HOME = "/home/nobody"
NOBODY = 65534
SYSTEM_FOLDERS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/alternatives")
NAMES = {"passwd": f"nobody:x:{NOBODY}:{NOBODY}:nobody:{HOME}:/bin/sh", "group": f"nogroup:x:{NOBODY}:"}
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """`memory_bytes` is the address space of one process; `folder_bytes` is for the project's copy, /tmp and the home, each."""

    seconds: float = 120.0
    memory_bytes: int = 4096 * MIB
    processes: int = 256
    file_bytes: int = 64 * MIB
    folder_bytes: int = 512 * MIB
    output_bytes: int = MIB


@dataclass(frozen=True, slots=True)
class Completed:
    """`exit` as a shell gives it: 128 and the signal's number when a signal ended the command. `output` is both streams, as they came."""

    exit: int
    output: bytes
    cut: bool


def run_sandboxed(
    command: list[str],
    project: Path,
    environment: Mapping[str, str],
    *,
    folder: str = ".",
    read_only: Mapping[str, Path] | None = None,
    writable: tuple[str, Path] | None = None,
    limits: Limits | None = None,
) -> Completed:
    """Run `command` in a copy of `project` and wait for its end.

    `environment` is all the variables that the command gets besides the sandbox's own; `folder` is where it starts, below the project;
    `read_only` are further files and folders by the path at which they appear; `writable` is one file that the command may write to.
    ToolUnavailable when there is no working sandbox, when the time is over, or when the sandbox itself cannot be made.
    """
    rights, reason = _rights()
    if rights is None:
        raise ToolUnavailable(reason)
    return _run(command, project, environment, folder, read_only or {}, writable, limits or Limits(), rights)


def bubblewrap_works() -> bool:
    """Whether the sandbox can be made here; found out once, by making one."""
    return _rights()[0] is not None


def why_not() -> str:
    """Why there is no sandbox here and what to do about it, "" where there is one."""
    return _rights()[1]


def variables(virtual_environment: Path | None, python_path: tuple[str, ...] = ()) -> dict[str, str]:
    """The variables with which a program finds the virtual environment and what is importable."""
    programs = ["/usr/local/bin", "/usr/bin", "/bin"]
    found = {"PYTHONPATH": ":".join(python_path)} if python_path else {}
    if virtual_environment is not None:
        programs.insert(0, str(virtual_environment / "bin"))
        found["VIRTUAL_ENV"] = str(virtual_environment)
    return found | {"PATH": ":".join(programs)}


def readable(path: Path, text: str) -> None:
    """Write a file that the sandbox's user can read, whatever our own umask is."""
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)


def _run(
    command: list[str],
    project: Path,
    environment: Mapping[str, str],
    folder: str,
    read_only: Mapping[str, Path],
    writable: tuple[str, Path] | None,
    limits: Limits,
    rights: "Rights",
) -> Completed:
    status, status_end = os.pipe()
    settings = {
        "status": status_end,
        "user": rights.user,
        "folder": f"{PROJECT}/{folder}",
        "limits": {
            "RLIMIT_AS": limits.memory_bytes,
            "RLIMIT_FSIZE": limits.file_bytes,
            "RLIMIT_CPU": int(limits.seconds) + 1,
            "RLIMIT_CORE": 0,
            "RLIMIT_NOFILE": 1024,
            **({"RLIMIT_NPROC": limits.processes} if _counts_processes_by_namespace() else {}),
        },
    }
    with tempfile.TemporaryDirectory(prefix="punie-data-sandbox-") as temporary:
        mounts = dict(read_only)
        for name, line in NAMES.items():
            mounts[f"/etc/{name}"] = Path(temporary, name)
            readable(mounts[f"/etc/{name}"], f"{line}\n")
        try:
            process = subprocess.Popen(
                [
                    *_walls(rights, project, mounts, writable, limits),
                    *("--", os.path.realpath(sys.executable), "-I", "-S", "/start.py", json.dumps(settings)),
                    *command,
                ],
                env=_environment(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(status_end,),
                start_new_session=True,
            )
        except OSError as error:
            os.close(status)
            raise ToolUnavailable(f"bubblewrap does not start: {error.strerror}") from None
        finally:
            os.close(status_end)
        try:
            output, cut = _read(process, limits)
        finally:
            _kill(process)
            with os.fdopen(status, "rb") as told:
                said = told.read().decode("utf-8", "replace")
    if said != "started":
        first = said or output.decode("utf-8", "replace").strip().partition("\n")[0]
        raise ToolUnavailable(
            f"bubblewrap does not work here: {first or f'it ended with {process.returncode}'}"
        )
    return Completed(process.returncode, output, cut)


def _read(process: subprocess.Popen[bytes], limits: Limits) -> tuple[bytes, bool]:
    """All output up to the limit; what comes after it is read and dropped, so that the program goes on. Ends with the program."""
    assert process.stdout is not None
    deadline = time.monotonic() + limits.seconds
    kept = bytearray()
    cut = False
    late = ToolUnavailable(f"it did not end in {limits.seconds:.0f} s")
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not selector.select(left):
                raise late
            chunk = os.read(process.stdout.fileno(), 1 << 16)
            if not chunk:
                break
            room = limits.output_bytes - len(kept)
            cut = cut or len(chunk) > room
            kept += chunk[:room]
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise late from None
    return bytes(kept), cut


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End bubblewrap, and with it (--die-with-parent) the first process inside, and with that the kernel ends all others there."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert process.stdout is not None
    process.stdout.close()


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    return {
        "HOME": HOME,
        "USER": "nobody",
        "LOGNAME": "nobody",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "TERM": "dumb",
        "COLUMNS": "100",
        "NO_COLOR": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        **given,
    }


@dataclass(frozen=True, slots=True)
class Rights:
    """`user` is whom the start script becomes when we are root; None when a user namespace takes our rights away."""

    flags: tuple[str, ...]
    user: int | None


# Root in a user namespace would still be root to the kernel's process counting, so root makes the walls itself and then becomes nobody.
AS_ROOT = Rights(
    ("--cap-drop", "ALL", *(f for c in ("SETUID", "SETGID", "CHOWN", "DAC_READ_SEARCH") for f in ("--cap-add", f"CAP_{c}"))),
    NOBODY,
)  # fmt: skip
AS_USER = Rights(("--unshare-user", "--disable-userns", "--uid", str(NOBODY), "--gid", str(NOBODY)), None)


def _walls(
    rights: Rights,
    project: Path,
    read_only: Mapping[str, Path],
    writable: tuple[str, Path] | None,
    limits: Limits,
) -> list[str]:
    """bubblewrap's arguments. They take effect in order: /tmp is made before anything that may lie below it."""
    size = ("--size", str(limits.folder_bytes), "--perms", "1777", "--tmpfs")
    arguments = [
        _bubblewrap() or "bwrap",
        *rights.flags,
        *("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"),
        *("--die-with-parent", "--new-session", "--hostname", "sandbox"),
        *("--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev"),
        *(*size, "/dev/shm", "--remount-ro", "/dev", *size, "/tmp", *size, HOME, *size, PROJECT),
    ]
    for system in SYSTEM_FOLDERS:
        if Path(system).is_symlink():
            arguments += ["--symlink", str(Path(system).readlink()), system]
        elif Path(system).is_dir():
            arguments += ["--ro-bind", system, system]
    system_files = {system: Path(system) for system in SYSTEM_FILES if Path(system).exists()}
    binds = {
        **system_files,
        sandbox_start.SNAPSHOT: project,
        "/start.py": Path(sandbox_start.__file__),
        **read_only,
    }
    if not Path(sys.base_prefix).is_relative_to("/usr"):
        binds = {sys.base_prefix: Path(sys.base_prefix), **binds}
    made = {"/", "/usr", "/tmp", HOME, PROJECT}
    for inside in [*binds, *([writable[0]] if writable else [])]:
        # bubblewrap would make the folders above a mount, but for its own user alone.
        for parent in reversed(PurePosixPath(inside).parents):
            if str(parent) not in made:
                made.add(str(parent))
                arguments += ["--perms", "0755", "--dir", str(parent)]
    for inside, outside in binds.items():
        arguments += ["--ro-bind", str(outside), inside]
    if writable is not None:
        arguments += ["--bind", str(writable[1]), writable[0]]
    return [*arguments, "--remount-ro", "/", "--chdir", PROJECT]


def _bubblewrap() -> str | None:
    return shutil.which("bwrap")


@cache
def _rights() -> tuple[Rights | None, str]:
    """With which rights a sandbox can be made here, or None and why not."""
    if sys.platform != "linux":
        return None, (
            "running a repository's code needs bubblewrap, which there is only for Linux: "
            "use punie-data in a Linux container or virtual machine, or leave out --allow-exec"
        )
    if _bubblewrap() is None:
        return None, (
            "running a repository's code needs bubblewrap: apt install bubblewrap (Debian, Ubuntu) or dnf install bubblewrap (Fedora)"
        )
    reason = ""
    for rights in (AS_ROOT, AS_USER) if os.geteuid() == 0 else (AS_USER,):
        with tempfile.TemporaryDirectory(prefix="punie-data-probe-") as empty:
            try:
                _run(["true"], Path(empty), variables(None), ".", {}, None, Limits(seconds=30), rights)
            except ToolUnavailable as error:
                reason = str(error)
            else:
                return rights, ""
    return None, f"{reason} (it needs bubblewrap 0.8 or newer, and a kernel that lets users make namespaces)"


@cache
def _counts_processes_by_namespace() -> bool:
    """Since Linux 5.14 a user namespace counts its own processes; before, a limit would count all that the user runs."""
    version = re.match(r"(\d+)\.(\d+)", platform.release())
    return os.geteuid() == 0 or (version is not None and (int(version[1]), int(version[2])) >= (5, 14))
