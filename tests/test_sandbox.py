"""The sandbox, attacked: what runs in it must neither see, reach, change, outlive nor exhaust anything outside."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from punie_data.errors import ToolUnavailable
from punie_data.tools import sandbox
from punie_data.tools.sandbox import Completed, Limits, bubblewrap_works, run_sandboxed, variables, why_not

needs_sandbox = pytest.mark.skipif(not bubblewrap_works(), reason=why_not() or "the sandbox works")
PYTHON = os.path.realpath(sys.executable)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "src").mkdir(parents=True)
    (root / "src" / "a.py").write_text("x = 1\n")
    return root


def run(project: Path, *command: str, **given: object) -> Completed:
    return run_sandboxed(list(command), project, variables(None), **given)  # type: ignore[arg-type]


def python(project: Path, code: str, **limits: float) -> Completed:
    return run(project, PYTHON, "-c", code, limits=Limits(**({"seconds": 20.0} | limits)))  # type: ignore[arg-type]


def words(done: Completed) -> str:
    return done.output.decode()


@needs_sandbox
def test_a_command_sees_the_project_and_its_end_is_told(project: Path) -> None:
    """Else nothing could be run at all."""
    done = run(project, "sh", "-c", "pwd; cat src/a.py; echo to stderr >&2; exit 3")
    assert done == Completed(3, b"/project\nx = 1\nto stderr\n", False)
    assert run(project, "sh", "-c", "kill -9 $$").exit == 128 + 9
    assert run(project, "pwd", folder="src").output == b"/project/src\n"


@needs_sandbox
def test_a_program_that_is_not_there(project: Path) -> None:
    """Else a mistyped command would look like a broken sandbox."""
    assert run(project, "no-such-program") == Completed(127, b"no-such-program: command not found\n", False)
    assert run(project, "./src/a.py").exit == 126


@needs_sandbox
def test_what_is_written_is_gone_afterwards(project: Path) -> None:
    """Else a test could change the repository that is being mined."""
    done = run(
        project,
        "sh",
        "-c",
        "echo new > new.txt; rm src/a.py; echo x > src/b.py; chmod 700 src; ls src; cat new.txt",
    )
    assert done.output == b"b.py\nnew\n"
    assert [path.name for path in project.rglob("*.*")] == ["a.py"]


@needs_sandbox
def test_the_copy_looks_the_same_on_every_run(project: Path) -> None:
    """Else a listing could not be verified: it would show when it was made."""
    done = run(project, "ls", "-l", "--time-style=full-iso", "src")
    assert b"2025-01-01 00:00:00.000000000 +0000 a.py" in done.output
    assert run(project, "ls", "-l", "--time-style=full-iso", "src") == done


@needs_sandbox
def test_nothing_outside_can_be_written(project: Path, tmp_path: Path) -> None:
    """Else a test could plant something where the user, or the next run, finds it."""
    places = [
        "/usr",
        "/",
        "/etc",
        "/snapshot",
        "/dev",
        "/proc",
        "/bin",
        sys.base_prefix,
        str(tmp_path),
        str(Path.home()),
        str(project),
    ]
    done = python(
        project,
        "import sys, pathlib\nfor place in sys.argv[1:]: pass\n"
        f"for place in {places!r}:\n"
        "    try:\n        pathlib.Path(place, 'was-here').write_text('x')\n        print('WROTE', place)\n"
        "    except OSError as error:\n        print(type(error).__name__)\n",
    )
    assert "WROTE" not in words(done)
    assert len(words(done).splitlines()) == len(places)
    assert not list(tmp_path.rglob("was-here"))


@needs_sandbox
def test_files_of_the_user_cannot_be_read(project: Path, tmp_path: Path) -> None:
    """Else a test could put the user's keys into its own output, and so into a dataset."""
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    (project / "link.txt").symlink_to(secret)
    wanted = [
        str(secret),
        "link.txt",
        "../secret.txt",
        "/etc/shadow",
        "/etc/hostname",
        str(Path.home() / ".ssh"),
        "/proc/kcore",
    ]
    done = python(
        project,
        f"for place in {wanted!r}:\n"
        "    try:\n        print('READ', place, open(place, 'rb').read(100))\n"
        "    except OSError as error:\n        print(type(error).__name__)\n",
    )
    lines = words(done).splitlines()
    assert "the secret" not in words(done)
    assert not any(line.startswith("READ") and "b''" not in line for line in lines), lines


