"""Progress: bars on a terminal, plain lines elsewhere. Both go to standard error, so that output can be piped."""

import sys
import time
from types import TracebackType
from typing import Any

import click

from punie_data.plain import plain_line

EVERY = 5.0


class PlainProgress:
    """A line when a stage begins, and one every few seconds while it lasts."""

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._name, self._total, self._done, self._told = "", 0, 0, 0.0

    def line(self, text: str) -> None:
        if not self._quiet:
            click.echo(plain_line(text), err=True)

    def stage(self, name: str, total: int) -> None:
        self._name, self._total, self._done, self._told = name, total, 0, time.monotonic()

    def advance(self, count: int = 1) -> None:
        self._done += count
        if time.monotonic() - self._told > EVERY:
            self._told = time.monotonic()
            self.line(f"{self._name}: {self._done} of {self._total}")

    def __enter__(self) -> "PlainProgress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class BarProgress:
    """rich's bars, one a stage."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self._bars = Progress(
            TextColumn("{task.description:>10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(),
            console=Console(stderr=True),
        )  # fmt: skip
        self._task: Any = None

    def line(self, text: str) -> None:
        self._bars.console.print(plain_line(text), markup=False, highlight=False)

    def stage(self, name: str, total: int) -> None:
        self._task = self._bars.add_task(name, total=total)

    def advance(self, count: int = 1) -> None:
        self._bars.advance(self._task, count)

    def __enter__(self) -> "BarProgress":
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()


def progress(quiet: bool = False) -> PlainProgress | BarProgress:
    return BarProgress() if sys.stderr.isatty() and not quiet else PlainProgress(quiet)
