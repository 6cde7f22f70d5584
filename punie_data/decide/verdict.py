"""`decide` is the story: judge every system by every criterion, then choose among those that meet them all. What is not shown is undecided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from punie_data.decide.criteria import MEASURES, Criteria, Criterion, amount
from punie_data.decide.measured import Amount, Benched, seconds_of_answers
from punie_data.errors import UserError
from punie_data.evaluate.compare import Comparison, Evaluation
from punie_data.evaluate.score import reached
from punie_data.evaluate.statistics import queries_to_settle, wilson

State = Literal["met", "missed", "undecided"]
Outcome = Literal["deploy", "keep", "undecided"]
LESS = {"disk_gb": "disk", "memory_gb": "memory"} | {
    measure: "time" for measure, (unit, _, _) in MEASURES.items() if unit == "s"
}
CLOSE = 0.01
"""Sizes that differ by less than this share are the same size."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A system by one criterion. Met or missed only where the whole 95 % interval is on that side; `why` is a sentence."""

    criterion: Criterion
    state: State
    value: float | None
    low: float | None
    high: float | None
    why: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one system: `deploy` it; `keep` what is there, and not deploy it; or `undecided`."""

    system: str
    judgements: tuple[Judgement, ...]
    outcome: Outcome
    why: str


@dataclass(frozen=True, slots=True)
class Decision:
    """`system` is the one to deploy or to keep; where it is undecided, the one that there is most to say for; None where there is none.

    `why` are sentences. `deployed` is the system that is in use now, "" for none that was compared.
    """

    criteria: Criteria
    deployed: str
    verdicts: tuple[Verdict, ...]
    outcome: Outcome
    system: str | None
    why: tuple[str, ...]


def decide(
    evaluations: Sequence[Evaluation],
    comparison: Comparison | None,
    benches: Mapping[str, Benched],
    criteria: Criteria,
    deployed: str = "",
) -> Decision:
    """`comparison` is of the same evaluations, None where there is one alone. UserError where `deployed` is none of them."""
    names = [each.name for each in evaluations]
    if deployed and deployed not in names:
        raise UserError(f"{deployed} is none of the compared systems: {', '.join(names)}")
    judged = {
        each.name: tuple(_judged(each, criterion, benches.get(each.name)) for criterion in criteria.criteria)
        for each in evaluations
    }
    states = {name: {judgement.state for judgement in found} for name, found in judged.items()}
    good = [name for name in names if states[name] == {"met"}]
    open_ = [name for name in names if "missed" not in states[name] and name not in good]
    choice = _Choice(comparison, benches, criteria.prefer, evaluations)
    pick, reasons = choice.of(good or open_)
    verdicts = tuple(
        Verdict(name, judged[name], *_verdict(name, pick, good, open_, judged[name], choice))
        for name in names
    )
    outcome, system, why = _overall(pick, reasons, good, open_, deployed, judged)
    return Decision(criteria, deployed, verdicts, outcome, system, tuple(why))


def _judged(evaluation: Evaluation, criterion: Criterion, bench: Benched | None) -> Judgement:
    if criterion.is_share:
        return _judged_share(evaluation, criterion)
    found = bench.amounts.get(criterion.measure) if bench else None
    if found is None and criterion.measure == "seconds":
        found = seconds_of_answers(evaluation)
    if found is None:
        return Judgement(criterion, "undecided", None, None, None, "not measured: bench it")
    return _judged_amount(criterion, found)


def _judged_share(evaluation: Evaluation, criterion: Criterion) -> Judgement:
    rows = [
        row
        for row in evaluation.rows.values()
        if not row["unscored"]
        and (not criterion.kind or row["kind"] == criterion.kind)
        and (not criterion.category or row["category"] == criterion.category)
    ]
    if criterion.measure == "strict":
        passed, total = sum(row["strict"] for row in rows), len(rows)
    else:
        passed, total = reached(rows, criterion.measure)
    if not total:
        asked = criterion.category or criterion.kind or criterion.measure
        return Judgement(criterion, "undecided", None, None, None, f"no query of the suite asks for {asked}")
    share = wilson(passed, total)
    state = _state(criterion, share.low, share.high)
    seen = f"{passed} of {total}, {share.share:.1%} ({share.low:.1%} to {share.high:.1%})"
    if state == "undecided":
        needed = queries_to_settle(share.share, criterion.threshold, total)
        seen += f"; about {needed:,} queries would settle it, did the share stay" if needed else ""
    return Judgement(criterion, state, share.share, share.low, share.high, seen)


def _judged_amount(criterion: Criterion, found: Amount) -> Judgement:
    told = amount(criterion, found.value)
    if found.low is None or found.high is None:
        why = f"{told}, measured once: bench more rounds"
        return Judgement(criterion, "undecided", found.value, None, None, why)
    if found.low != found.high:
        told += f" ({amount(criterion, found.low)} to {amount(criterion, found.high)})"
    state = _state(criterion, found.low, found.high)
    told += "" if found.source == "bench" else f", of {found.source}"
    told += "; more rounds and queries would settle it" if state == "undecided" else ""
    return Judgement(criterion, state, found.value, found.low, found.high, told)


def _state(criterion: Criterion, low: float, high: float) -> State:
    if criterion.at_least is not None:
        if low >= criterion.at_least:
            return "met"
        return "missed" if high < criterion.at_least else "undecided"
    assert criterion.at_most is not None
    if high <= criterion.at_most:
        return "met"
    return "missed" if low > criterion.at_most else "undecided"


@dataclass(frozen=True, slots=True)
class _Choice:
    """Which of several systems: the best, and among those that can't be told apart from it the one that takes least."""

    comparison: Comparison | None
    benches: Mapping[str, Benched]
    prefer: Sequence[str]
    evaluations: Sequence[Evaluation]

    def of(self, names: Sequence[str]) -> tuple[str | None, list[str]]:
        """(the one, sentences that say why); None of none."""
        if len(names) < 2 or self.comparison is None:
            return (names[0] if names else None), []
        best = max(names, key=self.share)
        tied = [name for name in names if name == best or self.comparison.pair(best, name).better is None]
        reasons = [
            f"{best} is better than {name}: {self.comparison.pair(best, name).verdict}"
            for name in names
            if name not in tied
        ]
        for name in tied:
            if name != best:
                pair = self.comparison.pair(best, name)
                worst = max(abs(pair.low), abs(pair.high))
                reasons.append(
                    f"{best} and {name} are {pair.verdict}; as far as these queries show they may differ by {100 * worst:.0f} points"
                )
        left = tied
        for measure in self.prefer:
            kept = self._least(left, measure)
            if len(kept) < len(left):
                known = ", ".join(f"{name} {self._told(name, measure)}" for name in left)
                reasons.append(f"{' and '.join(kept)} takes less {LESS[measure]}: {known}")
            left = kept
        return max(left, key=self.share), reasons

    def share(self, name: str) -> float:
        assert self.comparison is not None
        whole = next(group for group in self.comparison.groups if group.axis == "all")
        return whole.shares[self.comparison.systems.index(name)].share

    def amount(self, name: str, measure: str) -> Amount | None:
        bench = self.benches.get(name)
        found = bench.amounts.get(measure) if bench else None
        if found is None and measure == "seconds":
            return seconds_of_answers(next(each for each in self.evaluations if each.name == name))
        return found

    def _told(self, name: str, measure: str) -> str:
        found = self.amount(name, measure)
        return f"{found.value:.3g} {MEASURES[measure][0]}" if found else "unknown"

    def _least(self, names: Sequence[str], measure: str) -> list[str]:
        """Those that take least, with those that can't be told apart from the least. All of them where one was not measured."""
        amounts = {name: self.amount(name, measure) for name in names}
        known = {name: found for name, found in amounts.items() if found is not None}
        if len(known) < len(names):
            return list(names)
        least = min(names, key=lambda name: known[name].value)
        return [name for name in names if name == least or not self._more(known, name, least)]

    def _more(self, known: Mapping[str, Amount], name: str, least: str) -> bool:
        one, other = self.benches.get(name), self.benches.get(least)
        if one and other and other.name in one.faster and known[name].low != known[name].high:
            return one.faster[other.name] == other.name
        low, high = known[name].low, known[least].high
        if low is None or high is None:
            return False
        return low > high * (1 + CLOSE)


