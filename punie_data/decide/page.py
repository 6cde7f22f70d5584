"""The page: one HTML file that loads nothing, with the decision, the plots, and every answer beside the others.

Everything that results say is anybody's text: it is escaped where Python writes it, and becomes text nodes in the browser; the page's policy runs nothing
but the one script whose hash it names.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from punie_data.decide import plots
from punie_data.decide.answers import answers
from punie_data.decide.criteria import amount
from punie_data.decide.markdown import SIGNS, headline
from punie_data.decide.measured import Benched
from punie_data.decide.verdict import Decision, Judgement
from punie_data.evaluate.compare import Comparison, Evaluation
from punie_data.report.charts import text
from punie_data.report.embed import packed
from punie_data.report.page import asset, source_hash

_ASSETS = Path(__file__).parent / "assets"
_AMOUNTS = {
    "disk_gb": "disk, GB",
    "memory_gb": "memory at its peak, GB",
    "load_seconds": "load, s",
    "warm_up_seconds": "warm-up, s",
    "seconds": "a query, mean, s",
    "p50_seconds": "a query, median, s",
    "p95_seconds": "a query, 95th percentile, s",
    "prompt_seconds": "of that the prompt, s",
    "prompt_rate": "prompt tokens a second",
    "generation_rate": "written tokens a second",
    "token_seconds": "a written token, s",
}


def page(
    comparison: Comparison,
    evaluations: Sequence[Evaluation],
    decision: Decision | None = None,
    benches: Mapping[str, Benched] | None = None,
    suite: Path | None = None,
) -> str:
    """The whole page; the same inputs give the same text. `suite` is the file of the queries that were asked, None where it is not at hand."""
    sections = [
        ("decision", "Decision", _decision(decision) if decision else ""),
        ("accuracy", "What is right", plots.accuracy(comparison)),
        ("differences", "Differences", _differences(comparison)),
        ("decisions", "What was decided", plots.confusion(comparison.systems, _decided(evaluations))),
        ("speed", "What it takes", _speed(comparison.systems, evaluations, benches or {})),
        ("queries", "Query by query", _own("browser.html")),
    ]
    return "".join(
        _page(comparison, [each for each in sections if each[2]], answers(comparison, evaluations, suite))
    )


def _page(
    comparison: Comparison, sections: Sequence[tuple[str, str, str]], data: dict[str, Any]
) -> Iterator[str]:
    name = " / ".join(comparison.systems)
    style, script = (
        asset("report.css") + _own("compare.css"),
        f"{asset('conversation.js')}\n{_own('compare.js')}",
    )
    policy = (
        f"default-src 'none'; script-src '{source_hash(script)}'; style-src '{source_hash(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    links = "".join(f'<a href="#{key}">{escape(title)}</a>' for key, title, _ in sections)
    whom = "that every system was scored on" if len(comparison.systems) > 1 else "that it was scored on"
    lead = f"{comparison.shared:,} queries of {comparison.suite or 'one suite'} {whom}; intervals of 95 %."
    yield (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
        f'<meta name="color-scheme" content="light dark">\n<title>{text(name)} – comparison</title>\n<link rel="icon" href="data:,">\n'
        f"<style>{style}</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#queries">To the queries</a>\n<header><h1>{text(name)}</h1><p>{text(lead)}</p></header>\n'
        f'<nav aria-label="Parts of the page">{links}</nav>\n<main>\n'
    )
    if comparison.notes:
        yield f'<p class="note">{"<br>".join(map(text, comparison.notes))}</p>\n'
    for key, title, inside in sections:
        yield f'<section id="{key}"><h2>{escape(title)}</h2>\n{inside}\n</section>\n'
    yield f'</main>\n<script type="application/octet-stream" id="data">{packed(data).decode()}</script>\n'
    yield f"<script>{script}</script>\n</body>\n</html>\n"


@cache
def _own(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _decision(decision: Decision) -> str:
    reasons = "".join(f"<li>{text(reason)}</li>" for reason in decision.why)
    head = "".join(f'<th scope="col">{text(each.system)}</th>' for each in decision.verdicts)
    rows = [
        f'<tr><th scope="row">{text(criterion.told)}</th>'
        + "".join(_judgement(each.judgements[number]) for each in decision.verdicts)
        + "</tr>"
        for number, criterion in enumerate(decision.criteria.criteria)
    ]
    ends = "".join(f"<td><b>{escape(each.outcome)}</b></td>" for each in decision.verdicts)
    return (
        f'<p class="headline"><b>{text(headline(decision))}</b></p><ul class="reasons">{reasons}</ul>'
        f'<div class="scroll"><table class="plain criteria"><caption class="unseen">Criteria</caption><thead><tr><th scope="col">criterion</th>{head}</tr></thead>'
        f'<tbody>{"".join(rows)}<tr><th scope="row">verdict</th>{ends}</tr></tbody></table></div>'
        '<p class="faint">✓ met and ✗ missed: the whole interval is on that side; ? it is on both, or was not measured.</p>'
    )


def _judgement(judgement: Judgement) -> str:
    told = "unknown" if judgement.value is None else amount(judgement.criterion, judgement.value)
    return f'<td class="{judgement.state}"><b>{SIGNS[judgement.state]} {escape(told)}</b><small>{text(judgement.why)}</small></td>'


def _differences(comparison: Comparison) -> str:
    if not comparison.pairs:
        return ""
    parts = [pair for pair in comparison.pairs if pair.axis != "all" and pair.distinguishable]
    found = plots.differences([pair for pair in comparison.pairs if pair.axis == "all"])
    note = ""
    if len(comparison.systems) > 2:
        note = '<p class="faint">McNemar\'s exact test, corrected for the number of pairs after Holm.</p>'
    if parts:
        lines = "".join(
            f"<li>{text(f'{pair.axis} {pair.group}')}, {text(pair.first)} / {text(pair.second)}: {text(pair.verdict)}</li>"
            for pair in parts
        )
        note += f"<p>Of single layers, kinds, categories and repositories, corrected for all of them:</p><ul>{lines}</ul>"
    return found + note


def _decided(evaluations: Sequence[Evaluation]) -> list[list[tuple[str, str]]]:
    return [
        [(row["kind"], str(row.get("decided", ""))) for row in each.rows.values() if not row["unscored"]]
        for each in evaluations
    ]


def _speed(systems: Sequence[str], evaluations: Sequence[Evaluation], benches: Mapping[str, Benched]) -> str:
    seconds: dict[str, Sequence[float]] = {}
    for each in evaluations:
        bench = benches.get(each.name)
        if bench is not None:
            seconds[each.name] = bench.seconds
        elif not each.weights:  # a query's share of a batch is no latency
            seconds[each.name] = [
                float(row["seconds"])
                for row in each.rows.values()
                if not row["unscored"] and isinstance(row.get("seconds"), int | float)
            ]
    found = {name: bench.amounts for name, bench in benches.items()}
    note = '<p class="faint">A stroke is an answer; from the median to the 95th percentile. Warming up is not among them.</p>'
    return (
        plots.latencies(seconds, systems)
        + (note if seconds else "")
        + plots.amounts(found, systems, _AMOUNTS)
    )
