"""A worker from outside: started, fed, listened to, and ended whatever happens."""

import json
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any


class RunFailed(Exception):
    """A run that gave no result; the message says why in one line."""


def run_worker(
    asked: Mapping[str, Any], timeout: float, answered: Callable[[], None]
) -> list[dict[str, Any]]:
    """What a worker said, in order; `answered` is called at every answer. RunFailed where it says so, dies, or takes longer than `timeout` seconds."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "punie_data.bench.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    lines: queue.Queue[str | None] = queue.Queue()
    complaints: list[str] = []
    listeners = [
        threading.Thread(target=_listen, args=(worker.stdout, lines), daemon=True),
        threading.Thread(target=_collect, args=(worker.stderr, complaints), daemon=True),
    ]
    try:
        for listener in listeners:
            listener.start()
        try:
            assert worker.stdin
            worker.stdin.write(json.dumps(asked) + "\n")
            worker.stdin.close()
        except BrokenPipeError:
            pass  # it is gone: what it said tells why
        return _heard(worker, lines, complaints, time.monotonic() + timeout, timeout, answered)
    finally:
        worker.kill()
        worker.wait()
        for listener in listeners:
            listener.join(5)


def _heard(
    worker: "subprocess.Popen[str]",
    lines: "queue.Queue[str | None]",
    complaints: list[str],
    end: float,
    timeout: float,
    answered: Callable[[], None],
) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = []
    while True:
        try:
            line = lines.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            raise RunFailed(f"took longer than {timeout:g} seconds") from None
        if line is None:
            raise RunFailed(_death(worker.wait(), complaints))
        event = json.loads(line)
        said.append(event)
        if event["event"] == "failed":
            raise RunFailed(str(event["reason"]))
        if event["event"] == "answered":
            answered()
        if event["event"] == "done":
            return said


def _listen(stream: Any, lines: "queue.Queue[str | None]") -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def _collect(stream: Any, complaints: list[str]) -> None:
    for line in stream:
        complaints.append(line.strip())
        del complaints[:-20]


def _death(code: int, complaints: list[str]) -> str:
    last = next((line for line in reversed(complaints) if line), "")
    if code == -signal.SIGKILL:
        return "was killed: most likely it ran out of memory"
    if code < 0:
        return f"died of {signal.Signals(-code).name}" + (f": {last}" if last else "")
    return f"ended with {code}" + (f": {last}" if last else "")
