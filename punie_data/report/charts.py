"""Charts as tables with bars and as one histogram, drawn in SVG.

Widths are in percent and heights in pixels, so that a chart fills whatever room it has and its text keeps its size. Every number that is drawn
stands in a table cell or in the chart's own description too. No style attribute: the page's policy forbids them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from punie_data.plain import plain_line
from punie_data.stats.figures import Lengths

MOST = 300
"""Bars of one chart. A set with more values than that is told by its first ones; `stats --json` has all."""
FOLD = 14
"""Bars that are shown before the rest is folded."""


_BREAKS = re.compile(r"([_/.-]+)(?=[^_/.-])")
"""Where a name may go on in the next line. None of these signs stands inside what escaping writes."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A labelled number of rows, and what it was before where two datasets are compared. `link` is a fragment of the page, '' for none."""

    label: str
    rows: int
    link: str = ""
    before: int | None = None


def text(value: str) -> str:
    """Anybody's text, fit to stand in the page: characters that do not print are written as their codes, and the rest is escaped."""
    return escape(plain_line(value))


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}\u202f%" if whole else "–"


def bars(caption: str, head: str, found: Sequence[Bar], total: int, total_before: int | None = None) -> str:
    """A table with a bar for each value. With `total_before`, a second bar and column show the share that it had."""
    if not found:
        return '<p class="none">none</p>'
    compared = total_before is not None
    left_out = found[MOST:]
    found = found[:MOST]
    shares = [bar.rows / total if total else 0.0 for bar in found]
    befores = [(bar.before or 0) / total_before if total_before else 0.0 for bar in found]
    top = max([*shares, *befores]) or 1.0
    lines = [
        _bar_row(bar, total, total_before, share / top, before / top, compared)
        for bar, share, before in zip(found, shares, befores, strict=True)
    ]
    rows = "before, now" if compared else "rows"
    columns = f'<th scope="col">{escape(head)}</th><th scope="col" class="n">{rows}</th><th scope="col" class="n">share</th>'
    start = (
        f'<table class="bars"><caption class="unseen">{escape(caption)}</caption>'
        f"<thead><tr>{columns}<td></td></tr></thead><tbody>"
    )
    end = "</tbody></table>"
    if len(lines) <= FOLD + 2:
        return start + "".join(lines) + end
    rest = len(lines) - FOLD
    told = f"<p>{len(left_out):,} more values are not drawn.</p>" if left_out else ""
    return (
        start + "".join(lines[:FOLD]) + end
        + f"<details><summary>{rest:,} more</summary>{start}{''.join(lines[FOLD:])}{end}{told}</details>"
    )  # fmt: skip


def _bar_row(
    bar: Bar, total: int, total_before: int | None, share: float, before: float, compared: bool
) -> str:
    label = _BREAKS.sub(r"\1<wbr>", text(bar.label)) or "<i>none</i>"
    if bar.link:
        label = f'<a href="#{escape(bar.link)}">{label}</a>'
    now = percent(bar.rows, total)
    if compared:
        was = percent(bar.before or 0, total_before or 0)
        cells = (
            f'<td class="n"><small>{bar.before or 0:,}</small>{bar.rows:,}</td>'
            f'<td class="n"><small>{was}</small>{now}</td>'
        )
        told, height = f"before {was}, now {now}", 42
        drawn = (
            f'<rect class="before" y="7" height="8" width="{100 * before:.2f}%"/>'
            f'<rect class="now" y="24" height="11" width="{100 * share:.2f}%"/>'
        )
    else:
        cells = f'<td class="n">{bar.rows:,}</td><td class="n">{now}</td>'
        told, height = now, 17
        drawn = f'<rect class="now" y="3" height="11" width="{100 * share:.2f}%"/>'
    return (
        f'<tr><th scope="row">{label}</th>{cells}<td class="bar">'
        f'<svg role="img" width="100%" height="{height}" aria-label="{escape(told)}">{drawn}</svg></td></tr>'
    )


