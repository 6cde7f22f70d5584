"""Plots as rows of tables, drawn in SVG: widths in percent, so that they fill whatever room there is, and every number in a cell beside them.

No style attribute: the page's policy forbids them. Systems are told apart by name, and by colour only besides.
"""

from collections.abc import Mapping, Sequence
from html import escape

from punie_data.decide.measured import Amount
from punie_data.evaluate.compare import Comparison, Group, Pair
from punie_data.report.charts import text

COLOURS = 8
FOLD = 8
"""Groups of a card that are shown before the rest is folded."""
_SCALE = '<tbody aria-hidden="true"><tr><td></td><td></td><td></td><td class="plot"><svg width="100%" height="14">{}</svg></td></tr></tbody>'
_GRID = "".join(f'<line class="grid" x1="{x}%" x2="{x}%" y1="0" y2="100%"/>' for x in (0, 25, 50, 75, 100))


def shares(groups: Sequence[Group], systems: Sequence[str], axis: str) -> str:
    """A table with a row a group and system: how many of how many, and the share with its interval on a scale from 0 to 100 %."""
    if not groups:
        return '<p class="none">none</p>'
    bodies = []
    for group in groups:
        rows = []
        for number, (system, share) in enumerate(zip(systems, group.shares, strict=True)):
            told = f"{share.passed} of {share.total}, {share.share:.1%}, {share.low:.1%} to {share.high:.1%}"
            rows.append(
                f'<tr><th scope="row">{_swatch(number)}{text(system)}</th><td class="n">{share.passed}/{share.total}</td>'
                f'<td class="n">{share.share:.0%}<small>{share.low:.0%}–{share.high:.0%}</small></td>'
                f'<td class="plot"><svg role="img" width="100%" height="22" aria-label="{escape(told)}">{_GRID}'
                f"{_interval(share.low, share.share, share.high, number)}<title>{escape(told)}</title></svg></td></tr>"
            )
        head = f'<tr><th scope="rowgroup" colspan="4" class="group">{text(group.name)}</th></tr>'
        bodies.append(f"<tbody>{head if axis != 'all' else ''}{''.join(rows)}</tbody>")
    ticks = "".join(
        f'<text class="tick" x="{x}%" y="11" text-anchor="{anchor}">{x} %</text>'
        for x, anchor in ((0, "start"), (50, "middle"), (100, "end"))
    )
    bodies[min(len(bodies), FOLD) - 1] += _SCALE.format(ticks)
    caption = f'<caption class="unseen">Shares by {escape(axis)}, with 95 % intervals</caption>'
    start = f'<table class="intervals">{caption}'
    shown = start + "".join(bodies[:FOLD]) + "</table>"
    if len(bodies) <= FOLD:
        return shown
    rest = f"{start}{''.join(bodies[FOLD:])}</table>"
    return f"{shown}<details><summary>{len(bodies) - FOLD} more</summary>{rest}</details>"


def _swatch(number: int) -> str:
    return (
        f'<svg class="swatch" aria-hidden="true" width="11" height="11"><rect class="s{number % COLOURS}" width="11" '
        f'height="11"/></svg> '
    )


def _interval(low: float, value: float, high: float, number: int) -> str:
    colour = f"s{number % COLOURS}"
    return (
        f'<line class="{colour}" x1="{100 * low:.2f}%" x2="{100 * high:.2f}%" y1="11" y2="11"/>'
        f'<circle class="{colour}" cx="{100 * value:.2f}%" cy="11" r="5"/>'
    )


def differences(pairs: Sequence[Pair]) -> str:
    """A row a pair: the difference in points with its interval, around a line at no difference."""
    reach = max([0.05, *(abs(end) for pair in pairs for end in (pair.low, pair.high))])
    rows = []
    for pair in pairs:
        low, middle, high = (
            0.5 + value / reach / 2 * 0.96 for value in (pair.low, pair.difference, pair.high)
        )
        points = f"{100 * pair.difference:+.1f} ({100 * pair.low:+.1f} to {100 * pair.high:+.1f})"
        kind = "real" if pair.distinguishable else "chance"
        rows.append(
            f'<tr><th scope="row">{text(pair.second)} <span class="faint">less</span> {text(pair.first)}</th>'
            f'<td class="n">{points}<small>only {text(pair.first)} {pair.only_first}, only {text(pair.second)} {pair.only_second}</small></td>'
            f'<td class="plot"><svg role="img" width="100%" height="22" aria-label="{escape(points)} points">'
            f'<line class="grid" x1="50%" x2="50%" y1="0" y2="100%"/><g class="{kind}">'
            f'<line x1="{100 * low:.2f}%" x2="{100 * high:.2f}%" y1="11" y2="11"/>'
            f'<circle cx="{100 * middle:.2f}%" cy="11" r="5"/></g></svg></td>'
            f'<td class="verdict">{text(pair.verdict)}</td></tr>'
        )
    head = '<thead><tr><th scope="col">pair</th><th scope="col" class="n">points</th><td></td><th scope="col">verdict</th></tr></thead>'
    return f'<table class="intervals pairs"><caption class="unseen">Differences</caption>{head}<tbody>{"".join(rows)}</tbody></table>'


