"""What commands that train or measure have in common: each ends with one record in the history, unless it is told not to."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from punie_data.errors import UserError
from punie_data.plain import plain_line

if TYPE_CHECKING:
    from punie_data.history.run import Run

_KEY = "punie_data.history"
Command = TypeVar("Command", bound=Callable[..., Any])


def recorded(command: Command) -> Command:
    """Give a command `--name`, `--history` and `--no-history`. They don't become its parameters: `tell_history` reads them."""
    options = (
        click.option(
            "--name",
            expose_value=False,
            callback=_keep,
            help="What the history calls it.  [default: the folder's name]",
        ),
        click.option(
            "--history",
            metavar="FILE",
            type=click.Path(path_type=Path, dir_okay=False),
            expose_value=False,
            callback=_keep,
            help="Where the record goes.  [default: punie-history.sqlite of the project, or $PUNIE_DATA_HISTORY]",
        ),
        click.option(
            "--no-history",
            is_flag=True,
            expose_value=False,
            callback=_keep,
            help="Leave no record of the run.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    kept = context.meta.setdefault(_KEY, {"began": time.monotonic(), "started": _now()})
    kept[parameter.name] = value


def _now() -> str:
    from datetime import UTC, datetime

    return datetime.now(UTC).isoformat(timespec="seconds")


def tell_history(make: "Callable[[], Run]", system: str = "") -> None:
    """Record what `make` says was done. What goes wrong with it is one line of warning: the work is done, and it is not lost for want of a record.

    `system` tells the records of one command apart where it is about several: it stands behind the name that was given.
    """
    kept = click.get_current_context().meta.get(_KEY) or {"began": time.monotonic(), "started": _now()}
    if kept.get("no_history"):
        return
    from punie_data.history.ledger import Ledger
    from punie_data.history.place import history_file

    file = history_file(kept.get("history"))
    if file is None:
        return
    seconds = round(time.monotonic() - kept["began"], 3)
    try:
        run = make()
        Ledger(file).record(
            replace(
                run,
                name=" ".join(filter(None, (kept["name"], system))) if kept.get("name") else run.name,
                started=run.started or kept["started"],
                seconds=seconds if run.seconds is None else run.seconds,
            )
        )
    except (UserError, OSError) as error:
        click.echo(f"this run is not in the history: {plain_line(str(error))}", err=True)
