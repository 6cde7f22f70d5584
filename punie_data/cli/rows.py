"""The type of arguments that name rows: a file, a dataset's folder, or `-` for what comes through standard input."""

import sys
from pathlib import Path
from typing import Any

import click

from punie_data import jsonl
from punie_data.errors import UserError

_HELD = "stdin.jsonl"


class Rows(click.Path):
    """As `click.Path`; what comes through standard input is held in a file, which is gone when the command has ended.

    Nearly every command reads its rows more than once, and none wants them all in memory.
    """

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if str(value) != "-" or ctx is None:
            return super().convert(value, param, ctx)
        import atexit
        import shutil

        from punie_data.temporary import temporary_root

        if ctx.meta.setdefault(__name__, None) is not None:
            raise UserError("standard input can be read once: save what comes as a file, and name that")
        atexit.register(
            ctx.close
        )  # a mistake in what follows on the command line ends it before it has begun
        file = ctx.meta[__name__] = ctx.with_resource(temporary_root()) / _HELD
        with jsonl.whole_file(file) as going:
            shutil.copyfileobj(sys.stdin.buffer, going, 1 << 20)
        return file


def is_held(path: Path) -> bool:
    """Whether the path is the file that holds what came through standard input."""
    return path == click.get_current_context().meta.get(__name__)


def given_as(path: Path) -> str:
    """The path as the user gave it."""
    return "-" if is_held(path) else str(path)
