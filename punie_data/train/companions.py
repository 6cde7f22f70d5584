"""More processes on this machine for one training: on a processor one for each core may be faster than threads of one.

`mlx.launch` does the same, for several machines too, but looks at its processes without a pause, which takes most of a core of a small machine.
"""

import ctypes
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from punie_data.plain import plain_line
from punie_data.train.world import LAUNCHED, world

PARENT = "PUNIE_DATA_PARENT"
EVERY = 0.5
PATIENCE = 30.0
"""Seconds that the others have to end by themselves once this process has."""


@contextmanager
def companions(count: int, command: Sequence[str]) -> Iterator[None]:
    """Have `count` processes train together: this one, the first, and others that run `command`, which must come to the same training and join by
    `world` at once.

    Where one of them fails, this process ends with its last line, exit 2; what was kept is kept. Does nothing for one process, or where a launcher
    has started this one already.
    """
    if count < 2 or any(os.environ.get(name) for name in LAUNCHED):
        yield
        return
    with tempfile.TemporaryDirectory(prefix="punie-data-ring-") as place:
        hosts = Path(place, "hosts.json")
        hosts.write_text(json.dumps([[f"127.0.0.1:{port}"] for port in _free_ports(count)]))
        ring = {"MLX_HOSTFILE": str(hosts)}
        share = max(1, (os.cpu_count() or 1) // count)
        others = []
        over = threading.Event()
        try:
            for rank in range(1, count):
                told = Path(place, f"{rank}.log")
                own = ring | {
                    "MLX_RANK": str(rank),
                    PARENT: str(os.getpid()),
                    "OPENBLAS_NUM_THREADS": str(share),
                }
                with told.open("wb") as log:
                    process = subprocess.Popen(
                        command,
                        env=os.environ | own,
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL,
                        stderr=log,
                        start_new_session=True,  # Ctrl-C is for this process, which ends the others
                    )
                others.append((process, told))
            os.environ |= ring | {"MLX_RANK": "0"}
            threading.Thread(target=_watch, args=(others, over), daemon=True).start()
            world()
            with _threads(share):
                yield
            over.set()
            _wait([process for process, _ in others])
        finally:
            over.set()  # what ends from here on is ended on purpose, and must not hide an error of this process
            for name in (*ring, "MLX_RANK"):
                os.environ.pop(name, None)
            for process, _ in others:
                if process.poll() is None:
                    process.kill()
                process.wait()


def _wait(others: Sequence["subprocess.Popen[bytes]"]) -> None:
    """Who takes too long is ended by the caller: it has nothing to write, the outcome is this process's."""
    until = time.monotonic() + PATIENCE
    while any(process.poll() is None for process in others) and time.monotonic() < until:
        time.sleep(0.05)


def end_with_parent() -> bool:
    """In a companion: end when the first process does, however it ended, since waiting for its share of a sum would never end; whether this is one."""
    parent = os.environ.get(PARENT)
    if parent is None:
        return False

    def look() -> None:
        while os.getppid() == int(parent):
            time.sleep(EVERY)
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()
    return True


def _watch(others: Sequence[tuple["subprocess.Popen[bytes]", Path]], over: threading.Event) -> None:
    """A sum waits for everybody for ever, so that an error can't be raised in the main thread: the process ends here."""
    while not over.wait(EVERY):
        for process, told in others:
            if process.poll():
                lines = told.read_text(errors="replace").strip().splitlines()
                said = lines[-1].removeprefix("Error: ") if lines else f"exit {process.returncode}"
                print(f"Error: a process of the training ended: {plain_line(said)}", file=sys.stderr)
                sys.stderr.flush()
                for other, _ in others:
                    other.kill()
                shutil.rmtree(told.parent, ignore_errors=True)
                os._exit(2)


def _free_ports(count: int) -> list[int]:
    opened = [socket.socket() for _ in range(count)]
    try:
        for one in opened:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in opened]
    finally:
        for one in opened:
            one.close()


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """OpenBLAS, where it is loaded, with so many threads: more than there are cores spin in each other's way."""
    try:
        loaded = ctypes.CDLL(None)
        before = loaded.openblas_get_num_threads()
    except (AttributeError, OSError):
        yield
        return
    loaded.openblas_set_num_threads(count)
    try:
        yield
    finally:
        loaded.openblas_set_num_threads(before)
