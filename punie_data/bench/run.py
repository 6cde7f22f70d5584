"""`bench` is the story: from a suite and systems to figures. Loading, warming up and steady state are told apart, and no run is in another's way."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from punie_data import dataset, jsonl
from punie_data.bench.figures import Answer, Faster, Figures, Run, faster, figures_of
from punie_data.bench.machine import machine, versions
from punie_data.bench.process import RunFailed, run_worker
from punie_data.bench.system import BenchSystem, disk_bytes
from punie_data.dialects.base import Refused
from punie_data.dialects.template import Template, TemplateError
from punie_data.errors import UserError
from punie_data.evaluate.queries import Query, queries, rendered
from punie_data.evaluate.run import weights_digest

FORMAT = "punie-data bench 1"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked: of each system every query's prompt, `rounds` times, after the first `warm_up` of them for warming up."""

    systems: tuple[BenchSystem, ...]
    prompts: Mapping[str, tuple[tuple[int, ...], ...]]
    weights: Mapping[str, str]
    suite: Mapping[str, Any]
    left_out: int
    rounds: int
    warm_up: int
    most_tokens: int
    timeout: float

    def told(self) -> dict[str, Any]:
        """What a result depends on, as it stands in the file; no path of this machine."""
        systems = [
            {
                "name": system.name,
                "model": system.model.resolve().name,
                "adapter": system.adapter.resolve().name if system.adapter else None,
                "weights": self.weights[system.name],
                "dialect": system.dialect,
                "options": system.options.told(),
                "disk_bytes": disk_bytes(system),
                "prompt_tokens": [len(prompt) for prompt in self.prompts[system.name]],
            }
            for system in self.systems
        ]
        asked = {"rounds": self.rounds, "warm_up": self.warm_up, "most_tokens": self.most_tokens}
        return {"suite": dict(self.suite), "asked": asked, "systems": systems}


@dataclass(frozen=True, slots=True)
class Bench:
    """`figures` have no system that never gave any; `failures` are system → why, and hold those that failed in one round too."""

    told: Mapping[str, Any]
    runs: tuple[Run, ...]
    figures: tuple[Figures, ...]
    pairs: tuple[Faster, ...]
    failures: Mapping[str, str]


def plan(
    suite: Path,
    systems: Sequence[BenchSystem],
    system_prompt: str,
    count: int = 10,
    rounds: int = 3,
    warm_up: int = 1,
    most_tokens: int = 128,
    timeout: float = 1800,
    longest: int = 8192,
) -> Plan:
    """Choose `count` queries evenly from the suite, put them as each system's template has them, and take the weights' digests.

    A query that one of the systems can't be asked is left out for all. UserError where none is left.
    """
    names = [system.name for system in systems]
    if len(set(names)) < len(names):
        raise UserError(f"two systems are called {next(n for n in names if names.count(n) > 1)}")
    asked = list(queries(suite))
    templates = {system.name: Template.load(system.model) for system in systems}
    chosen: list[Query] = []
    prompts: dict[str, list[tuple[int, ...]]] = {name: [] for name in names}
    left_out = 0
    for query in _spread(asked, count):
        found = [
            _prompt(query, templates[each.name], each.dialect, system_prompt, longest) for each in systems
        ]
        if not all(found):
            left_out += 1
            continue
        chosen.append(query)
        for name, prompt in zip(names, found, strict=True):
            prompts[name].append(prompt)
    if not chosen:
        raise UserError(f"{suite} has no query that all systems can be asked")
    return Plan(
        tuple(systems),
        {name: tuple(found) for name, found in prompts.items()},
        {system.name: weights_digest(system.model, system.adapter) for system in systems},
        {"name": suite.name, "sha256": dataset.digest(suite), "queries": [query.id for query in chosen]},
        left_out,
        rounds,
        min(warm_up, len(chosen)),
        most_tokens,
        timeout,
    )


