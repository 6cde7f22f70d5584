"""What a recipe says beyond its dataset: the model, the training, the artefacts, the evaluation and the criteria. `schemas/recipe.schema.json` defines it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from punie_data.build import Recipe
from punie_data.build.recipe import Take, find_recipe, load_recipe, read_recipe
from punie_data.chat import KINDS
from punie_data.errors import UserError
from punie_data.train.settings import Settings, settings_from

PLACEHOLDER = "[Tool execution completed]"


@dataclass(frozen=True, slots=True)
class Model:
    """The base model: a folder, a name of `model list` or one of a hub. With `bits` it is trained on as rounded to so many."""

    base: str = ""
    bits: int = 0
    group_size: int = 64


@dataclass(frozen=True, slots=True)
class Rows:
    """How many of the built rows are trained on, by kind and by category; all where `counts` is empty. "*" are the categories that aren't named.

    `valid` is how many rows of valid are kept, 0 for as many as go with the counts. `calls` is the least number of calls that a tool row must have; `tools` are those that are offered and called, all where it is empty.
    """

    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    valid: int = 0
    calls: int = 0
    tools: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        return sum(sum(of.values()) for of in self.counts.values())


@dataclass(frozen=True, slots=True)
class Spoil:
    """What is done to good rows on purpose, so that a failure can be seen again: every one of them is something that was once done by mistake."""

    drop_traces: bool = False
    placeholder_results: str = ""
    call_key: str = ""

    def __bool__(self) -> bool:
        return bool(self.drop_traces or self.placeholder_results or self.call_key)


@dataclass(frozen=True, slots=True)
class Evaluate:
    """What is asked, and how: `suite` is a file of records (the rows held out where there is none), `command` and `endpoint` are other systems than a
    model of ours. `dialect` is the training's where it is empty.
    """

    suite: str = ""
    queries: int = 200
    most_tokens: int = 256
    batch_size: int = 16
    dialect: str = ""
    systems: tuple[str, ...] = ()
    command: str = ""
    endpoint: str = ""
    model: str = ""
    install: str = ""


@dataclass(frozen=True, slots=True)
class Small:
    """What `--scale small` makes of a recipe: rows of a file that is there instead of a corpus, few of them, short, with few tools."""

    source: str = "../../data/sample"
    rows: int = 48
    iterations: int = 40
    queries: int = 24
    most_tokens: int = 96
    tools: int = 3
    longest: int = 1500
    """Characters that a row's messages may have."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """All of a recipe. `dataset` is None where it trains nothing on rows of its own; `iterations` are batches (0: `train.epochs` counts),
    `ignore` the checks before the training that may refuse and are not asked, `processes` how many share the training."""

    path: Path
    name: str
    description: str
    reported: str
    folder: str
    seed: int
    dataset: Recipe | None
    model: Model
    rows: Rows
    spoil: Spoil
    train: Settings | None
    iterations: int
    ignore: tuple[str, ...]
    processes: int
    requantize: bool
    bits: tuple[int, ...]
    group_size: int
    evaluate: Evaluate
    criteria: Mapping[str, Any]
    small: Small | None = None

    @property
    def trains(self) -> bool:
        return self.train is not None


def load_wanted(given: str, scale: str = "full", changes: Mapping[str, Any] | None = None, source: Path | None = None) -> Wanted:  # fmt: skip
    """A recipe at a scale. `changes` are settings that take the place of the recipe's, as {"train.epochs": 2}; `source` are rows in the place of its sources.

    UserError, one line with the place of what is wrong.
    """
    path = find_recipe(given)
    data = _plain(read_recipe(path, changes))
    model = Model(**data.get("model", {}))
    dataset = load_recipe(given, changes) if data.get("source") else None
    train = dict(data.get("train", {}))
    iterations = train.pop("iterations", 0)
    ignore = tuple(train.pop("ignore", ()))
    processes = train.pop("processes", 1)
    if train and dataset is None and source is None:
        raise UserError(f"{path}: it trains, and has no [[source]] of rows")
    evaluate = {**data.get("evaluate", {})}
    evaluate["systems"] = tuple(evaluate.get("systems", ()))
    wanted = Wanted(
        path=path,
        name=data.get("name", path.stem),
        description=data.get("description", ""),
        reported=data.get("reported", ""),
        folder=data.get("folder", data.get("name", path.stem)),
        seed=data.get("seed", 0),
        dataset=dataset,
        model=model,
        rows=_rows(data.get("rows", {})),
        spoil=Spoil(**data.get("spoil", {})),
        train=settings_from({"seed": data.get("seed", 0)} | train) if "train" in data else None,
        iterations=iterations,
        ignore=ignore,
        processes=processes,
        requantize=data.get("fuse", {}).get("requantize", False),
        bits=tuple(data.get("quantize", {}).get("bits", ())),
        group_size=data.get("quantize", {}).get("group_size", 64),
        evaluate=Evaluate(**evaluate),
        criteria=data.get("decide", {}),
    )
    if wanted.requantize and not model.bits:
        raise UserError(f"{path}: fuse.requantize needs model.bits: it rounds to what the base is rounded to")
    if source is not None and dataset is not None:
        wanted = replace(wanted, dataset=replace(dataset, sources=(Take(source, license="MIT"),)))
    return _small(wanted, Small(**data.get("small", {})), source is not None, changes or {}) if scale == "small" else wanted  # fmt: skip


def _rows(data: Mapping[str, Any]) -> Rows:
    counts = {
        kind: {"*": data[kind]} if isinstance(data[kind], int) else dict(data[kind])
        for kind in KINDS
        if kind in data
    }
    return Rows(counts, data.get("valid", 0), data.get("calls", 0), tuple(data.get("tools", ())))


def _small(wanted: Wanted, small: Small, has_rows: bool, changes: Mapping[str, Any]) -> Wanted:
    """The same recipe for a laptop: every share stays, every number shrinks. What was set by hand stays as it was set."""
    dataset = wanted.dataset
    if dataset is not None:
        # The mix is made by the counts of the rows: bands that thousands of rows meet may not be met by a hundred.
        dataset = replace(dataset, skip=dataset.skip | {"balance"})
        if not has_rows:
            dataset = replace(dataset, sources=(Take(wanted.path.parent / small.source),), unseen=0)
    rows = wanted.rows
    if rows.total > small.rows:
        counts = {
            kind: {"*": max(1, round(sum(of.values()) * small.rows / rows.total))}
            for kind, of in rows.counts.items()
        }
        rows = replace(rows, counts=counts)
    evaluate = wanted.evaluate
    if "evaluate.queries" not in changes:
        evaluate = replace(evaluate, queries=min(evaluate.queries, small.queries))
    if "evaluate.most_tokens" not in changes:
        evaluate = replace(evaluate, most_tokens=min(evaluate.most_tokens, small.most_tokens))
    iterations = wanted.iterations
    if iterations and "train.iterations" not in changes:
        iterations = min(iterations, small.iterations)
    return replace(wanted, dataset=dataset, rows=rows, evaluate=evaluate, iterations=iterations, small=small)


def _plain(value: Any) -> Any:
    """Numbers with a point as floats: the settings of training are no shares that must add up."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return float(value) if isinstance(value, Decimal) else value
