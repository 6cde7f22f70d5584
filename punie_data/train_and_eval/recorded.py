"""What a run of a recipe leaves in the history: a record for each training, fusion, rounding and evaluation that was done now, and none for what was done before."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

import orjson

from punie_data.evaluate.run import RESULTS, SUMMARY
from punie_data.history.outcomes import evaluated, fused, quantized, trained
from punie_data.history.run import Run

if TYPE_CHECKING:
    from punie_data.train_and_eval import Outcome
    from punie_data.train_and_eval.system import System


class Make(Protocol):
    def __call__(self) -> Run: ...


def recorded(outcome: "Outcome") -> Iterator[tuple[str, Make]]:
    """A record each, in the order of the steps: (the system that it is about, the function that makes it). Weights are named as they are deployed:
    those in full width that stand in for them without Metal have the same values.
    """
    wanted, out = outcome.wanted, outcome.out
    spoiled = wanted.spoil and ("mended" if wanted.spoil.call_key else "spoiled")
    rows, adapter, whole = out / (spoiled or "rows"), out / "adapter", out / "fused"
    base = next((system.model for system in outcome.systems if system.name in ("base", "adapter")), None)
    again = f"fused-{wanted.model.bits}bit"
    makes: dict[str, Make] = {}
    if base is not None and wanted.trains:
        makes["train"] = partial(trained, rows, base, adapter, outcome.training.get("rows"))
        makes["fused"] = partial(fused, base, adapter, whole, True)
        makes[again] = partial(fused, base, adapter, out / again, False)
    for bits in wanted.bits:
        makes[f"{bits}bit"] = partial(quantized, whole, out / f"{bits}bit", bits, wanted.group_size, {})
    for name, make in makes.items():
        if outcome.steps.get(name) is not None:
            system = "adapter" if name == "train" else name
            yield system, partial(_named, outcome, system, name, make)
    for asked in outcome.systems:
        step = f"evaluate-{asked.name}"
        if outcome.steps.get(step) is not None:
            yield asked.name, partial(_named, outcome, asked.name, step, partial(_evaluated, outcome, asked))


def _named(outcome: "Outcome", name: str, step: str, make: Make) -> Run:
    """Called after the run's folder and the system in it: `phase-5` and `8bit` are `phase-5 8bit`; a base is called after its own folder."""
    run, folder = make(), outcome.out.resolve().name
    if name == "base":
        called = run.name if run.name != "base" else f"{folder} base"
    else:
        called = folder if folder.endswith(name) else f"{folder} {name}"
    return replace(run, name=called, seconds=outcome.steps[step])


def _evaluated(outcome: "Outcome", system: "System") -> Run:
    place = outcome.results[system.name]
    summary = orjson.loads((place / SUMMARY).read_bytes())
    batch = outcome.wanted.evaluate.batch_size
    return evaluated(summary, place / RESULTS, system.model, system.adapter, batch)
