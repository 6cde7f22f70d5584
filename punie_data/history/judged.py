"""What the figures of systems say: targets met or missed, the best of each, what a change did, what is noise, and what is out of date."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Literal

from punie_data.evaluate.statistics import mcnemar, wilson
from punie_data.history.chance import difference, expected, fisher, spread
from punie_data.history.listing import flat
from punie_data.history.metric import METRICS, Value, in_order, metric_of, number_of, told
from punie_data.history.reported import Target
from punie_data.history.run import Run
from punie_data.history.systems import System, parents_of

Verdict = Literal["met", "missed", "open"]
UNCOUNTED = "nobody said how many queries"
UNTOLD = ("evaluation.suite_sha256", "evaluation.system_prompt", "data.name", "data.examples")
"""Parts of a configuration that are not told as a change: digests, and what follows from others."""


def share_of(value: Value | None) -> tuple[int, int] | None:
    """(passed, total) of a share that was counted."""
    if isinstance(value, Mapping) and value.get("total"):
        return int(value["passed"]), int(value["total"])
    return None


def reached(target: Target, metrics: Mapping[str, Value]) -> tuple[Verdict, str]:
    """Whether a target is met, and a word on how sure that is. Open where it was not measured, or was met only at times.

    Where the steady state was not measured, the mean with cold queries in it stands for it: it is no less.
    """
    value = metrics.get(target.metric)
    if value is None and target.metric == "steady_seconds" and "seconds_per_query" in metrics:
        verdict, note = _reached(target, metrics["seconds_per_query"])
        return verdict, "; ".join(filter(None, ("with cold queries", note)))
    return _reached(target, value)


def _reached(target: Target, value: Value | None) -> tuple[Verdict, str]:
    number = number_of(value)
    if number is None:
        return "open", ""
    counted = share_of(value)
    if counted:
        found = wilson(*counted)
        sure = target.is_met(found.low) == target.is_met(found.high)
        note = "" if sure else f"not for sure: {100 * found.low:.0f}–{100 * found.high:.0f} %"
        return ("met" if target.is_met(number) else "missed"), note
    if isinstance(value, Mapping) and target.is_met(value["low"]) != target.is_met(value["high"]):
        return "open", "at times"
    return ("met" if target.is_met(number) else "missed"), ""


@dataclass(frozen=True, slots=True)
class Best:
    """The best value of a metric among systems that can be compared: asked the same, or run on the same machine (`among`)."""

    metric: str
    among: str
    system: System
    value: Value
    of: int
    note: str


def suite_of(run: Run) -> str:
    """What was asked: the suite's name, or so many queries."""
    evaluation = run.configuration.get("evaluation", {})
    counted = share_of(run.metrics.get("accuracy"))
    queries = evaluation.get("queries") or (counted[1] if counted else None)
    parts = [str(evaluation[key]) for key in ("suite", "mode") if evaluation.get(key)]
    if queries:
        parts.insert(1, f"{queries} queries")
    return ", ".join(parts) or UNCOUNTED


def machine_of(run: Run) -> str:
    """The machine in a few words; `reported` where nobody said which."""
    if not run.machine:
        return "machine not told"
    return f"{run.machine.get('cpu', 'unknown')}, {run.machine.get('cores', '?')} cores"


def best(systems: Sequence[System]) -> list[Best]:
    """By metric that has a better side, and within it by what makes values comparable."""
    groups: dict[tuple[str, str], list[tuple[System, Run, Value]]] = {}
    for system in systems:
        newest: dict[tuple[str, str], tuple[System, Run, Value]] = {}
        for run in system.runs:
            for key, value in run.metrics.items():
                if key in METRICS and METRICS[key].better and key != "unscored":
                    newest[key, _among(key, run)] = (system, run, value)
        for place, one in newest.items():
            groups.setdefault(place, []).append(one)
    found = []
    for (key, among), entries in groups.items():
        higher = METRICS[key].better == "higher"
        ranked = sorted(entries, key=lambda one: (number_of(one[2]) or 0.0) * (-1 if higher else 1))
        system, run, value = ranked[0]
        note = _rivals(run, value, ranked[1:]) if METRICS[key].unit == "share" else ""
        found.append(Best(key, among, system, value, len(entries), note))
    order = {key: number for number, key in enumerate(in_order(one.metric for one in found))}
    return sorted(found, key=lambda one: (order[one.metric], one.among))


def _among(key: str, run: Run) -> str:
    unit = METRICS[key].unit
    if unit == "share":
        return suite_of(run)
    if unit == "nats/token":
        return "losses of one dataset" if not run.dataset else f"dataset {run.dataset[:8]}"
    return "" if unit in ("MB",) or key == "model_gb" else machine_of(run)


def _rivals(run: Run, value: Value, others: Sequence[tuple[System, Run, Value]]) -> str:
    chances = [(system.label, _p(run, value, other, one)) for system, other, one in others]
    close = [label for label, p in chances if p is not None and p >= 0.05]
    notes = []
    if close:
        shown = ", ".join(close[:3]) + (f" and {len(close) - 3} more" if len(close) > 3 else "")
        notes.append(f"not distinguishable from {shown}")
    if any(p is None for _, p in chances):
        notes.append("where nobody counted, nobody can tell")
    return "; ".join(notes)


