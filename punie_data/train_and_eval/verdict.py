"""What comes of it: which system to deploy and why, in a few lines and as a page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from punie_data import jsonl
from punie_data.evaluate.compare import Comparison, compare, load_results
from punie_data.evaluate.statistics import wilson
from punie_data.train_and_eval.artefacts import System
from punie_data.train_and_eval.behaviour import Behaviour, kinds_of_failure
from punie_data.train_and_eval.wanted import Wanted

if TYPE_CHECKING:
    from punie_data.train_and_eval import Outcome

ACCURACY = 0.8
"""The share of queries that a system must pass where the recipe states no other."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`decision` is `deploy`, `keep` (what there was before: the base) or `undecided`; `system` is what is meant, `reason` a sentence. `failures` are what
    the systems were seen to do wrong, `pairs` how each compares with the base, in words.
    """

    decision: str
    system: str
    reason: str
    failures: Mapping[str, Sequence[str]]
    pairs: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def line(self) -> str:
        return f"{self.decision} {self.system}: {self.reason}"


def judged(
    wanted: Wanted,
    systems: Sequence[System],
    results: Mapping[str, Path],
    behaviours: Mapping[str, Behaviour],
) -> Verdict:
    """The smallest system that meets the criteria and is not told apart from the best; else what there was before."""
    found = compared(systems, results)
    failures = {one.name: kinds_of_failure(behaviours[one.name]) for one in systems}
    pairs = {} if found is None else {one.name: found.pair("base", one.name).verdict for one in systems if one.name != "base"}  # fmt: skip
    least = float(wanted.criteria.get("accuracy", ACCURACY))
    best = max(systems, key=lambda one: (_share(behaviours[one.name]), -one.size))
    enough = [one for one in systems if _share(behaviours[one.name]) >= least and not failures[one.name]]
    if not enough:
        told = _told(behaviours[best.name].right)
        why = f"; {'; '.join(failures[best.name])}" if failures[best.name] else ""
        return Verdict("keep", "base", f"nothing reaches {least:.0%}: the best is {best.name} with {told}{why}", failures, pairs)  # fmt: skip
    alike = [one for one in enough if found is None or one is best or _alike(found, one.name, best.name)]
    if not alike:
        reason = f"{best.name} is the best with {_told(behaviours[best.name].right)}, and fails otherwise: {'; '.join(failures[best.name])}"
        return Verdict("undecided", best.name, reason, failures, pairs)
    chosen = min(alike, key=lambda one: one.size)
    reason = f"{_told(behaviours[chosen.name].right)} right, {_bytes(chosen.size)}"
    if chosen is not best:
        reason += f"; not to be told apart from {best.name} ({_told(behaviours[best.name].right)})"
    if chosen.name == "base":
        return Verdict("keep", "base", reason, failures, pairs)
    return Verdict("deploy", chosen.name, reason, failures, pairs)


def compared(systems: Sequence[System], results: Mapping[str, Path]) -> Comparison | None:
    """All systems on the suite, None where there is only one."""
    if len(systems) < 2:
        return None
    return compare([load_results(results[one.name], one.name) for one in systems])


def _alike(found: Comparison, one: str, other: str) -> bool:
    return not found.pair(one, other).distinguishable


def _share(found: Behaviour) -> float:
    return found.right[0] / found.right[1] if found.right[1] else 0.0


def _told(counted: tuple[int, int]) -> str:
    """`21 of 24, 88 % (69 to 96)`."""
    if not counted[1]:
        return "none asked"
    found = wilson(*counted)
    return f"{counted[0]} of {counted[1]}, {found.share:.0%} ({found.low * 100:.0f} to {found.high * 100:.0f})"  # fmt: skip


def _bytes(size: int) -> str:
    return f"{size / 1e9:.2f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"


def table(outcome: "Outcome") -> Iterator[tuple[str, ...]]:
    """The head, and a row for each system."""
    yield "system", "right", "called a tool", "answered", "answered from a result", "called again", "size"
    for one in outcome.systems:
        did = outcome.behaviours[one.name]
        counts = (did.called, did.answered, did.finished, did.called_again)
        yield (one.name, _told(did.right), *(f"{of} of {all_}" if all_ else "–" for of, all_ in counts), _bytes(one.size))  # fmt: skip


def write_page(outcome: "Outcome") -> Path:
    """The page in Markdown, in the run's folder under the recipe's name."""
    place = outcome.out / f"{outcome.wanted.name}.md"
    with jsonl.whole_file(place) as file:
        file.write("\n".join([*_page(outcome), ""]).encode())
    return place


def _page(outcome: "Outcome") -> Iterator[str]:
    wanted, verdict = outcome.wanted, outcome.verdict
    assert verdict is not None
    yield f"# {wanted.name}"
    yield ""
    if wanted.description:
        yield from (wanted.description, "")
    yield f"**{verdict.line}.**"
    yield ""
    if wanted.reported:
        yield from (f"Reported of the system that this recipe is after: {wanted.reported}.", "")
    if wanted.small is not None:
        yield "Run at small scale: what is shown is the kind of behaviour, and no figure of the real system."
        yield ""
    if outcome.foretold or outcome.survival:
        yield from ("## Foretold", "")
        yield from (f"- {one}" for one in outcome.foretold)
        yield from (f"- at {width} bits the training's change is left with a cosine of {cosine:.2f}" for width, cosine in outcome.survival.items())  # fmt: skip
        yield ""
    yield from ("## Measured", "")
    rows = list(table(outcome))
    yield f"| {' | '.join(rows[0])} |"
    yield f"|---|{'---:|' * (len(rows[0]) - 1)}"
    yield from (f"| {' | '.join(row)} |" for row in rows[1:])
    yield ""
    yield from (f"- {name}: {'; '.join(said)}" for name, said in verdict.failures.items() if said)
    yield from (f"- against the base: {said}" if name in said else f"- {name} against the base: {said}" for name, said in verdict.pairs.items())  # fmt: skip
    yield ""
    if outcome.training:
        told = outcome.training
        yield from ("## Trained", "")
        yield f"{told['rows']:,} rows in {told['steps']:,} steps ({told['epochs']} epochs), loss {told['first_loss']:.3f} → {told['last_loss']:.3f}."
        yield ""
    yield from ("## Rows", "", "| part | rows |", "|---|---|")
    for part, kinds in outcome.rows.items():
        yield f"| {part} | {', '.join(f'{count:,} {kind}' for kind, count in kinds.items())} |"
