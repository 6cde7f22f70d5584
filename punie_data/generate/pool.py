"""Worker processes that die with us, and whose death is noticed.

`concurrent.futures` leaves its workers behind when the parent is killed, and gives the whole pool up when one of them dies. Mining
other people's files, both happen; here a dead worker costs the task it was on, and so does one that never ends. Each worker leads a process
group, so that the programs that it runs end with it.
"""

import contextlib
import math
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any

from punie_data.errors import ToolUnavailable, UserError

CONTEXT = multiprocessing.get_context("spawn")


class WorkerDied(Exception):
    """Stands in a result's place: the process ended while it was on the task, or was ended because it took too long.

    `by_others` is whether somebody else killed it, the system that had no memory left for one; then the task is not to blame for sure.
    """

    def __init__(self, reason: str, by_others: bool = False) -> None:
        super().__init__(reason)
        self.by_others = by_others


class WorkFailed(Exception):
    """Stands in a result's place: the work raised this. The first argument is one line, the second the worker's traceback."""

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))


class Pool:
    """`with Pool(work, jobs) as pool: for task, result in pool.run(tasks): …`

    `work` must be importable by name. A worker starts with its first task and stays for the next `run`: what it imported serves again.
    """

    def __init__(self, work: Callable[[Any], Any], jobs: int) -> None:
        self._work = work
        self._jobs = jobs
        self._idle: list[tuple[Connection, Any]] = []
        self._busy: dict[Connection, tuple[Any, Any, float]] = {}

    def run(
        self, tasks: Iterable[Any], seconds: Callable[[Any], float] = lambda task: math.inf
    ) -> Iterator[tuple[Any, Any]]:
        """(task, result) as they are done, in any order, tasks being taken as they are needed; `seconds` is how long one may take.

        The result is an exception when the work could not be done: UserError, ToolUnavailable and OSError as the work raised them,
        WorkFailed for any other, WorkerDied.
        """
        assert not self._busy, "one run at a time"
        waiting = iter(tasks)
        for task in islice(waiting, self._jobs):
            self._assign(task, seconds(task))
        while self._busy:
            deadline = min(deadline for _, _, deadline in self._busy.values())
            left = None if deadline == math.inf else max(0.0, deadline - time.monotonic())
            ready = [
                connection
                for connection in wait(list(self._busy), left)
                if isinstance(connection, Connection)
            ]
            now = time.monotonic()
            late = [connection for connection, (_, _, end) in self._busy.items() if end <= now]
            for connection in ready or late:
                process, task, _ = self._busy.pop(connection)
                result = (
                    self._result(connection, process)
                    if ready
                    else self._too_late(connection, process, seconds(task))
                )
                following = next(waiting, None)
                if following is not None:
                    self._assign(following, seconds(following))
                yield task, result

    def _result(self, connection: Connection, process: Any) -> Any:
        try:
            result = connection.recv()
        except (EOFError, OSError):
            process.join(5)
            _end(process)  # what it had started
            connection.close()
            return WorkerDied(f"a worker ended with {process.exitcode}", process.exitcode == -signal.SIGKILL)
        self._idle.append((connection, process))
        return result

    def _too_late(self, connection: Connection, process: Any, seconds: float) -> WorkerDied:
        _end(process)
        connection.close()
        return WorkerDied(f"it did not end in {seconds:.0f} s")

    def _assign(self, task: Any, seconds: float) -> None:
        connection, process = self._idle.pop() if self._idle else self._start()
        self._busy[connection] = (process, task, time.monotonic() + seconds)
        with contextlib.suppress(OSError):  # it died before its first task: `recv` will say so
            connection.send(task)

    def _start(self) -> tuple[Connection, Any]:
        ours, theirs = CONTEXT.Pipe()
        process = CONTEXT.Process(target=_serve, args=(theirs, self._work, os.getpid()), daemon=True)
        resource_tracker.ensure_running()  # which unblocks signals when it starts
        # Until the worker has said that it doesn't listen to Ctrl-C, it must not hear it; ours waits that long.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        return ours, process

    def close(self) -> None:
        """End the workers, whatever they are doing."""
        workers = [
            *self._idle,
            *((connection, process) for connection, (process, _, _) in self._busy.items()),
        ]
        self._idle, self._busy = [], {}
        for _, process in workers:
            _end(process)
        for connection, process in workers:
            process.join(5)
            connection.close()

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _end(process: Any) -> None:
    """Kill the worker and all that it has started."""
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        process.kill()  # it may not have become a group's leader yet


def _serve(connection: Connection, work: Callable[[Any], Any], parent: int) -> None:
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole terminal; the parent decides
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _be_quiet()
    while True:
        try:
            task = connection.recv()
        except (EOFError, OSError):
            return
        try:
            result = work(task)
        except (UserError, ToolUnavailable, OSError) as error:
            result = error
        except Exception as error:  # told to the parent, which raises or reports it
            last = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{os.path.basename(last.filename)}:{last.lineno}"  # noqa: PTH119  (text, not a path to follow)
            result = WorkFailed(f"{type(error).__name__}: {error} ({place})", traceback.format_exc())
        try:
            connection.send(result)
        except OSError:
            return


def _be_quiet() -> None:
    """What libraries print when they panic is nothing for the user: of a death, the parent tells."""
    sys.stderr.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.killpg(0, signal.SIGKILL)
