"""Worker processes that die with us, and whose death is noticed.

`concurrent.futures` leaves its workers behind when the parent is killed, and gives the whole pool up when one of them dies. Mining
other people's files, both happen; here a dead worker costs the task it was on.
"""

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from multiprocessing.connection import Connection, wait
from typing import Any

CONTEXT = multiprocessing.get_context("spawn")


class WorkerDied(Exception):
    """Stands in a result's place: the process ended while it was on the task."""


class Pool:
    """`with Pool(work, jobs) as pool: for task, result in pool.run(tasks): …`

    `work` must be importable by name. A worker starts with its first task and stays for the next `run`: what it imported serves again.
    """

    def __init__(self, work: Callable[[Any], Any], jobs: int) -> None:
        self._work = work
        self._jobs = jobs
        self._idle: list[tuple[Connection, Any]] = []
        self._busy: dict[Connection, tuple[Any, Any]] = {}

    def run(self, tasks: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        """(task, result) as they are done, in any order, tasks being taken as they are needed; the result is an exception when the task
        raised one or its worker died."""
        waiting = iter(tasks)
        for task in islice(waiting, self._jobs):
            self._assign(task)
        while self._busy:
            for ready in wait(list(self._busy)):
                assert isinstance(ready, Connection)
                process, task = self._busy.pop(ready)
                try:
                    result = ready.recv()
                    self._idle.append((ready, process))
                except (EOFError, OSError):
                    process.join(5)
                    result = WorkerDied(f"a worker ended with {process.exitcode}")
                following = next(waiting, None)
                if following is not None:
                    self._assign(following)
                yield task, result

    def _assign(self, task: Any) -> None:
        connection, process = self._idle.pop() if self._idle else self._start()
        self._busy[connection] = (process, task)
        with contextlib.suppress(OSError):  # it died before its first task: `recv` will say so
            connection.send(task)

    def _start(self) -> tuple[Connection, Any]:
        ours, theirs = CONTEXT.Pipe()
        process = CONTEXT.Process(target=_serve, args=(theirs, self._work, os.getpid()), daemon=True)
        process.start()
        theirs.close()
        return ours, process

    def close(self) -> None:
        """End the workers; those that are busy at once."""
        for connection, (process, _) in self._busy.items():
            process.terminate()
            connection.close()
        for connection, _ in self._idle:
            connection.close()
        self._idle, self._busy = [], {}

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _serve(connection: Connection, work: Callable[[Any], Any], parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the parent decides
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    while True:
        try:
            task = connection.recv()
        except (EOFError, OSError):
            return
        try:
            result = work(task)
        except Exception as error:  # told to the parent, which raises or reports it
            result = error
        try:
            connection.send(result)
        except OSError:
            return


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
