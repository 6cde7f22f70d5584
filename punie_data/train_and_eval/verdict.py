"""What comes of it: which system to deploy and why, in a few lines and as a page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from punie_data import jsonl
from punie_data.decide.criteria import Criteria, Criterion
from punie_data.decide.markdown import headline, markdown
from punie_data.decide.measured import Amount, Benched, benches_of
from punie_data.decide.page import page
from punie_data.decide.verdict import Decision, decide
from punie_data.evaluate.compare import Comparison, Evaluation, compare, load_results
from punie_data.evaluate.statistics import wilson
from punie_data.train_and_eval.behaviour import Behaviour, kinds_of_failure
from punie_data.train_and_eval.system import System
from punie_data.train_and_eval.wanted import Wanted

if TYPE_CHECKING:
    from punie_data.train_and_eval import Outcome

ACCURACY = 0.8
"""The share of queries that a system must pass where the recipe states no other."""
BENCH = "bench.json"
"""What `bench` wrote into the run's folder, where seconds and memory are asked for."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`failures` are what the systems were seen to do wrong, in words; `comparison` is None where there is only one. The others are what it was judged by."""

    decision: Decision
    comparison: Comparison | None
    failures: Mapping[str, Sequence[str]]
    evaluations: tuple[Evaluation, ...]
    benches: Mapping[str, Benched]

    def to_json(self) -> dict[str, Any]:
        pairs = (
            []
            if self.comparison is None
            else [
                {"first": one.first, "second": one.second, "verdict": one.verdict}
                for one in self.comparison.pairs
                if one.axis == "all"
            ]
        )
        return {
            "line": self.line,
            "decision": asdict(self.decision),
            "pairs": pairs,
            "failures": dict(self.failures),
        }

    @property
    def line(self) -> str:
        """`deploy 8bit: 8bit meets every criterion`."""
        return f"{headline(self.decision)}: {'; '.join(self.decision.why[:2])}"


def judged(
    wanted: Wanted,
    systems: Sequence[System],
    results: Mapping[str, Path],
    behaviours: Mapping[str, Behaviour],
    out: Path,
) -> Verdict:
    """By the recipe's criteria, as `decide` judges. Sizes are those of the files; seconds and memory are known where `bench` wrote `bench.json` into `out`."""
    evaluations = [load_results(results[one.name], one.name) for one in systems]
    comparison = compare(evaluations) if len(evaluations) > 1 else None
    benches = {one.name: _on_disk(one) for one in systems if one.size}
    if (out / BENCH).is_file():
        benches |= benches_of([out / BENCH], evaluations)
    deployed = "base" if any(one.name == "base" for one in systems) and len(systems) > 1 else ""
    found = decide(evaluations, comparison, benches, _criteria(wanted), deployed)
    failures = {one.name: kinds_of_failure(behaviours[one.name]) for one in systems}
    return Verdict(found, comparison, failures, tuple(evaluations), benches)


def _on_disk(system: System) -> Benched:
    size = system.size / 1e9
    return Benched(system.name, {"disk_gb": Amount(size, size, size, "its files")}, (), {})


def _criteria(wanted: Wanted) -> Criteria:
    said = {"accuracy": ACCURACY, **wanted.criteria}
    known = {
        "accuracy": Criterion("accuracy", "strict", at_least=said["accuracy"]),
        "field_access": Criterion(
            "field access", "strict", at_least=said.get("field_access"), category="field_access"
        ),
        "seconds": Criterion("a query", "seconds", at_most=said.get("seconds")),
        "gigabytes": Criterion("disk", "disk_gb", at_most=said.get("gigabytes")),
    }
    return Criteria(tuple(known[name] for name in known if name in said), ("disk_gb", "seconds"))


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
        yield (one.name, _told(did.right), *(f"{of} of {all_}" if all_ else "–" for of, all_ in counts), _bytes(one.size) if one.size else "–")  # fmt: skip


def write_page(outcome: "Outcome") -> Path:
    """The page in Markdown, in the run's folder under the recipe's name; beside it as HTML every answer, the systems side by side."""
    verdict = outcome.verdict
    assert verdict is not None
    place = outcome.out / f"{outcome.wanted.name}.md"
    every = verdict.comparison or compare(verdict.evaluations)
    html = page(every, verdict.evaluations, verdict.decision, verdict.benches, outcome.out / "suite.jsonl")
    for file, text in ((place.with_suffix(".html"), html), (place, "\n".join([*_page(outcome), ""]))):
        with jsonl.whole_file(file) as opened:
            opened.write(text.encode())
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
        yield from (
            f"- at {width} bits the training's change is left with a cosine of {cosine:.2f}"
            for width, cosine in outcome.survival.items()
        )
        yield ""
    yield from ("## Measured", "")
    rows = list(table(outcome))
    yield f"| {' | '.join(rows[0])} |"
    yield f"|---|{'---:|' * (len(rows[0]) - 1)}"
    yield from (f"| {' | '.join(row)} |" for row in rows[1:])
    yield ""
    yield from (f"- {name}: {'; '.join(said)}" for name, said in verdict.failures.items() if said)
    yield ""
    if outcome.training:
        told = outcome.training
        yield from ("## Trained", "")
        yield f"{told['rows']:,} rows in {told['steps']:,} steps ({told['epochs']} epochs), loss {told['first_loss']:.3f} → {told['last_loss']:.3f}."
        yield ""
    if outcome.rows:
        yield from ("## Rows", "", "| part | rows |", "|---|---|")
        for part, kinds in outcome.rows.items():
            yield f"| {part} | {', '.join(f'{count:,} {kind}' for kind, count in kinds.items())} |"
        yield ""
    # What `decide` writes begins with headings of its own.
    yield (
        markdown(verdict.comparison, verdict.decision)
        .replace("\n## ", "\n### ")
        .replace("\n# ", "\n## ")
        .replace("# ", "## ", 1)
        .rstrip("\n")
    )
