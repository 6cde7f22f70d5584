"""What is known of a system besides its answers: what benches measured, matched by name and by the digest of its weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from punie_data.bench.run import read
from punie_data.decide.criteria import MEASURES
from punie_data.errors import UserError
from punie_data.evaluate.compare import Evaluation
from punie_data.evaluate.statistics import bootstrap


@dataclass(frozen=True, slots=True)
class Amount:
    """A value with its interval; without one (None) it was measured too few times to have one. `source` says where it is from."""

    value: float
    low: float | None
    high: float | None
    source: str


@dataclass(frozen=True, slots=True)
class Benched:
    """A system as a bench's file has it. `seconds` are those of every answer once warm; `faster` is, by the other systems of the file, the name of the
    faster one, None where the two can't be told apart.
    """

    name: str
    amounts: Mapping[str, Amount]
    seconds: tuple[float, ...]
    faster: Mapping[str, str | None]


def benches_of(files: Sequence[Path], evaluations: Sequence[Evaluation]) -> dict[str, Benched]:
    """The bench of each evaluated system that has one. A system is found by its name, else by its weights where they stand alone.

    UserError where a bench calls other weights by an evaluated system's name: its figures would be credited to the wrong one.
    """
    entries: list[tuple[Mapping[str, Any], Mapping[str, Any]]] = []
    for file in files:
        data = read(file)
        if not data["complete"]:
            raise UserError(f"{file}: the bench was stopped before its end; run the same command again")
        entries += [(each, data) for each in data["systems"] if each["name"] in data["results"]]
    found: dict[str, Benched] = {}
    for evaluation in evaluations:
        entry = _entry(evaluation, entries)
        if entry is not None:
            found[evaluation.name] = _benched(*entry)
    return found


def _entry(
    evaluation: Evaluation, entries: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]
) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
    named = [entry for entry in entries if entry[0]["name"] == evaluation.name]
    for system, _ in named:
        if evaluation.weights and system["weights"] != evaluation.weights:
            raise UserError(
                f"the bench calls other weights {evaluation.name} than those that were evaluated ({system['weights'][:8]}, not {evaluation.weights[:8]})"
            )
    if named:
        return named[-1]  # the last file that has it
    same = [
        entry
        for entry in entries
        if evaluation.weights and entry[0]["weights"] == evaluation.weights and not entry[0]["options"]
    ]
    return same[-1] if same else None


def _benched(system: Mapping[str, Any], data: Mapping[str, Any]) -> Benched:
    figures = data["results"][system["name"]]["figures"]
    amounts = {
        "disk_gb": Amount(
            system["disk_bytes"] / 1e9, system["disk_bytes"] / 1e9, system["disk_bytes"] / 1e9, "bench"
        )
    }
    for measure, (_, name, unit) in MEASURES.items():
        figure = figures.get(name)
        if figure is not None and figure["rounds"]:
            low, high = (None if figure[end] is None else figure[end] / unit for end in ("low", "high"))
            amounts[measure] = Amount(figure["value"] / unit, low, high, "bench")
    faster = {}
    for pair in data["pairs"]:
        if system["name"] in (pair["first"], pair["second"]):
            other = pair["second"] if pair["first"] == system["name"] else pair["first"]
            faster[other] = pair["faster"]
    runs = [run for run in data["runs"] if run["system"] == system["name"]]
    seconds = tuple(answer["seconds"] for run in runs for answer in run["steady"])
    return Benched(system["name"], amounts, seconds, faster)


def seconds_of_answers(evaluation: Evaluation, seed: int = 0) -> Amount | None:
    """The mean seconds of a query in the evaluation itself, for a system that is not in reach of a bench: an endpoint, an agent.

    None for a model that was asked in process, in batches: there a query's share of a batch is no latency.
    """
    if evaluation.weights:
        return None
    seconds = [
        float(row["seconds"])
        for row in evaluation.rows.values()
        if not row["unscored"] and isinstance(row.get("seconds"), int | float)
    ]
    if not seconds:
        return None
    return Amount(sum(seconds) / len(seconds), *bootstrap(seconds, seed), "its evaluation")
