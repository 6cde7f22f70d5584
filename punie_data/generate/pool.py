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


def run(tasks: Iterable[Any], work: Callable[[Any], Any], jobs: int) -> Iterator[tuple[Any, Any]]:
    """(task, result) as they are done, in any order, tasks being taken as they are needed; the result is an exception when the task raised one or its worker died.

    `work` must be importable by name. Leaving the loop early ends the workers at once.
    """
    waiting = iter(tasks)
    workers: dict[Connection, tuple[Any, Any]] = {}
    try:
        for task in islice(waiting, jobs):
            _assign(workers, *_start(work), task)
        while workers:
            for ready in wait(list(workers)):
                assert isinstance(ready, Connection)
                process, task = workers.pop(ready)
                try:
                    result = ready.recv()
                except (EOFError, OSError):
                    process.join(5)
                    result = WorkerDied(f"a worker ended with {process.exitcode}")
                following = next(waiting, None)
                if following is None:
                    ready.close()
                elif isinstance(result, WorkerDied):
                    _assign(workers, *_start(work), following)
                else:
                    _assign(workers, ready, process, following)
                yield task, result
    finally:
        for connection, (process, _) in workers.items():
            process.terminate()
            connection.close()


def _assign(
    workers: dict[Connection, tuple[Any, Any]], connection: Connection, process: Any, task: Any
) -> None:
    workers[connection] = (process, task)
    with contextlib.suppress(OSError):  # it died before its first task: `recv` will say so
        connection.send(task)


def _start(work: Callable[[Any], Any]) -> tuple[Connection, Any]:
    ours, theirs = CONTEXT.Pipe()
    process = CONTEXT.Process(target=_serve, args=(theirs, work, os.getpid()), daemon=True)
    process.start()
    theirs.close()
    return ours, process


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
