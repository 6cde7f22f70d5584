"""What was done is kept: every step has a key, the digest of all that its outcome depends on, and a step whose key is the same is not taken again."""

import hashlib
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from punie_data import __version__
from punie_data.chat import canonical
from punie_data.corpus.cache import read_json, write_json

FOLDER = ".steps"


class Progress(Protocol):
    def line(self, text: str) -> None: ...
    def stage(self, name: str, total: int) -> None: ...
    def advance(self, count: int = 1) -> None: ...


@dataclass(frozen=True, slots=True)
class Done:
    """`told` is what the step told of its outcome, as JSON values; `seconds` is how long it took when it was taken."""

    key: str
    told: Mapping[str, Any]
    seconds: float
    before: bool


class Steps:
    """The steps of one run folder, by name. A step that was begun and not finished goes on where it can, and else begins anew."""

    def __init__(self, folder: Path, progress: Progress) -> None:
        self._folder, self._progress = folder, progress
        self.taken: dict[str, Done] = {}

    def take(
        self,
        name: str,
        inputs: Mapping[str, Any],
        out: Path | None,
        do: Callable[[], Mapping[str, Any]],
        goes_on: bool = False,
    ) -> Done:
        """Do it, unless it was done with the same inputs and `out` is there. Where they are others, what is at `out` goes first.

        `goes_on`: the step finds its way in what an earlier, killed run of the same inputs left at `out`.
        """
        key = hashlib.sha256(canonical([name, __version__, inputs])).hexdigest()
        place = self._folder / FOLDER / f"{name}.json"
        known = read_json(place) or {}
        same = known.get("key") == key
        if same and known.get("done") and (out is None or out.exists()):
            self._progress.line(f"{name}: done before")
            done = Done(key, known["told"], known["seconds"], True)
            self.taken[name] = done
            return done
        if out is not None and not (same and goes_on):
            _remove(out)
        self._progress.line(name + (": going on" if same and goes_on and out and out.exists() else ""))
        write_json(place, {"key": key, "done": False})
        began = time.monotonic()
        told = dict(do())
        seconds = round(time.monotonic() - began, 2)
        write_json(place, {"key": key, "done": True, "told": told, "seconds": seconds})
        done = Done(key, told, seconds, False)
        self.taken[name] = done
        return done


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
