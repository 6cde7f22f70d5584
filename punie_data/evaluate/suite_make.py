"""A suite from repositories that nobody has trained on: they are mined as `generate` does it, and queries are chosen from what was mined."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from punie_data import dataset, jsonl
from punie_data.chat import KINDS
from punie_data.corpus import Source
from punie_data.errors import UserError
from punie_data.generate.dataset import write_dataset
from punie_data.generate.engine import Ledger, Options, Progress, mine_all, take_snapshots
from punie_data.generate.share import QUOTA
from punie_data.generators import discover

DERIVED_QUOTA = 2
UNLIMITED = 10**9


def mined(
    sources: Sequence[Source],
    cache: Path,
    seed: int,
    jobs: int,
    progress: Progress,
    without: tuple[str, ...] = (),
) -> tuple[list[dict[str, Any]], dict[str, Any], Ledger]:
    """(rows, manifest, ledger) of everything that the shipped generators find at their usual quota. Nothing of a repository's code is run.

    UserError where there is nothing to mine.
    """
    generators = [generator for generator in discover().values() if not generator.executes]
    options = Options(seed=seed, jobs=jobs, quota=QUOTA, derived_quota=DERIVED_QUOTA, without=without)
    trees = take_snapshots(list(sources), cache, progress)
    found, ledger = mine_all(trees, generators, cache, options, progress)
    with tempfile.TemporaryDirectory(prefix="punie-data-suite-") as name:
        folder = Path(name) / "mined"
        write_dataset(folder, found, cache, options, frozenset(KINDS), None, UNLIMITED)
        rows = [line.row for line in jsonl.read(folder / "examples.jsonl")]
        manifest: dict[str, Any] = orjson.loads((folder / dataset.MANIFEST).read_bytes())
    if not rows:
        raise UserError("nothing could be mined: there is nothing to make a suite of")
    return rows, manifest, ledger