def _spread(asked: Sequence[Query], count: int) -> list[Query]:
    """So many of them, evenly from the first to the last: a suite's rows stand by kind or repository."""
    count = min(count, len(asked))
    return [asked[number * len(asked) // count] for number in range(count)]


def _prompt(
    query: Query, template: Template, dialect: str, system_prompt: str, longest: int
) -> tuple[int, ...]:
    """() where it can't be asked."""
    found = rendered(query, dialect, system_prompt)
    if isinstance(found, Refused):
        return ()
    try:
        tokens = template.encode(template.render(found.messages, found.tools, add_generation_prompt=True))
    except TemplateError:
        return ()
    return tuple(tokens) if len(tokens) <= longest else ()


def bench(
    made: Plan,
    out: Path | None = None,
    advance: Callable[[int], None] = lambda count: None,
    say: Callable[[str], None] = lambda line: None,
    seed: int = 0,
) -> Bench:
    """Run every system in every round, each time in a new process; within a round one after the other, in turn first and last.

    With `out` the file is written after every run, and one that a stopped bench of the same plan left is gone on from. A system that fails is said,
    and not run again; the others go on.
    """
    told = {**made.told(), "machine": machine(), "versions": versions()}
    runs = _kept(out, told) if out is not None else []
    each = made.warm_up + len(made.suite["queries"])
    advance(each * len(runs))
    failures = {run.system: run.failed for run in runs if run.failed}
    known = {(run.system, run.round) for run in runs}
    for number in range(made.rounds):
        for system in made.systems if number % 2 == 0 else made.systems[::-1]:
            if (system.name, number) in known:
                continue
            if system.name in failures:
                advance(each)
                continue
            run = _run(made, system, number, advance)
            if run.failed:
                failures[system.name] = run.failed
                say(f"{system.name}: {run.failed}")
            runs.append(run)
            if out is not None:
                _write(out, Bench(told, tuple(runs), (), (), failures), complete=False)
    by_system = {system.name: [run for run in runs if run.system == system.name] for system in made.systems}
    figures = [
        found
        for name, its_runs in by_system.items()
        if (found := figures_of(name, its_runs, [len(prompt) for prompt in made.prompts[name]], seed))
    ]
    pairs = faster(runs, list(by_system), _what_answers(made), seed)
    found = Bench(told, tuple(runs), tuple(figures), tuple(pairs), failures)
    if out is not None:
        _write(out, found, complete=True)
    return found


def _what_answers(made: Plan) -> dict[str, str]:
    """Systems that owe the same output: the same weights, asked the same tokens."""
    return {
        system.name: f"{made.weights[system.name]} {orjson.dumps(made.prompts[system.name]).decode()}"
        for system in made.systems
    }


def _run(made: Plan, system: BenchSystem, number: int, advance: Callable[[int], None]) -> Run:
    asked = {
        "model": str(system.model),
        "adapter": str(system.adapter) if system.adapter else None,
        "options": _options(system),
        "prompts": made.prompts[system.name],
        "warm-up": list(range(made.warm_up)),
        "steady": list(range(len(made.suite["queries"]))),
        "most_tokens": made.most_tokens,
    }
    load_average = os.getloadavg()[0]
    try:
        said = run_worker(asked, made.timeout, lambda: advance(1))
    except RunFailed as failure:
        return Run(system.name, number, str(failure))
    [loaded] = [event for event in said if event["event"] == "loaded"]
    [done] = [event for event in said if event["event"] == "done"]
    answers = {
        phase: tuple(
            Answer(
                event["query"],
                event["seconds"],
                event["prompt_seconds"],
                tuple(event["tokens"]),
                event["drafted"],
            )
            for event in said
            if event["event"] == "answered" and event["phase"] == phase
        )
        for phase in ("warm-up", "steady")
    }
    return Run(
        system.name,
        number,
        "",
        loaded["import_seconds"],
        loaded["load_seconds"],
        done["peak_bytes"],
        done["process_bytes"],
        loaded["device"],
        round(load_average, 2),
        answers["warm-up"],
        answers["steady"],
    )


def _options(system: BenchSystem) -> dict[str, Any]:
    told = system.options.told()
    if system.options.draft_model:
        told["draft_model"] = str(system.options.draft_model)
    return told


def as_data(found: Bench, complete: bool = True) -> dict[str, Any]:
    """The bench as its file has it (`schemas/bench.schema.json`). `complete` is false while runs are still to come."""
    results = {
        figure.system: {
            "figures": {
                name: asdict(measured) | {"change": measured.change, "variation": measured.variation}
                for name, measured in figure.figures.items()
            },
            "same_outputs": figure.same_outputs,
            "tokens": figure.tokens,
            "drafted": figure.drafted,
        }
        for figure in found.figures
    }
    return {
        "format": FORMAT,
        "complete": complete,
        **found.told,
        "results": results,
        "failures": dict(found.failures),
        "pairs": [asdict(pair) | {"faster": pair.faster} for pair in found.pairs],
        "runs": [asdict(run) for run in found.runs],
    }


def _write(out: Path, found: Bench, complete: bool) -> None:
    with jsonl.whole_file(out) as file:
        file.write(orjson.dumps(as_data(found, complete), option=orjson.OPT_INDENT_2) + b"\n")


def _kept(out: Path, told: Mapping[str, Any]) -> list[Run]:
    """The runs of a bench of the same plan that was stopped. UserError where the file is somebody else's."""
    if not out.exists():
        return []
    data = read(out)
    if data["complete"] or any(data.get(key) != orjson.loads(orjson.dumps(told[key])) for key in told):
        return []
    return [_read_run(run) for run in data["runs"] if not run["failed"]]


def _read_run(run: Mapping[str, Any]) -> Run:
    answers = {
        phase: tuple(Answer(**{**answer, "tokens": tuple(answer["tokens"])}) for answer in run[phase])
        for phase in ("warm_up", "steady")
    }
    return Run(**{**run, **answers})


def read(path: Path) -> dict[str, Any]:
    """What a bench wrote. UserError where the file is something else."""
    if not path.is_file():
        raise UserError(f"{path} is no file: name one that bench wrote")
    try:
        data = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError:
        data = None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise UserError(f"{path} is not what bench writes")
    return data
