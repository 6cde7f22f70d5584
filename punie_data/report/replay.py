"""What stands behind the results of a row: the runs that it records, and a replay's verdict where somebody has one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from punie_data.errors import UserError
from punie_data.stats.runs import states
from punie_data.stats.survey import called
from punie_data.tools.registry import TOOLS

STATES = {
    "recorded": "have the result that the recorded run gave, byte for byte (SHA-256)",
    "imported": "came with their result, which nobody here has run",
    "changed": "have another result than the recorded run gave",
    "unrecorded": "have no recorded run",
}
NO_CALLS = "no calls"
SAME = "replayed, same result"
OTHER = "replayed, another result"
NOT_RUN = "not replayed: runs the repository's code"
_BY_STATE = {
    "changed": "not the recorded result",
    "unrecorded": "no run recorded",
    "imported": "imported, never run here",
    "recorded": "as recorded",
}


@dataclass(frozen=True, slots=True)
class Replay:
    """The verdict of `punie-data verify --json`. `differing` are the ids of rows with a call that gave something else."""

    summary: str
    differing: frozenset[str]
    some_not_run: bool


def read_verdict(file: Path, rows: int) -> Replay:
    """UserError where the file is no verdict, or one of another number of rows than the dataset has: then it is not about this dataset."""
    try:
        said = orjson.loads(file.read_bytes())
        counted, calls, not_run = (int(said[key]) for key in ("rows", "calls", "not_run"))
        differences = [str(each["row"]) for each in said["differences"]]
    except OSError as error:
        raise UserError(f"{file}: {error.strerror or error}") from None
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        raise UserError(f"{file} is not what `punie-data verify DATASET --json` prints") from None
    if counted != rows:
        raise UserError(f"{file} is about {counted:,} rows and the dataset has {rows:,}: verify this one")
    summary = f"A replay ran {calls:,} calls again; {calls - len(differences):,} gave the same result."
    if not_run:
        summary += f" {not_run:,} calls that run the repository's own code were left out."
    return Replay(summary, frozenset(differences), not_run > 0)


def replay_of(row: dict[str, Any], replay: Replay | None) -> str:
    """One of a few words on what is known of a row's results; the least certain call decides."""
    names = called(row)
    if not names:
        return NO_CALLS
    if replay is None:
        found = set(states(row).values())
        return next(words for state, words in _BY_STATE.items() if state in found)
    if row["id"] in replay.differing:
        return OTHER
    if replay.some_not_run and any(name in TOOLS and TOOLS[name].executes_code for name in names):
        return NOT_RUN
    return SAME