def _p(run: Run, value: Value, other: Run, theirs: Value) -> float | None:
    """How likely so large a difference is by chance: paired where both were asked the same queries. None where nobody counted."""
    paired = _paired(run, other)
    if paired is not None:
        return mcnemar(*paired)
    first, second = share_of(value), share_of(theirs)
    return fisher(first, second) if first and second else None


def _paired(first: Run, second: Run) -> tuple[int, int] | None:
    both = first.answers.keys() & second.answers.keys()
    if not both or len(both) < max(len(first.answers), len(second.answers)):
        return None
    ours = sum(first.answers[one] and not second.answers[one] for one in both)
    return ours, sum(second.answers[one] and not first.answers[one] for one in both)


@dataclass(frozen=True, slots=True)
class Change:
    """From one system to the next of the same base: what was changed, and what each metric did with it."""

    first: System
    second: System
    changed: tuple[tuple[str, str, str], ...]
    effects: "tuple[Effect, ...]"


@dataclass(frozen=True, slots=True)
class Effect:
    """`figures` are before and after, `said` the difference and how sure it is."""

    metric: str
    figures: str
    said: str


def changes(systems: Sequence[System]) -> list[Change]:
    """One's own systems each with what it was made of, with the one before that was made alike of the same base, and with the reported one of its phase;
    a reported one with the one before it of the same base.
    """
    found = []
    before: dict[tuple[bool, str, str], System] = {}
    reported = {system.phase: system for system in systems if system.is_reported}
    parents = parents_of(systems)
    for system in systems:
        place = (system.is_reported, system.base, system.made_by)
        others = [before.get(place) if system.base and (system.made_by or system.is_reported) else None]
        if not system.is_reported:
            others = [parents.get(system.label), *others, reported.get(system.phase)]
        unique = {id(other): other for other in others if other is not None}
        found += [change(other, system) for other in unique.values()]
        before[place] = system
    return found


def change(first: System, second: System) -> Change:
    old, new = dict(flat(first.configuration)), dict(flat(second.configuration))
    changed = tuple(
        (key, _brief(old.get(key)), _brief(new.get(key)))
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key) and key not in UNTOLD and _is_known(key, first, old, second, new)
    )
    shared = [
        key
        for key in in_order(first.metrics.keys() & second.metrics.keys())
        if key in METRICS and METRICS[key].better
    ]
    tests = sum(difference(_values(first, key), _values(second, key)) is not None for key in shared)
    effects = [_effect(key, first, second, max(1, tests)) for key in shared]
    return Change(first, second, changed, tuple(filter(None, effects)))


def _is_known(
    key: str, first: System, old: Mapping[str, Any], second: System, new: Mapping[str, Any]
) -> bool:
    """Whether what lacks on one side is really not there: of a reported system it may just not have been told."""
    if key.startswith(("bench", "evaluation")):
        return key in old and key in new
    if key.startswith(("fusion", "quantization")) and key in new:
        return True
    return (key in old or not first.is_reported) and (key in new or not second.is_reported)


def _brief(value: Any) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _effect(key: str, first: System, second: System, tests: int) -> Effect | None:
    """What a metric did; None for nothing worth a line. `tests` is how many intervals are looked at together: so much wider is each."""
    before, after = number_of(first.metrics[key]), number_of(second.metrics[key])
    if before is None or after is None or (key == "unscored" and before == after):
        return None
    figures = f"{told(key, first.metrics[key])} → {told(key, second.metrics[key])}"
    if before == after:
        return Effect(key, figures, "the same")
    if METRICS[key].unit == "share":
        points = _minus(f"{100 * (after - before):+.1f} points")
        return Effect(key, figures, points + _surely(key, first, second))
    both = [_values(system, key) for system in (first, second)]
    interval = difference(*both, 1 - 0.05 / tests)
    is_measured = METRICS[key].unit in ("s", "tokens/s") and not (first.is_reported and second.is_reported)
    if interval is None or not is_measured or not before:
        untold = " (too few runs to tell it from noise)" if is_measured else ""
        return Effect(key, figures, f"{_percent(before, after)}{untold}" if before else "")
    means = [fmean(values) for values in both]
    low, high = (100 * one / means[0] for one in interval)
    sure = "more than noise" if low * high > 0 else "can't be told from noise"
    if high - low < 200:  # a wider interval says nothing
        sure = f"{_minus(f'{low:+.0f} to {high:+.0f}')} %: {sure}"
    runs = f"means of {len(both[0])} and {len(both[1])} runs"
    return Effect(
        key, f"{told(key, means[0])} → {told(key, means[1])}", f"{_percent(*means)} ({runs}; {sure})"
    )


