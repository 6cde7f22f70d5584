"""A comparison and a decision as Markdown, for a pull request or a model's card."""

from collections.abc import Sequence

from punie_data.decide.criteria import amount
from punie_data.decide.verdict import Decision, Judgement
from punie_data.evaluate.compare import Asked, Comparison
from punie_data.evaluate.statistics import Share
from punie_data.plain import plain_line

MOST_QUERIES = 50
SIGNS = {"met": "✓", "missed": "✗", "undecided": "?"}


def markdown(comparison: Comparison | None, decision: Decision | None = None) -> str:
    """The decision first, where there is one, then the comparison, where there are several systems."""
    parts = []
    if decision is not None:
        parts += _decided(decision)
    if comparison is not None:
        parts += _compared(comparison)
    return "\n".join(parts) + "\n"


def headline(decision: Decision) -> str:
    """`deploy 26.1`, `undecided, leaning to 26.1`, `keep what is deployed`."""
    if decision.outcome == "undecided":
        return f"undecided, leaning to {decision.system}" if decision.system else "undecided"
    return f"{decision.outcome} {decision.system or 'what is deployed'}"


def cell(judgement: Judgement) -> str:
    """`? 92 % (75 % to 97.8 %)`."""
    sign = SIGNS[judgement.state]
    if judgement.value is None:
        return f"{sign} unknown"
    told = f"{sign} {amount(judgement.criterion, judgement.value)}"
    if judgement.low is None or judgement.high is None or judgement.low == judgement.high:
        return told
    return f"{told} ({amount(judgement.criterion, judgement.low)} to {amount(judgement.criterion, judgement.high)})"


def _decided(decision: Decision) -> list[str]:
    names = [verdict.system for verdict in decision.verdicts]
    lines = [f"# Decision: {_safe(headline(decision))}", ""]
    lines += [f"- {_safe(reason)}" for reason in decision.why]
    lines += ["", *_head(["criterion", *names])]
    for number, criterion in enumerate(decision.criteria.criteria):
        cells = [cell(verdict.judgements[number]) for verdict in decision.verdicts]
        lines.append(_row([criterion.told, *cells]))
    lines.append(
        _row(["**verdict**", *(f"**{verdict.outcome}**" for verdict in decision.verdicts)], safe=False)
    )
    lines += ["", "✓ met and ✗ missed: the whole 95 % interval is on that side; ? it is on both.", ""]
    return (
        lines
        + [f"- {_safe(each.system)}: {each.outcome}: {_safe(each.why)}" for each in decision.verdicts]
        + [""]
    )


def _compared(comparison: Comparison) -> list[str]:
    lines = [f"# {_safe(' / '.join(comparison.systems))}", ""]
    suite = _safe(comparison.suite) or "one suite"
    lines += [
        f"{comparison.shared:,} queries of {suite} that every system was scored on; 95 % intervals.",
        "",
    ]
    lines += _head(["queries", *comparison.systems])
    for group in comparison.groups:
        name = "all" if group.axis == "all" else f"{group.axis}: {group.name}"
        lines.append(_row([name, *(_share(share) for share in group.shares)]))
    lines += [
        "",
        *_head(["pair", "difference in points", "only first right", "only second right", "verdict"]),
    ]
    for pair in comparison.pairs:
        if pair.axis == "all":
            points = f"{100 * pair.difference:+.1f} ({100 * pair.low:+.1f} to {100 * pair.high:+.1f})"
            told = [f"{pair.first} / {pair.second}", points, str(pair.only_first), str(pair.only_second)]
            lines.append(_row([*told, pair.verdict]))
    parts = [pair for pair in comparison.pairs if pair.axis != "all" and pair.distinguishable]
    if parts:
        lines += ["", *_head(["of these", "pair", "verdict"])]
        lines += [
            _row([f"{pair.axis}: {pair.group}", f"{pair.first} / {pair.second}", pair.verdict])
            for pair in parts
        ]
    lines += ["", *_differing(comparison)]
    return lines + [f"- {_safe(note)}" for note in comparison.notes]


def _differing(comparison: Comparison) -> list[str]:
    differing = [asked for asked in comparison.queries if asked.differs]
    if not differing:
        return ["No query on which they differ.", ""]
    lines = [f"## {len(differing):,} queries on which they differ", ""]
    lines += _head(["query", "kind", *comparison.systems])
    for asked in differing[:MOST_QUERIES]:
        outcomes = [_outcome(asked, number) for number in range(len(comparison.systems))]
        lines.append(_row([asked.id[:12], f"{asked.kind}/{asked.category}", *outcomes]))
    more = len(differing) - MOST_QUERIES
    return [*lines, "", *([f"{more:,} more are in the JSON and on the page.", ""] if more > 0 else [])]


def _outcome(asked: Asked, number: int) -> str:
    outcome = asked.outcomes[number]
    if outcome is None:
        return "unscored"
    return "right" if outcome.right else f"{outcome.failed}: {outcome.explanation[:160]}"


def _share(share: Share) -> str:
    return f"{share.passed}/{share.total} {share.share:.1%} ({share.low:.0%}–{share.high:.0%})"


def _head(names: Sequence[str]) -> list[str]:
    return [_row(names), "|" + " --- |" * len(names)]


def _row(cells: Sequence[str], safe: bool = True) -> str:
    return "| " + " | ".join(_safe(each) if safe else each for each in cells) + " |"


def _safe(text: str) -> str:
    """Anybody's text as text: no cell ends early, nothing becomes markup or a link."""
    plain = (
        plain_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\\", "\\\\")
    )
    for sign in "|`*_[]#":
        plain = plain.replace(sign, f"\\{sign}")
    return plain.replace("://", "&#58;//")