def confusion(systems: Sequence[str], rows: Sequence[Sequence[tuple[str, str]]]) -> str:
    """A matrix a system: what was right (rows) against what was decided (columns). `rows` are (kind, decided) of each of its queries."""
    kinds = [
        kind
        for kind in ("tool", "direct", "ask", "cannot")
        if any(kind == k for each in rows for k, _ in each)
    ]
    decided = [*kinds, *sorted({d for each in rows for _, d in each} - set(kinds))]
    cards = []
    for number, (system, pairs) in enumerate(zip(systems, rows, strict=True)):
        lines = []
        for kind in kinds:
            whole = sum(k == kind for k, _ in pairs)
            cells = []
            for what in decided:
                count = sum(pair == (kind, what) for pair in pairs)
                shade = round(10 * count / whole) if whole else 0
                sort = "right" if kind == what else "wrong"
                cells.append(f'<td class="n {sort} h{shade}">{count or "·"}</td>')
            lines.append(f'<tr><th scope="row">{escape(kind)}</th>{"".join(cells)}</tr>')
        head = "".join(f'<th scope="col" class="n">{text(what)}</th>' for what in decided)
        cards.append(
            f'<div class="card"><h3>{_swatch(number)}{text(system)}</h3><div class="scroll"><table class="confusion">'
            f'<caption class="unseen">Decisions of {text(system)}</caption>'
            f"<thead><tr><td>right ↓ decided →</td>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div></div>"
        )
    return f'<div class="cards matrices">{"".join(cards)}</div>'


def latencies(seconds: Mapping[str, Sequence[float]], systems: Sequence[str]) -> str:
    """A row a system with a stroke for each answer, a bar from the median to the 95th percentile, on one scale that begins at 0."""
    known = {name: sorted(values) for name, values in seconds.items() if values}
    if not known:
        return '<p class="none">not measured: bench writes what this needs</p>'
    top = max(values[-1] for values in known.values()) * 1.02 or 1.0
    rows = []
    for number, name in enumerate(systems):
        values = known.get(name)
        if values is None:
            rows.append(
                f'<tr><th scope="row">{_swatch(number)}{text(name)}</th><td class="n">–</td><td></td></tr>'
            )
            continue
        middle, high = _quantile(values, 0.5), _quantile(values, 0.95)
        told = f"median {middle:.3g} s, 95th percentile {high:.3g} s, {len(values)} answers"
        strokes = "".join(
            f'<line class="stroke s{number % COLOURS}" x1="{100 * value / top:.2f}%" x2="{100 * value / top:.2f}%" y1="3" y2="23"/>'
            for value in values[:: max(1, len(values) // 400)]
        )
        rows.append(
            f'<tr><th scope="row">{_swatch(number)}{text(name)}</th><td class="n">{middle:.3g} s<small>p95 {high:.3g} s</small></td>'
            f'<td class="plot"><svg role="img" width="100%" height="26" aria-label="{escape(told)}">{strokes}'
            f'<line class="s{number % COLOURS}" x1="{100 * middle / top:.2f}%" x2="{100 * high / top:.2f}%" y1="13" y2="13"/>'
            f'<circle class="s{number % COLOURS}" cx="{100 * middle / top:.2f}%" cy="13" r="5"/><title>{escape(told)}</title></svg></td></tr>'
        )
    ticks = "".join(
        f'<text class="tick" x="{98 * share:.0f}%" y="12" text-anchor="{anchor}">{top * share * 0.98:.2g} s</text>'
        for share, anchor in ((0, "start"), (0.5, "middle"), (1, "end"))
    )
    scale = f'<tr aria-hidden="true"><td></td><td></td><td class="plot"><svg width="100%" height="14">{ticks}</svg></td></tr>'
    caption = '<caption class="unseen">Seconds a query</caption>'
    return f'<table class="intervals">{caption}<tbody>{"".join(rows)}{scale}</tbody></table>'


def _quantile(values: Sequence[float], q: float) -> float:
    """Linear between neighbours, of sorted values."""
    place = q * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


def amounts(
    found: Mapping[str, Mapping[str, Amount]], systems: Sequence[str], names: Mapping[str, str]
) -> str:
    """What a bench measured: a row a figure, a column a system."""
    shown = [name for name in names if any(name in each for each in found.values())]
    if not shown:
        return ""
    head = "".join(f'<th scope="col" class="n">{text(system)}</th>' for system in systems)
    rows = []
    for name in shown:
        cells = []
        for system in systems:
            figure = found.get(system, {}).get(name)
            if figure is None:
                cells.append('<td class="n">–</td>')
                continue
            spread = ""
            if figure.low is not None and figure.high is not None and figure.low != figure.high:
                spread = f"<small>{figure.low:.3g}–{figure.high:.3g}</small>"
            cells.append(f'<td class="n">{figure.value:.3g}{spread}</td>')
        rows.append(f'<tr><th scope="row">{escape(names[name])}</th>{"".join(cells)}</tr>')
    return (
        f'<div class="scroll"><table class="plain"><caption class="unseen">Figures of the bench</caption>'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def accuracy(comparison: Comparison) -> str:
    """A card for all queries, and one for each axis."""
    titles = {
        "all": "All queries",
        "layer": "By layer",
        "kind": "By kind",
        "category": "By category",
        "repo": "By repository",
    }
    cards = []
    for axis, title in titles.items():
        groups = [group for group in comparison.groups if group.axis == axis]
        if groups and not (axis == "repo" and len(groups) == 1):
            wide = " wide" if axis == "all" else ""
            note = (
                "<p>What failed in an earlier layer has failed in the later ones too.</p>"
                if axis == "layer"
                else ""
            )
            cards.append(
                f'<div class="card{wide}"><h3>{title}</h3>{note}{shares(groups, comparison.systems, axis)}</div>'
            )
    return f'<div class="cards">{"".join(cards)}</div>'