def _surely(key: str, first: System, second: System) -> str:
    runs = [next(run for run in reversed(system.runs) if key in run.metrics) for system in (first, second)]
    if suite_of(runs[0]) != suite_of(runs[1]) and not (
        share_of(first.metrics[key]) is None or share_of(second.metrics[key]) is None
    ):
        return " (they were not asked the same)"
    p = _p(runs[0], first.metrics[key], runs[1], second.metrics[key])
    if p is None:
        return ""
    return f" (p = {p:.2g}: more than chance)" if p < 0.05 else f" (p = {p:.2f}: chance does as much)"


def _values(system: System, key: str) -> list[float]:
    return _numbers(system.measured, key)


def _percent(before: float, after: float) -> str:
    part = 100 * (after - before) / before
    return _minus(f"{part:+.0f} %" if abs(part) >= 10 else f"{part:+.1f} %")


def _minus(text: str) -> str:
    return text.replace("-", "−")


@dataclass(frozen=True, slots=True)
class Consistency:
    """A metric over repeated runs of one system, done alike on one machine. `kind` is what the newest is: the same, noise, a change, or untold."""

    system: System
    metric: str
    runs: int
    mean: str
    newest: str
    kind: Literal["same", "noise", "changed", "untold"]
    verdict: str


def consistency(systems: Sequence[System]) -> list[Consistency]:
    """Every metric that was measured at least twice by runs that were asked for alike."""
    found = []
    for system in systems:
        groups: dict[str, list[Run]] = {}
        for run in system.measured:
            if run.kind != "reported":
                alike = json.dumps(
                    [run.kind, run.configuration, run.machine.get("cpu")], sort_keys=True, default=str
                )
                groups.setdefault(alike, []).append(run)
        repeated = [
            (key, values)
            for group in groups.values()
            for key in in_order(key for run in group for key in run.metrics)
            if _is_compared(key) and len(values := _numbers(group, key)) > 1
        ]
        tests = sum(len(values) > 2 and max(values) > min(values) for _, values in repeated)
        found += [_consistent(system, key, values, max(1, tests)) for key, values in repeated]
    return found


def _is_compared(key: str) -> bool:
    return metric_of(key).unit in ("s", "tokens/s") or key in (
        "accuracy",
        "field_access",
        "inference_peak_gb",
    )


def _numbers(runs: Sequence[Run], key: str) -> list[float]:
    return [number for run in runs if (number := number_of(run.metrics.get(key))) is not None]


def _consistent(system: System, key: str, values: Sequence[float], tests: int) -> Consistency:
    """`tests` is how many metrics of the system are looked at together: so much wider is what is expected of each."""
    earlier, newest = values[:-1], values[-1]
    average = spread(values)
    mean, said = told(key, average.mean), told(key, newest)
    if average.half:
        mean += f" ± {told(key, average.half)}" if len(values) > 2 else ""
    if fmean(earlier) and newest != fmean(earlier):
        said += f", {_percent(fmean(earlier), newest)}"
    place = (system, key, len(values), mean, said)
    if max(values) == min(values):
        return Consistency(*place, "same", f"the same in all {len(values)} runs")
    bounds = expected(earlier, 1 - 0.05 / tests)
    if bounds is None:
        return Consistency(*place, "untold", "two runs can't tell noise from a change")
    low, high = (told(key, max(0.0, one)) for one in bounds)
    before = f"the {len(earlier)} before let expect {low} to {high}"
    if bounds[0] <= newest <= bounds[1]:
        return Consistency(*place, "noise", f"noise: {before}")
    return Consistency(*place, "changed", f"more than noise: {before}")


def out_of_date(
    systems: Sequence[System], present: Mapping[str, str], machine: Mapping[str, Any]
) -> list[tuple[System, list[str]]]:
    """One's own systems that should be measured anew, and why; `present` and `machine` are what is here now."""
    found = []
    # What was fused or quantized is measured as that.
    used = {
        weights
        for system in systems
        for run in system.runs
        if run.artefacts
        for weights in run.inputs.values()
    }
    for system in systems:
        made = {one.get("weights") for run in system.runs for one in run.artefacts.values()}
        if system.is_reported or (not system.measured and made & used):
            continue
        reasons = _reasons(system, present, machine)
        if reasons:
            found.append((system, reasons))
    return found


def _reasons(system: System, present: Mapping[str, str], machine: Mapping[str, Any]) -> list[str]:
    if not system.measured:
        made = system.runs[-1]
        done = {"train": "trained", "fuse": "fused", "quantize": "quantized"}[made.kind]
        return [f"{done} on {made.started[:10] or 'an unknown day'} and never measured"]
    last = system.measured[-1]
    reasons = []
    for name in ("mlx-lm", "mlx", "transformers", "punie-data"):
        then, now = last.versions.get(name), present.get(name)
        if then and now and then != now:
            reasons.append(f"{name} was {then} and is {now}")
    if last.versions.get("tools") and last.versions["tools"] != present.get("tools"):
        reasons.append("the tools' signatures have changed")
    changed = [
        key
        for key in ("cpu", "cores", "memory_gb")
        if last.machine.get(key) and last.machine[key] != machine.get(key)
    ]
    if changed:
        reasons.append(f"it was measured on another machine: {machine_of(last)}")
    return reasons
