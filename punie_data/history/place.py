"""Where the history is: with the project, so that everyone who works in it sees the same one."""

import os
from pathlib import Path

FILE = "punie-history.sqlite"
VARIABLE = "PUNIE_DATA_HISTORY"
OFF = "off"


def history_file(named: Path | None = None, start: Path | None = None) -> Path | None:
    """The file: the one named, else the environment's, else that of the project; None where the environment says `off`.

    The project is the nearest folder upwards with `.git` or `pyproject.toml`, and the working folder where there is none.
    """
    if named is not None:
        return named
    told = os.environ.get(VARIABLE, "")
    if told.lower() == OFF:
        return None
    if told:
        return Path(told)
    here = start or Path.cwd()
    for folder in (here, *here.parents):
        if (folder / ".git").exists() or (folder / "pyproject.toml").is_file():
            return folder / FILE
    return here / FILE