@needs_sandbox
def test_the_password_file_is_not_the_machines(project: Path) -> None:
    """Else the names of the machine's users would be known."""
    assert run(project, "cat", "/etc/passwd").output == b"nobody:x:65534:65534:nobody:/home/nobody:/bin/sh\n"
    assert run(project, "id", "-un").output == b"nobody\n"
    assert (
        words(run(project, "ls", "-A", "/home", "/home/nobody", "/tmp"))
        == "/home:\nnobody\n\n/home/nobody:\n\n/tmp:\n"
    )


@needs_sandbox
def test_no_variable_of_the_user_is_there(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a token in the environment would be printed into a row."""
    monkeypatch.setenv("MY_TOKEN", "very-secret")
    first = words(run(project, "sh", "-c", "cat /proc/1/environ 2>&1 | tr '\\0' '\\n'"))
    assert "very-secret" not in first
    names = {line.split("=")[0] for line in words(run(project, "env")).splitlines()}
    assert names == {"HOME", "USER", "LOGNAME", "LC_ALL", "TZ", "TERM", "COLUMNS", "NO_COLOR", "PYTHONHASHSEED",
                     "PYTHONDONTWRITEBYTECODE", "PATH", "PWD"}  # fmt: skip


@needs_sandbox
def test_there_is_no_root_in_it(project: Path) -> None:
    """Else a mistake in the walls would be a mistake with root's rights."""
    done = words(
        run(
            project,
            "sh",
            "-c",
            "id -u; id -G; grep -E 'CapEff|CapPrm|NoNewPrivs' /proc/self/status; /usr/sbin/chroot / true",
        )
    )
    assert "65534\n65534\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n" in done
    assert "Operation not permitted" in done


@needs_sandbox
def test_there_is_no_network(project: Path) -> None:
    """Else a test could send what it read, or attack a neighbour: a listener that is really there hears nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        done = python(
            project,
            "import socket\n"
            f"for address in (('127.0.0.1', {port}), ('192.0.2.1', 80)):\n"
            "    try:\n        socket.create_connection(address, 2)\n        print('CONNECTED')\n"
            "    except OSError as error:\n        print(error.errno)\n",
        )
        with pytest.raises(TimeoutError):
            server.accept()
    assert words(done) == "111\n101\n"


@needs_sandbox
def test_its_own_loopback_works(project: Path) -> None:
    """Else a repository that tests a server against itself could not be run at all."""
    done = python(
        project,
        "import socket, threading\nserver = socket.create_server(('127.0.0.1', 0))\n"
        "threading.Thread(target=lambda: server.accept()[0].sendall(b'hello')).start()\n"
        "print(socket.create_connection(server.getsockname()).recv(5))",
    )
    assert words(done) == "b'hello'\n"


@needs_sandbox
def test_other_processes_are_not_seen_or_signalled(project: Path) -> None:
    """Else a test could end the run that mines it."""
    done = python(
        project,
        "import os, signal\n"
        f"for process in ({os.getpid()}, {os.getppid()}, 1):\n"
        "    try:\n        os.kill(process, 0); print(process == 1)\n"
        "    except OSError as error:\n        print(type(error).__name__)\n"
        "print(sorted(int(name) for name in os.listdir('/proc') if name.isdigit())[:3])",
    )
    first, second, *_ = words(done).splitlines()
    assert {first, second} <= {"ProcessLookupError", "False"}
    assert f"{os.getpid()}" not in words(done)


@needs_sandbox
def test_killing_its_parent_is_of_no_use(project: Path) -> None:
    """Else a test could leave the sandbox by killing what keeps it there."""
    started = time.monotonic()
    python(
        project,
        "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nos.kill(1, signal.SIGKILL)\nprint('alive')",
    )
    python(project, "import os, signal\nos.killpg(0, signal.SIGKILL)")
    python(project, "import os, signal\nos.kill(-1, signal.SIGKILL)")
    assert time.monotonic() - started < 60
    assert run(project, "true").exit == 0


@needs_sandbox
@pytest.mark.parametrize(
    "command",
    [
        pytest.param("sleep 300", id="sleeps"),
        pytest.param("exec >/dev/null 2>&1; sleep 300", id="closes-its-output"),
        pytest.param("trap '' TERM INT HUP; while :; do sleep 300; done", id="ignores-signals"),
        pytest.param("setsid sleep 300 & setsid sh -c 'sleep 300 & sleep 300'", id="hides-in-a-session"),
        pytest.param("yes", id="prints-for-ever"),
    ],
)  # fmt: skip
def test_what_does_not_end_is_ended_with_all_it_started(project: Path, command: str) -> None:
    """Else one test could hold up the run for ever, or stay behind and go on working."""
    marker = f"{command} # {os.getpid()}-{time.monotonic_ns()}"
    with pytest.raises(ToolUnavailable, match="did not end in 1 s"):
        run(project, "sh", "-c", marker, limits=Limits(seconds=1))
    assert eventually(lambda: not still_runs("sleep\x00300"))
    assert eventually(lambda: not still_runs(marker))


@needs_sandbox
def test_what_stays_behind_is_ended_with_the_command(project: Path) -> None:
    """Else a daemon that a test started would live on after it."""
    done = run(project, "sh", "-c", "(setsid sleep 301 >/dev/null 2>&1 &) ; echo done")
    assert done == Completed(0, b"done\n", False)
    assert eventually(lambda: not still_runs("sleep\x00301"))


@needs_sandbox
def test_the_sandbox_ends_with_us(project: Path) -> None:
    """Else killing punie-data would leave a stranger's code running."""
    script = (
        "import sys\nfrom pathlib import Path\nfrom punie_data.tools.sandbox import run_sandboxed, variables\n"
        "print('ready', flush=True)\nrun_sandboxed(['sleep', '302'], Path(sys.argv[1]), variables(None))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(project)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    assert eventually(lambda: still_runs("sleep\x00302"))
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert eventually(lambda: not still_runs("sleep\x00302"))


def still_runs(text: str) -> bool:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if text.encode() in (folder / "cmdline").read_bytes():
                    return True
            except OSError:
                continue
    return False


def eventually(holds) -> bool:
    for _ in range(200):
        if holds():
            return True
        time.sleep(0.05)
    return False


@needs_sandbox
def test_a_fork_bomb_stays_small(project: Path) -> None:
    """Else one test could fill the machine with processes."""
    done = python(
        project,
        "import os, time\nstarted = 0\n"
        "try:\n    while True:\n        if os.fork() == 0: time.sleep(60); os._exit(0)\n        started += 1\n"
        "except OSError as error: print(started < 64, error.errno)\n",
        processes=64,
    )  # fmt: skip
    assert words(done) == "True 11\n"
    assert (
        run(
            project,
            "sh",
            "-c",
            "(b() { b | b & }; b) 2>/dev/null; sleep 0.5; echo alive",
            limits=Limits(processes=64),
        ).exit
        == 0
    )


@needs_sandbox
def test_memory_has_an_end(project: Path) -> None:
    """Else one test could take the machine's memory."""
    done = python(
        project, "try:\n    bytearray(10**9)\nexcept MemoryError: print('no more')", memory_bytes=500_000_000
    )
    assert words(done) == "no more\n"


@needs_sandbox
@pytest.mark.parametrize("folder", ["/project", "/tmp", "/home/nobody", "/dev/shm"])
def test_the_disk_is_not_filled(project: Path, folder: str) -> None:
    """Else one test could fill the disk: there is only memory to write to, and not much."""
    done = run(
        project,
        "sh",
        "-c",
        f"cd {folder}; for i in 1 2 3 4 5 6; do head -c 1000000 /dev/zero > f$i || echo full; done 2>/dev/null",
        limits=Limits(folder_bytes=3_000_000),
    )
    assert done.output.count(b"full") >= 3


@needs_sandbox
def test_one_file_has_a_largest_size(project: Path) -> None:
    """Else the report, the one file outside that may be written, could be made to fill the disk."""
    done = run(
        project,
        "sh",
        "-c",
        "head -c 3000000 /dev/zero > f; stat -c %s f",
        limits=Limits(file_bytes=1_000_000),
    )
    assert done.output.endswith(b"1000000\n")


@needs_sandbox
def test_much_output_is_read_and_dropped(project: Path) -> None:
    """Else a hundred megabytes would be held in memory, or the program would be stopped by a full pipe."""
    done = run(project, "sh", "-c", "yes | head -c 100000000; exit 5", limits=Limits(output_bytes=1000))
    assert (done.exit, len(done.output), done.cut) == (5, 1000, True)
    exact = run(project, "sh", "-c", "yes | head -c 1000", limits=Limits(output_bytes=1000))
    assert (len(exact.output), exact.cut) == (1000, False)


@needs_sandbox
def test_a_file_may_be_lent_for_writing_and_others_for_reading(project: Path, tmp_path: Path) -> None:
    """Else no report could leave the sandbox, or more than the report would."""
    report, page, folder = tmp_path / "report", tmp_path / "page", tmp_path / "deep" / "folder"
    report.touch()
    report.chmod(0o666)
    page.write_text("read me")
    folder.mkdir(parents=True)
    (folder / "x").write_text("deep")
    done = run(
        project,
        "sh",
        "-c",
        "cat /lent/page; cat /tmp/below/x; echo out > /report; echo no > /lent/page; rm /report; ls /tmp",
        writable=("/report", report),
        read_only={"/lent/page": page, "/tmp/below": folder},
    )
    assert done.output.startswith(b"read medeep")
    assert done.output.endswith(b"below\n")
    assert (report.read_text(), page.read_text()) == ("out\n", "read me")


@needs_sandbox
def test_a_project_that_is_too_large_is_unavailable(project: Path) -> None:
    """Else tests would run on half a project."""
    (project / "big").write_bytes(b"x" * 5_000_000)
    with pytest.raises(ToolUnavailable, match="not ready"):
        run(project, "true", limits=Limits(folder_bytes=3_000_000))


@needs_sandbox
def test_a_folder_that_is_not_there_is_unavailable(project: Path) -> None:
    """Else a command would run somewhere else than was asked."""
    with pytest.raises(ToolUnavailable, match="not ready"):
        run(project, "true", folder="nowhere")


@needs_sandbox
def test_links_in_the_project_stay_links(project: Path) -> None:
    """Else copying the project would read what a link leads to, or go round in a circle."""
    (project / "round").symlink_to(".")
    (project / "dangling").symlink_to("/nowhere")
    assert b"dangling -> /nowhere" in run(project, "ls", "-l").output


@needs_sandbox
def test_root_becomes_nobody_and_others_get_a_namespace(project: Path) -> None:
    """Else only one of the two ways in would ever be tried here."""
    if os.geteuid() != 0:
        pytest.skip("only root can try both")
    for rights in (sandbox.AS_ROOT, sandbox.AS_USER):
        done = sandbox._run(["id", "-u"], project, variables(None), ".", {}, None, Limits(), rights)
        assert done.output == b"65534\n"
