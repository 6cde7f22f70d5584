"""A document as one HTML file that loads nothing and runs nothing: no script at all, and a policy that says so."""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape
from pathlib import Path

from punie_data.history.document import (
    Block,
    Cell,
    Document,
    Fold,
    Heading,
    Paragraph,
    Plot,
    Point,
    Table,
    place,
)
from punie_data.report.charts import text
from punie_data.report.page import asset

_LEFT, _RIGHT = 2.0, 98.0
"""Percent of a plot's width where its scale begins and ends."""


@cache
def style() -> str:
    """The report's own, and what the tracker needs besides."""
    return asset("report.css") + Path(__file__).with_name("tracker.css").read_text(encoding="utf-8")


def html(document: Document) -> str:
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    parts = [
        block for block in document.blocks if isinstance(block, Heading) and block.level == 2 and block.anchor
    ]
    links = "".join(f'<a href="#{escape(part.anchor)}">{text(part.text)}</a>' for part in parts)
    inside = "\n".join(_blocks(document.blocks))
    return (
        f'<!doctype html>\n<html lang="en" data-ready>\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
        f'<meta name="color-scheme" content="light dark">\n<title>{text(document.title)}</title>\n'
        f'<link rel="icon" href="data:,">\n<style>{style()}</style>\n</head>\n<body class="tracker">\n'
        f"<header><h1>{text(document.title)}</h1><p>{text(document.lead)}</p></header>\n"
        f'<nav aria-label="Parts of the tracker">{links}</nav>\n<main>\n{inside}\n</main>\n</body>\n</html>\n'
    )


def _blocks(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Heading):
            anchor = f' id="{escape(block.anchor)}"' if block.anchor else ""
            yield f"<h{block.level}{anchor}>{text(block.text)}</h{block.level}>"
        elif isinstance(block, Paragraph):
            yield f"<p>{text(block.text)}</p>"
        elif isinstance(block, Table):
            yield _table(block)
        elif isinstance(block, Fold):
            inside = "\n".join(_blocks(block.blocks))
            summary = f"<summary><h3>{text(block.title)}</h3></summary>"
            yield f'<details class="phase" id="{escape(block.anchor)}">{summary}\n{inside}\n</details>'
        else:
            yield _plot(block)


def _table(table: Table) -> str:
    head = "".join(
        f'<th scope="col"{_number(table, number)}>{text(name)}</th>' for number, name in enumerate(table.head)
    )
    rows = "".join(_rows(table))
    wide = " wide" if len(table.head) > 2 else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(table.caption)}"><table class="plain{wide}">'
        f'<caption class="unseen">{text(table.caption)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _rows(table: Table) -> Iterator[str]:
    """Rows without a name go on with the one above, whose first cells reach down beside them."""
    rows = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in table.rows]
    starts = [number for number, row in enumerate(rows) if row[0].text or not number]
    for start, end in zip(starts, [*starts, len(rows)][1:], strict=True):
        group = rows[start:end]
        reach = 0
        while len(group) > 1 and not any(row[reach].text for row in group[1:]):
            reach += 1
        for number, row in enumerate(group):
            cells = [
                _cell(table, column, cell, len(group) if column < reach else 1)
                for column, cell in enumerate(row)
                if column >= reach or not number
            ]
            more = ' class="more"' if number else ""
            yield f"<tr{more}>{''.join(cells)}</tr>"


def _cell(table: Table, column: int, cell: Cell, rows: int) -> str:
    span = f' rowspan="{rows}"' if rows > 1 else ""
    if not column:
        return f'<th scope="row"{span}>{_inside(cell)}</th>'
    return f"<td{_number(table, column, cell)}{span}>{_inside(cell)}</td>"


def _number(table: Table, number: int, cell: Cell | None = None) -> str:
    names = [name for name in ("n" if number in table.numbers else "", cell.tone if cell else "") if name]
    return f' class="{" ".join(names)}"' if names else ""


def _inside(cell: Cell) -> str:
    return text(cell.text) + (f"<small>{text(cell.note)}</small>" if cell.note else "")


def _plot(plot: Plot) -> str:
    rows = "".join(
        f'<tr><th scope="row">{text(point.label)}</th><td class="n">{text(point.told)}</td>'
        f'<td class="drawn">{_point(plot, point)}</td></tr>'
        for point in plot.points
    )
    return (
        f'<figure class="plot"><figcaption><h3>{text(plot.title)}</h3><p>{text(plot.about)}</p></figcaption>'
        f'<table class="points"><caption class="unseen">{text(plot.title)}</caption>'
        f'<thead><tr><td></td><td></td><td class="drawn">{_ticks(plot)}</td></tr></thead><tbody>{rows}</tbody></table></figure>'
    )


def _at(plot: Plot, number: float) -> float:
    return _LEFT + (_RIGHT - _LEFT) * place(plot, number)


def _ticks(plot: Plot) -> str:
    drawn = []
    for number, name in plot.ticks:
        at = _at(plot, number)
        anchor = "start" if at < 10 else "end" if at > 90 else "middle"
        drawn.append(f'<text class="tick" x="{at:.2f}%" y="14" text-anchor="{anchor}">{text(name)}</text>')
    return f'<svg aria-hidden="true" width="100%" height="18">{"".join(drawn)}</svg>'


def _point(plot: Plot, point: Point) -> str:
    lines = "".join(
        f'<line class="grid" x1="{_at(plot, number):.2f}%" x2="{_at(plot, number):.2f}%" y1="0" y2="26"/>'
        for number, _ in plot.ticks
    )
    if plot.target is not None:
        at = _at(plot, plot.target)
        lines += f'<line class="target" x1="{at:.2f}%" x2="{at:.2f}%" y1="0" y2="26"/>'
    if point.low < point.high:
        lines += f'<line class="interval" x1="{_at(plot, point.low):.2f}%" x2="{_at(plot, point.high):.2f}%" y1="13" y2="13"/>'
    kind = "hollow" if point.is_hollow else "own"
    dot = f'<circle class="{kind}" cx="{_at(plot, point.value):.2f}%" cy="13" r="5"/>'
    return f'<svg role="img" width="100%" height="26" aria-label="{escape(point.told)}">{lines}{dot}</svg>'
