"""From records to systems: which runs speak of the same weights, what those weights were made of, and what is known of them."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from punie_data.history.metric import Value
from punie_data.history.run import MEASURING, Run


@dataclass(frozen=True, slots=True)
class System:
    """Something that answers: a model, an adapter on one, a result that was reported.

    `configuration` is that of all the runs that made it, from its base model on. `metrics` are the newest of each.
    """

    label: str
    phase: str
    runs: tuple[Run, ...]
    configuration: Mapping[str, Any]
    metrics: Mapping[str, Value]

    @property
    def is_reported(self) -> bool:
        return all(run.kind == "reported" for run in self.runs)

    @property
    def measured(self) -> tuple[Run, ...]:
        return tuple(run for run in self.runs if run.kind in MEASURING)

    @property
    def weights(self) -> frozenset[str]:
        """The fingerprints of what it is itself, and not of what it lies on: an adapter's, or a model's."""
        made = {
            str(one["weights"]) for run in self.runs for one in run.artefacts.values() if one.get("weights")
        }
        asked = {run.inputs.get("adapter") or run.inputs.get("model") for run in self.measured}
        return frozenset(made | {one for one in asked if one})

    @property
    def made_by(self) -> str:
        """The command that made it: train, fuse or quantize; "" for one that came as it is."""
        return next((run.kind for run in reversed(self.runs) if run.artefacts), "")

    @property
    def base(self) -> str:
        return str(self.configuration.get("model", ""))


def systems_of(runs: Sequence[Run]) -> list[System]:
    """The reported ones first, in their order, then one's own in the order of their first run."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(_weights(run), []).append(run)
    makers = {
        str(one.get("weights")): run for run in runs for one in run.artefacts.values() if one.get("weights")
    }
    labels = _labels(groups)
    found = [
        System(
            labels[key],
            phase_of(_name(group)),
            tuple(group),
            _configuration(group, makers),
            {metric: value for run in group for metric, value in run.metrics.items()},
        )
        for key, group in groups.items()
    ]
    first = {id(run): number for number, run in enumerate(runs)}
    used: dict[str, int] = {}
    for number, run in enumerate(runs):
        for weights in run.inputs.values():
            used.setdefault(weights, number)

    def order(system: System) -> tuple[bool, float]:
        """A model stands before what was made of it, also where it was measured later."""
        own = min(first[id(run)] for run in system.runs)
        made = [used[weights] - 0.5 for weights in system.weights if weights in used]
        return not system.is_reported, min([own, *made])

    return sorted(found, key=order)


def parents_of(systems: Sequence[System]) -> dict[str, System]:
    """By the label of a system what it was made of: of a rounded model the one that was rounded, of a fused one its adapter, of an adapter its base."""
    by_weights = {weights: system for system in reversed(systems) for weights in system.weights}
    found = {}
    for system in systems:
        maker = next((run for run in reversed(system.runs) if run.artefacts), None)
        came = (maker.inputs.get("adapter") or maker.inputs.get("model")) if maker else None
        parent = by_weights.get(came or "")
        if parent is not None and parent is not system:
            found[system.label] = parent
    return found


def phase_of(name: str) -> str:
    """What two names have in common that mean the same phase: `Phase 5 fused 8-bit` and `phase-5-fused-8bit`."""
    plain = re.sub(r"[\W_]+", "-", name.casefold()).strip("-")
    return re.sub(r"(\d)-bit\b", r"\1bit", plain) or "unnamed"


def _name(group: Iterable[Run]) -> str:
    """The newest measurement's name, or that of the run that made it."""
    runs = list(group)
    return next((run for run in reversed(runs) if run.kind in MEASURING), runs[-1]).name


def _weights(run: Run) -> str:
    """Which system a run is about: the weights that it made or measured; a reported result is a system of its own."""
    if run.kind == "train":
        return f"{run.inputs.get('model', '')}+{run.artefacts.get('adapter', {}).get('weights', run.id)}"
    if run.kind in ("fuse", "quantize"):
        return str(run.artefacts.get("model", {}).get("weights", run.id))
    if run.kind == "reported" or not run.inputs.get("model"):
        return (
            f"{run.kind}:{run.id}"
            if run.kind == "reported"
            else f"served:{run.name}:{run.configuration.get('model')}"
        )
    adapter = run.inputs.get("adapter")
    return f"{run.inputs['model']}+{adapter}" if adapter else run.inputs["model"]


def _labels(groups: Mapping[str, list[Run]]) -> dict[str, str]:
    """The names, told apart where two systems have the same: by what they are, then by number."""
    names = {key: _name(group) for key, group in groups.items()}
    phases = Counter(map(phase_of, names.values()))
    labels: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for key, name in names.items():
        if phases[phase_of(name)] > 1:
            name = f"{name} ({_form(groups[key])})"
        seen[name] += 1
        labels[key] = f"{name} ({seen[name]})" if seen[name] > 1 else name
    return labels


def _form(group: Iterable[Run]) -> str:
    runs = list(group)
    for run in reversed(runs):
        if run.kind == "quantize":
            return f"{run.configuration.get('quantization', {}).get('bits')}-bit"
        if run.kind == "fuse":
            return "fused"
        if run.kind == "train" or run.inputs.get("adapter"):
            return "adapter"
    return "reported" if all(run.kind == "reported" for run in runs) else "model"


def _configuration(group: Sequence[Run], makers: Mapping[str, Run]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for run in _ancestors(group, makers):
        base = found.get("model")
        found = _over(found, run.configuration)
        if base:
            found["model"] = base
    return found


def _ancestors(group: Sequence[Run], makers: Mapping[str, Run]) -> list[Run]:
    """All runs that a system came about by, the earliest first, and its own behind them."""
    found: list[Run] = []

    def follow(run: Run) -> None:
        if run in found:
            return
        for weights in run.inputs.values():
            maker = makers.get(weights)
            if maker is not None and maker is not run and maker not in group:
                follow(maker)
        found.append(run)

    for run in group:
        follow(run)
    return found


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(below)
    for key, value in above.items():
        old = found.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            found[key] = _over(old, value)
        elif value is not None:
            found[key] = value
    return found