def stacked(caption: str, splits: Sequence[tuple[str, dict[str, int]]], order: Sequence[str]) -> str:
    """A bar a split, divided by value: how much of each there is, split by split. The values are `order`'s, coloured by their place in it."""
    lines = []
    for name, counts in splits:
        whole = sum(counts.values())
        drawn, at = [], 0.0
        for number, value in enumerate(order):
            part = 100 * counts.get(value, 0) / whole if whole else 0.0
            if part:
                told = f"{value}: {counts[value]:,} of {whole:,} rows, {percent(counts[value], whole)}"
                drawn.append(
                    f'<rect class="k{number}" x="{at:.3f}%" width="{part:.3f}%" height="22"><title>{escape(told)}</title></rect>'
                )
            at += part
        told = ", ".join(f"{value} {percent(counts.get(value, 0), whole)}" for value in order)
        numbers = "".join(
            f'<td class="n">{counts.get(v, 0):,}<small>{percent(counts.get(v, 0), whole)}</small></td>'
            for v in order
        )
        lines.append(
            f'<tr><th scope="row">{text(name)}<small>{whole:,} rows</small></th>{numbers}</tr>'
            f'<tr class="drawn"><td colspan="{len(order) + 1}"><svg role="img" width="100%" height="22" '
            f'aria-label="{escape(told)}">{"".join(drawn)}</svg></td></tr>'
        )
    head = "".join(
        f'<th scope="col" class="n"><svg class="swatch" aria-hidden="true" width="12" height="12">'
        f'<rect class="k{number}" width="12" height="12"/></svg> <a href="#kind={escape(value)}">{escape(value)}</a></th>'
        for number, value in enumerate(order)
    )
    return (
        f'<table class="stacked"><caption class="unseen">{escape(caption)}</caption>'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    )


_HEIGHT = 190
_BASE = 160
_LEFT, _RIGHT = 9.0, 98.5


def histogram(lengths: Lengths) -> str:
    """Rows by length. Bins are of one width but for the last, which may hold everything beyond; dashed lines are the median and the 95th percentile."""
    if not lengths.bins:
        return '<p class="none">no rows</p>'
    count = len(lengths.bins)
    width = lengths.bins[0].last - lengths.bins[0].first + 1
    step = (_RIGHT - _LEFT) / count
    top = max(each.rows for each in lengths.bins)
    drawn = []
    for share in (0, 0.5, 1):
        y = _BASE - share * (_BASE - 24)
        drawn.append(f'<line class="grid" x1="{_LEFT}%" x2="{_RIGHT}%" y1="{y:.0f}" y2="{y:.0f}"/>')
        drawn.append(
            f'<text class="tick" x="{_LEFT - 1}%" y="{y + 4:.0f}" text-anchor="end">{round(share * top):,}</text>'
        )
    for number, each in enumerate(lengths.bins):
        high = (each.rows / top) * (_BASE - 24)
        kind = "beyond" if each.last - each.first + 1 != width else "now"
        told = f"{each.first:,} to {each.last:,} tokens: {each.rows:,} rows"
        drawn.append(
            f'<rect class="{kind}" x="{_LEFT + number * step:.3f}%" width="{step * 0.88:.3f}%" y="{_BASE - high:.2f}" '
            f'height="{high:.2f}"><title>{escape(told)}</title></rect>'
        )
    every = -(-count // 5)
    for number in range(0, count, every):
        drawn.append(
            f'<text class="tick" x="{_LEFT + number * step:.3f}%" y="{_BASE + 16}" text-anchor="middle">{lengths.bins[number].first:,}</text>'
        )
    for name, y in (("median", 10), ("p95", 22)):
        value = lengths.quantiles[name]
        x = _LEFT + min(value / width, count - 0.5) * step
        anchor = "end" if x > 75 else "start"
        shift = -4 if anchor == "end" else 4
        drawn.append(f'<line class="mark" x1="{x:.3f}%" x2="{x:.3f}%" y1="2" y2="{_BASE}"/>')
        drawn.append(
            f'<text class="mark-name" x="{x:.3f}%" dx="{shift}" y="{y}" text-anchor="{anchor}">{name} {value:,}</text>'
        )
    summary = (
        f"{sum(each.rows for each in lengths.bins):,} rows from {lengths.shortest:,} to {lengths.longest:,} tokens, "
        f"median {lengths.quantiles['median']:,}, 95th percentile {lengths.quantiles['p95']:,}"
    )
    table = "".join(
        f'<tr><th scope="row">{each.first:,}–{each.last:,}</th><td class="n">{each.rows:,}</td></tr>'
        for each in lengths.bins
    )
    return (
        f'<svg class="histogram" role="img" width="100%" height="{_HEIGHT}" aria-label="{escape(summary)}">{"".join(drawn)}</svg>'
        f'<details><summary>as a table</summary><table class="plain"><thead><tr><th scope="col">tokens</th>'
        f'<th scope="col" class="n">rows</th></tr></thead><tbody>{table}</tbody></table></details>'
    )