def _verdict(
    name: str,
    pick: str | None,
    good: Sequence[str],
    open_: Sequence[str],
    judged: Sequence[Judgement],
    choice: _Choice,
) -> tuple[Outcome, str]:
    if name in open_:
        return "undecided", "; ".join(
            f"{each.criterion.told}: {each.why}" for each in judged if each.state == "undecided"
        )
    if name not in good:
        return "keep", "; ".join(
            f"misses {each.criterion.told}: {each.why}" for each in judged if each.state == "missed"
        )
    if name == pick:
        return "deploy", "meets every criterion"
    assert pick is not None and choice.comparison is not None
    if choice.comparison.pair(name, pick).better == pick:
        return "keep", f"meets every criterion, and {pick} is better"
    return "keep", f"meets every criterion; it is not distinguishable from {pick}, which is preferred"


def _overall(
    pick: str | None,
    reasons: list[str],
    good: Sequence[str],
    open_: Sequence[str],
    deployed: str,
    judged: Mapping[str, Sequence[Judgement]],
) -> tuple[Outcome, str | None, list[str]]:
    if good:
        assert pick is not None
        if pick == deployed:
            return "keep", pick, [f"{pick} meets every criterion and is what is deployed", *reasons]
        return "deploy", pick, [f"{pick} meets every criterion", *reasons]
    if not open_:
        kept = deployed or None
        told = f"keep {deployed}" if deployed else "keep what is deployed"
        return "keep", kept, [f"no system meets the criteria: each misses one, so {told}"]
    why = ["no system is shown to meet every criterion"]
    if pick:
        settle = "; ".join(
            f"{each.criterion.name}: {each.why}" for each in judged[pick] if each.state == "undecided"
        )
        told = "is the only one that misses none" if len(open_) == 1 else "has most to say for it"
        why.append(f"{pick} {told}, and what is open is {settle}")
    return "undecided", pick, [*why, *reasons]
