"""From runs to figures: what one query takes, apart from loading and warming up, how far that can be trusted, and which system is faster."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean, median, stdev
from typing import Any

from punie_data.evaluate.statistics import CONFIDENCE, student_interval

RESAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class Answer:
    """A query answered once. `prompt_seconds` is up to the first token; `drafted` counts the tokens that a draft model wrote and the model took."""

    query: int
    seconds: float
    prompt_seconds: float
    tokens: tuple[int, ...]
    drafted: int


@dataclass(frozen=True, slots=True)
class Run:
    """A system in one round: a process that loaded it, warmed it up and asked every query once. `failed` says why it gave nothing, "" where it did."""

    system: str
    round: int
    failed: str
    import_seconds: float = 0.0
    load_seconds: float = 0.0
    peak_bytes: int = 0
    process_bytes: int = 0
    device: str = ""
    load_average: float = 0.0
    warm_up: tuple[Answer, ...] = ()
    steady: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure with its 95 % interval, and its value in each round. Without an interval (None) it was measured too few times to have one."""

    value: float
    low: float | None
    high: float | None
    rounds: tuple[float, ...]

    @property
    def change(self) -> float | None:
        """From the first round to the last, as a share of the first; None of a single round."""
        return self.rounds[-1] / self.rounds[0] - 1 if len(self.rounds) > 1 and self.rounds[0] else None

    @property
    def variation(self) -> float | None:
        """The standard deviation over rounds as a share of their mean; None of a single round."""
        mean = fmean(self.rounds)
        return stdev(self.rounds) / mean if len(self.rounds) > 1 and mean else None


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one system, in seconds, bytes and tokens. `figures` by the names in FIGURES; `same_outputs` is whether every round wrote the same."""

    system: str
    figures: Mapping[str, Measured]
    same_outputs: bool | None
    tokens: int
    drafted: int


@dataclass(frozen=True, slots=True)
class Faster:
    """Two systems on the same queries in the same rounds. `ratio` is the mean seconds of the second over those of the first, with an interval that is
    widened for the number of pairs (Bonferroni). `same` of `queries` outputs are the same; None where different weights answered, which owe nobody
    that. `differing` are the first queries whose outputs are not, with the number of the token where they part.
    """

    first: str
    second: str
    ratio: float
    low: float
    high: float
    queries: int
    same: int | None
    differing: tuple[tuple[int, int], ...]

    @property
    def faster(self) -> str | None:
        """The name of the faster one, None where the interval holds 1."""
        if self.low <= 1 <= self.high:
            return None
        return self.first if self.ratio > 1 else self.second


FIGURES = {
    "seconds": "steady state, mean a query",
    "p50_seconds": "steady state, median",
    "p95_seconds": "steady state, 95th percentile",
    "prompt_seconds": "of that, the prompt",
    "prompt_rate": "prompt tokens a second",
    "generation_rate": "generated tokens a second",
    "token_seconds": "seconds a generated token",
    "load_seconds": "load",
    "warm_up_seconds": "warm-up",
    "memory_bytes": "memory at its peak",
}
"""In the order in which they are shown."""


def figures_of(system: str, runs: Sequence[Run], prompts: Sequence[int], seed: int = 0) -> Figures | None:
    """Of the runs of one system that did not fail, None where there is none. `prompts` are the numbers of tokens of the queries' prompts."""
    import numpy

    good = [run for run in runs if not run.failed]
    if not good:
        return None
    seconds, prompt, count = _arrays(good)
    lengths = numpy.asarray([prompts[answer.query] for answer in good[0].steady], dtype=float)[None, :]
    lengths = numpy.repeat(lengths, len(good), axis=0)
    generator = numpy.random.default_rng(seed)
    rounds, queries = seconds.shape
    drawn = (
        generator.integers(rounds, size=(RESAMPLES, rounds))[:, :, None],
        generator.integers(queries, size=(RESAMPLES, queries))[:, None, :],
    )
    # The first token belongs to the prompt, which ends with it.
    after, generating = numpy.maximum(count - 1, 0), seconds - prompt

    def measured(statistic: Callable[..., Any], *arrays: Any) -> Measured:
        spread = statistic(*(array[drawn] for array in arrays))
        low, high = numpy.quantile(spread, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
        each = statistic(*(array[:, None, :] for array in arrays))
        value = statistic(*(array[None] for array in arrays))[0]
        if not all(map(math.isfinite, (value, low, high))):
            return Measured(0.0, None, None, ())
        return Measured(float(value), float(low), float(high), tuple(map(float, each)))

    def quantile(q: float) -> Callable[[Any], Any]:
        return lambda array: numpy.quantile(array.reshape(len(array), -1), q, axis=1)

    with numpy.errstate(divide="ignore", invalid="ignore"):
        found = {
            "seconds": measured(lambda array: array.mean(axis=(1, 2)), seconds),
            "p50_seconds": measured(quantile(0.5), seconds),
            "p95_seconds": measured(quantile(0.95), seconds),
            "prompt_seconds": measured(lambda array: array.mean(axis=(1, 2)), prompt),
            "prompt_rate": measured(_rate, lengths, prompt),
            "generation_rate": measured(_rate, after, generating),
            "token_seconds": measured(_rate, generating, after),
        }
    for name, values in (
        ("load_seconds", [run.load_seconds for run in good]),
        ("warm_up_seconds", [sum(answer.seconds for answer in run.warm_up) for run in good]),
    ):
        low, high = student_interval(values) or (None, None)
        found[name] = Measured(median(values), low if low is None else max(low, 0.0), high, tuple(values))
    memory = [float(max(run.peak_bytes, run.process_bytes)) for run in good]
    found["memory_bytes"] = Measured(max(memory), min(memory), max(memory), tuple(memory))
    outputs = [[answer.tokens for answer in run.steady] for run in good]
    return Figures(
        system,
        {name: found[name] for name in FIGURES},
        all(output == outputs[0] for output in outputs) if len(outputs) > 1 else None,
        sum(len(answer.tokens) for answer in good[0].steady),
        sum(answer.drafted for answer in good[0].steady),
    )


def _arrays(runs: Sequence[Run]) -> tuple[Any, Any, Any]:
    """Rounds by queries: the seconds, those up to the first token, and the numbers of tokens written."""
    import numpy

    return tuple(  # type: ignore[return-value]
        numpy.asarray([[take(answer) for answer in run.steady] for run in runs], dtype=float)
        for take in (lambda a: a.seconds, lambda a: a.prompt_seconds, lambda a: len(a.tokens))
    )


def _rate(above: Any, below: Any) -> Any:
    return above.sum(axis=(1, 2)) / below.sum(axis=(1, 2))


def faster(
    runs: Sequence[Run], systems: Sequence[str], weights: Mapping[str, str], seed: int = 0
) -> list[Faster]:
    """Every pair of systems that have rounds in common."""
    by_system = {
        name: {run.round: run for run in runs if run.system == name and not run.failed} for name in systems
    }
    pairs = [
        (one, other)
        for one, other in combinations(systems, 2)
        if by_system[one].keys() & by_system[other].keys()
    ]
    return [
        _faster(
            one,
            other,
            [
                (by_system[one][n], by_system[other][n])
                for n in sorted(by_system[one].keys() & by_system[other].keys())
            ],
            weights[one] == weights[other],
            (1 - CONFIDENCE) / len(pairs),
            seed,
        )
        for one, other in pairs
    ]


def _faster(
    one: str, other: str, rounds: list[tuple[Run, Run]], comparable: bool, level: float, seed: int
) -> Faster:
    import numpy

    first, second = (_arrays([pair[n] for pair in rounds])[0] for n in (0, 1))
    generator = numpy.random.default_rng(seed)
    drawn = (
        generator.integers(len(rounds), size=(RESAMPLES, len(rounds)))[:, :, None],
        generator.integers(first.shape[1], size=(RESAMPLES, first.shape[1]))[:, None, :],
    )
    spread = second[drawn].sum(axis=(1, 2)) / first[drawn].sum(axis=(1, 2))
    low, high = numpy.quantile(spread, [level / 2, 1 - level / 2])
    ours, theirs = rounds[0]
    parted = [
        (a.query, _parting(a.tokens, b.tokens))
        for a, b in zip(ours.steady, theirs.steady, strict=True)
        if a.tokens != b.tokens
    ]
    return Faster(
        one,
        other,
        float(second.sum() / first.sum()),
        float(low),
        float(high),
        len(ours.steady),
        len(ours.steady) - len(parted) if comparable else None,
        tuple(parted[:10]) if comparable else (),
    )


def _parting(ours: Sequence[int], theirs: Sequence[int]) -> int:
    same = (n for n, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b)
    return next(same, min(len(ours), len(theirs)))
