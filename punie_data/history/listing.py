"""Which records are asked for, and a line of each."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from punie_data.errors import UserError
from punie_data.history.ledger import Ledger
from punie_data.history.metric import told
from punie_data.history.reported import shipped
from punie_data.history.run import Run

SHOWN = ("accuracy", "field_access", "steady_seconds", "model_gb")
"""The metrics of the list; where one is not there, one of `INSTEAD`."""
INSTEAD = {
    "steady_seconds": {"seconds_per_query": " (cold too)", "batched_seconds": " (batched)"},
    "model_gb": {"adapter_mb": " adapter"},
}
"""What is shown where it is not there, and how that is told."""


def runs_of(
    file: Path | None,
    *,
    own: bool = False,
    kinds: Sequence[str] = (),
    names: Sequence[str] = (),
    since: str = "",
) -> list[Run]:
    """The shipped results and then the file's records. `names` are parts of names, in any case; `since` is a date: what has none is not since.

    UserError for a date that is none and for a file that can't be read.
    """
    if since:
        try:
            date.fromisoformat(since)
        except ValueError:
            raise UserError(f"--since {since}: write a date as 2026-02-01") from None
    found = [] if own else shipped()
    found += Ledger(file).runs() if file is not None else []
    wanted = [name.casefold() for name in names]
    return [
        run
        for run in found
        if (not kinds or run.kind in kinds)
        and (not wanted or any(name in run.name.casefold() for name in wanted))
        and (not since or run.started >= since)
    ]


def run_of(file: Path | None, identifier: str) -> Run:
    """The record of an id. UserError where there is none."""
    for run in runs_of(file):
        if run.id == identifier:
            return run
    raise UserError(f"no record {identifier!r}: `punie-data history` lists them")


def line(run: Run) -> list[str]:
    """Id, kind, name, day, and the metrics of `SHOWN`, as texts."""
    cells = [run.id, run.kind, run.name, run.started[:10]]
    return [*cells, *(_shown(run.metrics, key) for key in SHOWN)]


def _shown(metrics: Mapping[str, Any], key: str) -> str:
    if key in metrics:
        return told(key, metrics[key])
    instead = INSTEAD.get(key, {})
    return next((told(one, metrics[one]) + how for one, how in instead.items() if one in metrics), "")


def flat(told: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, Any]]:
    """`{"training": {"rank": 8}}` as `("training.rank", 8)`, in the order of the keys."""
    for key in sorted(told):
        value = told[key]
        if isinstance(value, Mapping):
            yield from flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value
